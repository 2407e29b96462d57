//! What the program does when it is called through a link named `kfmt`: kfmt's flags with kfmt's meaning, so that
//! scripts keep working. Errors end with exit code 1, never 2, as kfmt's do.

use crate::commands::fmt::{self, LayoutArgs, PluralArg};
use crate::context::Context;
use crate::ui::{self, ColorChoice, Ui};
use clap::{ArgAction, Parser};
use kfleet::error::{Error, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;

/// Organise Kubernetes manifests into a canonical structure (kfleet, called as kfmt)
#[derive(Debug, Parser)]
#[command(name = "kfmt", disable_version_flag = true, max_term_width = 100)]
struct Cli {
    /// Input files or directories containing manifests [default: standard input]
    #[arg(short, long, value_name = "PATH", value_delimiter = ',')]
    input: Vec<PathBuf>,
    /// Output directory to write structured manifests
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Filter Kind.group from output manifests, e.g. Deployment.apps or Secret
    #[arg(short, long, value_name = "KIND", value_delimiter = ',')]
    filter: Vec<String>,
    /// Add GVK scope to discovery, e.g. Certificate.cert-manager.io/v1:Namespaced
    #[arg(short, long, value_name = "GVK:SCOPE", value_delimiter = ',')]
    gvk_scope: Vec<String>,
    /// Set metadata.namespace field if missing from namespaced resources
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    namespace: String,
    /// Remove metadata.namespace field from cluster-scoped resources
    #[arg(long)]
    clean: bool,
    /// Require metadata.namespace field is not set for cluster-scoped resources
    #[arg(long)]
    strict: bool,
    /// Remove processed input files
    #[arg(long)]
    remove: bool,
    /// Comment each output file with the path of the corresponding input file
    #[arg(long)]
    comment: bool,
    /// Overwrite existing output files
    #[arg(long)]
    overwrite: bool,
    /// Create missing Namespace manifests
    #[arg(long)]
    create_missing_namespaces: bool,
    /// Use the API server for discovery
    #[arg(short, long)]
    discovery: bool,
    /// Path of the kubeconfig file used for discovery
    #[arg(short, long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Print version
    #[arg(short, long, action = ArgAction::SetTrue)]
    version: bool,
}

pub(crate) fn main(context: &Context) -> ExitCode {
    let wants_version = context.arguments.iter().skip(1).any(|argument| argument == "-v" || argument == "--version");
    if wants_version {
        ui::print_plain(concat!("kfmt (kfleet ", env!("KFLEET_VERSION"), ")\n"));
        return ExitCode::SUCCESS;
    }
    let ui = Ui::new(ColorChoice::Auto, false, 0, context);
    let cli = match Cli::try_parse_from(&context.arguments) {
        Ok(cli) => cli,
        Err(error) if error.exit_code() == 0 => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let message = first.strip_prefix("error: ").unwrap_or(first);
            return ui.finish(Err(Error::new(ErrorKind::Failed, message)));
        }
    };
    let Some(folder) = cli.output.filter(|folder| !folder.as_os_str().is_empty()) else {
        return ui.finish(Err(
            Error::new(ErrorKind::Failed, "output directory not specified").with_hint("name it with -o DIR")
        ));
    };
    let args = LayoutArgs {
        filter: cli.filter,
        gvk_scope: cli.gvk_scope,
        namespace: cli.namespace,
        clean: cli.clean,
        strict: cli.strict,
        remove: cli.remove,
        comment: cli.comment,
        overwrite: cli.overwrite,
        create_missing_namespaces: cli.create_missing_namespaces,
        discovery: cli.discovery,
        kubeconfig: cli.kubeconfig,
        plural: PluralArg::Kfmt,
        ..LayoutArgs::default()
    };
    ui.finish(fmt::run_kfmt(&cli.input, folder, &args, context, &ui))
}
