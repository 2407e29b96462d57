//! `kfleet run-pipeline` as its users run it. Each folder `testdata/run-pipeline/<case>` is one test: `run.yaml` is a run, a
//! task or a pipeline, `expect.yaml` says how it ends. Its fields: `args` (more arguments), `exit` (the exit code; 0),
//! `reason` (of the run), `tasks`, `skipped` and `steps` (the reason or exit code of each), `results` (of the pipeline), `log`
//! (lines that come in this order), `not_log` (text that never comes), `refused` (text of the errors). What the outcome
//! of a case is was compared with Tekton's own controller and entrypoint, of all but the newest. All are run by the sandbox engine; those that
//! come to run also in containers, where there is podman.
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests make files and start programs")]

#[path = "run_pipeline/ends.rs"]
mod ends;
#[path = "run_pipeline/messages.rs"]
mod messages;
#[path = "run_pipeline/pushes.rs"]
mod pushes;
mod support;
#[path = "run_pipeline/surroundings.rs"]
mod surroundings;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::clone::{Clone, said};
use support::containers;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(4));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/run-pipeline");
    let entries = fs::read_dir(root).expect("the cases are there");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    assert!(cases.len() >= 80, "only {} cases were found", cases.len());
    let named: [(&str, fn()); _] = [
        ("the_fleet_file_names_programs", mapping),
        ("plain_processes_are_warned_of", unmapped),
        ("containers_have_what_the_sandbox_lacks", auto),
        ("an_interrupted_run_ends_in_order", interrupted),
        ("the_demo_from_end_to_end", demo),
        ("what_an_event_starts", events),
        ("secrets_are_not_shown", secrets),
        ("runs_can_be_shown_again", records),
        ("plans_have_four_forms", plans),
        ("paths_of_arguments_start_at_the_folder_of_the_call", elsewhere),
        ("what_is_not_taken_is_not_lost", refused_pushes),
        ("reports_and_quiet_runs", reports),
        ("the_side_of_a_broken_trigger_file_is_told", messages::sides),
        ("the_linter_looks_at_all_jobs", messages::lint),
        ("files_and_words_that_cannot_be_used", messages::usage),
        ("paths_are_right_in_subfolders", messages::subfolders),
        ("a_commit_without_a_branch", messages::detached),
        ("an_image_that_cannot_be_had", messages::image),
        ("the_end_of_the_terminal_ends_a_run_in_order", surroundings::hung_up),
        ("a_run_clears_away_what_a_killed_one_has_left", surroundings::killed),
        ("paths_of_the_host_are_of_one_repository", surroundings::apart),
        ("a_second_interrupt_ends_steps_at_once", surroundings::interrupted_twice),
        ("an_image_that_does_not_come_is_not_waited_for", surroundings::interrupted_early),
        ("steps_inherit_nothing_that_is_open_or_ignored", surroundings::inherited),
        ("names_with_secrets_are_masked", pushes::secret_names),
        ("a_timeout_counts_for_the_parts_of_a_run", ends::timeouts),
        ("of_several_runs_the_highest_exit_code_counts", ends::worst),
        ("an_interruption_between_two_runs_ends_all", ends::interrupted_between),
    ];
    let mut trials: Vec<Trial> = named
        .into_iter()
        .map(|(name, test)| {
            Trial::test(name, move || {
                if is_possible(name) {
                    test();
                }
                Ok(())
            })
        })
        .collect();
    for case in cases {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let expected = read_expected(&case);
        // What is refused is refused before there is an engine.
        if !expected["reason"].is_null() {
            let (name, case, expected) = (format!("{name}_in_containers"), case.clone(), expected.clone());
            trials.push(Trial::test(name.clone(), move || match containers::of_podman(&name) {
                Some(podman) => run_case(&case, &expected, "container", &podman.variables).map_err(Failed::from),
                None => Ok(()),
            }));
        }
        trials.push(Trial::test(name.clone(), move || match is_possible(&name) {
            true => run_case(&case, &expected, "sandbox", &[]).map_err(Failed::from),
            false => Ok(()),
        }));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Whether a sandbox can be made here; else the test counts as skipped.
fn is_possible(test: &str) -> bool {
    use std::sync::OnceLock;
    static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
    let answer = ANSWER.get_or_init(|| {
        let clone = Clone::new();
        clone.write("run.yaml", "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{name: s, image: x, script: 'true'}]}\n");
        let output = clone.kfleet(&["run-pipeline", "run.yaml", "--engine", "sandbox"]);
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    });
    match answer {
        Ok(()) => true,
        Err(reason) => {
            support::count_skipped(test, reason);
            false
        }
    }
}

/// What the events of a run say.
#[derive(Default)]
struct Seen {
    reason: Option<String>,
    results: Value,
    tasks: BTreeMap<String, String>,
    skipped: BTreeMap<String, String>,
    steps: BTreeMap<String, (Value, String)>,
    log: Vec<String>,
}

impl Seen {
    fn of(events: &str) -> Seen {
        let mut seen = Seen { results: serde_json::json!({}), ..Seen::default() };
        for line in events.lines() {
            let event: Value = serde_json::from_str(line).expect("an event on each line");
            let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
            match event["type"].as_str().unwrap_or_default() {
                "task.end" => drop(seen.tasks.insert(text("task"), text("reason"))),
                "task.skip" => drop(seen.skipped.insert(text("task"), text("reason"))),
                "step.end" => {
                    let name = format!("{}/{}", text("task"), text("step"));
                    seen.steps.insert(name, (event["exit_code"].clone(), text("reason")));
                }
                "log" => seen.log.push(format!("{}/{}: {}", text("task"), text("step"), text("text"))),
                "run.end" => {
                    seen.reason = Some(text("reason"));
                    seen.results = event["results"].clone();
                }
                _ => {}
            }
        }
        seen
    }
}

fn read_expected(case: &Path) -> Value {
    let text = fs::read_to_string(case.join("expect.yaml")).expect("what is expected");
    serde_saphyr::from_str(&text).expect("YAML")
}

fn run_case(case: &Path, expected: &Value, engine: &str, variables: &[(String, String)]) -> Result<(), String> {
    let clone = Clone { variables: variables.to_vec(), ..Clone::new() };
    copy(case, &clone.work());
    clone.git(&["add", "."]);
    clone.git(&["commit", "-q", "-m", "case"]);
    let texts = |field: &str| -> Vec<String> {
        let list = expected[field].as_array().into_iter().flatten();
        list.map(|item| item.as_str().expect("a text").to_owned()).collect()
    };
    let extra = texts("args");
    let mut arguments = vec!["run-pipeline", "run.yaml", "--engine", engine, "--log", "json"];
    arguments.extend(extra.iter().map(String::as_str));
    let output = clone.kfleet(&arguments);
    let seen = Seen::of(&String::from_utf8_lossy(&output.stdout));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();

    let mut wrong = Vec::new();
    let mut check = |what: &str, found: Value, wanted: Value| {
        if found != wanted {
            wrong.push(format!("{what}: {found}, not {wanted}"));
        }
    };
    let exit = expected["exit"].as_i64().unwrap_or(0);
    check("exit code", output.status.code().into(), exit.into());
    if !expected["reason"].is_null() {
        check("reason", seen.reason.clone().into(), expected["reason"].clone());
    }
    let maps = [("tasks", &seen.tasks), ("skipped", &seen.skipped)];
    for (field, found) in maps {
        // What is skipped is always said in full.
        let wanted = if field == "skipped" && expected[field].is_null() {
            serde_json::json!({})
        } else {
            expected[field].clone()
        };
        if !wanted.is_null() {
            check(field, serde_json::to_value(found).expect("JSON"), wanted);
        }
    }
    if !expected["results"].is_null() {
        check("results", seen.results.clone(), expected["results"].clone());
    }
    for (step, wanted) in expected["steps"].as_object().into_iter().flatten() {
        let (code, reason) = seen.steps.get(step).cloned().unwrap_or_default();
        check(step, if wanted.is_number() { code } else { reason.into() }, wanted.clone());
    }
    let mut lines = seen.log.iter();
    for wanted in texts("log") {
        if !lines.any(|line| *line == wanted || line.ends_with(&format!("/{wanted}"))) {
            wrong.push(format!("the log lacks `{wanted}`, or it comes too early"));
            break;
        }
    }
    for text in texts("not_log").iter().filter(|text| seen.log.iter().any(|line| line.contains(text.as_str()))) {
        wrong.push(format!("the log has `{text}`"));
    }
    for text in texts("refused").iter().filter(|text| !errors.contains(text.as_str())) {
        wrong.push(format!("no error has `{text}`"));
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("{}\nlog: {:#?}\n{errors}", wrong.join("\n"), seen.log)),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a file")),
        }
    }
}

