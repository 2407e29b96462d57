//! The table of parameters, names, labels and annotations.

use super::super::event::{HeadRepository, Pull, Repository, User};
use super::super::load;
use super::*;
use crate::tree::Tree;

fn job(list: &str, yaml: &str) -> JobConfig {
    let text = format!("spec: {{{list}: [{{{yaml}}}]}}\n");
    load(&Tree::from([(".lighthouse/triggers.yaml", text)])).config.jobs.remove(0)
}

fn event(trigger: TriggerEvent) -> Event {
    let repository = Repository {
        owner: "Acme".to_owned(),
        name: "fleet".to_owned(),
        clone_url: "https://git.example.com/Acme/fleet.git".to_owned(),
        link: "https://git.example.com/Acme/fleet".to_owned(),
        default_branch: "main".to_owned(),
    };
    Event { repository, trigger, guid: Some("g-1".to_owned()) }
}

fn pull_request() -> Event {
    let pull = Pull {
        number: 7,
        title: "A title".to_owned(),
        author: User { login: "ann".to_owned(), association: "OWNER".to_owned(), is_local: false },
        is_open: true,
        base_ref: "main".to_owned(),
        base_sha: "aaa1".to_owned(),
        head_sha: "bbb2".to_owned(),
        head_repository: HeadRepository::Same,
        ..Pull::default()
    };
    event(TriggerEvent::PullRequest { action: "opened".to_owned(), base_changed: false, label: None, pull })
}

fn push(reference: &str) -> Event {
    let (reference, after) = (reference.to_owned(), "ddd4".to_owned());
    event(TriggerEvent::Push { reference, after, deleted: false, files: Some(Vec::new()) })
}

fn deployment() -> Event {
    let [state, environment, reference, sha] = ["success", "prod", "v1.2", "ddd4"].map(str::to_owned);
    event(TriggerEvent::DeploymentStatus { state, environment, reference, sha })
}

fn build(job: &JobConfig, event: &Event) -> Job {
    let context = Context { build_id: "1750000000000".to_owned(), ..Context::default() };
    build_job(job, event, &context).expect("a job")
}

fn values_of(job: &Job) -> Vec<&str> {
    assert_eq!(job.parameters.iter().map(|(name, _)| name.as_str()).take(13).collect::<Vec<_>>(), INJECTED);
    job.parameters.iter().map(|(_, value)| value.as_str()).take(13).collect()
}

#[test]
fn every_kind_has_its_values() {
    let url = "https://git.example.com/Acme/fleet.git";
    let values = |job: &Job| values_of(job).join("|");
    let presubmit = build(&job("presubmits", "name: unit, source: a.yaml"), &pull_request());
    let pull = "main|aaa1|7|refs/pull/7/head|bbb2|main:aaa1,7:bbb2:refs/pull/7/head";
    let expected = format!("1750000000000|unit|type:presubmit|presubmit|{pull}|fleet|Acme|{url}");
    assert_eq!(values(&presubmit), expected);
    assert_eq!(presubmit.event_controlled, ["PULL_BASE_REF", "PULL_REFS"]);
    for (list, name, kind, event) in
        [("postsubmits", "p", "postsubmit", push("refs/tags/v1.2")), ("deployments", "d", "deployment", deployment())]
    {
        let built = build(&job(list, &format!("name: {name}, source: a.yaml")), &event);
        let expected = format!("1750000000000|{name}|type:{kind}|{kind}|v1.2|ddd4||||v1.2:ddd4|fleet|Acme|{url}");
        assert_eq!(values(&built), expected);
    }
    let time = event(TriggerEvent::Periodic { name: "nightly".to_owned() });
    let periodic =
        job("periodics", "name: nightly, source: a.yaml, cron: '@daily', branch: dev, clone_uri: 'file:///x'");
    let periodic = build(&periodic, &time);
    let expected = "1750000000000|nightly|type:periodic|periodic|dev|||||dev|fleet|Acme|file:///x";
    assert_eq!(values(&periodic), expected);
    assert!(periodic.event_controlled.is_empty());
    let filled = build(&job("periodics", "name: nightly, source: a.yaml, cron: '@daily'"), &time);
    assert_eq!((values_of(&filled)[4], values_of(&filled)[12]), ("main", url));
}

#[test]
fn templates_add_and_override() {
    let params = "name: u, source: a.yaml, pipeline_run_params: [
      {name: NEW, value_template: '{{ .Refs.Org }}/{{ (index .Refs.Pulls 0).Title }}'},
      {name: PULL_REFS, value_template: '{{ range .Refs.Pulls }}{{ .CommitLink }} {{ .AuthorLink }}{{ end }}'},
      {name: PULL_BASE_REF, value_template: '{{ .Refs.BaseLink }}'}, {name: FIXED, value_template: x}]";
    let built = build(&job("presubmits", params), &pull_request());
    let value = |name: &str| built.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(value("NEW"), Some("Acme/A title"));
    let links = "https://git.example.com/Acme/fleet/pull/7/commits/bbb2 https://git.example.com/ann";
    assert_eq!(value("PULL_REFS"), Some(links));
    assert_eq!(value("PULL_BASE_REF"), Some("https://git.example.com/Acme/fleet/commit/aaa1"));
    assert_eq!(built.event_controlled, ["NEW", "PULL_REFS", "PULL_BASE_REF"]);
    let bad =
        job("presubmits", "name: u, source: a.yaml, pipeline_run_params: [{name: X, value_template: '{{ .Nope }}'}]");
    let error = build_job(&bad, &pull_request(), &Context::default()).expect_err("an unknown field");
    assert!(error.problem.message.contains("no field .Nope") && error.problem.location.line == 1, "{error:?}");
}

