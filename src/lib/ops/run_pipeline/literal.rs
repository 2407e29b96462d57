//! What the engine of plain processes cannot give to a pipeline: paths of Tekton that are written in scripts.

use super::Prepared;
use super::select::{Selected, Target};
use crate::lighthouse::job::Source;
use crate::problem::{Location, Problem, Severity};
use crate::runner::local::folder::mounts::literal_paths;
use std::collections::BTreeSet;

/// One warning for each step whose script has such paths: they lead nowhere, or to files of this machine.
pub fn unmapped(prepared: &[Prepared]) -> Vec<Problem> {
    let mut found = Vec::new();
    for ready in prepared {
        for task in ready.plan.tasks.iter().chain(&ready.plan.finally) {
            for step in task.steps.iter().filter(|step| !step.passed_over) {
                let paths = paths(step.script.as_deref().unwrap_or_default());
                if !paths.is_empty() {
                    found.push(warning(file(&ready.selected), &format!("{}/{}", task.name, step.name), &paths));
                }
            }
        }
    }
    found
}

fn paths(script: &str) -> Vec<String> {
    let mut known = BTreeSet::new();
    literal_paths(script).into_iter().map(|found| found.path).filter(|path| known.insert(path.clone())).collect()
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

    #[test]
    fn each_path_is_told_once() {
        let found = paths("cd /workspace/a\ncat /workspace/a x > /tekton/results/r\n# /workspace\n");
        assert_eq!(found, ["/workspace/a", "/tekton/results/r"]);
        let told = warning(".lighthouse/pr.yaml", "build/test", &found);
        assert_eq!(told.location.to_string(), ".lighthouse/pr.yaml");
        assert!(told.message.starts_with("the script of step build/test has /workspace/a, /tekton/results/r, which"));
    }
}