const TRIGGERS: &str = "\
apiVersion: config.lighthouse.jenkins-x.io/v1alpha1
kind: TriggerConfig
spec:
  presubmits:
  - {name: pr, always_run: true, ignore_changes: '^docs/', source: pr.yaml}
  postsubmits:
  - {name: release, branches: ['^main$', '^v\\d+$'], source: pr.yaml}
";

/// As the demo's pull-request job: it clones, generates, commits and pushes to the pull request.
const PULL_REQUEST: &str = "\
apiVersion: tekton.dev/v1beta1
kind: PipelineRun
spec:
  pipelineSpec:
    tasks:
    - name: generate
      taskSpec:
        stepTemplate: {env: [{name: HOME, value: /tekton/home}]}
        steps:
        - name: git-clone
          image: alpine/git
          workingDir: /workspace
          command: [/bin/sh]
          args: [-ce, 'git clone $(params.REPO_URL) source; cd source; git checkout $(params.PULL_PULL_SHA)']
        - name: generate
          image: example/cicd-demo
          workingDir: /workspace/source
          command: [/bin/sh]
          args: [-ce, 'make generate']
        - name: push
          image: alpine/git
          workingDir: /workspace/source
          command: [/bin/sh]
          args:
          - -ce
          - |
            test -n \"$(git status --porcelain)\" || exit 0
            git config user.name bot
            git config user.email bot@example.org
            git add .
            git commit -m Generated
            jx gitops pr push --pr $PULL_NUMBER
