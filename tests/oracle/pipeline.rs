//! What must hold for any bytes that `kfleet run-pipeline` reads: trigger files, the small languages in them, Tekton
//! objects, webhooks, and what steps print.

use kfleet::go_regex;
use kfleet::lighthouse::event::HeadRepository;
use kfleet::lighthouse::job::{INJECTED, Source};
use kfleet::lighthouse::template::{Template, Value};
use kfleet::lighthouse::{self, Context, Event, Pull, Repository, Saved, TriggerEvent, User};
use kfleet::problem::{Location, Problem};
use kfleet::runner::event::{Event as RunEvent, Sink, Stream};
use kfleet::runner::log::{Colours, clean};
use kfleet::runner::mask::{MASK, Masker};
use kfleet::runner::masking_sink::MaskingSink;
use kfleet::tekton::load::{Inputs, Request, load};
use kfleet::tekton::plan::{PlanOptions, RunContext, plan};
use kfleet::tekton::show::{Format, render};
use kfleet::tree::Tree;
use std::sync::Mutex;
use std::time::Duration;

const TRIGGERS: &str = ".lighthouse/triggers.yaml";
const RUN: &str = "run.yaml";

fn is_in(location: &Location, bytes: &[u8]) -> bool {
    let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
    location.line <= lines && (location.column == 0 || location.line > 0)
}

fn tree(files: &[(&str, &[u8])]) -> Tree {
    let mut tree = Tree::default();
    files.iter().for_each(|(path, bytes)| _ = tree.insert((*path).to_owned(), bytes.to_vec()));
    tree
}

fn repository() -> Repository {
    let text = |text: &str| text.to_owned();
    Repository {
        owner: text("acme"),
        name: text("fleet"),
        clone_url: text("https://example.com/acme/fleet.git"),
        link: text("https://example.com/acme/fleet"),
        default_branch: text("main"),
    }
}

fn pull() -> Pull {
    let member = User { login: "ann".to_owned(), association: "MEMBER".to_owned(), ..User::default() };
    Pull {
        number: 7,
        author: member,
        is_open: true,
        base_ref: "main".to_owned(),
        base_sha: "a".repeat(40),
        head_ref: "feature".to_owned(),
        head_sha: "b".repeat(40),
        head_repository: HeadRepository::Same,
        files: Some(vec!["docs/a.md".to_owned(), "clusters/dev/app.yaml".to_owned()]),
        ..Pull::default()
    }
}

fn events() -> Vec<Event> {
    let push = |reference: &str| TriggerEvent::Push {
        reference: reference.to_owned(),
        after: "c".repeat(40),
        deleted: false,
        files: Some(vec!["a".to_owned()]),
    };
    let comment = |body: &str| TriggerEvent::Comment {
        action: "created".to_owned(),
        body: body.to_owned(),
        author: pull().author,
        pull: Some(pull()),
    };
    let action = "opened".to_owned();
    let triggers = [
        TriggerEvent::PullRequest { action, base_changed: false, label: None, pull: pull() },
        comment("/test pr"),
        comment("/retest"),
        push("refs/heads/main"),
        push("refs/tags/v1.2"),
        TriggerEvent::DeploymentStatus {
            state: "success".to_owned(),
            environment: "prod".to_owned(),
            reference: "main".to_owned(),
            sha: "d".repeat(40),
        },
        TriggerEvent::Periodic { name: "nightly".to_owned() },
    ];
    triggers.into_iter().map(|trigger| Event { repository: repository(), trigger, guid: None }).collect()
}

/// All findings lie in the file, and what an event starts is the same each time.
pub fn triggers(bytes: &[u8]) {
    let tree = tree(&[(TRIGGERS, bytes)]);
    let loaded = lighthouse::load(&tree);
    let found = lighthouse::lint(&loaded.config, &|_, path| tree.contains_key(path));
    for finding in loaded.problems.iter().chain(&found) {
        let problem = finding.labelled();
        assert!(is_in(&problem.location, bytes), "{problem:?}");
    }
    let context = Context::default();
    for event in events() {
        let [once, again] = [0, 1].map(|_| format!("{:?}", lighthouse::select(&loaded.config, &event, &context)));
        assert_eq!(once, again);
    }
}

