//! Canonical text in place: each file is planned on its own, and written on its own. A file that cannot be parsed is
//! reported and left; the others go on.

use super::text::{self, Formatted, Part, TextOptions};
use crate::diff::unified;
use crate::layout::{chunks, has_errors};
use crate::problem::Problem;
use crate::tree::{self, Form, Found, Input};
use crate::yaml::engine::Engine;
use rayon::prelude::*;

/// What is to be done with one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is canonical.
    Unchanged,
    /// It becomes this text.
    Changed(Vec<u8>),
    /// It cannot be formatted; the problems say why.
    Failed,
    /// It is left alone, for this reason.
    PassedOver(&'static str),
}

#[derive(Debug)]
pub struct FilePlan {
    pub found: Found,
    /// What is to be done with it.
    pub state: State,
    pub problems: Vec<Problem>,
    /// The change as a unified diff, when it was asked for.
    pub diff: Option<String>,
    input: Option<Input>,
}

/// Bigger files are read, and formatted, in parts.
const HOLD_FILE: u64 = 8 << 20;

/// How many files are planned together: batches keep the memory of a run bounded.
const BATCH_FILES: usize = 128;

/// Cuts the files of a run into batches of a bounded number of files.
pub fn batches(files: Vec<Found>) -> Vec<Vec<Found>> {
    let mut batches = Vec::new();
    let mut files = files.into_iter().peekable();
    while files.peek().is_some() {
        batches.push(files.by_ref().take(BATCH_FILES).collect());
    }
    batches
}

/// Plans a batch of files, in parallel and in order. `diffs`: whether to keep each change as a diff.
pub fn plan(batch: Vec<Found>, options: &TextOptions, diffs: bool) -> Vec<FilePlan> {
    batch.into_par_iter().map_init(Engine::default, |engine, found| plan_file(engine, found, options, diffs)).collect()
}

fn plan_file(engine: &mut Engine, found: Found, options: &TextOptions, diffs: bool) -> FilePlan {
    let fail = |found, error: tree::Error| FilePlan {
        found,
        state: State::Failed,
        problems: vec![error.into_problem()],
        diff: None,
        input: None,
    };
    let input = match Input::from_file(&found, HOLD_FILE) {
        Ok(input) => input,
        Err(error) => return fail(found, error),
    };
    let json = found.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let formatted = match format(engine, &input, json, options) {
        Ok(formatted) => formatted,
        Err(error) => return fail(found, error),
    };
    let mut diff = None;
    let state = match formatted.text {
        Some(_) if formatted.unchanged => State::Unchanged,
        Some(text) => {
            if diffs {
                diff = match input.bytes() {
                    Ok(bytes) => Some(unified(&found.name, &bytes, &text)),
                    Err(error) => return fail(found, error),
                };
            }
            State::Changed(text)
        }
        None if formatted.passed_over && !has_errors(&formatted.problems) => {
            State::PassedOver("it holds YAML that is not a manifest")
        }
        None => State::Failed,
    };
    FilePlan { found, state, problems: formatted.problems, diff, input: Some(input) }
}

/// Formats one input. What is not held in memory is read part by part, so that only the result is there as a whole.
///
/// # Errors
/// The input cannot be read.
pub fn format(engine: &mut Engine, input: &Input, json_file: bool, options: &TextOptions) -> tree::Result<Formatted> {
    if let Some(bytes) = input.held() {
        return Ok(text::format(engine, input.name(), bytes, json_file, options));
    }
    let mut whole = Formatted { text: Some(Vec::new()), unchanged: true, ..Formatted::default() };
    let mut bytes = Vec::new();
    for chunk in chunks::cut(0, input)? {
        input.read_range(chunk.offset, chunk.len, &mut bytes)?;
        let part = Part { continues: chunk.offset > 0, lines_before: chunk.lines_before };
        let formatted = text::format_part(engine, input.name(), &bytes, part, json_file, options);
        whole.problems.extend(formatted.problems);
        whole.documents += formatted.documents;
        whole.passed_over |= formatted.passed_over;
        whole.unchanged &= formatted.unchanged;
        match (&mut whole.text, formatted.text) {
            (Some(text), Some(more)) => text.extend(more),
            (text, _) => *text = None,
        }
    }
    Ok(whole)
}

/// Writes the changed files of a batch, each in one step. What cannot be written becomes a problem of its file.
pub fn apply(plans: &mut [FilePlan]) {
    plans.par_iter_mut().for_each(|plan| {
        let State::Changed(text) = &plan.state else { return };
        if plan.found.form == Form::Stream {
            return;
        }
        let unchanged = plan.input.as_ref().map_or(Ok(()), Input::verify_unchanged);
        if let Err(error) = unchanged.and_then(|()| tree::replace_file(&plan.found.path, text)) {
            plan.problems.push(error.into_problem());
            plan.state = State::Failed;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_in_parts_becomes_the_same_text() {
        let document = format!("---\na:   {}\nb: yes # lint\nc: 'x'\n", "x".repeat(1000));
        let text = format!("# licence\n\n{}# last", document.repeat(12_000));
        let options = TextOptions::default();
        let mut engine = Engine::default();
        let expected = text::format(&mut engine, "in", text.as_bytes(), false, &options);
        let input = Input::from_reader("in", text.as_bytes(), 1000).expect("spooled");
        let found = format(&mut engine, &input, false, &options).expect("readable");
        assert!(found.text == expected.text && found.text.is_some());
        assert_eq!((found.documents, found.unchanged), (expected.documents, false));
        assert!(found.problems == expected.problems && found.problems.len() == 12_000);
        let canonical = found.text.unwrap_or_default();
        let input = Input::from_reader("in", canonical.as_slice(), 1000).expect("spooled");
        assert!(format(&mut engine, &input, false, &options).expect("readable").unchanged);
    }
}