";

fn demo() {
    let clone = Clone::new();
    // The demo fleet, in a repository that has a remote-less main branch.
    fs::remove_dir_all(clone.work()).expect("the folder goes");
    fs::create_dir_all(clone.work()).expect("and comes");
    clone.does(&["init", "."]);
    clone.write(".lighthouse/triggers.yaml", TRIGGERS);
    clone.write(".lighthouse/pr.yaml", PULL_REQUEST);
    // As if an addon had been added, and nothing generated yet.
    let generated = ["fleet.lock", "config/bases"].map(|path| clone.work().join(path));
    fs::remove_file(&generated[0]).expect("init has generated");
    fs::remove_dir_all(&generated[1]).expect("init has generated");
    if !clone.work().join(".git").exists() {
        clone.git(&["init", "-q", "-b", "main"]);
    }
    clone.git(&["add", "-A"]);
    clone.git(&["commit", "-q", "-m", "fleet"]);
    clone.git(&["checkout", "-q", "-b", "feature"]);
    // Not committed: the run has to see it.
    clone.write("clusters/development/note.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: note\n");
    let head = clone.git(&["rev-parse", "HEAD"]);
    let run = ["run-pipeline", "--engine", "sandbox", "--override", "make generate=kfleet generate", "--apply"];
    let said = clone.does(&run);
    assert!(said.contains("Generated"), "{said}");
    assert_eq!(clone.git(&["rev-parse", "HEAD"]), head, "a dirty tree gets the changes, not the commit");
    assert!(generated.iter().all(|path| path.exists()), "{said}");
    clone.git(&["add", "-A"]);
    clone.git(&["commit", "-q", "-m", "by hand"]);
    let again = clone.does(&run);
    assert!(!again.contains("Generated"), "{again}");
    assert_eq!(clone.git(&["status", "--porcelain"]), "");
    // What is ignored by the filter of files is not a reason to run.
    let list = clone.does(&["run-pipeline", "--list"]);
    assert!(list.contains("run   presubmit   pr") && list.contains("skip  postsubmit  release"), "{list}");
}

