//! The variables of clusterctl templates: `${NAME}` and its forms become text, before anything is read as YAML.
//!
//! [`Mode::Compat`] gives the bytes that clusterctl gives (Cluster API's SimpleProcessor on drone/envsubst v2; the vectors
//! in `testdata/substitute` come from it), and an error where clusterctl fails or its library panics. It also refuses
//! what no template has: NUL characters, names with letters beyond ASCII, results that are not UTF-8, and what goes over
//! the limits below. The case of letters is that of Rust's edition of Unicode, which knows a few more than Go's. [`Mode::Strict`] takes fewer templates, to which it gives the same bytes: it refuses what is legal,
//! but does not do what it seems to (`strict`).
//!
//! The way of a text: legacy spellings (`source`) → pieces (`parse`) → checks (`strict`) → text (`evaluate`). This
//! module does not know where texts and values come from.

mod budget;
mod evaluate;
mod functions;
mod glob;
mod parse;
mod source;
mod strict;
#[cfg(test)]
mod tests;

use crate::problem::{Location, Problem, Severity};
use crate::yaml::input::Positions;
use evaluate::evaluate;
use parse::{Expansion, Operator, Piece, parse};
use source::Source;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// So deep may variables stand in the defaults and arguments of others.
pub const MAX_DEPTH: usize = 64;

/// So many bytes may be written for one text, those of arguments included.
pub const MAX_BYTES: usize = 64 << 20;

/// So many steps may the operators of one text take: bytes of values that they read, and signs of patterns.
pub const MAX_STEPS: usize = 4 << 20;

/// So many problems of one text are reported.
pub const MAX_PROBLEMS: usize = 1000;

/// Which templates are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Those that do what they seem to do.
    Strict,
    /// All that clusterctl takes.
    Compat,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substituted {
    /// The text without variables.
    pub text: String,
    /// The names that stand in the template, at any depth.
    pub used: BTreeSet<String>,
    /// What a reader may take for something else.
    pub warnings: Vec<Problem>,
}

/// Replaces the variables of `text`. `file` is its name, for messages. Names of values are exact, and values are not
/// expanded again. A value that is empty is set: only a default takes its place.
///
/// # Errors
/// Everything that is wrong with the text, warnings included, in its order.
pub fn substitute(
    file: &str,
    text: &str,
    values: &BTreeMap<String, String>,
    mode: Mode,
) -> Result<Substituted, Vec<Problem>> {
    let mut findings = Findings::default();
    let source = Source::new(text);
    let pieces = parse(&source.text, &mut findings);
    let mut used = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for piece in &pieces {
        let Piece::Variable(variable) = piece else { continue };
        add_names(variable, &mut used);
        // The first place of a name decides whether it must have a value. Any argument passes for a default.
        let is_missing = !values.contains_key(variable.name) && variable.arguments.is_empty();
        if seen.insert(variable.name) && mode == Mode::Compat && is_missing {
            findings.push(missing(variable));
        }
    }
    if mode == Mode::Strict {
        strict::check(&pieces, values, &mut findings);
        strict::in_comments(text, &source, &pieces, &mut findings);
    }
    let mut result = String::new();
    if !findings.has_error {
        match evaluate(&pieces, values, mode) {
            Ok(evaluated) => {
                if mode == Mode::Strict {
                    strict::leftovers(&evaluated, &mut findings);
                }
                result = evaluated.text;
            }
            Err(finding) => findings.push(finding),
        }
    }
    let has_error = findings.has_error;
    let problems = to_problems(file, text, &source, findings);
    if has_error {
        return Err(problems);
    }
    Ok(Substituted { text: result, used, warnings: problems })
}

/// A variable that stands in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    pub name: String,
    /// Whether nothing takes the place of a value that is missing.
    pub is_required: bool,
}

