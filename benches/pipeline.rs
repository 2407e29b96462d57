//! `kfleet run-pipeline`: the plan of a job like that of the demo's pull requests, and what a step costs beyond the program
//! that it runs, in the sandbox and as a plain process, against that program alone. The program runs as its users run it.
//! Rounds are interleaved; the median counts, the spread is the machine's noise.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench makes files, starts programs and prints what it measured"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{median, timed};

const ROUNDS: usize = 9;
/// A run of as many steps more tells what one of them costs.
const STEPS: usize = 40;

const TRIGGERS: &str = "apiVersion: config.lighthouse.jenkins-x.io/v1alpha1\nkind: TriggerConfig\nspec:\n  presubmits:\n  - {name: pr, always_run: true, source: pr.yaml}\n";
const PULL_REQUEST: &str = "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec:\n  pipelineSpec:\n    tasks:\n    - name: generate\n      taskSpec:\n        steps:\n        - {name: clone, image: git, workingDir: /workspace, command: [/bin/sh], args: [-ce, 'git clone $(params.REPO_URL) source']}\n        - {name: generate, image: tools, workingDir: /workspace/source, command: [/bin/sh], args: [-ce, make generate]}\n        - {name: push, image: git, workingDir: /workspace/source, command: [/bin/sh], args: [-ce, git push]}\n";

fn mk_run(steps: usize) -> String {
    let step = |number: usize| format!("  - {{name: s{number}, image: x, command: [/bin/true]}}\n");
    let steps: String = (0..steps).map(step).collect();
    format!("apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {{name: t}}\nspec:\n  steps:\n{steps}")
}

/// How long a program takes in a folder that is its home.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Duration {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("HOME", folder).env_remove("XDG_STATE_HOME").stdin(Stdio::null());
    timed(&mut command).0
}

fn main() {
    let temp = tempfile::tempdir().expect("folder");
    let folder = temp.path();
    fs::create_dir(folder.join(".lighthouse")).expect("folder");
    fs::write(folder.join(".lighthouse/triggers.yaml"), TRIGGERS).expect("file");
    fs::write(folder.join(".lighthouse/pr.yaml"), PULL_REQUEST).expect("file");
    fs::write(folder.join("one.yaml"), mk_run(1)).expect("file");
    fs::write(folder.join("many.yaml"), mk_run(1 + STEPS)).expect("file");
    fs::write(folder.join(".gitignore"), ".local\n.cache\n").expect("file");
    let git = |arguments: &[&str]| run(folder, "git", arguments);
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["-c", "user.name=P", "-c", "user.email=p@example.org", "commit", "-q", "-m", "first"]);

    let kfleet = |arguments: &[&str]| run(folder, env!("CARGO_BIN_EXE_kfleet"), arguments);
    let (mut plans, mut bare) = (vec![], vec![]);
    let mut costs = [("sandbox", 15.0, vec![]), ("process", 5.0, vec![])];
    for _ in 0..ROUNDS {
        plans.push(kfleet(&["run-pipeline", "pr", "--plan"]));
        let start = Instant::now();
        for _ in 0..STEPS {
            run(folder, "/bin/true", &[]);
        }
        bare.push(start.elapsed());
        for (engine, _, times) in &mut costs {
            let run_file = |file: &str| kfleet(&["run-pipeline", file, "--engine", engine, "--log", "json"]);
            let one = run_file("one.yaml");
            times.push(run_file("many.yaml").saturating_sub(one));
        }
    }
    let (plan, spread) = median(&mut plans);
    println!(
        "plan of a pull-request job, the whole program: {plan:.1} ms (target: below 20; slowest/fastest {spread:.1})"
    );
    let each = |times: &mut [Duration]| {
        let (all, spread) = median(times);
        (all / STEPS as f64, spread)
    };
    let (bare, spread) = each(&mut bare);
    println!("/bin/true by itself: {bare:.2} ms (slowest/fastest {spread:.1})");
    for (engine, target, times) in &mut costs {
        let (step, spread) = each(times);
        println!(
            "a step with /bin/true, {engine}: {step:.1} ms, {:.1} more (target: at most {target} more; slowest/fastest \
             {spread:.1}), {:.0} times the program",
            step - bare,
            step / bare
        );
    }
}
