//! Paths of Tekton that are written in scripts, and that a backend cannot lead to where they belong.

use super::select::{Selected, Target};
use crate::lighthouse::job::Source;
use crate::problem::{Location, Problem, Severity};
use crate::runner::backend::Backend;
use crate::tekton::plan::Plan;
use std::collections::BTreeSet;

/// One warning for each step whose script has such paths: they lead nowhere, or to files of this machine.
pub(super) fn lost(plan: &Plan, selected: &Selected, backend: &dyn Backend) -> Vec<Problem> {
    let mut found = Vec::new();
    for task in plan.tasks.iter().chain(&plan.finally) {
        for step in task.steps.iter().filter(|step| !step.passed_over) {
            let paths = each_once(backend.lost_paths(step.script.as_deref().unwrap_or_default()));
            if !paths.is_empty() {
                found.push(warning(file(selected), &format!("{}/{}", task.name, step.name), &paths));
            }
        }
    }
    found
}

fn each_once(paths: Vec<String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    paths.into_iter().filter(|path| known.insert(path.clone())).collect()
}

fn warning(file: &str, step: &str, paths: &[String]) -> Problem {
    Problem {
        severity: Severity::Warning,
        location: Location { file: file.to_owned(), ..Location::default() },
        message: format!(
            "the script of step {step} has {}, which the engine process cannot lead to the folder of the run",
            paths.join(", ")
        ),
        hint: Some("use --engine sandbox or container, or give such paths to the script as arguments".to_owned()),
    }
}

/// The file that a step is in, as far as that is known: the one that the job names.
fn file(selected: &Selected) -> &str {
    match &selected.target {
        Target::File(path) => path,
        Target::Job(job) => match &job.source {
            Source::File(path) => path,
            _ => &job.file,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::local::folder::mounts::literal_paths;

    #[test]
    fn each_path_is_told_once() {
        let script = "cd /workspace/a\ncat /workspace/a x > /tekton/results/r\n# /workspace\n";
        let found = each_once(literal_paths(script));
        assert_eq!(found, ["/workspace/a", "/tekton/results/r"]);
        let told = warning(".lighthouse/pr.yaml", "build/test", &found);
        assert_eq!(told.location.to_string(), ".lighthouse/pr.yaml");
        assert!(told.message.starts_with("the script of step build/test has /workspace/a, /tekton/results/r, which"));
    }
}
