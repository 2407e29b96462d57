//! Selection: every rule, and the worked example of the design.

use super::*;
use crate::lighthouse::job::JobKind;
use crate::tree::Tree;
use std::collections::BTreeSet;

fn config(spec: &str) -> Config {
    let loaded = load(&Tree::from([(".lighthouse/triggers.yaml", format!("spec:\n{spec}"))]));
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    loaded.config
}

fn presubmit(fields: &str) -> Config {
    config(&format!("  presubmits: [{{name: render, source: r.yaml, {fields}}}]\n"))
}

fn saved(name: &str) -> Event {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/run-pipeline-events").join(name);
    let saved = Saved { file: name.to_owned(), bytes: std::fs::read(path).expect(name), event_type: None };
    read_event(&saved).expect(name)
}

fn changing(name: &str, files: &[&str]) -> Event {
    let mut event = saved(name);
    event.set_files(files.iter().map(|file| (*file).to_owned()).collect());
    event
}

fn pull_request(action: &str, files: &[&str]) -> Event {
    let mut event = changing("pull_request-synchronize.json", files);
    if let TriggerEvent::PullRequest { action: now, .. } = &mut event.trigger {
        *now = action.to_owned();
    }
    event
}

fn comment(text: &str, files: &[&str]) -> Event {
    let mut event = changing("issue_comment-test.json", files);
    let pull = event.pull_mut().expect("a pull request");
    (pull.base_ref, pull.base_sha, pull.head_sha) = ("main".to_owned(), "aaa1".to_owned(), "bbb2".to_owned());
    pull.head_repository = HeadRepository::Same;
    if let TriggerEvent::Comment { body, .. } = &mut event.trigger {
        *body = text.to_owned();
    }
    event
}

fn push(reference: &str, files: &[&str]) -> Event {
    let mut event = changing("push-branch.json", files);
    if let TriggerEvent::Push { reference: now, .. } = &mut event.trigger {
        *now = reference.to_owned();
    }
    event
}

/// The first decision: whether, by what, and why.
fn first(config: &Config, event: &Event, context: &Context) -> (bool, Cause, String) {
    let decision = select(config, event, context).decisions.remove(0);
    assert_eq!(decision.selected, decision.job.is_some(), "{decision:?}");
    (decision.selected, decision.reason.cause, decision.reason.to_string())
}

fn runs(config: &Config, event: &Event) -> bool {
    first(config, event, &Context::default()).0
}

const EXAMPLE: &str = "  presubmits:
  - {name: render, always_run: true, ignore_changes: '^docs/', trigger: /test, rerun_command: /retest, source: render.yaml}
  postsubmits:
  - {name: publish, branches: ['^main$', '^v\\d+\\.\\d+$'], source: publish.yaml}
";

#[test]
fn the_worked_example() {
    let config = config(EXAMPLE);
    let context = Context { build_id: "1750000000000".to_owned(), ..Context::default() };
    let selection = select(&config, &pull_request("synchronize", &["clusters/dev/app.yaml"]), &context);
    let [render, publish] = selection.decisions.as_slice() else { panic!() };
    let why =
        "always_run; no branch filter; clusters/dev/app.yaml not matched by ignore_changes; ann is trusted (MEMBER)";
    assert_eq!((render.selected, render.reason.to_string().as_str()), (true, why));
    assert_eq!((publish.selected, publish.reason.to_string().as_str()), (false, "postsubmit; event is pull_request"));
    let job = render.job.as_ref().expect("a job");
    assert_eq!((job.generate_name.as_str(), job.line), ("acme-fleet-pr-7-render-", 3));
    let refs = job.parameters.iter().find(|(name, _)| name == "PULL_REFS").map(|(_, value)| value.as_str());
    assert_eq!(refs, Some("main:aaa1,7:bbb2:refs/pull/7/head"));
    assert_eq!(selection.jobs().count(), 1);

    let docs = first(&config, &pull_request("synchronize", &["docs/x.md"]), &context);
    assert_eq!((docs.0, docs.1), (false, Cause::Changes));
    assert!(docs.2.contains("ignore_changes matches all of 1 changed file"), "{}", docs.2);
    let forced = first(&config, &comment("/test render", &["docs/x.md"]), &context);
    assert_eq!((forced.0, forced.1), (true, Cause::Command));
    let bare = first(&config, &comment("/test", &["a"]), &context);
    assert_eq!((bare.0, bare.1), (false, Cause::NothingStarted));
    let tag = select(&config, &saved("push-tag.json"), &context);
    assert_eq!(tag.decisions.iter().map(|decision| decision.selected).collect::<Vec<_>>(), [false, true]);
    assert_eq!(tag.decisions[1].reason.to_string(), r"tag v1.2 matches `^v\d+\.\d+$`");
    let unanchored = presubmit("always_run: true, branches: [main]");
    let mut event = pull_request("opened", &[]);
    event.pull_mut().expect("a pull request").base_ref = "domain".to_owned();
    assert!(runs(&unanchored, &event));
}

