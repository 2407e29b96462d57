//! What a run gets from its event: parameters, labels, annotations and a name.

use super::config::{JobConfig, TEKTON_PIPELINE};
use super::context::Context;
use super::event::{Event, TriggerEvent, short_ref};
use super::finding::Finding;
use super::template::{Template, Value};
use super::validate::is_label_value;
use crate::lighthouse::job::{INJECTED, Job, JobKind, Source};
use std::collections::BTreeMap;

/// Of these, those that hold the name of a branch or tag: who pushes chooses it.
const CONTROLLED: [&str; 2] = ["PULL_BASE_REF", "PULL_REFS"];
/// Fields of templates that hold what someone has chosen.
const CONTROLLED_FIELDS: [&str; 5] = ["Author", "AuthorLink", "BaseLink", "BaseRef", "Title"];

const PREFIX: &str = "lighthouse.jenkins-x.io/";

/// The commits that an event is about, for one job.
#[derive(Debug, Clone, Default)]
struct Refs {
    base_ref: String,
    base_sha: String,
    clone_url: String,
    pull: Option<PullRef>,
}

#[derive(Debug, Clone, Default)]
struct PullRef {
    number: u64,
    author: String,
    sha: String,
    title: String,
}

impl PullRef {
    fn reference(&self) -> String {
        format!("refs/pull/{}/head", self.number)
    }
}

/// Makes a job ready to run, whether the event starts it or not.
///
/// # Errors
/// Another agent runs it, it has no source, or a template cannot be filled in.
pub fn build_job(job: &JobConfig, event: &Event, context: &Context) -> Result<Job, Box<Finding>> {
    if job.agent != TEKTON_PIPELINE {
        let message = format!("kfleet does not run jobs of the agent {}", job.agent);
        let finding = Finding::error("trigger-agent", job.location_of("agent"), message).of(&job.name);
        return Err(Box::new(finding.with_hint("write `agent: tekton-pipeline`")));
    }
    let refs = refs(job.clone_uri.as_deref(), job.branch.as_deref(), event);
    let mut parameters = named_values(&job.name, job.kind, event, &context.build_id, &refs);
    let mut event_controlled: Vec<String> = CONTROLLED.iter().map(|name| (*name).to_owned()).collect();
    if job.kind == JobKind::Periodic {
        event_controlled.clear();
    }
    let data = Value::Fields(vec![("Refs", template_data(job, event, &refs))]);
    for (name, template, location) in &job.params {
        let failed = |message: String| {
            let message = format!("the template of {name} cannot be filled in: {message}");
            Box::new(Finding::error("trigger-template", location.clone(), message).of(&job.name))
        };
        let template = Template::parse(template).map_err(failed)?;
        let value = template.render(&data).map_err(failed)?;
        let is_controlled = CONTROLLED_FIELDS.iter().any(|field| template.fields.contains(*field));
        event_controlled.retain(|known| known != name);
        if is_controlled {
            event_controlled.push(name.clone());
        }
        match parameters.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => parameters.push((name.clone(), value)),
        }
    }
    Ok(Job {
        name: job.name.clone(),
        kind: job.kind,
        file: job.location.file.clone(),
        line: usize::try_from(job.location.line).unwrap_or(0),
        source: source(job)?,
        parameters,
        event_controlled,
        labels: labels(job, event, context, &refs),
        annotations: annotations(job, &refs),
        generate_name: generate_name(job, event, &refs),
        context: job.context.clone(),
    })
}

/// What Lighthouse would give a run of this name: the parameters that every job gets.
pub fn injected(name: &str, kind: JobKind, event: &Event, build_id: &str) -> Vec<(String, String)> {
    named_values(name, kind, event, build_id, &refs(None, None, event))
}

fn source(job: &JobConfig) -> Result<Source, Box<Finding>> {
    let missing =
        |message: &str| Box::new(Finding::error("trigger-source", job.location_of("source"), message).of(&job.name));
    match (&job.source, &job.run_spec) {
        (Some(url), _) if url.contains("://") => Ok(Source::Url(url.clone())),
        (Some(_), _) => job.source_path().map(Source::File).ok_or_else(|| missing("`source` leaves the repository")),
        (None, Some(spec)) => Ok(Source::Inline(spec.clone())),
        (None, None) => Err(missing("this job has neither `source` nor `pipeline_run_spec`")),
    }
}

fn refs(clone_uri: Option<&str>, branch: Option<&str>, event: &Event) -> Refs {
    let repository = &event.repository;
    let clone_url = clone_uri.unwrap_or(&repository.clone_url).to_owned();
    let (base_ref, base_sha, pull) = match &event.trigger {
        TriggerEvent::Push { reference, after, .. } => (short_ref(reference).0.to_owned(), after.clone(), None),
        TriggerEvent::DeploymentStatus { reference, sha, .. } => (reference.clone(), sha.clone(), None),
        // Lighthouse leaves the branch empty where none is written.
        TriggerEvent::Periodic { .. } => (branch.unwrap_or(&repository.default_branch).to_owned(), String::new(), None),
        TriggerEvent::PullRequest { .. } | TriggerEvent::Comment { .. } => {
            let pull = event.pull().cloned().unwrap_or_default();
            let reference =
                PullRef { number: pull.number, author: pull.author.login, sha: pull.head_sha, title: pull.title };
            (pull.base_ref, pull.base_sha, Some(reference))
        }
    };
    Refs { base_ref, base_sha, clone_url, pull }
}

