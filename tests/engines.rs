//! The engines of pipelines, with steps that mean harm: each is contained, within the limits that the docs state.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests make files and look at processes")]
#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kfleet::error::Result;
use kfleet::runner::cancel::Stop;
use kfleet::runner::event::Stream;
use kfleet::runner::local::engines::container::{Container, Pull, Runtime};
use kfleet::runner::local::engines::process::Process;
use kfleet::runner::local::engines::sandbox::Sandbox;
use kfleet::runner::local::folder::RunFolder;
use kfleet::runner::local::settings::{Bind, HostPaths, Limits, Network, SHIMS, Settings};
use kfleet::runner::local::step_engine::StepEngine;
use kfleet::tekton::task_run::{File, Mount, Step, StepEnd, TaskRun, Volume, VolumeSource};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kfleet");

fn mk_settings(parent: &Path) -> Settings {
    let path = std::env::var("PATH").unwrap();
    let caller = [("PATH", path.as_str()), ("LANG", "C"), ("SSH_AUTH_SOCK", "/agent"), ("CALLERS_KEY", "s3cr3t")];
    Settings {
        run: RunFolder::new(parent, "run", false).unwrap(),
        environment: caller.into_iter().collect(),
        network: Network::None,
        host_paths: HostPaths::Cache(parent.join("cache")),
        binds: Vec::new(),
        tools: Vec::new(),
        limits: Limits::default(),
    }
}

fn mk_step(script: &str) -> Step {
    Step {
        name: format!("s{}", COUNT.fetch_add(1, Ordering::Relaxed)),
        image: "none".to_owned(),
        command: Vec::new(),
        args: Vec::new(),
        script: Some(format!("#!/bin/sh\n{script}\n")),
        env: Vec::new(),
        working_dir: Some("/workspace".to_owned()),
        mounts: Vec::new(),
        timeout: None,
        continue_on_error: false,
        stdout_path: None,
        stderr_path: None,
        results: Vec::new(),
    }
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

fn mk_program(words: &[&str]) -> Step {
    let command = words.iter().map(|word| (*word).to_owned()).collect();
    Step { script: None, command, ..mk_step("") }
}

fn mk_task(steps: Vec<Step>) -> TaskRun {
    TaskRun {
        task: "task".to_owned(),
        name: format!("run-task-{}", COUNT.fetch_add(1, Ordering::Relaxed)),
        attempt: 0,
        sidecars: Vec::new(),
        volumes: Vec::new(),
        steps,
        results: vec!["out".to_owned(), "stolen".to_owned()],
    }
}

fn mk_mount(volume: &str, path: &str, sub_path: Option<&str>) -> Mount {
    Mount { volume: volume.to_owned(), path: path.to_owned(), sub_path: sub_path.map(str::to_owned), read_only: false }
}

fn mk_volume(name: &str, source: VolumeSource) -> Volume {
    Volume { name: name.to_owned(), source }
}

fn stop_after(time: Duration) -> Stop {
    Stop { deadline: Some(Instant::now() + time), cancelled: Arc::default(), at_once: Arc::default() }
}

/// What became of a task.
struct Ran {
    ends: Vec<StepEnd>,
    out: String,
    err: String,
    results: BTreeMap<String, Vec<u8>>,
    took: Duration,
}

/// Runs all steps of a task, whatever their ends, each for at most 30 seconds.
fn run(engine: &dyn StepEngine, task: &TaskRun) -> Ran {
    run_within(engine, task, Duration::from_secs(30)).expect("the engine works")
}

fn run_within(engine: &dyn StepEngine, task: &TaskRun, time: Duration) -> Result<Ran> {
    let (out, err) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let start = Instant::now();
    let mut space = engine.prepare_task(task, &stop_after(time))?;
    let mut ends = Vec::new();
    for index in 0..task.steps.len() {
        let end = space.run_step(index, None, &stop_after(time), &|stream, part: &[u8]| {
            let kept = if stream == Stream::Stdout { &out } else { &err };
            let mut kept = kept.lock().unwrap();
            if kept.len() < 1 << 20 {
                kept.extend_from_slice(part);
            }
        })?;
        if let StepEnd::Exited(code) = end {
            space.put_exit_code(index, code)?;
        }
        ends.push(end);
    }
    let results = space.results(4096)?;
    drop(space);
    let text = |kept: Mutex<Vec<u8>>| String::from_utf8_lossy(&kept.into_inner().unwrap()).into_owned();
    Ok(Ran { ends, out: text(out), err: text(err), results, took: start.elapsed() })
}

/// A sandbox and the folder that it is kept in, where the machine allows one.
fn sandbox(test: &str, change: impl FnOnce(&mut Settings)) -> Option<(Sandbox, tempfile::TempDir)> {
    let parent = tempfile::tempdir().unwrap();
    if let Err(error) = Sandbox::probe(parent.path(), Path::new(PROGRAM)) {
        support::count_skipped(test, &error.to_string());
        return None;
    }
    let mut settings = mk_settings(parent.path());
    change(&mut settings);
    Some((Sandbox::new(settings, PROGRAM), parent))
}

fn process(change: impl FnOnce(&mut Settings)) -> (Process, tempfile::TempDir) {
    let parent = tempfile::tempdir().unwrap();
    let mut settings = mk_settings(parent.path());
    change(&mut settings);
    (Process::new(settings, PROGRAM), parent)
}

/// Both engines that need no images.
fn engines(test: &str) -> Vec<(Box<dyn StepEngine>, tempfile::TempDir)> {
    let (plain, parent) = process(|_| {});
    let mut engines: Vec<(Box<dyn StepEngine>, tempfile::TempDir)> = vec![(Box::new(plain), parent)];
    if let Some((sandbox, parent)) = sandbox(test, |_| {}) {
        engines.push((Box::new(sandbox), parent));
    }
    engines
}

/// The numbers of processes whose command line has this text.
fn processes_with(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.bytes().all(|byte| byte.is_ascii_digit())
            && fs::read(entry.path().join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(text))
        {
            found.push(name);
        }
    }
    found
}

