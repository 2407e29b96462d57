//! What is found in a text, as problems of its file: offsets become lines and columns.

use crate::problem::{Place, Problem, Severity};
use crate::yaml::check::Finding;
use crate::yaml::input::Places;
use crate::yaml::scan::SyntaxError;
use crate::yaml::splice::Refusal;

/// The place of a byte offset of a file.
pub fn place(name: &str, places: &mut Places<'_>, offset: usize) -> Place {
    let (line, column) = places.place(offset);
    Place { file: name.to_owned(), line, column }
}

/// A syntax error as the user sees it.
pub fn syntax_problem(name: &str, places: &mut Places<'_>, error: &SyntaxError) -> Problem {
    Problem {
        severity: Severity::Error,
        place: place(name, places, error.offset),
        message: error.message.clone(),
        hint: error.hint.clone(),
    }
}

/// A finding as the user sees it.
pub fn finding_problem(name: &str, finding: &Finding, places: &mut Places<'_>) -> Problem {
    let message = match finding.other {
        Some(other) => {
            let (line, column) = places.place(other);
            finding.message.replace("{other}", &format!("{name}:{line}:{column}"))
        }
        None => finding.message.clone(),
    };
    Problem {
        severity: if finding.is_error { Severity::Error } else { Severity::Warning },
        place: place(name, places, finding.offset),
        message,
        hint: finding.hint.map(str::to_owned),
    }
}

/// A refused edit as the user sees it.
pub fn refusal_problem(name: &str, refusal: &Refusal) -> Problem {
    Problem {
        severity: Severity::Error,
        place: Place { file: name.to_owned(), line: refusal.line, column: refusal.column },
        message: refusal.message.clone(),
        hint: refusal.hint.clone(),
    }
}
