//! What is found in a text, as problems of its file: offsets become lines and columns.

use crate::problem::{Location, Problem, Severity};
use crate::yaml::check::Finding;
use crate::yaml::input::Positions;
use crate::yaml::scan::SyntaxError;
use crate::yaml::splice::Refusal;

/// The place of a byte offset of a file.
pub fn location(name: &str, positions: &mut Positions<'_>, offset: usize) -> Location {
    let (line, column) = positions.location(offset);
    Location { file: name.to_owned(), line, column }
}

pub fn syntax_problem(name: &str, positions: &mut Positions<'_>, error: &SyntaxError) -> Problem {
    Problem {
        severity: Severity::Error,
        location: location(name, positions, error.offset),
        message: error.message.clone(),
        hint: error.hint.clone(),
    }
}

pub fn finding_problem(name: &str, finding: &Finding, positions: &mut Positions<'_>) -> Problem {
    let message = match finding.other {
        Some(other) => {
            let (line, column) = positions.location(other);
            finding.message.replace("{other}", &format!("{name}:{line}:{column}"))
        }
        None => finding.message.clone(),
    };
    Problem {
        severity: if finding.is_error { Severity::Error } else { Severity::Warning },
        location: location(name, positions, finding.offset),
        message,
        hint: finding.hint.map(str::to_owned),
    }
}

pub fn refusal_problem(name: &str, refusal: &Refusal) -> Problem {
    Problem {
        severity: Severity::Error,
        location: Location { file: name.to_owned(), line: refusal.line, column: refusal.column },
        message: refusal.message.clone(),
        hint: refusal.hint.clone(),
    }
}