#[test]
fn actions_of_pull_requests() {
    let always = presubmit("always_run: true");
    for (action, expected) in [
        ("opened", true),
        ("reopened", true),
        ("synchronize", true),
        ("edited", false),
        ("closed", false),
        ("labeled", false),
        ("unlabeled", false),
        ("ready_for_review", false),
        ("converted_to_draft", false),
        ("assigned", false),
    ] {
        assert_eq!(runs(&always, &pull_request(action, &[])), expected, "{action}");
    }
    assert!(runs(&always, &saved("pull_request-edited.json")), "the base was changed");
    let drafts = Context { skip_drafts: true, ..Context::default() };
    assert!(first(&always, &pull_request("ready_for_review", &[]), &drafts).0);
    for action in ["opened", "synchronize", "converted_to_draft"] {
        let mut draft = pull_request(action, &[]);
        draft.pull_mut().expect("a pull request").is_draft = true;
        let (selected, cause, _) = first(&always, &draft, &drafts);
        assert_eq!((selected, cause), (false, Cause::Untrusted), "{action}");
        assert_eq!(runs(&always, &draft), action != "converted_to_draft", "where drafts are built: {action}");
    }
}

#[test]
fn what_a_presubmit_needs_to_run() {
    let event = |file: &str| pull_request("synchronize", &[file]);
    let only_command = presubmit("optional: true");
    let (selected, cause, why) = first(&only_command, &event("a"), &Context::default());
    assert_eq!((selected, cause), (false, Cause::OnlyByCommand));
    assert!(why.contains("/test render"), "{why}");
    for (fields, file, expected) in [
        ("always_run: true", "a", true),
        ("run_if_changed: '^src/'", "src/a", true),
        ("run_if_changed: '^src/'", "a", false),
        ("run_if_changed: 'src/'", "x/src/a", true),
        ("ignore_changes: '^docs/'", "docs/a", false),
        ("ignore_changes: '^docs/'", "a", true),
        ("run_if_changed: 'md$', ignore_changes: '^docs/'", "docs/a.md", false),
        ("run_if_changed: 'md$', ignore_changes: '^docs/'", "a.md", true),
        ("always_run: true, ignore_changes: '^docs/'", "docs/a", false),
        ("always_run: true, branches: [^main$]", "a", true),
        ("always_run: true, branches: [^dev$]", "a", false),
        ("always_run: true, branches: [^dev$, ^main$]", "a", true),
        ("always_run: true, skip_branches: [main]", "a", false),
        ("always_run: true, branches: [main], skip_branches: [ma]", "a", false),
        ("run_if_changed: a, branches: [^dev$]", "a", false),
    ] {
        assert_eq!(runs(&presubmit(fields), &event(file)), expected, "{fields} {file}");
    }
    let filtered = presubmit("run_if_changed: x");
    assert!(!runs(&filtered, &pull_request("opened", &[])), "no file is changed");
    let mut unknown = pull_request("opened", &[]);
    unknown.pull_mut().expect("a pull request").files = None;
    assert!(first(&filtered, &unknown, &Context::default()).2.contains("not known"));
    let why = first(&presubmit("run_if_changed: x"), &pull_request("opened", &["a", "b"]), &Context::default()).2;
    assert!(why.contains("run_if_changed matches none of 2 changed files"), "{why}");
    let why = first(&presubmit("always_run: true, branches: [^dev$, ^x$]"), &event("a"), &Context::default()).2;
    assert!(why.contains("base branch main does not match `^dev$` or `^x$`"), "{why}");
}

