//! The flags of `kfleet fmt`, and what they mean to the library.

use crate::context::Context;
use kfleet::error::{Error, ErrorKind};
use kfleet::layout::path::PluralRule;
use kfleet::layout::{Compatibility, Options};
use kfleet::manifest::scopes::Scopes;
use kfleet::names::is_label;
use kfleet::ops::fmt::layout::LayoutOptions;
use kfleet::tree::{WalkOptions, verify_patterns};
use kfleet::yaml::edit::Rewrite;
use kfleet::yaml::emit::{FlowStyle, SequenceIndent, Style};
use std::path::PathBuf;

/// Format manifests: canonical text in place, or one file per manifest in a canonical layout
///
/// Without -o, files are rewritten in place, as a code formatter does: comments, values, quotes and key order stay;
/// indentation, spaces, separators and blank lines become canonical. Folders are walked for .yaml and .yml files;
/// `-`, or a pipe without PATH, goes to standard output; without PATH and without a pipe the current folder is meant.
///
/// With -o DIR, every manifest gets a file of its own: DIR/cluster/<plural>[.<group>]/<name>.yaml or
/// DIR/namespaces/<namespace>/<kind>[.<group>]-<name>.yaml. Inputs that lie in DIR move there. Any problem refuses the
/// whole run before the first write.
///
/// Every result is parsed again and compared with its input, value by value and comment by comment, before it is
/// written.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet fmt                                   format the YAML files below the current folder
  kfleet fmt --check clusters config           for CI: list what is not canonical, exit 1
  kfleet fmt --diff deploy.yaml                show what would change
  helm template app ./chart | kfleet fmt -o config/bases/app/resources
  kfleet fmt -o out --prune upstream.yaml      one file per manifest; remove those that upstream dropped
  kfleet fmt -o out --output json upstream.yaml
  kfleet fmt --style kyaml deploy.yaml         in brackets, as `kubectl -o kyaml` prints it")]
pub(crate) struct Args {
    /// Files and folders; `-` is standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A further file or folder to read (may be repeated)
    #[arg(short, long, value_name = "PATH")]
    pub input: Vec<PathBuf>,
    /// Write the canonical layout to DIR; the words json and text choose the form of the report instead
    ///
    /// `--output json` prints a report as JSON on standard output. A folder of that name is `./json`.
    #[arg(short, long, value_name = "DIR|json|text")]
    pub output: Vec<String>,

    /// Write nothing; list what would change and exit 1 if there is anything
    #[arg(long, help_heading = "What to do")]
    pub check: bool,
    /// Write nothing; show what would change as a unified diff
    #[arg(long, help_heading = "What to do")]
    pub diff: bool,
    /// Write nothing; list what would be done
    #[arg(long, help_heading = "What to do")]
    pub dry_run: bool,

    /// Format .json files of folders too (they stay JSON)
    #[arg(long, help_heading = "Which files")]
    pub json: bool,
    /// Pass over files and folders that match GLOB, in the form of .gitignore lines (may be repeated)
    #[arg(long, value_name = "GLOB", help_heading = "Which files")]
    pub exclude: Vec<String>,
    /// Read files that .gitignore names too
    #[arg(long, help_heading = "Which files")]
    pub no_ignore: bool,
    /// Leave files alone that hold other YAML than manifests
    #[arg(long, help_heading = "Which files")]
    pub manifests_only: bool,

    /// Blocks, as people write YAML, or KYAML, as `kubectl -o kyaml` prints it: in brackets, text always in quotes
    #[arg(long, value_name = "STYLE", default_value = "block", help_heading = "Text")]
    pub style: StyleArg,
    /// Where the dashes of a list stand: two columns below its key, or at the key's column
    #[arg(long, value_name = "STYLE", default_value = "wide", help_heading = "Text")]
    pub sequence_indent: SequenceIndentArg,
    /// What becomes of `{..}` and `[..]`: a block where long or commented, one line, or always a block
    #[arg(long, value_name = "STYLE", default_value = "auto", help_heading = "Text")]
    pub flow: FlowArg,
    /// Put the keys of manifests into the order that Kubernetes documents use
    #[arg(long, value_name = "ORDER", default_value = "keep", help_heading = "Text")]
    pub order: OrderArg,
    /// Turn quoted text with escaped line breaks back into block text
    #[arg(long, help_heading = "Text")]
    pub unmangle: bool,
    /// Write the value of each anchor in place of its aliases
    #[arg(long, help_heading = "Text")]
    pub expand_anchors: bool,
    /// Change what SOPS has encrypted too, though its MAC does not fit then
    #[arg(long, help_heading = "Text")]
    pub sops: bool,
    /// Take away quotes that are not needed, and use the same quotes everywhere
    #[arg(long, help_heading = "Text")]
    pub canonical: bool,

