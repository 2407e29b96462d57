//! What steps get of how kfleet was started.

use super::support::clone::{Clone, said};

/// A shell that ignores signals and has a folder open, as kfleet's own parent.
const PARENT: &str = r#"trap "" HUP INT QUIT TERM; exec 7<.; exec "$@""#;

const RUN: &str = "
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec:
  steps:
  - {name: files, image: x, command: [ls], args: [/proc/self/fd]}
  - {name: signals, image: x, command: [grep], args: [SigIgn, /proc/self/status]}
";

pub(crate) fn inherited() {
    let clone = Clone::new();
    clone.write("run.yaml", RUN);
    for engine in ["sandbox", "process"] {
        let mut command = clone.command("/bin/sh");
        command.args([
            "-c",
            PARENT,
            "sh",
            env!("CARGO_BIN_EXE_kfleet"),
            "run-pipeline",
            "run.yaml",
            "--engine",
            engine,
        ]);
        let output = command.output().expect("kfleet runs");
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        let printed = |step: &str| {
            let prefix = format!("[t : {step}] ");
            said.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect::<Vec<_>>()
        };
        // The last one is of the listing.
        assert_eq!(printed("files"), ["0", "1", "2", "3"], "{engine}: {said}");
        let ignored = printed("signals").concat();
        let ignored = ignored.split_whitespace().last().and_then(|mask| u64::from_str_radix(mask, 16).ok());
        // Of those by number up to SIGTERM: whoever runs the tests may ignore others.
        assert_eq!(ignored.map(|mask| mask & 0x7fff), Some(0), "{engine}: {said}");
    }
}