/// A clone on a branch of a pull request, with a remote.
fn mk_pull_request() -> Clone {
    let clone = Clone::new();
    clone.git(&["init", "-q", "--bare", "../origin.git"]);
    clone.git(&["remote", "add", "origin", "../origin.git"]);
    clone.write(".lighthouse/triggers.yaml", TRIGGERS);
    clone.write(".lighthouse/pr.yaml", PULL_REQUEST);
    clone.git(&["add", "-A"]);
    clone.git(&["commit", "-q", "-m", "pipelines"]);
    clone.git(&["push", "-q", "-u", "origin", "main"]);
    clone.git(&["checkout", "-q", "-b", "feature"]);
    clone.git(&["commit", "-q", "--allow-empty", "-m", "change"]);
    clone.git(&["push", "-q", "-u", "origin", "feature"]);
    clone
}

/// Generates a file, in the words of a shell.
const GENERATE: &str = "make generate=sh -c 'echo \"made  here\" > made'";

fn refused_pushes() {
    let clone = mk_pull_request();
    let other = clone.folder.path().join("other").display().to_string();
    clone.git(&["clone", "-q", "-b", "feature", "../origin.git", &other]);
    clone.git(&["-C", &other, "commit", "-q", "--allow-empty", "-m", "faster"]);
    clone.git(&["-C", &other, "push", "-q"]);
    let run = |flags: &[&str]| {
        let always = ["run-pipeline", "pr", "--engine", "sandbox", "--override", GENERATE];
        clone.kfleet(&[&always[..], flags].concat())
    };
    let head = clone.git(&["rev-parse", "HEAD"]);
    let pushed = run(&["--push", "-q"]);
    assert_eq!(pushed.status.code(), Some(5), "{}", said(&pushed));
    let text = said(&pushed);
    assert!(text.contains("the remote has moved") && text.contains("is kept as refs/kfleet/"), "{text}");
    let held = text.split_whitespace().find(|word| word.starts_with("refs/kfleet/")).expect("a ref");
    let held = held.trim_end_matches(':');
    assert_eq!(clone.git(&["show", &format!("{held}:made")]), "made  here");
    assert_eq!(clone.git(&["rev-parse", "HEAD"]), head, "without --apply, nothing is brought in");
    let both = run(&["--push", "--apply"]);
    assert_eq!(both.status.code(), Some(5), "{}", said(&both));
    assert!(
        said(&both).contains("the remote has moved") && said(&both).contains("feature went forward"),
        "{}",
        said(&both)
    );
    assert!(!said(&both).contains("is kept as"), "{}", said(&both));
    assert_eq!(clone.git(&["log", "-1", "--format=%s"]), "Generated");
    assert_eq!(clone.git(&["show", "HEAD:made"]), "made  here");
}

