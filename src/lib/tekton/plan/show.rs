//! A plan as people and programs read it: text, JSON, YAML, DOT and Mermaid.

use std::fmt::Write as _;

use crate::error::{Error, ErrorKind, Result};
use crate::text::plain;
use crate::yaml::emit;
use crate::yaml::engine::Engine;
use crate::yaml::input::Text;
use crate::yaml::tape::Tape;

use super::explain::{Plan, StepPlan, TaskPlan};
use super::results::json_of;

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// All of it.
    Json,
    /// All of it.
    Yaml,
    /// The graph, for Graphviz.
    Dot,
    /// The graph, for Mermaid.
    Mermaid,
}

/// Writes a plan.
///
/// # Errors
/// A defect of kfleet: the plan cannot be written as YAML.
pub fn render(plan: &Plan, format: Format) -> Result<String> {
    match format {
        Format::Text => Ok(text(plan)),
        Format::Json => json(plan),
        Format::Yaml => yaml(&json(plan)?),
        Format::Dot => Ok(dot(plan)),
        Format::Mermaid => Ok(mermaid(plan)),
    }
}

fn json(plan: &Plan) -> Result<String> {
    let defect = |error| Error::new(ErrorKind::Failed, "cannot write the plan as JSON").with_source(error);
    serde_json::to_string_pretty(plan).map(|text| text + "\n").map_err(defect)
}

/// JSON as YAML in kfleet's own form.
///
/// # Errors
/// It is not JSON that YAML can hold.
pub fn yaml(json: &str) -> Result<String> {
    let defect = |what: String| Error::new(ErrorKind::Failed, format!("cannot write the plan as YAML: {what}"));
    let text = Text::new(json.as_bytes()).map_err(|error| defect(error.message.to_string()))?;
    let mut out = Vec::new();
    for span in text.documents() {
        let mut tape = Tape::default();
        let parsed = Engine::default().parse(&text, span, &mut tape, &mut Vec::new());
        parsed.map_err(|error| defect(error.message.to_string()))?;
        let style = emit::Style {
            flow: emit::FlowStyle::Block,
            canonical: true,
            unmangle: true,
            json: text.json,
            ..emit::Style::default()
        };
        emit::emit(&tape, &text.bytes, 0..tape.tokens.len(), emit::Frame::default(), style, &mut out);
    }
    String::from_utf8(out).map_err(|error| defect(error.to_string()))
}

fn text(plan: &Plan) -> String {
    let mut out = String::new();
    let run = &plan.run;
    let timeouts: Vec<String> = run.timeouts.iter().map(|(name, limit)| format!("{name} {limit}")).collect();
    line(&mut out, 0, &format!("run {} (timeouts: {})", run.context.name, timeouts.join(", ")));
    if !plan.params.is_empty() {
        line(&mut out, 0, "params:");
        for (name, value) in &plan.params {
            line(&mut out, 1, &format!("{name}: {}", json_of(value)));
        }
    }
    for (title, tasks) in [("tasks:", &plan.tasks), ("finally:", &plan.finally)] {
        if !tasks.is_empty() {
            line(&mut out, 0, title);
            tasks.iter().for_each(|task| text_of_task(&mut out, task));
        }
    }
    let needs = &plan.needs;
    let joined = |names: &std::collections::BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let keys = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>().join(", ");
    line(&mut out, 0, "needs:");
    for (name, list) in [
        ("tools", joined(&needs.tools)),
        ("perhaps", joined(&needs.advisory)),
        ("images", joined(&needs.images)),
        ("entrypoints of", joined(&needs.entrypoints)),
        ("secrets", keys(needs.secrets.keys().collect())),
        ("configMaps", keys(needs.config_maps.keys().collect())),
        ("host paths", joined(&needs.host_paths)),
        ("sidecars", joined(&needs.sidecars)),
    ] {
        if !list.is_empty() {
            line(&mut out, 1, &format!("{name}: {list}"));
        }
    }
    if !plan.fetched.is_empty() {
        line(&mut out, 0, "fetched:");
        for origin in &plan.fetched {
            line(&mut out, 1, &origin.address);
            let location = match (&origin.path, &origin.commit) {
                (Some(path), Some(commit)) => format!("{path} of {} at commit {commit}", origin.url),
                _ => format!("sha256:{}", origin.sha256),
            };
            line(&mut out, 2, &format!("{location}{}", if origin.pinned { "" } else { ", not pinned" }));
        }
    }
    for note in &plan.notes {
        line(&mut out, 0, &format!("note: {}: {}", note.location, note.message));
    }
    out
}