/// A regular expression that is taken can be used, and a template that is taken says the same each time.
pub fn languages(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let compiled = go_regex::compile(text);
    match (go_regex::translate(text), &compiled) {
        (Ok(_), Ok(regex)) => _ = regex.is_match(&text.repeat(8)),
        (Ok(translated), Err(error)) => {
            assert_eq!(error.message, "expression too large", "{translated}");
        }
        (Err(error), _) => {
            assert!(error.offset <= text.len() && !error.message.is_empty());
            assert_eq!(error.caret(text).lines().count(), 2);
        }
    }
    let pull = Value::Fields(vec![("Number", Value::Number(7)), ("Title", text.into())]);
    let refs = Value::Fields(vec![("Org", "acme".into()), ("Pulls", Value::List(vec![pull.clone(), pull]))]);
    let data = Value::Fields(vec![("Refs", refs)]);
    if let Ok(template) = Template::parse(text) {
        assert_eq!(template.render(&data), template.render(&data));
    }
}

/// Tekton objects are refused with reasons that lie in the file, or planned: always alike, with tasks after those that
/// they wait for, and in every form.
pub fn tekton(bytes: &[u8]) {
    let files = tree(&[(RUN, bytes)]);
    let source = Source::File(RUN.to_owned());
    let values: Vec<(String, String)> =
        INJECTED.iter().map(|name| ((*name).to_owned(), "$(params.a)".to_owned())).collect();
    let by_hand = Request::of_file(&source, &[]);
    let by_lighthouse = Request {
        asked: (TRIGGERS, 1),
        parameters: &values,
        by_lighthouse: true,
        event_controlled: &[],
        source: &source,
    };
    for request in [by_hand, by_lighthouse] {
        let refused = |problems: &[Problem]| {
            assert!(!problems.is_empty());
            for problem in problems.iter().filter(|problem| problem.location.file == RUN) {
                assert!(is_in(&problem.location, bytes), "{problem:?}");
            }
        };
        let loaded = match load(request, Inputs { files: &files, remote: None, cluster_objects: &[] }) {
            Ok(loaded) => loaded,
            Err(found) => {
                refused(&found.problems);
                continue;
            }
        };
        let context = RunContext { name: "r".to_owned(), namespace: "n".to_owned(), uid: "u".to_owned() };
        let [once, again] = [0, 1].map(|_| plan(&loaded.run, &context, &PlanOptions::default()));
        let (once, again) = match (once, again) {
            (Ok(once), Ok(again)) => (once, again),
            (once, again) => {
                let (once, again) = (once.err(), again.err());
                assert_eq!(once, again);
                refused(&once.unwrap_or_default());
                continue;
            }
        };
        for (at, task) in once.tasks.iter().enumerate() {
            let before = |name: &String| once.tasks[..at].iter().any(|earlier| &earlier.name == name);
            assert!(task.after.iter().all(before), "task {} comes too early", task.name);
        }
        for format in [Format::Text, Format::Json, Format::Yaml, Format::Dot, Format::Mermaid] {
            let [text, same] = [&once, &again].map(|plan| render(plan, format).expect("a plan can be shown"));
            assert_eq!(text, same);
            assert!(format != Format::Json || serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}

const JOBS: &[u8] = b"spec:
  presubmits: [{name: pr, always_run: true, source: r.yaml, branches: [main]}]
  postsubmits: [{name: post, source: r.yaml, run_if_changed: '^a'}]
  deployments: [{name: dep, source: r.yaml, state: success}]
";

/// A webhook is refused, or starts the same jobs each time.
pub fn webhook(bytes: &[u8]) {
    let config = lighthouse::load(&tree(&[(TRIGGERS, JOBS)])).config;
    for kind in lighthouse::webhook::EVENT_TYPES.into_iter().map(Some).chain([None]) {
        let file = "event.json".to_owned();
        let saved = Saved { file, bytes: bytes.to_vec(), event_type: kind.map(str::to_owned) };
        let Ok(event) = lighthouse::read_event(&saved) else { continue };
        assert_eq!(lighthouse::read_event(&saved).ok().as_ref(), Some(&event));
        let context = Context::default();
        let [once, again] = [0, 1].map(|_| lighthouse::select(&config, &event, &context));
        assert_eq!(format!("{once:?}"), format!("{again:?}"));
        let is_fork = event.pull().is_some_and(|pull| matches!(pull.head_repository, HeadRepository::Fork(_)));
        assert!(!is_fork || once.untrusted.is_some(), "a fork is trusted");
    }
}

/// Keeps the texts of logs.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Sink for Kept {
    fn event(&self, event: RunEvent) {
        if let RunEvent::Log { text, .. } = event {
            self.0.lock().expect("no thread fails").push(text);
        }
    }
}

/// Secrets in the first lines, then an empty line, then what a step prints: no secret is shown, wherever parts end; what
/// is none stays; and no line does anything to a terminal but colour it.
pub fn output(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (head, printed) = text.split_once("\n\n").unwrap_or(("", &text));
    let secrets: Vec<Vec<u8>> = head.lines().map(|line| line.replace("\\n", "\n").into_bytes()).collect();
    let masker = Masker::new(secrets.iter().map(Vec::as_slice)).expect("few secrets");
    let masked = masker.text(printed);
    let lines = |text: &str| text.matches('\n').count();
    assert_eq!(lines(&masked), lines(printed), "a line is lost");
    if !masked.contains(MASK) {
        assert_eq!(masked, printed, "what is not a secret has changed");
    }
    let forms: Vec<String> = secrets.iter().filter_map(|secret| shown(secret)).collect();
    let hidden = |text: &str| forms.iter().all(|form| !text.contains(form.as_str()));
    assert!(hidden(&masked), "{forms:?} in {masked:?}");
    let in_parts = |size: usize| {
        let (mut stream, mut out) = (masker.stream(), Vec::new());
        printed.as_bytes().chunks(size).for_each(|part| stream.push(part, &mut out));
        stream.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    let whole = in_parts(printed.len().max(1));
    assert!(hidden(&whole), "{forms:?} in {whole:?}");
    for size in [1, 3, 7] {
        assert_eq!(in_parts(size), whole, "parts of {size} bytes");
    }
    let kept = Kept::default();
    let sink = MaskingSink::new(masker, &kept);
    let (task, step) = (String::from("t"), String::from("s"));
    for line in printed.lines() {
        let (task, step) = (task.clone(), step.clone());
        sink.event(RunEvent::Log { task, step, stream: Stream::Stdout, text: line.to_owned() });
    }
    let (exit_code, reason, message) = (Some(0), "Completed".to_owned(), None);
    sink.event(RunEvent::StepEnd { task, step, exit_code, reason, message, seconds: Duration::ZERO });
    let shown_lines = kept.0.into_inner().expect("no thread fails");
    assert_eq!(shown_lines.len(), printed.lines().count(), "a line is lost");
    assert!(hidden(&shown_lines.join("\n")));
    for line in &shown_lines {
        assert!(hidden(&clean(line, Colours::Strip)), "{forms:?} in {line:?}");
    }
    printed.lines().for_each(cleaned);
}

/// A secret as it must not be seen; nothing where it is so short, or so alike to a mask, that it may.
fn shown(secret: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(secret.trim_ascii()).ok()?;
    (text.len() >= 2 && !text.contains(['*', '\r'])).then(|| text.to_owned())
}

fn cleaned(line: &str) {
    let turns =
        |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_plain = |text: &str| !text.chars().any(|letter| (letter.is_control() && letter != '\t') || turns(letter));
    let stripped = clean(line, Colours::Strip);
    assert!(is_plain(&stripped), "{stripped:?}");
    assert_eq!(clean(&stripped, Colours::Strip), stripped);
    let kept = clean(line, Colours::Keep);
    let mut parts = kept.split('\u{1b}');
    assert!(parts.next().is_none_or(is_plain));
    for part in parts {
        let rest = part
            .strip_prefix('[')
            .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || ";:".contains(c)));
        assert!(rest.is_some_and(|rest| rest.starts_with('m') && is_plain(rest)), "{kept:?}");
    }
    assert!(
        !kept.contains('\u{1b}')
            || kept.ends_with("\u{1b}[0m")
            || kept.ends_with("\u{1b}[m")
            || kept.contains("\u{1b}[0m")
            || kept.contains("\u{1b}[m")
    );
}