    #[command(flatten)]
    pub layout: LayoutArgs,
}

/// Flags that need -o.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Layout (with -o DIR)")]
pub(crate) struct LayoutArgs {
    /// Leave out objects of this kind: Kind.group, or Kind in the core group (may be repeated)
    #[arg(short, long, value_name = "KIND")]
    pub filter: Vec<String>,
    /// The scope of a kind: Kind.group/version:Cluster or ..:Namespaced (may be repeated)
    #[arg(short, long, value_name = "GVK:SCOPE")]
    pub gvk_scope: Vec<String>,
    /// The namespace of namespaced objects that name none
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    pub namespace: String,
    /// Remove metadata.namespace from cluster-scoped objects
    #[arg(long)]
    pub clean: bool,
    /// Refuse cluster-scoped objects that have a namespace
    #[arg(long)]
    pub strict: bool,
    /// Delete the input files when all outputs are written
    #[arg(long)]
    pub remove: bool,
    /// Add a comment with the input's path to each file
    #[arg(long)]
    pub comment: bool,
    /// Allow existing files to be updated (always so, except when called as kfmt)
    #[arg(long)]
    pub overwrite: bool,
    /// Write a Namespace for every namespace in use that has none
    #[arg(long)]
    pub create_missing_namespaces: bool,
    /// Remove manifests below DIR/cluster and DIR/namespaces that this run did not produce
    #[arg(long)]
    pub prune: bool,
    /// How kinds get their plural in paths: the true one, or the one that kfmt guesses
    #[arg(long, value_name = "RULE", default_value = "true")]
    pub plural: PluralArg,
    /// Ask the cluster for kinds that nothing else knows
    #[arg(short, long)]
    pub discovery: bool,
    /// The kubeconfig for --discovery [default: $KUBECONFIG, or ~/.kube/config]
    #[arg(short, long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig context for --discovery
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Output of `kubectl api-resources` [default: api-resources.txt, if it is there]
    #[arg(long, value_name = "FILE")]
    pub api_resources: Option<PathBuf>,
    /// Output of `kubectl api-versions` [default: api-versions.txt, if it is there]
    #[arg(long, value_name = "FILE")]
    pub api_versions: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StyleArg {
    Block,
    Kyaml,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum SequenceIndentArg {
    Wide,
    Compact,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum FlowArg {
    Auto,
    Keep,
    Block,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OrderArg {
    Keep,
    Kubernetes,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
pub(crate) enum PluralArg {
    #[default]
    True,
    Kfmt,
}

impl From<PluralArg> for PluralRule {
    fn from(rule: PluralArg) -> Self {
        match rule {
            PluralArg::True => PluralRule::True,
            PluralArg::Kfmt => PluralRule::Kfmt,
        }
    }
}

impl Args {
    pub(super) fn style(&self) -> Style {
        Style {
            sequence_indent: match self.sequence_indent {
                SequenceIndentArg::Wide => SequenceIndent::Wide,
                SequenceIndentArg::Compact => SequenceIndent::Compact,
            },
            flow: match self.flow {
                FlowArg::Auto => FlowStyle::Auto,
                FlowArg::Keep => FlowStyle::Keep,
                FlowArg::Block => FlowStyle::Block,
            },
            canonical: self.canonical,
            unmangle: self.unmangle,
            json: false,
            kyaml: self.style == StyleArg::Kyaml,
        }
    }

    pub(super) fn rewrite(&self) -> Rewrite {
        Rewrite {
            order: self.order == OrderArg::Kubernetes,
            expand_anchors: self.expand_anchors || self.style == StyleArg::Kyaml,
            sops: self.sops,
        }
    }

    /// The output folder, and whether a report as JSON is wanted.
    pub(super) fn outputs(&self) -> Result<(Option<PathBuf>, bool), Error> {
        let mut folder = None;
        let mut json = false;
        for value in &self.output {
            match value.as_str() {
                "json" => json = true,
                "text" => json = false,
                "" => return Err(Error::new(ErrorKind::Usage, "output directory not specified")),
                other if folder.is_none() => folder = Some(PathBuf::from(other)),
                other => {
                    return Err(Error::new(ErrorKind::Usage, format!("a second output folder: {other}"))
                        .with_hint("one run writes to one folder"));
                }
            }
        }
        Ok((folder, json))
    }

    /// What would otherwise be found out in the middle of a run.
    pub(super) fn verify(&self) -> Result<(), Error> {
        if let Err(problems) = verify_patterns(&self.exclude)
            && let Some(first) = problems.into_iter().next()
        {
            let error = Error::new(ErrorKind::Usage, format!("--exclude {}: {}", first.location.file, first.message));
            return Err(Error { hint: first.hint, ..error });
        }
        for flag in &self.layout.gvk_scope {
            Scopes::new().add_flag(flag).map_err(|message| {
                Error::new(ErrorKind::Usage, format!("--gvk-scope: {message}"))
                    .with_hint("write Kind.group/version:Cluster or Kind.group/version:Namespaced")
            })?;
        }
        let choices = [
            ("--sequence-indent", matches!(self.sequence_indent, SequenceIndentArg::Compact)),
            ("--flow", !matches!(self.flow, FlowArg::Auto)),
            ("--unmangle", self.unmangle),
            ("--canonical", self.canonical),
        ];
        let choice = choices.iter().find(|(_, given)| *given && self.style == StyleArg::Kyaml);
        if let Some((flag, _)) = choice {
            return Err(Error::new(ErrorKind::Usage, format!("{flag} changes nothing in KYAML"))
                .with_hint("KYAML can be written in one way only: drop the flag, or --style kyaml"));
        }
        let namespace = &self.layout.namespace;
        if !namespace.is_empty() && !is_label(namespace) {
            return Err(Error::new(ErrorKind::Usage, format!("--namespace: `{namespace}` cannot name a namespace"))
                .with_hint("such a name has up to 63 small letters, digits and dashes, and no dash at its ends"));
        }
        Ok(())
    }

    pub(super) fn walk_options(&self, context: &Context) -> WalkOptions {
        let mut extensions = vec!["yaml".to_owned(), "yml".to_owned()];
        if self.json {
            extensions.push("json".to_owned());
        }
        WalkOptions {
            base: context.root.clone(),
            extensions,
            gitignore: !self.no_ignore,
            exclude: self.exclude.clone(),
            helm_templates: false,
            one_repository: false,
        }
    }
}

impl LayoutArgs {
    /// How a folder is laid out, with canonical text as it is by default.
    pub(super) fn options(&self, folder: PathBuf, compatibility: Compatibility, context: &Context) -> LayoutOptions {
        LayoutOptions {
            output: context.path(&folder),
            layout: Options {
                folder,
                style: Style::default(),
                rewrite: Rewrite::default(),
                filter: self.filter.clone(),
                namespace: if self.namespace.is_empty() { "default".to_owned() } else { self.namespace.clone() },
                clean: self.clean,
                strict: self.strict,
                comment: self.comment,
                create_missing_namespaces: self.create_missing_namespaces,
                plural: self.plural.into(),
                compatibility,
            },
            remove: self.remove,
            prune: self.prune,
        }
    }

    /// Flags that only mean something with -o are a mistake without it: the files would be rewritten in place.
    pub(super) fn refuse_without_folder(&self) -> Result<(), Error> {
        let given = [
            ("--filter", !self.filter.is_empty()),
            ("--gvk-scope", !self.gvk_scope.is_empty()),
            ("--namespace", self.namespace != "default"),
            ("--clean", self.clean),
            ("--strict", self.strict),
            ("--remove", self.remove),
            ("--comment", self.comment),
            ("--overwrite", self.overwrite),
            ("--create-missing-namespaces", self.create_missing_namespaces),
            ("--prune", self.prune),
            ("--plural", matches!(self.plural, PluralArg::Kfmt)),
            ("--discovery", self.discovery),
            ("--kubeconfig", self.kubeconfig.is_some()),
            ("--context", self.context.is_some()),
            ("--api-resources", self.api_resources.is_some()),
            ("--api-versions", self.api_versions.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((flag, _)) => Err(Error::new(ErrorKind::Usage, format!("{flag} needs an output folder"))
                .with_hint("name it with -o DIR; without it files are formatted in place")),
        }
    }
}