fn text_of_task(out: &mut String, task: &TaskPlan) {
    let mut head = format!("{} (timeout {}", task.name, task.timeout);
    if !task.after.is_empty() {
        let _ = write!(head, ", after {}", task.after.join(", "));
    }
    if task.retries > 0 {
        let _ = write!(head, ", retries {}", task.retries);
    }
    if task.ignore_failure {
        head += ", failure is ignored";
    }
    line(out, 1, &(head + ")"));
    if let Some(reason) = &task.skipped {
        line(out, 2, &format!("skipped: {reason}"));
    }
    for condition in &task.when {
        line(out, 2, &format!("when {condition}"));
    }
    match task.matrix.as_deref() {
        Some([]) if task.skipped.is_none() => line(out, 2, "matrix: known only later"),
        Some(combinations) => {
            for combination in combinations {
                let values: Vec<String> = combination.iter().map(|(name, value)| format!("{name}={value}")).collect();
                line(out, 2, &format!("matrix: {}", values.join(", ")));
            }
        }
        None => {}
    }
    for (name, workspace) in &task.workspaces {
        line(out, 2, &format!("workspace {name}: {} at {}", workspace.volume, workspace.path));
    }
    for (name, source) in &task.volumes {
        line(out, 2, &format!("volume {name}: {source}"));
    }
    for folder in &task.mkdir {
        line(out, 2, &format!("mkdir {folder}"));
    }
    task.sidecars.iter().for_each(|sidecar| text_of_step(out, "sidecar", sidecar));
    task.steps.iter().for_each(|step| text_of_step(out, "step", step));
}

fn text_of_step(out: &mut String, kind: &str, step: &StepPlan) {
    let passed = if step.passed_over { ", passed over" } else { "" };
    line(out, 2, &format!("{kind} {} ({}{passed})", step.name, step.image));
    if let Some(folder) = &step.cwd {
        line(out, 3, &format!("in {folder}"));
    }
    for condition in &step.when {
        line(out, 3, &format!("when {condition}"));
    }
    if let Some(limit) = &step.timeout {
        line(out, 3, &format!("timeout {limit}"));
    }
    if step.continue_on_error {
        line(out, 3, "onError continue");
    }
    for from in &step.env_from {
        line(out, 3, &format!("env from {from}"));
    }
    for variable in &step.env {
        let origin = format!("{:?}", variable.origin).to_lowercase();
        line(out, 3, &format!("env {}={} ({origin})", variable.name, variable.value));
    }
    step.mounts.iter().for_each(|mount| line(out, 3, &format!("mount {mount}")));
    if let Some(script) = &step.script {
        line(out, 3, "script");
        script.lines().for_each(|text| line(out, 4, text));
    }
    if !step.argv.is_empty() {
        let words: Vec<String> = step.argv.iter().map(|word| quoted(word)).collect();
        line(out, 3, &format!("{} {}", if step.script.is_some() { "args" } else { "argv" }, words.join(" ")));
    }
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("{word:?}") }
}

fn line(out: &mut String, depth: usize, text: &str) {
    let _ = writeln!(out, "{}{}", "  ".repeat(depth), plain(text));
}

fn dot(plan: &Plan) -> String {
    let mut out = "digraph run {\n  rankdir = LR\n  node [shape = box]\n".to_owned();
    for (task, before) in edges(plan) {
        let style = if plan.finally.iter().any(|last| last.name == task) { " [style = dashed]" } else { "" };
        let _ = writeln!(out, "  \"{task}\"{style}");
        for before in before {
            let _ = writeln!(out, "  \"{before}\" -> \"{task}\"{style}");
        }
    }
    out + "}\n"
}

fn mermaid(plan: &Plan) -> String {
    let mut out = "flowchart LR\n".to_owned();
    // Names of tasks are DNS labels, but some of those are words of Mermaid.
    let node = |name: &str| format!("t_{}[{name}]", name.replace('-', "_"));
    for (task, before) in edges(plan) {
        let arrow = if plan.finally.iter().any(|last| last.name == task) { "-.->" } else { "-->" };
        let _ = writeln!(out, "  {}", node(task));
        for before in before {
            let _ = writeln!(out, "  {} {arrow} {}", node(before), node(task));
        }
    }
    out
}

/// Each task with those it follows; tasks of `finally` follow those that nothing else follows.
fn edges(plan: &Plan) -> Vec<(&str, Vec<&str>)> {
    let followed: std::collections::BTreeSet<&str> =
        plan.tasks.iter().flat_map(|task| task.after.iter().map(String::as_str)).collect();
    let last = || plan.tasks.iter().map(|task| task.name.as_str()).filter(|name| !followed.contains(name));
    let tasks = plan.tasks.iter().map(|task| (task.name.as_str(), task.after.iter().map(String::as_str).collect()));
    tasks.chain(plan.finally.iter().map(|task| (task.name.as_str(), last().collect()))).collect()
}
