//! `kfleet version`: what this program is.

use crate::args::{OutputFormat, among};
use crate::ui::{Outcome, Ui};
use kfleet::error::Error;
use serde_json::json;

/// Print the version of kfleet
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet version
  kfleet version --output json")]
pub(crate) struct Args {
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json]))]
    pub output: OutputFormat,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let version = env!("KFLEET_VERSION");
    if args.output == OutputFormat::Json {
        let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
        ui.sorted_report("VersionReport", json!({"version": version, "os": system, "arch": machine}))?;
    } else {
        ui.line(&format!("kfleet {version}"))?;
    }
    Ok(Outcome::Done)
}