#[test]
fn comments() {
    let always = presubmit("always_run: true");
    let manual = presubmit("optional: true");
    let filtered = presubmit("run_if_changed: '^src/'");
    let elsewhere = presubmit("always_run: true, branches: [^dev$]");
    for (config, text, file, expected) in [
        (&manual, "/test render", "a", true),
        (&manual, "words\n/test render\nmore", "a", true),
        (&manual, "/test other", "a", false),
        (&manual, "/test other,render", "a", false),
        (&manual, "/test all", "a", false),
        (&manual, "/ok-to-test", "a", false),
        (&manual, "/retest", "a", false),
        (&manual, "/lh-test render", "a", false),
        (&manual, "/test", "a", false),
        (&manual, "nothing", "a", false),
        (&always, "/test all", "a", true),
        (&always, "/ok-to-test", "a", true),
        (&always, "/retest", "a", true),
        (&always, "/lh-test render", "a", false),
        (&always, "/test other\n/retest", "a", true),
        (&filtered, "/test render", "docs/a", true),
        (&filtered, "/test all", "docs/a", false),
        (&filtered, "/test all", "src/a", true),
        (&filtered, "/retest", "docs/a", false),
        (&filtered, "/retest", "src/a", true),
        (&elsewhere, "/test render", "a", false),
    ] {
        assert_eq!(runs(config, &comment(text, &[file])), expected, "{text} {file}");
    }
    let lint = presubmit("trigger: '(?m)^/lint$', rerun_command: /lint");
    assert!(!runs(&lint, &comment("/lint", &[])), "no command of Lighthouse");
    assert!(runs(&lint, &comment("/test x\n/lint", &[])), "another line is one");
    let more = Context { command: Some("lint".to_owned()), ..Context::default() };
    assert!(first(&lint, &comment("/lint", &[]), &more).0);
    let why = first(&manual, &comment("ok\n/test render", &[]), &Context::default()).2;
    assert!(why.starts_with("its trigger matches `/test render`; no branch filter"), "{why}");
}

#[test]
fn retest_looks_at_statuses() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let always = presubmit("always_run: true, context: ci/render");
    let manual = presubmit("context: ci/render");
    let event = comment("/retest", &["a"]);
    for (config, failed, others, expected) in [
        (&always, &["ci/render"][..], &[][..], true),
        (&always, &[], &["ci/render"], false),
        (&always, &[], &["other"], true),
        (&manual, &["ci/render"], &[], true),
        (&manual, &[], &[], false),
        (&manual, &["render"], &[], false),
    ] {
        let context = Context { failed_contexts: names(failed), other_contexts: names(others), ..Context::default() };
        assert_eq!(first(config, &event, &context).0, expected, "{failed:?} {others:?}");
    }
    let context = Context { other_contexts: names(&["ci/render"]), ..Context::default() };
    assert!(first(&always, &comment("/retest\n/test all", &["a"]), &context).0, "the next command counts");
}

#[test]
fn comments_that_are_not_looked_at() {
    let always = presubmit("always_run: true");
    let with = |change: &dyn Fn(&mut Event)| {
        let mut event = comment("/test render", &["a"]);
        change(&mut event);
        first(&always, &event, &Context::default())
    };
    assert!(with(&|_| {}).0);
    let closed = with(&|event| event.pull_mut().expect("a pull request").is_open = false);
    assert_eq!((closed.0, closed.1), (false, Cause::NothingStarted));
    for word in ["edited", "deleted"] {
        let other = with(&|event| {
            if let TriggerEvent::Comment { action, .. } = &mut event.trigger {
                *action = word.to_owned();
            }
        });
        assert_eq!((other.0, other.1), (false, Cause::NothingStarted));
    }
    assert_eq!(first(&always, &saved("issue_comment-issue.json"), &Context::default()).1, Cause::NothingStarted);
    assert!(runs(&always, &saved("pull_request_review_comment.json")), "comments of reviews count");
    assert!(runs(&always, &saved("pull_request_review.json")), "and reviews");
}