#[test]
fn steps_share_the_paths_of_tekton() {
    for (engine, _parent) in engines("steps_share_the_paths_of_tekton") {
        let say = |text: &str| mk_program(&["/bin/sh", "-ec", text]);
        let mut steps = vec![
            say("pwd; echo one > /workspace/file; printf 'a\\n' > /tekton/results/out; echo $HOME; exit 0"),
            say("cat /workspace/file; cat /tekton/steps/step-FIRST/exitCode; cat /data/sub/key; echo err >&2"),
            say("cd deep; pwd; exit 7"),
            say("kill -SEGV $$"),
        ];
        steps[0].name = "first".to_owned();
        steps[1].command[2] = steps[1].command[2].replace("FIRST", "first");
        steps[0].env.push(("HOME".to_owned(), "/tekton/home".to_owned()));
        steps[1].mounts.push(mk_mount("files", "/data", None));
        steps[2].working_dir = Some("/workspace/source".to_owned());
        steps[1].stdout_path = Some("/workspace/copies/all".to_owned());
        steps[0].command[2].push_str(" # then\nmkdir -p /workspace/source/deep");
        steps[0].command[2] = steps[0].command[2].replace("; exit 0 # then", "");
        let key = File { content: b"key".to_vec(), mode: 0o444 };
        let mut task = mk_task(steps);
        task.volumes.push(mk_volume("files", VolumeSource::Files([("sub/key".to_owned(), key)].into())));
        let ran = run(engine.as_ref(), &task);
        let expected = [0, 0, 7, 128 + 11].map(StepEnd::Exited);
        assert_eq!(ran.ends, expected, "{}: {} {}", engine.name(), ran.out, ran.err);
        assert!(ran.out.contains("one\n0key") && ran.err.contains("err"), "{}", ran.out);
        assert_eq!(ran.results.get("out").unwrap(), b"a\n");
        if engine.name() == "sandbox" {
            assert!(ran.out.starts_with("/workspace\n/tekton/home\n"), "{}", ran.out);
            assert!(ran.out.ends_with("/workspace/source/deep\n"), "{}", ran.out);
        }
    }
}