/// The variables of a text, those in defaults and arguments left out.
///
/// # Errors
/// What of the text cannot be read, as in [`substitute`].
pub fn variables(file: &str, text: &str) -> Result<Vec<Variable>, Vec<Problem>> {
    let mut findings = Findings::default();
    let source = Source::new(text);
    let pieces = parse(&source.text, &mut findings);
    if findings.has_error {
        return Err(to_problems(file, text, &source, findings));
    }
    let variables = pieces.iter().filter_map(|piece| match piece {
        Piece::Variable(variable) => {
            Some(Variable { name: variable.name.to_owned(), is_required: variable.arguments.is_empty() })
        }
        Piece::Text(..) => None,
    });
    Ok(variables.collect())
}

/// The names of values that no text has used.
pub fn unused<'a>(values: &'a BTreeMap<String, String>, used: &BTreeSet<String>) -> Vec<&'a str> {
    values.keys().filter(|name| !used.contains(*name)).map(String::as_str).collect()
}

/// Something that is wrong at a place of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    severity: Severity,
    /// Byte offset in the text of the [`Source`].
    offset: usize,
    message: String,
    hint: Option<String>,
}

impl Finding {
    fn error(offset: usize, message: impl Into<String>, hint: &str) -> Finding {
        Finding { severity: Severity::Error, offset, message: message.into(), hint: Some(hint.to_owned()) }
    }
}

/// The findings of one text. Hostile texts have millions.
#[derive(Debug, Default)]
struct Findings {
    list: Vec<Finding>,
    /// How many came after the list was full.
    more: usize,
    has_error: bool,
}

impl Findings {
    fn push(&mut self, finding: Finding) {
        self.has_error |= finding.severity == Severity::Error;
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(finding);
        } else {
            self.more += 1;
        }
    }
}

fn add_names(variable: &Expansion<'_>, names: &mut BTreeSet<String>) {
    names.insert(variable.name.to_owned());
    for argument in &variable.arguments {
        if let Piece::Variable(inner) = argument {
            add_names(inner, names);
        }
    }
}

fn missing(variable: &Expansion<'_>) -> Finding {
    let name = variable.name;
    let hint = match variable.operator {
        Operator::Default if variable.arguments.is_empty() => {
            format!("set {name}; an empty default does not count: write ${{{name}:=\"\"}} where an empty text is meant")
        }
        _ => format!("set {name}, or write a default: ${{{name}:=DEFAULT}}"),
    };
    Finding::error(variable.offset, format!("there is no value for `{name}`"), &hint)
}

/// Offsets become lines and columns, and the findings sorted by them.
fn to_problems(file: &str, text: &str, source: &Source<'_>, findings: Findings) -> Vec<Problem> {
    let Findings { mut list, more, has_error } = findings;
    list.sort_by(|a, b| (a.offset, &a.message).cmp(&(b.offset, &b.message)));
    let lines = Lines::new(text);
    let mut positions = lines.positions();
    let mut problems: Vec<Problem> = list
        .into_iter()
        .map(|finding| {
            let (line, column) = positions.location(lines.offset(source.original(finding.offset)));
            let location = Location { file: file.to_owned(), line, column };
            Problem { severity: finding.severity, location, message: finding.message, hint: finding.hint }
        })
        .collect();
    if more > 0 {
        let severity = if has_error { Severity::Error } else { Severity::Warning };
        let message = format!("{more} more problems are not shown");
        problems.push(Problem { severity, ..Problem::error(Location::of_file(file), message) });
    }
    problems
}

/// A text as lines and columns are counted in it: without the byte-order mark, and with a line break for each `\r`.
struct Lines<'a> {
    bytes: Cow<'a, [u8]>,
    skipped: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let skipped = text.len() - body.len();
        let mut bytes = Cow::Borrowed(body.as_bytes());
        let lone = |at: usize| body.as_bytes().get(at + 1) != Some(&b'\n');
        for at in memchr::memchr_iter(b'\r', body.as_bytes()).filter(|at| lone(*at)) {
            bytes.to_mut()[at] = b'\n';
        }
        Lines { bytes, skipped }
    }

    fn positions(&self) -> Positions<'_> {
        Positions::new(&self.bytes, 0)
    }

    fn offset(&self, offset: usize) -> usize {
        offset.saturating_sub(self.skipped)
    }
}