fn reports() {
    let clone = mk_pull_request();
    let run = |flags: &[&str]| {
        let always = ["run-pipeline", "pr", "--engine", "sandbox", "--override", GENERATE];
        clone.kfleet(&[&always[..], flags].concat())
    };
    let quiet = run(&["-q"]);
    assert_eq!((quiet.status.code(), said(&quiet).as_str()), (Some(0), ""));
    let output = run(&["--output", "json", "--apply", "--diff"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!((&report["kind"], &report["exitCode"]), (&"RunPipelineReport".into(), &0.into()), "{report}");
    let one = &report["runs"][0];
    assert_eq!((&one["job"], &one["reason"]), (&"pr".into(), &"Succeeded".into()), "{report}");
    assert_eq!(one["tasks"][0]["steps"][2]["step"], "push", "{report}");
    assert_eq!(one["tasks"][0]["steps"][2]["exitCode"], 0, "{report}");
    assert!(one["seconds"].is_number() && one["tasks"][0]["seconds"].is_number(), "{report}");
    assert_eq!(one["pushes"][0]["commits"][0], "Generated", "{report}");
    assert!(one["pushes"][0]["diff"].as_str().is_some_and(|diff| diff.contains("+made  here")), "{report}");
    assert_eq!(
        (&one["applied"]["branch"], &one["applied"]["files"][0]),
        (&"feature".into(), &"made".into()),
        "{report}"
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("[generate : push]"), "the log is on standard error");

    // Nothing but what failed; and what has failed is in the report too.
    let text = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{name: good, image: x, script: 'echo fine'}, {name: bad, image: x, script: 'echo why; exit 7'}]}\n";
    clone.write("bad.yaml", text);
    let quiet = clone.kfleet(&["run-pipeline", "bad.yaml", "--engine", "sandbox", "-q"]);
    let expected = "the last lines of t/bad:\n  why\nt/bad failed with exit code 7\n";
    assert_eq!((quiet.status.code(), said(&quiet).as_str()), (Some(1), expected));
    let output = clone.kfleet(&["run-pipeline", "bad.yaml", "--engine", "sandbox", "--output", "json", "-q"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(report["exitCode"], 1, "{report}");
    assert_eq!(report["runs"][0]["tasks"][0]["steps"][1]["exitCode"], 7, "{report}");
    // So is why a run could not start.
    let refused = clone.kfleet(&[
        "run-pipeline",
        "bad.yaml",
        "--engine",
        "sandbox",
        "--override",
        "x=nowhere",
        "--output",
        "json",
    ]);
    let report: Value = serde_json::from_slice(&refused.stdout).expect("one document");
    assert_eq!((refused.status.code(), &report["exitCode"]), (Some(3), &3.into()), "{report}");
    let errors = report["runs"][0]["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    assert!(errors.contains("the program nowhere"), "{report}");
    assert!(said(&refused).contains("error: cannot run the pipeline"), "{}", said(&refused));
    let none = clone.kfleet(&["run-pipeline", "--output", "json", "--event", "push"]);
    let report: Value = serde_json::from_slice(&none.stdout).expect("one document");
    assert_eq!((report["runs"].as_array().map(Vec::len), &report["exitCode"]), (Some(0), &0.into()), "{report}");

    // One file for both: lines stand in the order in which they were written.
    let both = clone.folder.path().join("both");
    let file = fs::File::create(&both).expect("a file");
    let mut command = clone.command(env!("CARGO_BIN_EXE_kfleet"));
    command.args(["run-pipeline", "pr", "--engine", "sandbox", "--override", GENERATE, "--log", "json"]);
    command.stdout(file.try_clone().expect("a file")).stderr(file);
    assert!(command.status().expect("kfleet runs").success());
    let text = fs::read_to_string(&both).expect("a file");
    let ends = text.find("run.end").expect("the last event");
    let told = text.find("nothing left this machine").unwrap_or(text.len());
    assert!(ends < told, "{text}");
}

fn events() {
    let clone = Clone::new();
    clone.write(".lighthouse/triggers.yaml", TRIGGERS);
    clone.write(".lighthouse/pr.yaml", PULL_REQUEST);
    clone.git(&["add", "-A"]);
    clone.git(&["commit", "-q", "-m", "pipelines"]);
    let explain = |arguments: &[&str]| clone.does(&[&["run-pipeline", "--explain"][..], arguments].concat());
    assert!(explain(&[]).contains("run   postsubmit  release"), "on the default branch it is a push");
    assert!(explain(&["--event", "tag", "--tag", "v1"]).contains("run   postsubmit  release"));
    assert!(explain(&["--tag", "v1"]).contains("run   postsubmit  release"), "a tag is an event");
    assert!(explain(&["--pr", "7"]).contains("event: pull request 7 to main"), "and so is a pull request");
    assert!(explain(&["--event", "tag", "--tag", "x"]).contains("skip  postsubmit  release"));
    clone.git(&["checkout", "-q", "-b", "feature"]);
    clone.write("docs/x.md", "x");
    let said = explain(&[]);
    assert!(said.contains("skip  presubmit   pr") && said.contains("ignore_changes"), "{said}");
    assert!(explain(&["--comment", "/test pr"]).contains("run   presubmit   pr"), "a command is stronger");
    assert!(explain(&["--comment", "/test"]).contains("skip  presubmit   pr"), "a bare /test is not a command");
    assert!(explain(&["pr"]).contains("run   presubmit   pr"), "what is named is run");
    let json: Value =
        serde_json::from_slice(&clone.kfleet(&["run-pipeline", "--list", "--output", "json"]).stdout).expect("JSON");
    assert_eq!(json["jobs"][0]["job"], "pr");
    let unknown = clone.kfleet(&["run-pipeline", "nowhere"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said_of(&unknown).contains("the jobs are pr, release"), "{}", said_of(&unknown));
    assert_eq!(clone.kfleet(&["run-pipeline", "--fail-if-none"]).status.code(), Some(2));
    for arguments in [&["--plan", "--apply"][..], &["--event", "push", "--pr", "1"], &["--list", "--plan"]] {
        let output = clone.kfleet(&[&["run-pipeline"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said_of(&output));
    }
    // The event of a fork gets no secrets, and no engine that does not confine.
    let fork = r#"{"action":"opened","number":5,"pull_request":{"number":5,"state":"open","draft":false,"title":"t",
        "user":{"login":"eve"},"author_association":"MEMBER","labels":[],
        "base":{"ref":"main","sha":"a","repo":{"full_name":"acme/fleet"}},
        "head":{"ref":"x","sha":"b","repo":{"full_name":"eve/fleet"}}},"repository":{"full_name":"acme/fleet","name":"fleet",
        "owner":{"login":"acme"},"clone_url":"https://example.org/acme/fleet.git","default_branch":"main"}}"#;
    let event = clone.folder.path().join("event.json");
    fs::write(&event, fork).expect("a file");
    let event = event.display().to_string();
    let said = explain(&["--from-event", &event]);
    assert!(said.contains("not trusted") && said.contains("pull request 5"), "{said}");
    let refused = clone.kfleet(&["run-pipeline", "pr", "--from-event", &event, "--engine", "process"]);
    assert!(!refused.status.success(), "{}", said_of(&refused));
    // Broken trigger files: all errors, and nothing runs.
    clone.write(".lighthouse/triggers.yaml", "spec:\n  presubmits:\n  - {name: 'a b', trigger: '('}\n");
    let broken = clone.kfleet(&["run-pipeline", "--list"]);
    assert_eq!(broken.status.code(), Some(2));
    let said = said_of(&broken);
    assert!(
        said.contains("triggers.yaml:3") && said.contains("trigger-name") && said.contains("trigger-regex"),
        "{said}"
    );
}

fn said_of(output: &Output) -> String {
    said(output)
}

fn secrets() {
    let clone = Clone::new();
    clone.write(
        "run.yaml",
        "\
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec:
  results: [{name: r}]
  steps:
  - name: s
    image: x
    env: [{name: T, valueFrom: {secretKeyRef: {name: token, key: key}}}]
    script: |
      printf twelve; sleep 0.2; printf -- -char
      echo
      echo $T | base64
      printf %s $T > $(results.r.path)
",
    );
    let output = clone.kfleet(&["run-pipeline", "run.yaml", "--engine", "sandbox", "--secret", "token:key=env:TOKEN"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("***"), "{}", said(&output));
    let mut files = vec![clone.folder.path().join("home")];
    let mut all = said(&output);
    while let Some(path) = files.pop() {
        match path.is_dir() {
            true => files.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path())),
            false => all += &String::from_utf8_lossy(&fs::read(&path).expect("a file")),
        }
    }
    assert!(!all.contains("twelve-char") && !all.contains("dHdlbHZlLWNoYX"), "{all}");
}

fn elsewhere() {
    let clone = Clone::new();
    let run = "\
apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskRef: {name: greet}}
";
    let task = "\
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: greet}
spec:
  steps:
  - name: s
    image: x
    env: [{name: T, valueFrom: {secretKeyRef: {name: word, key: word.txt}}}]
    script: '[ \"$T\" = friend ] && echo welcome'
";
    clone.write("run.yaml", run);
    clone.write("more/task.yaml", task);
    clone.write("word.txt", "friend");
    clone.write("event.json", "{}");
    let folder = clone.folder.path().join("away");
    fs::create_dir(&folder).expect("a folder");
    let kfleet = |arguments: &[&str]| {
        let mut command = clone.command(env!("CARGO_BIN_EXE_kfleet"));
        command.current_dir(&folder).args(["-C", "../work", "run-pipeline"]).args(arguments);
        command.output().expect("kfleet runs")
    };
    let with = |with: &str, secret: &str| {
        kfleet(&["run.yaml", "--engine", "sandbox", "--with", with, "--secret", secret, "--log", "text"])
    };
    for (more, secret) in [("more", "word=word.txt"), ("more/task.yaml", "word:word.txt=word.txt")] {
        let output = with(more, secret);
        assert!(output.status.success() && said(&output).contains("welcome"), "{}", said(&output));
    }
    for (more, secret, expected) in [
        ("none.yaml", "word=word.txt", "cannot read none.yaml: "),
        ("more", "word=none.txt", "--secret word: cannot read none.txt: "),
    ] {
        let output = with(more, secret);
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
    let output = kfleet(&["--from-event", "event.json", "--list"]);
    assert!(said(&output).contains("event.json") && !said(&output).contains("work/event.json"), "{}", said(&output));
}

fn records() {
    let clone = Clone::new();
    clone.write(
        "run.yaml",
        "\
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec: {steps: [{name: s, image: x, script: 'echo hello; exit 3'}]}
",
    );
    let output = clone.kfleet(&["run-pipeline", "run.yaml", "--engine", "sandbox"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let again = clone.kfleet(&["run-pipeline", "--logs"]);
    assert!(said(&again).contains("hello"), "{}", said(&again));
    let listed = clone.does(&["run-pipeline", "--runs"]);
    assert!(listed.contains("run.yaml"), "{listed}");
    // What could not start was not a run.
    let missing = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{name: s, image: x, command: [no-such-program]}]}\n";
    clone.write("missing.yaml", missing);
    let refused = clone.kfleet(&["run-pipeline", "missing.yaml", "--engine", "sandbox", "--override", "x=nowhere"]);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    for text in
        ["--override 'x=nowhere' fits nothing", "the program no-such-program", "the program nowhere of --override"]
    {
        assert!(said(&refused).contains(text), "{}", said(&refused));
    }
    assert_eq!(clone.does(&["run-pipeline", "--runs"]), listed);
    // Another repository of the same user has none, and sees these only if it asks for them.
    let other = clone.folder.path().join("other");
    fs::create_dir(&other).expect("a folder");
    let other = other.display().to_string();
    clone.git(&["init", "-q", &other]);
    assert!(!clone.does(&["-C", &other, "run-pipeline", "--runs"]).contains("run.yaml"));
    assert!(clone.does(&["-C", &other, "run-pipeline", "--runs", "--all"]).contains("run.yaml"));
    assert_eq!(clone.kfleet(&["-C", &other, "run-pipeline", "--logs"]).status.code(), Some(2));
    assert!(clone.does(&["-C", &other, "run-pipeline", "--logs", "--all"]).contains("hello"));
}

fn plans() {
    let clone = Clone::new();
    clone.write(".lighthouse/triggers.yaml", TRIGGERS);
    clone.write(".lighthouse/pr.yaml", PULL_REQUEST);
    let plan = |form: &str| {
        String::from_utf8_lossy(&clone.kfleet(&["run-pipeline", "pr", "--plan", "--output", form]).stdout).into_owned()
    };
    assert!(plan("text").contains("step git-clone"), "{}", plan("text"));
    assert!(serde_json::from_str::<Value>(&plan("json")).is_ok(), "{}", plan("json"));
    assert!(plan("dot").starts_with("digraph"), "{}", plan("dot"));
    assert!(plan("mermaid").contains("generate"), "{}", plan("mermaid"));
}

fn interrupted() {
    let clone = Clone::new();
    clone.write(".lighthouse/triggers.yaml", TRIGGERS);
    let text = "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec:\n  pipelineSpec:\n    tasks:\n    - name: a\n      taskSpec: {steps: [{name: s, image: x, script: 'echo begun; sleep 60'}]}\n    finally:\n    - name: f\n      taskSpec: {steps: [{name: s, image: x, script: echo at last}]}\n";
    clone.write(".lighthouse/pr.yaml", text);
    let mut command = clone.command(env!("CARGO_BIN_EXE_kfleet"));
    command.args(["run-pipeline", "pr", "--engine", "sandbox"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("kfleet runs");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("a pipe")));
    assert!(lines.any(|line| line.expect("a line").contains("begun")));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    let rest: Vec<String> = lines.map(|line| line.expect("a line")).collect();
    assert_eq!(child.wait().expect("kfleet ends").code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("at last")), "{rest:?}");
}

const LITERAL: &str = "apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec: {steps: [{name: s, image: x, script: 'ls /workspace/a /workspace/a; echo ran'}, {name: r, image: x, script: 'true'}]}
";

fn unmapped() {
    let clone = Clone::new();
    clone.write("run.yaml", LITERAL);
    let output = clone.kfleet(&["run-pipeline", "run.yaml", "--engine", "process"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(told.matches("warning: run.yaml: the script of step t/s has /workspace/a, which").count(), 1, "{told}");
    assert_eq!(told.matches("warning:").count(), 1, "{told}");
    assert!(!clone.does(&["run-pipeline", "run.yaml", "--engine", "process", "--plan"]).is_empty());
}

fn auto() {
    let clone = Clone::new();
    let run = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{name: s, image: example/x, command: [no-such-program]}]}\n";
    clone.write("run.yaml", run);
    let podman = clone.work().join("bin/podman");
    clone.write("bin/podman", "#!/bin/sh\n[ \"$1\" = info ] || { echo no containers today >&2; exit 125; }\n");
    std::os::unix::fs::symlink("/bin/false", clone.work().join("bin/docker")).expect("a link");
    let set = |mode| fs::set_permissions(&podman, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("a mode");
    set(0o755);
    let run = || {
        let mut command = clone.command(env!("CARGO_BIN_EXE_kfleet"));
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", podman.parent().expect("a folder").display()));
        said(&command.args(["run-pipeline", "run.yaml"]).output().expect("kfleet runs"))
    };
    // It runs no containers, but they were chosen.
    let told = run();
    assert!(told.contains("no containers today") && !told.contains("the program no-such-program"), "{told}");
    clone.write("bin/podman", "#!/bin/sh\nexit 1\n");
    set(0o755);
    let told = run();
    assert!(told.contains("cannot run the pipeline: the program no-such-program is missing"), "{told}");
}

const FLEET: &str = "apiVersion: kfleet.dev/v1alpha1
kind: Fleet
pipelines:
  tools: {example/tool: echo from the file}
  overrides: {no-such-program: echo of the base}
";

fn mapping() {
    let clone = Clone::new();
    let run = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{name: s, image: 'example/tool:1'}, {name: r, image: x, command: [no-such-program, now]}]}\n";
    clone.write("run.yaml", run);
    clone.write("fleet.yaml", FLEET);
    clone.git(&["add", "."]);
    clone.git(&["commit", "-qm", "second"]);
    clone.git(&["checkout", "-qb", "other"]);
    clone.write("fleet.yaml", &FLEET.replace("of the base", "of the fork"));
    let ran = |more: &[&str]| clone.does(&[&["run-pipeline", "run.yaml", "--engine", "sandbox"], more].concat());
    let said = ran(&[]);
    assert!(said.contains("] from the file") && said.contains("] of the fork now"), "{said}");
    let said = ran(&["--override", "no-such-program=echo of a flag"]);
    assert!(said.contains("] of a flag now"), "{said}");
    // Whoever causes an event that is not trusted has no say in it.
    let said = ran(&["--untrusted"]);
    assert!(said.contains("] from the file") && said.contains("] of the base now"), "{said}");
    clone.write("fleet.yaml", &FLEET.replace("overrides", "override"));
    let output = clone.kfleet(&["run-pipeline", "run.yaml"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("fleet.yaml:5:3") && told.contains("overrides"), "{told}");
}