#[test]
fn what_cannot_start_is_told_with_its_reason() {
    for (engine, _parent) in engines("what_cannot_start_is_told_with_its_reason") {
        let mut nowhere = mk_step("true");
        nowhere.working_dir = Some("/none/such".to_owned());
        if engine.name() == "sandbox" {
            nowhere.working_dir = Some("/usr/none".to_owned());
        }
        let mut interpreter = mk_step("");
        interpreter.script = Some("#!/no/such/interpreter\n".to_owned());
        let mut blank = mk_step("");
        blank.script = Some("\n#!/bin/sh\n".to_owned());
        let mut empty = mk_step("");
        empty.script = None;
        let task =
            mk_task(vec![mk_program(&["no-such-program"]), nowhere, interpreter, blank, empty, mk_program(&["/etc"])]);
        let ran = run(engine.as_ref(), &task);
        let expected = [
            "exec: \"no-such-program\": executable file not found in $PATH",
            "cannot enter the working folder",
            "no such file or directory: the interpreter",
            "exec format error",
            "the step has no command",
            "exec: \"/etc\": permission denied",
        ];
        for (end, expected) in ran.ends.iter().zip(expected) {
            let StepEnd::Unstarted(reason) = end else { panic!("{}: {end:?} is not {expected}", engine.name()) };
            assert!(reason.contains(expected), "{}: {reason}", engine.name());
        }
    }
}

#[test]
fn a_step_sees_nothing_of_the_caller() {
    let Some((engine, parent)) = sandbox("a_step_sees_nothing_of_the_caller", |_| {}) else { return };
    // In the caller's home and in the folder for temporary files, where the run's folder is too.
    let home = PathBuf::from(std::env::var("HOME").unwrap());
    let in_home = tempfile::Builder::new().prefix(".kfleet-canary").tempfile_in(&home).unwrap();
    fs::write(in_home.path(), "canary").unwrap();
    fs::write(parent.path().join("canary"), "canary").unwrap();
    let script = format!(
        "cat {} {}/canary; ls -A {} /home /root; env; cat /proc/*/environ; ls /sys; \
         for p in /proc/[0-9]*; do echo $p; done; cat /etc/shadow; \
         cat /proc/1/root/etc/hostname; ls -l /proc/1/cwd/ /proc/1/fd",
        in_home.path().display(),
        parent.path().display(),
        home.display()
    );
    let ran = run(&engine, &mk_task(vec![mk_step(&script)]));
    assert!(!ran.out.contains("canary") && !ran.out.contains("s3cr3t") && !ran.out.contains("/agent"), "{}", ran.out);
    assert!(!ran.out.contains("root:$") && ran.out.contains("LANG=C"), "{}", ran.out);
    assert!(ran.out.matches("/proc/").count() <= 8, "{}", ran.out);
    assert!(
        ran.err.contains("cannot open directory '/proc/1/fd'") || ran.err.contains("Permission denied"),
        "{}",
        ran.err
    );
}

