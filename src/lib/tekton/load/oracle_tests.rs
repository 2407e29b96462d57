//! The verdicts of Tekton's own webhook (`tools/tekton`) on some hundred runs: what it refuses is refused here, what it
//! takes is taken unless kfleet is stricter on purpose, and what it makes of old versions and templates is the same run.

use super::load_tests::by_hand;
use super::*;
use regex::Regex;
use std::sync::LazyLock;

#[derive(serde::Deserialize)]
struct Vector {
    object: String,
    #[serde(default)]
    error: String,
    merged: Option<serde_json::Value>,
}

/// What kfleet refuses and the webhook takes, because the run would fail, or do what nobody wants.
const STRICTER: &[&str] = &[
    // References to nothing, which reach a shell as they are, and wrong types in `finally`, which the webhook passes over.
    " names a param that is not declared here",
    ": there is no ",
    ": a pipeline has no `inputs.params`",
    "(InvalidTaskResultReference)",
    " has no key ",
    " is a string",
    " is an array",
    " is an object, and only its keys",
    " is not a context of ",
    " is not replaced in ",
    " is known in `finally` only",
    ": a task cannot wait for its own result",
    " which the pipeline does not have",
    " and does not get it",
    " is not bound",
    // What kfleet does not have.
    ", which kfleet does not run",
    ": kfleet runs no custom tasks",
    "kfleet does not have the resolver",
    ": `..` cannot be used",
    "`status` of a run is for those in a cluster",
    "this resolver needs the param",
    // What the API server refuses when the pod is made, or the controller when the run starts.
    "there is no volume ",
    " mounts two volumes at ",
    " leaves the volume",
    " is not a mode of a file",
    " has both `value` and `valueFrom`",
    " has no `claimName`",
    " has no `sources`",
    " has no `name`",
    " needs one of `secretRef` and `configMapRef`",
    " needs an absolute `path`",
    " cannot be the name of a variable",
    " says in several ways",
    " is negative",
    "`matrix` of task ",
    " of the matrix of task ",
    " twice",
];

/// What the webhook refuses and kfleet takes.
const LOOSER: &[(&str, &str)] = &[
    ("spec.timeout, spec.timeouts", "Lighthouse converts first, and then the old field wins"),
    ("unknown field \"taskRunTemplate\"", "a field of v1 in an object of v1beta1 is read"),
    ("unknown field \"computeResources\"", "a field of v1 in an object of v1beta1 is read"),
    ("invalid cel expression", "the planner reads the expression"),
];

static LOCATION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"Location \{[^}]*\}").expect("a pattern"));

fn loaded(text: &str) -> Result<PipelineRun, Refused> {
    by_hand(text, &[]).map(|loaded| loaded.run)
}

fn without_places(run: &PipelineRun) -> String {
    let mut run = run.clone();
    for task in run.pipeline.tasks.iter_mut().chain(&mut run.pipeline.finally) {
        task.task.steps.iter_mut().for_each(|step| step.template_env.clear());
    }
    LOCATION.replace_all(&format!("{run:#?}"), "").into_owned()
}

#[test]
fn verdicts_are_those_of_tekton() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tekton/vectors.jsonl");
    let text = std::fs::read_to_string(path).expect("the vectors");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in text.lines() {
        let vector: Vector = serde_json::from_str(line).expect("a vector");
        count += 1;
        let verdict = loaded(&vector.object);
        match (&verdict, vector.error.is_empty()) {
            (Ok(run), true) => {
                let merged = loaded(&vector.merged.expect("an object").to_string());
                let same = merged.as_ref().is_ok_and(|merged| without_places(merged) == without_places(run));
                if !same {
                    let merged = match &merged {
                        Ok(merged) => without_places(merged),
                        Err(refused) => format!("{:#?}", refused.problems),
                    };
                    let run = without_places(run);
                    let difference = similar::TextDiff::from_lines(&run, &merged).unified_diff().to_string();
                    wrong.push(format!("{}\nanother run: {difference}", vector.object));
                }
            }
            (Ok(_), false) => {
                if !LOOSER.iter().any(|(message, _)| vector.error.contains(message)) {
                    wrong.push(format!("{}\nTekton: {}", vector.object, vector.error));
                }
            }
            (Err(refused), true) => {
                let is_expected = |problem: &Problem| STRICTER.iter().any(|part| problem.message.contains(part));
                let unexpected = refused.problems.iter().filter(|problem| !is_expected(problem));
                let unexpected: Vec<String> =
                    unexpected.map(|one| format!("{}: {}", one.location, one.message)).collect();
                if !unexpected.is_empty() {
                    wrong.push(format!("{}\nonly kfleet: {}", vector.object, unexpected.join("; ")));
                }
            }
            (Err(_), false) => {}
        }
    }
    assert!(count > 500, "only {count} vectors");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
