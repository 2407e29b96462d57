//! What steps get of how kfleet was started, and how a run ends that somebody interrupts.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

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

/// Starts a run by a shell that does something before; what it prints comes by a pipe.
fn start(clone: &Clone, path: &str, before: &str, engine: &str) -> (Child, BufReader<impl std::io::Read + use<>>) {
    let mut command = clone.command("/bin/sh");
    let parent = format!("{before}exec \"$@\" 2>&1");
    command.env("PATH", path).args(["-c", &parent, "sh", env!("CARGO_BIN_EXE_kfleet")]);
    command.args(["run-pipeline", "run.yaml", "--engine", engine]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("kfleet runs");
    let printed = child.stdout.take().expect("a pipe");
    (child, BufReader::new(printed))
}

fn interrupt(child: &Child) {
    signal(child, "-INT");
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
}

fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

/// The step would end by itself before its time is over.
const PATIENT: &str = "
apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  pipelineSpec:
    tasks:
    - name: t
      taskSpec:
        steps:
        - name: s
          image: x
          script: |
            #!/bin/sh
            trap 'echo was asked' TERM
            echo begun
            i=0
            while [ $i -lt 80 ]; do sleep 0.1; i=$((i+1)); done
            echo survived
    finally:
    - name: f
      taskSpec: {steps: [{name: s, image: x, script: echo at last}]}
";

pub(crate) fn interrupted_twice() {
    let clone = Clone::new();
    clone.write("run.yaml", PATIENT);
    for engine in ["sandbox", "process"] {
        let (mut child, printed) = start(&clone, &path(), "", engine);
        let mut lines = printed.lines().map(|line| line.expect("a line"));
        for text in ["begun", "was asked"] {
            assert!(lines.any(|line| line.contains(text)), "{engine}: {text}");
            interrupt(&child);
        }
        let rest: Vec<String> = lines.collect();
        assert_eq!(child.wait().expect("kfleet ends").code(), Some(130), "{rest:?}");
        let has = |text: &str| rest.iter().any(|line| line.contains(text));
        assert!(!has("survived") && !has("at last"), "{engine}: {rest:?}");
    }
}

/// A step that waits for a file, and not for ever.
const WAITING: &str = "
apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  pipelineSpec:
    tasks:
    - name: t
      taskSpec:
        steps:
        - name: s
          image: x
          script: 'echo begun; i=0; until [ -e FOLDER/go ] || [ $i = 900 ]; do sleep 0.05; i=$((i+1)); done; echo went on'
    finally:
    - name: f
      taskSpec: {steps: [{name: s, image: x, script: echo at last}]}
";

pub(crate) fn hung_up() {
    // Whoever runs the tests may have the signal ignored, and a shell cannot change that.
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::default()).expect("a handler");
    let clone = Clone::new();
    let folder = clone.folder.path().join("temporary");
    fs::create_dir(&folder).expect("a folder");
    clone.write("run.yaml", &WAITING.replace("FOLDER", &clone.work().display().to_string()));
    for (before, code, expected) in [("", 130, "at last"), ("trap '' HUP; ", 0, "went on")] {
        let before = format!("TMPDIR={}; export TMPDIR; {before}", folder.display());
        let (mut child, printed) = start(&clone, &path(), &before, "process");
        let mut lines = printed.lines().map(|line| line.expect("a line"));
        assert!(lines.any(|line| line.contains("begun")), "{before}");
        signal(&child, "-HUP");
        if code == 0 {
            clone.write("go", "");
        }
        let rest: Vec<String> = lines.collect();
        assert_eq!(child.wait().expect("kfleet ends").code(), Some(code), "{rest:?}");
        assert!(rest.iter().any(|line| line.contains(expected)), "{rest:?}");
        assert_eq!(fs::read_dir(&folder).expect("the folder is there").count(), 0, "nothing is left of the run");
    }
}

pub(crate) fn killed() {
    let mut clone = Clone::new();
    let folder = clone.folder.path().join("temporary");
    fs::create_dir(&folder).expect("a folder");
    clone.variables.push(("TMPDIR".to_owned(), folder.display().to_string()));
    clone.write("run.yaml", &WAITING.replace("FOLDER", &clone.work().display().to_string()));
    let (mut child, printed) = start(&clone, &path(), "", "process");
    assert!(printed.lines().any(|line| line.expect("a line").contains("begun")));
    signal(&child, "-KILL");
    child.wait().expect("kfleet ends");
    let left = || fs::read_dir(&folder).expect("the folder is there").count();
    assert_eq!(left(), 1);
    clone.write("go", "");
    clone.does(&["run-pipeline", "run.yaml", "--engine", "process"]);
    assert_eq!(left(), 0);
}

const CACHING: &str = "
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec:
  volumes: [{name: v, hostPath: {path: /var/cache/build}}]
  steps:
  - {name: s, image: x, volumeMounts: [{name: v, mountPath: /v}], script: 'cat /v/* || echo nothing; echo left > /v/file'}
";

pub(crate) fn apart() {
    let (mut one, mut other) = (Clone::new(), Clone::new());
    let cache = one.folder.path().join("cache").display().to_string();
    for clone in [&mut one, &mut other] {
        clone.variables.push(("XDG_CACHE_HOME".to_owned(), cache.clone()));
        clone.write("run.yaml", CACHING);
    }
    for (clone, expected) in [(&one, "] nothing"), (&other, "] nothing"), (&one, "] left")] {
        let told = clone.does(&["run-pipeline", "run.yaml", "--engine", "sandbox"]);
        assert!(told.contains(expected), "{told}");
    }
}

/// A podman that fetches an image for longer than anybody waits.
const SLOW: &str = r#"#!/bin/sh
case "$1" in
  image) exit 1 ;;
  pull) echo "$3" > pulling; exec sleep 60 ;;
esac
"#;

pub(crate) fn interrupted_early() {
    let clone = Clone::new();
    clone.write("run.yaml", RUN);
    clone.write("bin/podman", SLOW);
    let bin = clone.work().join("bin");
    fs::set_permissions(bin.join("podman"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let (mut child, printed) = start(&clone, &format!("{}:{}", bin.display(), path()), "", "container");
    while !clone.work().join("pulling").exists() && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    interrupt(&child);
    let told: Vec<String> = printed.lines().map(|line| line.expect("a line")).collect();
    assert_eq!(child.wait().expect("kfleet ends").code(), Some(130), "{told:?}");
    assert!(told.concat().contains("fetching the image x"), "{told:?}");
    assert_eq!(fs::read_to_string(clone.work().join("pulling")).expect("a file"), "docker.io/library/x\n");
    assert!(told.concat().contains("cancelled before its first task"), "{told:?}");
}