#[test]
fn a_step_has_no_rights() {
    let Some((engine, _parent)) = sandbox("a_step_has_no_rights", |_| {}) else { return };
    let script = "
        try() { if \"$@\" 2>/dev/null; then echo \"DONE $*\"; fi; }
        try mount -t tmpfs none /mnt; try mount --bind /workspace /usr; try umount /proc; try umount -l /tekton/steps
        try unshare -Ur true; try unshare -m true; try unshare -n true
        try touch /usr/x; try touch /bin/x; try touch /etc/ssl/certs/x; try touch /tekton/steps/x; try touch /tekton/scripts/x
        try chmod 000 /dev/null; try chown 1:1 /workspace; try mknod /workspace/null c 1 3
        try sh -c 'echo x > /proc/sys/kernel/hostname'; try sh -c 'echo 0 > /proc/sys/kernel/randomize_va_space'
        try sh -c 'echo x > /proc/sysrq-trigger'; try sh -c 'echo 15000 > /proc/sys/user/max_user_namespaces'
        try hostname x; try touch /tekton/run/1/status/x; kill -9 1; try cat /proc/kcore
        try sh -c 'echo -17 > /proc/self/oom_score_adj'
        grep -E 'Cap|NoNewPrivs|SigBlk|Seccomp:' /proc/self/status; id -u; cat /proc/net/dev; ls /dev
        command -v gdb > /dev/null && gdb -q -batch -p 1 2>&1 | grep -c 'not permitted'
        echo alive";
    let ran = run(&engine, &mk_task(vec![mk_step(script), mk_step("true")]));
    assert!(!ran.out.contains("DONE"), "{}", ran.out);
    assert!(ran.out.ends_with("alive\n"), "{} {}", ran.out, ran.err);
    assert_eq!(ran.out.matches("\t0000000000000000").count(), 6, "no capabilities, no blocked signals: {}", ran.out);
    assert!(ran.out.contains("NoNewPrivs:\t1") && ran.out.contains("Seccomp:\t2"), "{}", ran.out);
    assert!(!ran.out.contains("eth0") && ran.out.contains("lo:"), "{}", ran.out);
}

#[test]
fn loopback_works_without_a_network() {
    let Some((engine, _parent)) = sandbox("loopback_works_without_a_network", |_| {}) else { return };
    let script = "import socket\ns=socket.create_server(('127.0.0.1',0))\nc=socket.create_connection(s.getsockname())\n\
                  c.send(b'x')\nprint(s.accept()[0].recv(1), socket.gethostbyname('localhost'))\ntry:\n\
                  \x20socket.create_connection(('192.0.2.1',80),1); print('OUT')\nexcept OSError as e: print(e.errno)\n";
    let mut step = mk_step("");
    step.script = Some(format!("#!/usr/bin/python3\n{script}"));
    if !Path::new("/usr/bin/python3").exists() {
        support::count_skipped("loopback_works_without_a_network", "there is no python3");
        return;
    }
    let ran = run(&engine, &mk_task(vec![step]));
    assert_eq!(ran.out, "b'x' 127.0.0.1\n101\n", "{}", ran.err);
}

#[test]
fn a_fork_bomb_is_defused() {
    let Some((engine, _parent)) = sandbox("a_fork_bomb_is_defused", |settings| settings.limits.processes = 400) else {
        return;
    };
    let task = mk_task(vec![mk_step("b() { b | b & }; b; sleep 60 # kfleet-bomb"), mk_step("echo fine")]);
    let ran = run_within(&engine, &task, Duration::from_secs(3)).unwrap();
    assert!(
        ran.ends[0] == StepEnd::TimedOut || matches!(ran.ends[0], StepEnd::Exited(code) if code != 0),
        "{:?}",
        ran.ends
    );
    assert_eq!(ran.ends[1], StepEnd::Exited(0));
    assert!(ran.took < Duration::from_secs(15), "{:?}", ran.took);
    assert!(processes_with("script-0-").iter().all(|pid| !is_below(pid, engine.settings.run.path())));
}

/// Whether a process has its working folder below a path.
fn is_below(pid: &str, path: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|dir| dir.starts_with(path))
}

#[test]
fn processes_are_counted_where_the_system_does_not() {
    let (plain, _parent) = process(|settings| settings.limits.processes = 30);
    let mut engines: Vec<(Box<dyn StepEngine>, &str)> = vec![(Box::new(plain), "47.11")];
    let made = sandbox("processes_are_counted_where_the_system_does_not", |settings| settings.limits.processes = 30);
    let mut _kept = None;
    if let Some((sandbox, parent)) = made {
        engines.push((Box::new(sandbox), "47.12"));
        _kept = Some(parent);
    }
    for (engine, time) in engines {
        let script = format!("for i in $(seq 100); do sleep {time} & done; wait");
        let ran = run(engine.as_ref(), &mk_task(vec![mk_step(&script)]));
        // Users other than root have a limit that the system keeps: then the shell says what happened.
        let is_refused = ran.err.contains("ork") && engine.name() == "sandbox";
        assert!(ran.err.contains("more than 30 processes") || is_refused, "{}: {}", engine.name(), ran.err);
        assert!(matches!(ran.ends[0], StepEnd::Exited(code) if code != 0), "{:?}", ran.ends);
        assert!(processes_with(time).is_empty());
    }
}

#[test]
fn nothing_outlives_a_step() {
    for (engine, _parent) in engines("nothing_outlives_a_step") {
        let name = if engine.name() == "sandbox" { "48.11" } else { "48.12" };
        let script = format!(
            "setsid sh -c 'sleep {name} & sleep {name}' & (sleep {name} &) ; nohup sleep {name} > /dev/null 2>&1 & \
             sleep 0.2; exit 3"
        );
        let ran = run(engine.as_ref(), &mk_task(vec![mk_step(&script)]));
        assert_eq!(ran.ends, [StepEnd::Exited(3)]);
        assert!(ran.took < Duration::from_secs(5), "{}: {:?}", engine.name(), ran.took);
        assert_eq!(processes_with(name), [""; 0], "{}", engine.name());
    }
}