#[test]
fn names_of_runs() {
    let mut event = pull_request();
    (event.repository.owner, event.repository.name) = ("acme-platform".to_owned(), "fleet-config".to_owned());
    event.pull_mut().expect("a pull request").number = 813;
    let unit = job("presubmits", "name: unit, source: a.yaml");
    assert_eq!(build(&unit, &event).generate_name, "latform-fleet-config-pr-813-unit-");
    let name = |list: &str, yaml: &str, event: &Event| build(&job(list, yaml), event).generate_name;
    assert_eq!(name("presubmits", "name: unit, source: a.yaml", &pull_request()), "acme-fleet-pr-7-unit-");
    let pushed = name("postsubmits", "name: A_b, source: a.yaml", &push("refs/heads/feature/X.1"));
    assert_eq!(pushed, "acme-fleet-feature-x-1-a-b-");
    assert_eq!(name("deployments", "name: d, source: a.yaml", &deployment()), "acme-fleet-v1-2-");
    let of_context = name("presubmits", "name: u, source: a.yaml, context: 'ci/unit  é'", &pull_request());
    assert_eq!(of_context, "acme-fleet-pr-7-ci-unit-");
    assert_eq!(["--9ab--C9--", "éé", "123"].map(normal), ["ab-c9", "", ""]);
}

#[test]
fn labels_and_annotations() {
    let unit = job(
        "presubmits",
        "name: unit, source: a.yaml, context: 'ci/unit', labels: {team: a, created-by-lighthouse: 'no'},
        annotations: {x: z}",
    );
    let built = build(&unit, &pull_request());
    let label = |name: &str| built.labels.get(&format!("{PREFIX}{name}")).map(String::as_str);
    for (name, expected) in [
        ("type", "presubmit"),
        ("job", "unit"),
        ("context", "unit"),
        ("buildNum", "1750000000000"),
        ("refs.org", "acme"),
        ("refs.repo", "fleet"),
        ("branch", "PR-7"),
        ("baseSHA", "aaa1"),
        ("refs.pull", "7"),
        ("lastCommitSHA", "bbb2"),
    ] {
        assert_eq!(label(name), Some(expected), "{name}");
    }
    assert_eq!((built.labels["team"].as_str(), built.labels["event-GUID"].as_str()), ("a", "g-1"));
    assert_eq!(built.labels["created-by-lighthouse"], "no", "those of the job override");
    assert_eq!(built.annotations[&format!("{PREFIX}job")], "unit");
    assert_eq!(built.annotations[&format!("{PREFIX}cloneURI")], "https://git.example.com/Acme/fleet.git");
    assert_eq!(built.annotations["x"], "z");
    let pushed = build(&job("postsubmits", "name: p, source: a.yaml"), &push("refs/heads/feature/x"));
    let label = |name: &str| pushed.labels.get(&format!("{PREFIX}{name}")).map(String::as_str);
    assert_eq!((label("branch"), label("lastCommitSHA"), label("refs.pull")), (Some("x"), Some("ddd4"), None));
    let odd = build(&job("postsubmits", "name: p, source: a.yaml"), &push("refs/heads/é"));
    assert!(!odd.labels.contains_key(&format!("{PREFIX}branch")), "dropped");
    let long = "n".repeat(62) + "-x";
    let long = build(&job("postsubmits", &format!("name: {long}, source: a.yaml")), &push("refs/heads/main"));
    assert_eq!(long.labels[&format!("{PREFIX}job")], "n".repeat(62));
    let periodic = build(
        &job("periodics", "name: nightly, source: a.yaml, cron: '@daily'"),
        &event(TriggerEvent::Periodic { name: "nightly".to_owned() }),
    );
    assert!(!periodic.labels.keys().any(|key| key.contains("refs.")));
}

#[test]
fn sources() {
    let of = |yaml: &str| build_job(&job("postsubmits", yaml), &push("refs/heads/main"), &Context::default());
    assert_eq!(of("name: p, source: ../a/./b.yaml").expect("a file").source, Source::File("a/b.yaml".to_owned()));
    let url = "https://git.example.com/x.yaml";
    assert_eq!(of(&format!("name: p, source: '{url}'")).expect("a URL").source, Source::Url(url.to_owned()));
    let inline = of("name: p, agent: tekton-pipeline, pipeline_run_spec: {a: 1}").expect("a spec").source;
    assert_eq!(inline, Source::Inline(serde_json::json!({"a": 1})));
    for (bad, id) in [
        ("name: p, source: ../../x.yaml", "trigger-source"),
        ("name: p, source: /etc/passwd", "trigger-source"),
        ("name: p, agent: tekton-pipeline", "trigger-source"),
        ("name: p, pipeline_run_spec: {}", "trigger-agent"),
        ("name: p, source: a.yaml, agent: jenkins", "trigger-agent"),
    ] {
        assert_eq!(of(bad).expect_err(bad).id, id, "{bad}");
    }
}
