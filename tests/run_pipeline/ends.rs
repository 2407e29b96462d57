//! How runs end, and the exit code that tells it.

use super::{Clone, said};

fn mk_run(spec: &str, script: &str) -> String {
    format!(
        "\
apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  {spec}
  pipelineSpec:
    tasks:
    - {{name: t, taskSpec: {{steps: [{{name: s, image: x, script: '{script}'}}]}}}}
"
    )
}

pub(crate) fn timeouts() {
    let clone = Clone::new();
    clone.write("run.yaml", &mk_run("timeouts: {tasks: 30m}", "sleep 60"));
    let output = clone.kfleet(&["run-pipeline", "run.yaml", "--engine", "sandbox", "--timeout", "1s"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
}