#[test]
fn a_step_that_kills_everything_kills_itself_only() {
    let Some((engine, _parent)) = sandbox("a_step_that_kills_everything_kills_itself_only", |_| {}) else { return };
    let ran = run(&engine, &mk_task(vec![mk_step("sleep 50 & kill -9 -1; kill -9 1; kill -9 0; echo on")]));
    assert!(matches!(ran.ends[0], StepEnd::Exited(_)), "{:?}", ran.ends);
    assert!(ran.took < Duration::from_secs(5));
}

#[test]
fn steps_inherit_no_blocked_signals() {
    use nix::sys::signal::{SigSet, Signal};
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTERM);
    signals.thread_block().unwrap();
    for (engine, _folder) in engines("steps_inherit_no_blocked_signals") {
        let ran = run(engine.as_ref(), &mk_task(vec![mk_program(&["grep", "^SigBlk", "/proc/self/status"])]));
        assert_eq!(ran.out, "SigBlk:\t0000000000000000\n", "{}: {}", engine.name(), ran.err);
    }
}

#[test]
fn steps_end_when_their_time_is_over() {
    for (engine, _parent) in engines("steps_end_when_their_time_is_over") {
        for script in ["sleep 60", "trap '' TERM INT; while true; do sleep 1; done", "while true; do echo yes; done"] {
            let ran = run_within(engine.as_ref(), &mk_task(vec![mk_step(script)]), Duration::from_millis(400)).unwrap();
            assert_eq!(ran.ends, [StepEnd::TimedOut], "{}: {script}", engine.name());
            assert!(ran.took < Duration::from_secs(4), "{}: {script}: {:?}", engine.name(), ran.took);
        }
    }
}

#[test]
fn a_cancelled_step_is_asked_to_end_first() {
    for (engine, _parent) in engines("a_cancelled_step_is_asked_to_end_first") {
        let task = mk_task(vec![mk_step("trap 'echo cleaned; exit 0' TERM; echo up; while true; do sleep 0.05; done")]);
        let stop = Stop { deadline: None, cancelled: Arc::default(), at_once: Arc::default() };
        let out = Mutex::new(Vec::new());
        let mut space = engine.prepare_task(&task, &stop_after(Duration::from_secs(30))).unwrap();
        let end = space.run_step(0, None, &stop, &|_, part: &[u8]| {
            out.lock().unwrap().extend_from_slice(part);
            stop.cancelled.store(true, Ordering::SeqCst);
        });
        assert_eq!(end.unwrap(), StepEnd::Cancelled);
        let out = String::from_utf8(out.into_inner().unwrap()).unwrap();
        assert!(out.starts_with("up\n") && out.contains("cleaned\n"), "{}: {out}", engine.name());
    }
}

