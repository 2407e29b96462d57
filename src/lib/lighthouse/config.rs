//! The trigger configuration, typed: what `.lighthouse/triggers.yaml` says, with Lighthouse's defaults filled in.

use super::finding::Finding;
use crate::go_regex::{self, PatternError};
use crate::lighthouse::job::JobKind;
use crate::path::{folder_of, plain_path};
use crate::problem::Location;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

/// The agent whose jobs kfleet runs.
pub const TEKTON_PIPELINE: &str = "tekton-pipeline";

/// All jobs of a repository.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// In the order of their kinds; within a kind, of the files.
    pub jobs: Vec<JobConfig>,
    /// What was found in the files that concerns no single job.
    pub notes: Vec<Finding>,
}

/// One job as it is written.
#[derive(Debug, Clone)]
pub struct JobConfig {
    /// Unique within its kind.
    pub name: String,
    /// Which list it is in.
    pub kind: JobKind,
    /// Its trigger file, by the path in the repository.
    pub file: String,
    /// Where it is in the document: `spec`, its list, its number there.
    pub path: Vec<String>,
    /// Where it starts, with the file as it is shown.
    pub location: Location,
    /// `source` as it is written.
    pub source: Option<String>,
    /// `agent`; `jenkins-x`, or `tekton-pipeline` with a source, where it is not written.
    pub agent: String,
    /// Whether `agent` is written.
    pub has_agent: bool,
    pub run_spec: Option<Value>,
    /// `pipeline_run_params`: names and templates, with the places of these.
    pub params: Vec<(String, String, Location)>,
    /// The name of the commit status; may be empty where there is no default.
    pub context: String,
    pub skip_report: bool,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub max_concurrency: i64,
    pub clone_uri: Option<String>,
    pub path_alias: String,
    /// `spec`, a PodSpec for other agents.
    pub pod_spec: Option<Value>,
    pub branches: Option<Pattern>,
    pub skip_branches: Option<Pattern>,
    pub run_if_changed: Option<Pattern>,
    pub ignore_changes: Option<Pattern>,
    pub always_run: bool,
    /// `trigger`; of presubmits only.
    pub trigger: Option<Pattern>,
    /// `rerun_command`; of presubmits only.
    pub rerun_command: Option<String>,
    /// The pair of `trigger` and `rerun_command` that Lighthouse has rewritten.
    pub rewritten: Option<(String, String)>,
    pub cron: Option<String>,
    /// `branch` of a periodic.
    pub branch: Option<String>,
    /// `state` of a deployment.
    pub state: String,
    /// `environment` of a deployment.
    pub environment: String,
    /// Where its fields are.
    pub locations: BTreeMap<&'static str, Location>,
    /// What was found while it was read.
    pub notes: Vec<Finding>,
}

impl JobConfig {
    /// The place of a field; of the job where it is not written.
    pub fn location_of(&self, field: &str) -> Location {
        self.locations.get(field).unwrap_or(&self.location).clone()
    }

    /// Whether a change of files decides if it runs.
    pub fn has_change_filter(&self) -> bool {
        self.run_if_changed.is_some() || self.ignore_changes.is_some()
    }

    /// Whether only a command can start it.
    pub fn needs_command(&self) -> bool {
        !self.always_run && !self.has_change_filter()
    }

    /// The path of something below one of its fields.
    pub fn path_of(&self, below: &[&str]) -> Vec<String> {
        self.path.iter().cloned().chain(below.iter().map(|part| (*part).to_owned())).collect()
    }

    /// A path in the repository as places of this job show it.
    pub fn shown(&self, path: &str) -> String {
        format!("{}{path}", self.location.file.strip_suffix(&self.file).unwrap_or_default())
    }

    /// The path of its source in the repository. `None`: it has none, it is a URL, or it leaves the repository.
    pub fn source_path(&self) -> Option<String> {
        let source = self.source.as_deref().filter(|source| !source.contains("://"))?;
        if source.starts_with('/') { None } else { plain_path(folder_of(&self.file), source) }
    }
}

/// One regular expression, or a list of them joined with `|`.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As written.
    pub texts: Vec<String>,
    /// Where they are, if they are items of a list.
    pub locations: Vec<Location>,
    /// The whole.
    pub joined: String,
    compiled: Result<Regex, PatternError>,
    /// Each for itself, to show which one it was.
    each: Vec<Option<Regex>>,
}

impl Pattern {
    /// Compiles texts of Go.
    pub fn new(texts: Vec<String>) -> Pattern {
        let joined = texts.join("|");
        let compiled = go_regex::compile(&joined);
        let each =
            if texts.len() > 1 { texts.iter().map(|text| go_regex::compile(text).ok()).collect() } else { Vec::new() };
        Pattern { texts, locations: Vec::new(), joined, compiled, each }
    }

    /// Why it cannot be used.
    pub fn error(&self) -> Option<&PatternError> {
        self.compiled.as_ref().err()
    }

    /// Whether it is somewhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.as_ref().is_ok_and(|regex| regex.is_match(text))
    }

    /// The one of its texts that matches by itself; else the whole.
    pub fn matching(&self, text: &str) -> &str {
        let position = self.each.iter().position(|regex| regex.as_ref().is_some_and(|regex| regex.is_match(text)));
        position.map_or(&self.joined, |position| &self.texts[position])
    }
}
