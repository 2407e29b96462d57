//! Canonical text in place: each file is planned on its own, and written on its own. A file that cannot be parsed is
//! reported and left; the others go on.

use super::diff::unified;
use super::text::{self, TextOptions};
use crate::problem::{Problem, Severity};
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

/// The plan for one file.
#[derive(Debug)]
pub struct FilePlan {
    /// The file.
    pub found: Found,
    /// What is to be done with it.
    pub state: State,
    /// Errors and warnings.
    pub problems: Vec<Problem>,
    /// The change as a unified diff, when it was asked for.
    pub diff: Option<String>,
    input: Option<Input>,
}

/// The bytes of files that are planned together at most; batches keep the memory of a run bounded.
const BATCH_BYTES: u64 = 8 << 20;

/// Cuts the files of a run into batches of a bounded number of files.
pub fn batches(files: Vec<Found>) -> Vec<Vec<Found>> {
    let mut batches = Vec::new();
    let mut files = files.into_iter().peekable();
    while files.peek().is_some() {
        batches.push(files.by_ref().take(BATCH_FILES).collect());
    }
    batches
}

/// How many files are planned together.
const BATCH_FILES: usize = 256;

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
    let input = match Input::from_file(&found, BATCH_BYTES) {
        Ok(input) => input,
        Err(error) => return fail(found, error),
    };
    let mut copy = Vec::new();
    let bytes = match input.held() {
        Some(held) => held,
        None => match input.read_range(0, usize::try_from(input.len()).unwrap_or(usize::MAX), &mut copy) {
            Ok(()) => copy.as_slice(),
            Err(error) => return fail(found, error),
        },
    };
    let json = found.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let formatted = text::format(engine, &found.name, bytes, json, options);
    let mut diff = None;
    let state = match formatted.text {
        Some(text) if text == bytes => State::Unchanged,
        Some(text) => {
            diff = diffs.then(|| unified(&found.name, bytes, &text));
            State::Changed(text)
        }
        None if formatted.passed_over && !has_errors(&formatted.problems) => {
            State::PassedOver("it holds YAML that is no manifest")
        }
        None => State::Failed,
    };
    FilePlan { found, state, problems: formatted.problems, diff, input: Some(input) }
}

fn has_errors(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
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
