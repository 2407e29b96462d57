//! What becomes of what a run has pushed.

use super::{Clone, said};

/// A job whose only step clones the repository, does this there, and pushes.
fn mk_job(clone: &Clone, name: &str, script: &str) {
    let script: String = script.lines().map(|line| format!("        {line}\n")).collect();
    let text = format!(
        "\
apiVersion: tekton.dev/v1
kind: Task
metadata: {{name: t}}
spec:
  steps:
  - name: s
    image: x
    env:
    - {{name: T, valueFrom: {{secretKeyRef: {{name: token, key: key, optional: true}}}}}}
    script: |
        #!/bin/sh
        set -e
        git clone -q file:///kfleet/remote.git source
        cd source
        git config user.name bot
        git config user.email bot@example.org
{script}"
    );
    clone.write(name, &text);
    clone.git(&["add", "-A"]);
    clone.git(&["commit", "-q", "-m", name]);
}

pub(crate) fn secret_names() {
    let clone = Clone::new();
    mk_job(
        &clone,
        "run.yaml",
        "touch name-$T\ngit add .\ngit commit -q --allow-empty -m New\ngit push -q origin HEAD:main HEAD:refs/heads/b-$T HEAD:refs/tags/t-$T",
    );
    let always = ["run-pipeline", "run.yaml", "--engine", "sandbox", "--apply", "--secret", "token:key=env:TOKEN"];
    let run = |flags: &[&str]| said(&clone.kfleet(&[&always[..], flags].concat()));
    let verify = |told: &str, expected: &[&str]| {
        assert!(!told.contains("twelve-char") && expected.iter().all(|text| told.contains(text)), "{told}");
    };
    verify(&run(&["--output", "json", "--diff"]), &["\"main\"", "name-***", "heads/b-***", "tags/t-***"]);
    // Nothing can be brought in on another branch, so the pushed ones are kept.
    clone.git(&["checkout", "-q", "-b", "feature", "HEAD~1"]);
    verify(&run(&[]), &["pushed b-***", "/heads/b-***: see `git log"]);
    verify(&run(&["--output", "json"]), &["/tags/t-***\""]);
}
