//! Reports as JSON: every one is an object with the same two fields in it, so that readers know what they have.

use super::Ui;
use kfleet::error::{Error, ErrorKind};
use serde::Serialize;
use serde_json::Value;

/// The version of all reports.
const API_VERSION: &str = "kfleet.dev/v1alpha1";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, T> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

impl Ui {
    /// Prints a report of this kind. Its fields stand in the order in which their type has them.
    pub(crate) fn report(&self, kind: &'static str, body: &impl Serialize) -> Result<(), Error> {
        self.json(&Envelope { api_version: API_VERSION, kind, body })
    }

    /// Prints a report of this kind whose fields are in the order of their names.
    pub(crate) fn sorted_report(&self, kind: &'static str, body: Value) -> Result<(), Error> {
        self.json(&serde_json::to_value(Envelope { api_version: API_VERSION, kind, body: &body }).unwrap_or(body))
    }

    /// Prints what is wrong with a command line that asks for JSON; for others it has been shown.
    pub(crate) fn report_usage(&self, message: &str) {
        if self.json_errors {
            let first = message.lines().next().unwrap_or_default();
            let error = Error::new(ErrorKind::Usage, first.strip_prefix("error: ").unwrap_or(first));
            let _ = self.error_report(&error);
        }
    }

    /// Prints an error that ends the program.
    pub(super) fn error_report(&self, error: &Error) -> Result<(), Error> {
        let kind = format!("{:?}", error.kind).to_lowercase();
        let body = serde_json::json!({"error": {
            "kind": kind, "exitCode": error.kind.exit_code(), "message": error.to_string(), "hint": error.hint,
            "problems": error.problems,
        }});
        self.report("ErrorReport", &body)
    }

    /// Prints a value as JSON that has a form of its own, such as SARIF.
    pub(crate) fn json(&self, report: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(report)
            .map_err(|cause| Error::new(ErrorKind::Failed, "cannot write the report").with_source(cause))?;
        self.data(format!("{text}\n").as_bytes())
    }
}