#[test]
fn a_step_that_ignores_a_cancel_is_killed() {
    let Some((engine, _parent)) = sandbox("a_step_that_ignores_a_cancel_is_killed", |_| {}) else { return };
    let task = mk_task(vec![mk_step("trap '' TERM; echo up; while true; do sleep 0.05; done")]);
    let stop = Stop { deadline: None, cancelled: Arc::default(), at_once: Arc::default() };
    let start = Instant::now();
    let end =
        engine.prepare_task(&task, &stop_after(Duration::from_secs(30))).unwrap().run_step(0, None, &stop, &|_, _| {
            stop.cancelled.store(true, Ordering::SeqCst);
        });
    assert_eq!(end.unwrap(), StepEnd::Cancelled);
    assert!((Duration::from_secs(9)..Duration::from_secs(14)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[test]
fn files_and_disks_are_not_filled() {
    let change = |settings: &mut Settings| (settings.limits.file, settings.limits.disk) = (8 << 20, 24 << 20);
    let Some((engine, _parent)) = sandbox("files_and_disks_are_not_filled", change) else { return };
    let big = "dd if=/dev/zero of=/workspace/big bs=1M count=10000";
    let many = "for i in $(seq 1000); do dd if=/dev/zero of=/workspace/f$i bs=1M count=4 2>/dev/null; done";
    let tmp = "for i in $(seq 1000); do dd if=/dev/zero of=/tmp/f$i bs=1M count=4 2>/dev/null; done";
    let memory = "for i in $(seq 100); do dd if=/dev/zero of=/dev/shm/f$i bs=1M count=4 2>/dev/null || exit 5; done";
    let slow = |script: &str| mk_step(&format!("{script}; sleep 20"));
    let ran = run(&engine, &mk_task(vec![mk_step(big), slow(many)]));
    assert!(matches!(ran.ends[0], StepEnd::Exited(code) if code != 0), "{:?}", ran.ends);
    assert_eq!(ran.ends[1], StepEnd::Exited(137));
    assert!(ran.err.contains("kfleet: the step was killed: the run uses more than"), "{}", ran.err);
    let ran = run(&engine, &mk_task(vec![slow(tmp), mk_step(memory)]));
    assert_eq!(ran.ends, [137, 5].map(StepEnd::Exited));
    // What is not in the folder of the run counts too, where a step can write to it.
    let shared = tempfile::tempdir().unwrap();
    let source = shared.path().to_owned();
    let bind = |settings: &mut Settings| {
        change(settings);
        settings.binds = vec![Bind { source, path: "/kfleet/remote.git".to_owned(), read_only: false }];
    };
    let Some((engine, _parent)) = sandbox("files_and_disks_are_not_filled", bind) else { return };
    let ran = run(&engine, &mk_task(vec![slow(&many.replace("/workspace", "/kfleet/remote.git"))]));
    assert_eq!(ran.ends, [StepEnd::Exited(137)], "{}", ran.err);
}

#[test]
fn output_without_end_is_passed_on_and_not_kept() {
    for (engine, _parent) in engines("output_without_end_is_passed_on_and_not_kept") {
        let bytes = AtomicUsize::new(0);
        let task =
            mk_task(vec![mk_program(&["/bin/sh", "-c", "yes | head -c 500000000; yes >&2 | head -c 1 > /dev/null"])]);
        let mut space = engine.prepare_task(&task, &stop_after(Duration::from_secs(30))).unwrap();
        let count = |stream: Stream, part: &[u8]| {
            if stream == Stream::Stdout {
                bytes.fetch_add(part.len(), Ordering::Relaxed);
            }
        };
        let start = Instant::now();
        let end = space.run_step(0, None, &stop_after(Duration::from_secs(6)), &count).unwrap();
        assert_eq!(end, StepEnd::TimedOut);
        assert_eq!(bytes.into_inner(), 500_000_000, "{}: all in time", engine.name());
        assert!(start.elapsed() < Duration::from_secs(9));
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 400_000, "{peak} kB");
}

#[test]
fn volumes_cannot_be_left_by_links() {
    let Some((engine, parent)) = sandbox("volumes_cannot_be_left_by_links", |_| {}) else { return };
    let outside = parent.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("canary"), "canary").unwrap();
    let outside = outside.display();
    let plant = format!(
        "ln -s {outside} /data/link; ln -s / /data/root; ln -s {outside}/canary /tekton/results/stolen; \
         ln -s ../../../.. /data/up; rm -rf /tekton/run/0/status; ln -s {outside} /tekton/run/0/status; \
         mkdir /workspace/m; ln -s {outside} /workspace/m/l"
    );
    let with = |sub: Option<&str>, path: &str, script: &str| {
        let mut step = mk_step(script);
        step.mounts.push(mk_mount("v", path, sub));
        step
    };
    let steal = "cat /x/canary; cat /x/outside/canary; touch /x/written";
    let steps = vec![
        with(None, "/data", &plant),
        with(Some("link"), "/x", steal),
        with(Some("root/etc"), "/x", steal),
        with(Some("up/up"), "/x", steal),
        with(Some("link/new/deep"), "/x", steal),
        with(Some("fine/new"), "/x", "touch /x/written; ls /x"),
        // Mounted below a folder that a step has made a link.
        with(None, "/workspace/m/l/deep", "true"),
    ];
    let mut copied = mk_step("echo canary");
    copied.stdout_path = Some("/workspace/m/l/copied".to_owned());
    let mut steps = steps;
    steps.push(copied);
    let mut task = mk_task(steps);
    task.volumes.push(mk_volume("v", VolumeSource::Shared("claim".to_owned())));
    let ran = run(&engine, &task);
    assert_eq!(ran.ends[0], StepEnd::Exited(0), "{}", ran.err);
    for end in [&ran.ends[1..5], &ran.ends[6..8]].concat() {
        assert!(matches!(&end, StepEnd::Unstarted(reason) if reason.contains("symbolic link")), "{end:?}");
    }
    assert_eq!(ran.ends[5], StepEnd::Exited(0), "{}", ran.err);
    assert!(!ran.out.contains("canary") && ran.results.is_empty());
    let left: Vec<String> = fs::read_dir(parent.path().join("outside"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left, ["canary"], "not even the exit code");
}

#[test]
fn own_volumes_take_the_place_of_implicit_ones() {
    let Some((engine, parent)) = sandbox("own_volumes_take_the_place_of_implicit_ones", |settings| {
        let shims = settings.run.path().join("shims");
        fs::create_dir(&shims).unwrap();
        fs::write(shims.join("jx"), "#!/bin/sh\necho stand-in $1\n").unwrap();
        fs::set_permissions(shims.join("jx"), fs::Permissions::from_mode(0o755)).unwrap();
        settings.binds = vec![Bind { source: shims, path: SHIMS.to_owned(), read_only: true }];
    }) else {
        return;
    };
    let mut own = mk_step("echo own > /workspace/file; ls /workspace; touch /workspace/ro/x || echo denied; jx pr");
    own.mounts =
        vec![mk_mount("v", "/workspace", None), Mount { read_only: true, ..mk_mount("v", "/workspace/ro", Some("r")) }];
    own.env.push(("PATH".to_owned(), "/usr/bin:/bin".to_owned()));
    let mut hosts = mk_step("echo kept > /var/cache/thing/file; touch /kfleet/bin/x || echo denied too");
    hosts.mounts.push(mk_mount("h", "/var/cache/thing", None));
    let mut task = mk_task(vec![own, mk_step("ls -A /workspace; echo end; ls /tmp"), hosts]);
    task.volumes =
        vec![mk_volume("v", VolumeSource::Empty), mk_volume("h", VolumeSource::Host("/var/cache/thing".to_owned()))];
    let ran = run(&engine, &task);
    assert_eq!(ran.out, "file\nr\nro\ndenied\nstand-in pr\nend\ndenied too\n", "{} {:?}", ran.err, ran.ends);
    let cache = fs::read_dir(parent.path().join("cache")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(cache.join("file")).unwrap(), "kept\n");
    let run_folder = engine.settings.run.path().to_owned();
    drop(engine);
    assert!(!run_folder.exists());
}

#[test]
fn read_only_and_planted_files_do_not_stay() {
    let Some((engine, parent)) = sandbox("read_only_and_planted_files_do_not_stay", |_| {}) else { return };
    fs::write(parent.path().join("canary"), "canary").unwrap();
    let script = format!(
        "mkdir -p /workspace/a/b; touch /workspace/a/b/c; ln -s {} /workspace/out; chmod 000 /workspace/a/b /workspace/a /tmp",
        parent.path().display()
    );
    run(&engine, &mk_task(vec![mk_step(&script)]));
    assert_eq!(fs::read_dir(engine.settings.run.path().join("tasks")).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(parent.path().join("canary")).unwrap(), "canary");
}

#[test]
fn the_engine_ends_with_the_caller() {
    // A kfleet whose caller has gone: its socket is closed, and it ends with all that it has started.
    for (engine, _parent) in engines("the_engine_ends_with_the_caller") {
        let name = if engine.name() == "sandbox" { "49.11" } else { "49.12" };
        let task = mk_task(vec![mk_step(&format!("setsid sleep {name} & sleep {name}"))]);
        std::thread::scope(|scope| {
            let running = scope.spawn(|| run(engine.as_ref(), &task));
            let deadline = Instant::now() + Duration::from_secs(10);
            while processes_with(name).len() < 2 && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            // The process beside the step is killed, as the system does it when memory runs out.
            for pid in children_of(std::process::id()) {
                if engine.name() == "sandbox"
                    && fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|l| l.contains("__step"))
                {
                    let below = children_of(pid);
                    if below.iter().any(|pid| !children_of(*pid).is_empty() && has_below(*pid, name)) {
                        kill(pid);
                    }
                }
            }
            if engine.name() != "sandbox" {
                for pid in processes_with(name) {
                    kill(pid.parse().unwrap());
                }
            }
            let ran = running.join().unwrap();
            assert!(matches!(ran.ends[0], StepEnd::Exited(code) if code > 128), "{:?}", ran.ends);
        });
        let deadline = Instant::now() + Duration::from_secs(5);
        while !processes_with(name).is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(processes_with(name), [""; 0], "{}", engine.name());
    }
}

fn children_of(pid: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.extend(text.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    children
}

fn has_below(pid: u32, text: &str) -> bool {
    let is_it = |pid: u32| fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(text));
    children_of(pid).into_iter().any(|child| is_it(child) || has_below(child, text))
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// A program that plays `podman run`: it runs the command on this machine, with the variables that it is to pass on.
const FAKE: &str = r#"#!/bin/sh
case "$1" in
  image) echo PATH=/image/bin:/usr/bin:/bin; exit 0 ;;
  stop|kill|rm) echo "$@" >> "$0.log"; [ -f "$0.pid" ] && kill -9 "$(cat "$0.pid")" 2>/dev/null; exit 0 ;;
  run) ;;
  *) exit 0 ;;
