//! Loads what one job runs: from the file that the job names to one typed [`PipelineRun`] in which everything is inline,
//! converted to v1, merged and checked, and nothing is substituted. The way of an object:
//!
//! ```text
//! file -> read -> convert (v1) -> as_run -> file references, uses: -> injected parameters -> references
//!      -> step template -> parse (types, unknown fields) -> check (names, relations, lints)
//! ```
//!
//! Everything up to `parse` works on nodes, which know where they are written, so that every message has a place. All
//! problems come at once. This module does not know events and triggers, nor what a run does.

mod as_run;
mod convert;
mod fetch;
mod inject;
mod object;
mod parse;
mod read;
mod refs;
mod sources;
mod template;
mod uses;

#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod uses_tests;

pub use super::report::RULES;
pub use fetch::{Address, Fetched, Files, Inputs, Origin, Remote};

use self::object::{Kind, Object};
use self::sources::Sources;
use super::check;
use super::node::{At, BY_REFERENCE, Node, Value};
use super::report::Report;
use super::types::PipelineRun;
use crate::lighthouse::finding::Finding;
use crate::lighthouse::job::{Job, OF_PULLS, Source};
use crate::path::folder_of;
use crate::problem::Problem;

/// What is to be loaded, and what the run is given.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub source: &'a Source,
    /// The file that names the source, and the line in it; of a file that was named by hand an empty text.
    pub asked: (&'a str, usize),
    /// Values for the run.
    pub parameters: &'a [(String, String)],
    /// Those whose value whoever causes the event can choose.
    pub event_controlled: &'a [String],
    /// Whether Lighthouse would start the run: it injects parameters, sets a timeout and drops unknown fields.
    pub by_lighthouse: bool,
}

impl<'a> Request<'a> {
    /// Of a job that an event starts.
    pub fn of_job(job: &'a Job) -> Request<'a> {
        Request {
            source: &job.source,
            asked: (&job.file, job.line),
            parameters: &job.parameters,
            event_controlled: &job.event_controlled,
            by_lighthouse: true,
        }
    }

    /// Of a file that was named by hand: nothing is injected.
    pub fn of_file(source: &'a Source, parameters: &'a [(String, String)]) -> Request<'a> {
        Request { source, asked: ("", 0), parameters, event_controlled: &[], by_lighthouse: false }
    }
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub run: PipelineRun,
    /// What is doubtful in it.
    pub findings: Vec<Finding>,
    /// What was fetched for it, each once.
    pub fetched: Vec<Origin>,
}

/// Objects that cannot be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// What is wrong with them.
    pub problems: Vec<Problem>,
    /// What could not be fetched. There is a problem, or something is missing, or both.
    pub missing: Vec<Problem>,
    /// What is doubtful beside that.
    pub findings: Vec<Finding>,
}

/// Loads what a job runs.
///
/// # Errors
/// All problems of all files of it, by place.
pub fn load(request: Request<'_>, inputs: Inputs<'_>) -> Result<Loaded, Refused> {
    let report = Report::default();
    report.drops_unknown.set(request.by_lighthouse);
    let sources = Sources::new(inputs, &report);
    let run = assemble(request, &sources).map(|node| typed(&node, request, &report));
    let fetched = sources.fetched();
    let (problems, missing, findings) = report.into_parts();
    match run {
        Some(run) if problems.is_empty() && missing.is_empty() => Ok(Loaded { run, findings, fetched }),
        _ => Err(Refused { problems, missing, findings }),
    }
}

/// The `spec` of the run, complete: everything inline, values set, templates merged.
fn assemble(request: Request<'_>, sources: &Sources<'_>) -> Option<Node> {
    let report = sources.report;
    let object = object_of(request, sources)?;
    if object.kind == Kind::StepAction {
        return report.fail_with(&object.at, "a StepAction cannot be run by itself", "refer to it by `ref` of a step");
    }
    let folder = match request.source {
        Source::File(path) => folder_of(path),
        _ => "",
    };
    let [parameters, load_file_refs, prepend, append] = steering(&object, report);
    let mut run = as_run::as_run(object);
    if !matches!(run.value, Value::Map(_)) {
        return report.fail(&run.at, "`spec` must be a mapping");
    }
    if let Some(pattern) = &load_file_refs {
        refs::load_files(&mut run, pattern, folder, sources);
    }
    uses::import(&mut run, sources, &[]);
    if let Some(uri) = &prepend {
        uses::add_steps(&mut run, uri, true, sources);
    }
    if let Some(uri) = &append {
        uses::add_steps(&mut run, uri, false, sources);
    }
    let mut values: Vec<(String, String)> = request.parameters.to_vec();
    if request.by_lighthouse {
        if parameters.as_ref().and_then(Node::as_text) != Some("false") {
            inject::declare(&mut run);
        }
        // Where there is no pull request, its parameters get no value, and their injected default counts.
        values.retain(|(name, value)| !value.is_empty() || !OF_PULLS.contains(&name.as_str()));
        values.extend(inject::of_clone_tasks(&run, request.parameters));
        inject::set_timeout(&mut run);
        as_run::complete_bindings(&mut run);
    }
    inject::set_values(&mut run, &values);
    refs::resolve(&mut run, sources);
    if let Some(pipeline) = run.get_mut("pipelineSpec") {
        pipeline.each_task(|task| task.get_mut("taskSpec").into_iter().for_each(template::merge_into_steps));
    }
    Some(run)
}

fn object_of(request: Request<'_>, sources: &Sources<'_>) -> Option<Object> {
    let asked = At::line_of(request.asked.0, request.asked.1);
    match request.source {
        Source::File(path) => match fetch::below("", path) {
            Some(path) => sources.file(&path, &asked),
            None => sources.report.fail(&asked, format!("{path} is not in the repository")),
        },
        Source::Url(url) => sources.address(&Address::Url(url.clone()), &asked),
        Source::Inline(spec) => Some(Object {
            kind: Kind::PipelineRun,
            name: String::new(),
            metadata: Node::default(),
            spec: Node::from_json(spec, &asked),
            at: asked,
        }),
    }
}

/// What the annotations of the source ask for.
fn steering(object: &Object, report: &Report) -> [Option<Node>; 4] {
    let known = ["defaultParameters", "loadFileRefs", "prependStepsURL", "appendStepsURL"];
    for entry in object.metadata.get("annotations").map_or(&[][..], Node::entries) {
        let Some(name) = entry.key.strip_prefix("lighthouse.jenkins-x.io/") else { continue };
        if entry.node.as_text().is_none() && known.contains(&name) {
            let message = format!("annotation `{name}` must be a text");
            report.error_with(&entry.node.at, message, "put it in quotes");
        }
    }
    known.map(|name| object.annotation(name).cloned())
}

fn typed(node: &Node, request: Request<'_>, report: &Report) -> PipelineRun {
    node.each_text(&mut |at, text| {
        if text.contains('\0') {
            report.error_with(at, "this text has a zero byte, which no program can be given", "remove it");
        }
    });
    let mut run = parse::run(node, report);
    check::propagate(&mut run, node);
    check::check(&check::Subject {
        run: &run,
        node,
        is_inline: node.get(BY_REFERENCE).is_none(),
        event_controlled: request.event_controlled,
        by_lighthouse: request.by_lighthouse,
        report,
    });
    run
}