/// [`INJECTED`] with its values.
fn named_values(name: &str, kind: JobKind, event: &Event, build_id: &str, refs: &Refs) -> Vec<(String, String)> {
    let base =
        if refs.base_sha.is_empty() { refs.base_ref.clone() } else { format!("{}:{}", refs.base_ref, refs.base_sha) };
    let (number, reference, sha, all) = match &refs.pull {
        Some(pull) => {
            let all = format!("{base},{}:{}:{}", pull.number, pull.sha, pull.reference());
            (pull.number.to_string(), pull.reference(), pull.sha.clone(), all)
        }
        None => (String::new(), String::new(), String::new(), base),
    };
    let values: [String; INJECTED.len()] = [
        build_id.to_owned(),
        name.to_owned(),
        format!("type:{}", kind.name()),
        kind.name().to_owned(),
        refs.base_ref.clone(),
        refs.base_sha.clone(),
        number,
        reference,
        sha,
        all,
        event.repository.name.clone(),
        event.repository.owner.clone(),
        refs.clone_url.clone(),
    ];
    INJECTED.iter().map(|name| (*name).to_owned()).zip(values).collect()
}

/// `.Refs` of templates.
fn template_data(job: &JobConfig, event: &Event, refs: &Refs) -> Value {
    let link = event.repository.link.trim_end_matches('/');
    let below = |path: String| if link.is_empty() { String::new() } else { format!("{link}/{path}") };
    let server = link.strip_suffix(&event.repository.full_name()).unwrap_or_default().trim_end_matches('/');
    let text = |text: &str| Value::Text(text.to_owned());
    let pulls = refs.pull.iter().map(|pull| {
        let author_link = if server.is_empty() { String::new() } else { format!("{server}/{}", pull.author) };
        Value::Fields(vec![
            ("Number", Value::Number(i64::try_from(pull.number).unwrap_or(i64::MAX))),
            ("Author", text(&pull.author)),
            ("SHA", text(&pull.sha)),
            ("Title", text(&pull.title)),
            ("Ref", Value::Text(pull.reference())),
            ("Link", Value::Text(below(format!("pull/{}", pull.number)))),
            ("CommitLink", Value::Text(below(format!("pull/{}/commits/{}", pull.number, pull.sha)))),
            ("AuthorLink", Value::Text(author_link)),
        ])
    });
    let base_link = if refs.base_sha.is_empty() { String::new() } else { below(format!("commit/{}", refs.base_sha)) };
    Value::Fields(vec![
        ("Org", text(&event.repository.owner)),
        ("Repo", text(&event.repository.name)),
        ("RepoLink", text(link)),
        ("BaseRef", text(&refs.base_ref)),
        ("BaseSHA", text(&refs.base_sha)),
        ("BaseLink", Value::Text(base_link)),
        ("CloneURI", text(&refs.clone_url)),
        ("PathAlias", text(&job.path_alias)),
        ("Pulls", Value::List(pulls.collect())),
    ])
}

fn labels(job: &JobConfig, event: &Event, context: &Context, refs: &Refs) -> BTreeMap<String, String> {
    let mut labels: Vec<(String, String)> = vec![("created-by-lighthouse".to_owned(), "true".to_owned())];
    let mut add = |name: &str, value: &str| labels.push((format!("{PREFIX}{name}"), value.to_owned()));
    add("type", job.kind.name());
    add("job", cut(&job.name));
    add("context", cut(&job.context));
    add("id", &context.build_id);
    add("buildNum", &context.build_id);
    if job.kind != JobKind::Periodic {
        add("refs.org", &event.repository.owner.to_lowercase());
        add("refs.repo", &event.repository.name);
        add("baseSHA", &refs.base_sha);
        match &refs.pull {
            Some(pull) => {
                add("branch", &format!("PR-{}", pull.number));
                add("refs.pull", &pull.number.to_string());
                add("lastCommitSHA", &pull.sha);
            }
            None => {
                add("branch", &refs.base_ref);
                add("lastCommitSHA", &refs.base_sha);
            }
        }
    }
    if let Some(guid) = &event.guid {
        labels.push(("event-GUID".to_owned(), guid.clone()));
    }
    labels.extend(job.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
    let mut valid = BTreeMap::new();
    for (key, value) in labels {
        // An invalid value becomes its last part if that is valid.
        let last = value.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if is_label_value(&value) {
            valid.insert(key, value);
        } else if is_label_value(last) {
            valid.insert(key, last.to_owned());
        } else {
            valid.remove(&key);
        }
    }
    valid.retain(|_, value| !value.is_empty());
    valid
}

/// At most 63 bytes, ending in a letter or digit.
fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(63);
    if end < text.len() { text[..end].trim_end_matches(['.', '-', '_']) } else { text }
}

fn annotations(job: &JobConfig, refs: &Refs) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::from([(format!("{PREFIX}job"), job.name.clone())]);
    if !refs.clone_url.is_empty() {
        annotations.insert(format!("{PREFIX}cloneURI"), refs.clone_url.clone());
    }
    annotations.extend(job.annotations.clone());
    annotations
}

/// The `generateName` of a run: of 32 letters, digits and dashes at most, and a dash.
fn generate_name(job: &JobConfig, event: &Event, refs: &Refs) -> String {
    let change = refs.pull.as_ref().map_or_else(|| refs.base_ref.clone(), |pull| format!("pr-{}", pull.number));
    let parts = [&event.repository.owner, &event.repository.name, &change, &job.context];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let name = normal(&parts.join("-"));
    let name = normal(&name[name.len().saturating_sub(32)..]);
    if name.is_empty() { "run-".to_owned() } else { format!("{name}-") }
}

/// Lower case, from the first letter on, of letters, digits and single dashes, not ending in one.
fn normal(text: &str) -> String {
    let mut out = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            'a'..='z' => out.push(c),
            _ if out.is_empty() => {}
            '0'..='9' => out.push(c),
            _ if out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
#[path = "parameters_tests.rs"]
mod tests;