#[test]
fn trust() {
    let always = presubmit("always_run: true");
    let by = |mut event: Event, association: &str, labels: &[&str]| {
        let pull = event.pull_mut().expect("a pull request");
        pull.author = User { login: "stranger".to_owned(), association: association.to_owned(), is_local: false };
        pull.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        event
    };
    let context = Context::default();
    for (association, expected) in [
        ("OWNER", true),
        ("MEMBER", true),
        ("COLLABORATOR", true),
        ("member", true),
        ("CONTRIBUTOR", false),
        ("FIRST_TIME_CONTRIBUTOR", false),
        ("NONE", false),
        ("", false),
    ] {
        for action in ["opened", "synchronize"] {
            let (selected, cause, _) = first(&always, &by(pull_request(action, &[]), association, &[]), &context);
            assert_eq!(selected, expected, "{action} {association}");
            assert_eq!(cause, if expected { Cause::AlwaysRun } else { Cause::Untrusted });
        }
    }
    assert!(first(&always, &by(pull_request("synchronize", &[]), "NONE", &["ok-to-test"]), &context).0);
    let opened = first(&always, &by(pull_request("opened", &[]), "NONE", &["ok-to-test"]), &context);
    assert!(!opened.0, "opening asks for the author");
    let trust = Context { trust: true, ..Context::default() };
    assert!(first(&always, &by(pull_request("opened", &[]), "NONE", &[]), &trust).0);
    let listed = Context { trusted_users: vec!["Stranger[bot]".to_owned()], ..Context::default() };
    assert!(first(&always, &by(pull_request("opened", &[]), "NONE", &[]), &listed).0);
    let members = Context { only_org_members: true, ..Context::default() };
    assert!(!first(&always, &by(pull_request("opened", &[]), "COLLABORATOR", &[]), &members).0);
    // The label lgtm: once, on what is not trusted.
    assert!(runs(&always, &saved("pull_request-labeled.json")));
    let mut labeled = saved("pull_request-labeled.json");
    labeled.pull_mut().expect("a pull request").author.association = "OWNER".to_owned();
    assert!(!runs(&always, &labeled));
    // Comments: who wrote it, else whose pull request it is.
    let written_by = |association: &str, event: Event| {
        let mut event = event;
        if let TriggerEvent::Comment { author, .. } = &mut event.trigger {
            author.association = association.to_owned();
        }
        event
    };
    for (writer, opener, labels, expected) in [
        ("OWNER", "NONE", &[][..], true),
        ("NONE", "OWNER", &[], true),
        ("NONE", "NONE", &[], false),
        ("NONE", "NONE", &["ok-to-test"], true),
    ] {
        let event = written_by(writer, by(comment("/test render", &[]), opener, labels));
        assert_eq!(runs(&always, &event), expected, "{writer} {opener}");
    }
}

#[test]
fn runs_of_forks_are_untrusted_even_if_asked_for() {
    let always = presubmit("always_run: true");
    let trust = Context { trust: true, ..Context::default() };
    let selection = select(&always, &saved("pull_request-fork.json"), &trust);
    assert!(selection.decisions[0].selected);
    assert_eq!(selection.untrusted.as_deref(), Some("the head is in the fork stranger/fleet"));
    assert_eq!(select(&always, &pull_request("opened", &[]), &trust).untrusted, None);
    assert_eq!(select(&always, &push("refs/heads/main", &[]), &trust).untrusted, None);
}

