//! The command lines of containers, and what runtimes say.

use super::*;
use crate::runner::local::settings::{Bind, SHIMS, mk_settings};
use crate::tekton::task_run::{Mount, Volume, VolumeSource};

fn mk_engine(folder: &std::path::Path) -> Container {
    let binds = vec![Bind { source: "/opt/shims".into(), path: SHIMS.to_owned(), read_only: true }];
    let arguments = vec!["--runtime".to_owned(), "runc".to_owned()];
    let runtime = Runtime { program: "podman".into(), arguments, pull: Pull::Never };
    Container::new(Settings { binds, ..mk_settings(folder, "r") }, runtime)
}

fn mk_task(command: &[&str]) -> TaskRun {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let mount =
        Mount { volume: "v".to_owned(), path: "/data".to_owned(), sub_path: Some("s".to_owned()), read_only: true };
    TaskRun {
        task: "t".to_owned(),
        name: "run-t".to_owned(),
        attempt: 1,
        volumes: vec![Volume { name: "v".to_owned(), source: VolumeSource::Empty }],
        steps: vec![Step {
            name: "one".to_owned(),
            image: "example/image:1".to_owned(),
            command: texts(command),
            args: texts(&["a b", "--rm"]),
            env: [("TOKEN", "s3cr3t"), ("LD_PRELOAD", "/x.so"), ("HOME", "/tekton/home")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            working_dir: Some("/workspace/x".to_owned()),
            mounts: vec![mount],
            ..Step::default()
        }],
        ..TaskRun::default()
    }
}

#[test]
fn the_command_line_is_tektons() {
    let folder = tempfile::tempdir().unwrap();
    let engine = mk_engine(folder.path());
    let run = engine.settings.run.path().display().to_string();
    let unique = &run[run.len() - 6..];
    let line = engine.command_line(&mk_task(&["/bin/sh", "-c"]), 0).unwrap().join(" ").replace(&run, "RUN");
    let line = line.replace(unique, "UNIQUE").replace(" --init ", " ");
    let start = "podman --runtime runc run --rm --name kfleet-UNIQUE-0-run-t-one --label kfleet=kfleet-r-UNIQUE \
                 --pull never --network none --http-proxy=false --hostname run-t-pod \
                 --mount type=bind,source=RUN/tasks/0-run-t/hosts,target=/etc/hosts --pids-limit 4096 ";
    assert!(line.starts_with(start), "{line}");
    assert!(line.contains(" --entrypoint /bin/sh -w /workspace/x --mount "), "{line}");
    assert!(line.contains(",source=RUN/tasks/0-run-t/volumes/0/s,target=/data,readonly "), "{line}");
    assert!(line.contains(",source=RUN/tasks/0-run-t/steps,target=/tekton/steps,readonly "), "{line}");
    assert!(line.contains(",source=/opt/shims,target=/kfleet/bin,readonly "), "{line}");
    assert!(!line.contains("target=/root") && !line.contains("target=/tmp"), "{line}");
    let end = " --env TOKEN --env-file RUN/tasks/0-run-t/variables-0 example/image:1 -c a b --rm";
    assert!(line.ends_with(end), "{line}");
    // Without a command the entrypoint of the image stays.
    let line = engine.command_line(&mk_task(&[]), 0).unwrap();
    assert!(!line.contains(&"--entrypoint".to_owned()), "{line:?}");
    assert_eq!(line[line.len() - 3..], ["example/image:1", "a b", "--rm"]);
}

#[test]
fn exit_codes_of_runtimes_are_told_from_those_of_steps() {
    let step = &mk_task(&["/no/such"]).steps[0];
    let of_runtime = |code, complaint: &str| of_runtime(code, complaint, step);
    let init = "ERROR (catatonit:6): failed to exec pid1: No such file or directory\n";
    assert_eq!(of_runtime(1, init), StepEnd::Unstarted("exec: \"/no/such\": no such file or directory".to_owned()));
    let init = "[FATAL tini (7)] exec /no/such failed: Permission denied";
    assert_eq!(of_runtime(126, init), StepEnd::Unstarted("exec: \"/no/such\": permission denied".to_owned()));
    let missing = "Error: crun: executable file `x` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found";
    assert!(matches!(of_runtime(127, missing), StepEnd::Unstarted(reason) if reason.starts_with("crun: executable")));
    let docker = "docker: Error response from daemon: pull access denied.\nSee 'docker run --help'.\n";
    assert!(matches!(of_runtime(125, docker), StepEnd::Unstarted(reason) if reason.contains("pull access denied")));
    assert_eq!(of_runtime(127, "sh: x: not found"), StepEnd::Exited(127));
    assert_eq!(of_runtime(1, "Error: of the step itself"), StepEnd::Exited(1));
}

#[test]
fn odd_names_of_folders_and_variables_arrive() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a:b,c\"d");
    let engine = mk_engine(&folder);
    let mut task = mk_task(&["/bin/sh"]);
    task.steps[0].mounts[0].path = "/data:1".to_owned();
    task.steps[0].env.push(("REGISTRY_AUTH_FILE".to_owned(), "two\nlines".to_owned()));
    task.steps[0].env.push(("A*".to_owned(), "star".to_owned()));
    let folder = TaskFolder::new(&engine.settings, &task).unwrap();
    let step = &task.steps[0];
    let wanted = Wanted { name: "n", how: &[], joins: None, step, env: &step.env };
    let line = engine.arguments(&folder, &task, 0, &wanted).unwrap();
    let quoted =
        format!("{}/tasks/0-run-t/volumes/0/s\",target=/data:1,readonly", engine.settings.run.path().display());
    let quoted = format!("type=bind,\"source={}", quoted.replace("c\"d", "c\"\"d"));
    assert!(line.contains(&quoted), "{line:?} {quoted}");
    assert!(line.contains(&"REGISTRY_AUTH_FILE=two\nlines".to_owned()), "{line:?}");
    let file = line.iter().position(|word| word == "--env-file").map(|at| &line[at + 1]).unwrap();
    let written = std::fs::read_to_string(file).unwrap();
    assert_eq!(written, "LD_PRELOAD=/x.so\nHOME=/tekton/home\nA*=star\n");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}
