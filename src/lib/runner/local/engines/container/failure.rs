//! What a runtime says where it fails.

use crate::tekton::task_run::{Step, StepEnd};
use crate::text::{plain, shortened};

/// What an exit code of the runtime's program means: 125 to 127 can be its own, and 1 that of the first process of the
/// container, which cannot start the step. Then they have said why.
pub(super) fn of_runtime(code: i32, complaint: &str, step: &Step) -> StepEnd {
    let last = complaint.trim_end().lines().last().unwrap_or_default().trim();
    if code != 0 && (last.starts_with("ERROR (catatonit:") || last.starts_with("[FATAL tini (")) {
        let what = if step.script.is_some() { "the script" } else { step.command.first().unwrap_or(&step.image) };
        let why = last.rsplit(": ").next().unwrap_or(last).to_lowercase();
        return StepEnd::Unstarted(shortened(&plain(&format!("exec: {what:?}: {why}"))));
    }
    let is_own = ["Error: ", "docker: ", "Error response from daemon"].iter().any(|start| last.starts_with(start))
        || (last.starts_with("See '") && complaint.contains("docker: "));
    let said = complaint.lines().rev().find(|line| line.starts_with("Error: ") || line.starts_with("docker: "));
    match code {
        125..=127 if is_own => {
            let said = plain(said.unwrap_or(last));
            StepEnd::Unstarted(shortened(said.trim_start_matches("Error: ")))
        }
        code => StepEnd::Exited(code),
    }
}

/// What counts of the lines with which a runtime fails: the last. Before that it says what it has tried.
pub(super) fn last_of(lines: &[String]) -> String {
    let said = lines.last().map_or("the runtime does not say why", String::as_str);
    let said = said.strip_prefix("Error: ").or(said.strip_prefix("Error response from daemon: ")).unwrap_or(said);
    shortened(said)
}