esac
shift
entrypoint= pass=
while [ $# -gt 0 ]; do
  case "$1" in
    --rm|--init|--http-proxy=false) shift ;;
    --env-file) while read -r line; do pass="$pass $line"; done < "$2"; shift 2 ;;
    --entrypoint) entrypoint=$2; shift 2 ;;
    --env) case "$2" in *=*) pass="$pass $2" ;; *) eval "pass=\"\$pass $2=\$$2\"" ;; esac; shift 2 ;;
    -*) shift 2 ;;
    *) break ;;
  esac
done
image=$1; shift
[ "$image" = missing ] && { echo "Error: initializing source: manifest unknown" >&2; exit 125; }
trap '' TERM
echo $$ > "$0.pid"
exec env -i $pass $entrypoint "$@"
"#;

#[test]
fn containers_are_run_and_stopped_by_name() {
    let parent = tempfile::tempdir().unwrap();
    let program = parent.path().join("podman");
    fs::write(&program, FAKE).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut settings = mk_settings(parent.path());
    settings.binds = vec![Bind { source: "/opt".into(), path: SHIMS.to_owned(), read_only: true }];
    let runtime = Runtime { program: program.clone(), arguments: Vec::new(), pull: Pull::Never };
    let engine = Container::new(settings, runtime);
    engine.probe().unwrap();
    let mut first = mk_program(&["/bin/sh", "-c", "echo $TOKEN $PATH; exit 4"]);
    first.env.push(("TOKEN".to_owned(), "s3cr3t".to_owned()));
    let mut missing = mk_program(&["true"]);
    missing.image = "missing".to_owned();
    let mut option = mk_program(&["true"]);
    option.image = "--privileged".to_owned();
    let task = mk_task(vec![first, missing, option, mk_program(&["sleep", "60"])]);
    let ran = run_within(&engine, &task, Duration::from_secs(1)).unwrap();
    assert_eq!(ran.out, "s3cr3t /kfleet/bin:/image/bin:/usr/bin:/bin\n", "{}", ran.err);
    assert_eq!(ran.ends[0], StepEnd::Exited(4));
    assert!(matches!(&ran.ends[2], StepEnd::Unstarted(reason) if reason.starts_with("InvalidImageName")));
    assert!(
        matches!(&ran.ends[1], StepEnd::Unstarted(reason) if reason.contains("manifest unknown")),
        "{:?}",
        ran.ends
    );
    assert_eq!(ran.ends[3], StepEnd::TimedOut);
    let log = fs::read_to_string(parent.path().join("podman.log")).unwrap();
    let run = engine.settings.run.path().display().to_string();
    let name = format!("kfleet-{}-0-{}-{}", &run[run.len() - 6..], task.name, task.steps[3].name);
    assert!(log.starts_with(&format!("kill {name}\n")), "{log}");
}

/// Prints what a step costs: `cargo test --release --test engines -- --ignored --nocapture cost`.
#[test]
#[ignore = "a measurement"]
fn the_cost_of_a_step() {
    for (engine, _parent) in engines("the_cost_of_a_step") {
        let task = mk_task(vec![mk_program(&["/bin/true"])]);
        let mut space = engine.prepare_task(&task, &stop_after(Duration::from_secs(30))).unwrap();
        let mut times: Vec<Duration> = (0..101)
            .map(|_| {
                let start = Instant::now();
                let end = space.run_step(0, None, &stop_after(Duration::from_secs(5)), &|_, _| {}).unwrap();
                assert_eq!(end, StepEnd::Exited(0));
                start.elapsed()
            })
            .collect();
        times.sort();
        eprintln!("{}: median {:?}, 90% {:?}", engine.name(), times[50], times[90]);
    }
    let mut times: Vec<Duration> = (0..101)
        .map(|_| {
            let start = Instant::now();
            std::process::Command::new("/bin/true").status().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    eprintln!("bare: median {:?}", times[50]);
}