#[test]
fn pushes() {
    let job = |fields: &str| config(&format!("  postsubmits: [{{name: p, source: a.yaml, {fields}}}]\n"));
    for (fields, reference, files, expected) in [
        ("context: x", "refs/heads/any", &[][..], true),
        ("branches: [^main$]", "refs/heads/main", &[], true),
        ("branches: [^main$]", "refs/heads/domain", &[], false),
        ("branches: [main]", "refs/heads/domain", &[], true),
        ("branches: ['^v\\d+$']", "refs/tags/v1", &[], true),
        ("branches: ['^refs/']", "refs/tags/v1", &[], false),
        ("skip_branches: ['^v\\d+$']", "refs/tags/v1", &[], false),
        ("run_if_changed: '^a'", "refs/heads/main", &["a"], true),
        ("run_if_changed: '^a'", "refs/heads/main", &["b"], false),
        ("run_if_changed: '^a'", "refs/tags/v1", &[], false),
        ("ignore_changes: '^docs/'", "refs/heads/main", &["docs/a", "b"], true),
        ("ignore_changes: '^docs/'", "refs/heads/main", &["docs/a"], false),
    ] {
        assert_eq!(runs(&job(fields), &push(reference, files)), expected, "{fields} {reference}");
    }
    assert!(runs(&job("run_if_changed: 'b.txt'"), &saved("push-branch.json")), "removed files count");
    assert_eq!(first(&job("context: x"), &saved("push-deleted.json"), &Context::default()).1, Cause::NothingStarted);
    let other = first(&presubmit("always_run: true"), &push("refs/heads/main", &[]), &Context::default());
    assert_eq!(other.1, Cause::OtherEvent);
}

#[test]
fn deployments_and_periodics() {
    let job = |fields: &str| config(&format!("  deployments: [{{name: d, source: a.yaml, {fields}}}]\n"));
    let event = saved("deployment_status.json");
    for (fields, expected) in [
        ("context: x", true),
        ("state: success", true),
        ("state: Success", false),
        ("state: failure", false),
        ("environment: production", true),
        ("environment: PRODUCTION, state: success", true),
        ("environment: staging", false),
    ] {
        assert_eq!(runs(&job(fields), &event), expected, "{fields}");
    }
    let periodics = config(
        "  periodics:\n  - {name: a, cron: '@daily', source: a.yaml}\n  - {name: b, cron: '@daily', source: a.yaml}\n",
    );
    let mut event = event;
    event.trigger = TriggerEvent::Periodic { name: "b".to_owned() };
    let selected: Vec<bool> =
        select(&periodics, &event, &Context::default()).decisions.iter().map(|d| d.selected).collect();
    assert_eq!(selected, [false, true]);
}

#[test]
fn jobs_that_cannot_run_say_why() {
    let config = config(
        "  presubmits: [{name: a, always_run: true, source: a.yaml, agent: tekton}, {name: a2, always_run: true, agent: tekton-pipeline}]\n",
    );
    let selection = select(&config, &pull_request("opened", &[]), &Context::default());
    for (decision, id) in selection.decisions.iter().zip(["trigger-agent", "trigger-source"]) {
        assert!(decision.selected && decision.job.is_none());
        let found = decision.problem.as_ref().map(|problem| problem.id);
        assert_eq!((decision.kind, found), (JobKind::Presubmit, Some(id)));
    }
}

#[test]
fn statuses_of_jobs_that_were_looked_at_become_skipped() {
    let config = config(
        "  presubmits:\n  - {name: a, ignore_changes: x, source: s}\n  - {name: b, ignore_changes: x, context: both, source: s}\n  - {name: c, always_run: true, context: both, source: s}\n  - {name: d, source: s}\n  - {name: e, always_run: true, branches: [^dev$], source: s}\n",
    );
    let selection = select(&config, &pull_request("opened", &["x"]), &Context::default());
    assert_eq!(selection.skipped_contexts().into_iter().collect::<Vec<_>>(), ["a"]);
}

/// The trigger file of the demo, in words of our own.
#[test]
fn the_jobs_of_the_demo() {
    let config = config(
        "  presubmits:\n  - {name: pr, always_run: true, trigger: /test, rerun_command: /retest, source: pr.yaml}\n  postsubmits:\n  - {name: release, source: release.yaml, branches: [main, master]}\n",
    );
    let chosen = |event: &Event| {
        select(&config, event, &Context::default()).jobs().map(|job| job.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&pull_request("opened", &["a"])), ["pr"]);
    assert_eq!(chosen(&push("refs/heads/main", &["a"])), ["release"]);
    assert_eq!(chosen(&push("refs/heads/feature", &["a"])), Vec::<String>::new());
    assert_eq!(chosen(&comment("/test pr", &[])), ["pr"]);
    assert_eq!(chosen(&comment("/test anything", &[])), ["pr"], "the rewritten trigger takes any name");
    assert_eq!(chosen(&comment("/test", &[])), Vec::<String>::new());
}
