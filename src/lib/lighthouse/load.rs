//! Which trigger files count, and how those of two commits become one configuration.

use super::config::Config;
use super::decode::decode;
use super::document::Document;
use super::finding::Finding;
use super::validate::validate;
use crate::tree::Tree;

const FOLDER: &str = ".lighthouse";
const FILE: &str = "triggers.yaml";

/// Whose trigger files count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConfigFrom {
    /// Those of the event's commit.
    Head,
    /// Those of the base branch.
    Base,
    /// Those of the base branch, with the jobs of the event's commit over them, as Lighthouse does it.
    #[default]
    Merged,
}

/// A configuration and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The jobs, as far as they could be read.
    pub config: Config,
    /// All errors; with any of these Lighthouse runs no job of the repository.
    pub problems: Vec<Finding>,
}

/// The files of the event's commit, or of the base branch.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// By their paths in the repository.
    pub tree: &'a Tree,
    /// What places show before these paths: a revision and a colon, or how the repository is reached.
    pub prefix: &'a str,
}

impl<'a> Side<'a> {
    /// Files that are shown by their paths in the repository.
    pub fn plain(tree: &'a Tree) -> Side<'a> {
        Side { tree, prefix: "" }
    }
}

/// Loads the trigger files of a tree: `.lighthouse/triggers.yaml` and those one folder below.
pub fn load(tree: &Tree) -> Loaded {
    checked(read(Side::plain(tree)))
}

/// Loads the trigger files of a commit and of its base. Without a base, those of the commit count.
pub fn load_from(from: ConfigFrom, base: Option<Side<'_>>, head: Side<'_>) -> Loaded {
    checked(match (from, base) {
        (ConfigFrom::Base, Some(base)) => read(base),
        (ConfigFrom::Merged, Some(base)) => merge(&read(base), &read(head)),
        (_, _) => read(head),
    })
}

/// Jobs of `head` over those of `base`: by kind and name, whole jobs. What only `base` has stays.
pub fn merge(base: &Config, head: &Config) -> Config {
    let mut merged = base.clone();
    for job in &head.jobs {
        match merged.jobs.iter_mut().find(|known| known.kind == job.kind && known.name == job.name) {
            Some(known) => *known = job.clone(),
            None => merged.jobs.push(job.clone()),
        }
    }
    merged.jobs.sort_by_key(|job| job.kind);
    for note in &head.notes {
        if !merged.notes.contains(note) {
            merged.notes.push(note.clone());
        }
    }
    merged
}

fn checked(config: Config) -> Loaded {
    let problems = validate(&config).into_iter().filter(Finding::is_error).collect();
    Loaded { config, problems }
}

/// Whether a path is that of a trigger file.
pub fn is_trigger_file(path: &str) -> bool {
    let Some(rest) = path.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')) else { return false };
    match rest.split_once('/') {
        None => rest == FILE,
        Some((folder, file)) => file == FILE && !folder.starts_with('.'),
    }
}

fn read(side: Side<'_>) -> Config {
    let mut config = Config::default();
    for (path, bytes) in side.tree.iter().filter(|(path, _)| is_trigger_file(path)) {
        if let Some(document) = Document::parse(side.prefix, path, bytes, &mut config.notes) {
            for job in decode(&document, &mut config.notes) {
                let twin = config.jobs.iter().find(|known| known.kind == job.kind && known.name == job.name);
                if let Some(twin) = twin.filter(|twin| !twin.name.is_empty()) {
                    let message =
                        format!("there are two {}s of this name; the other is at {}", job.kind.name(), twin.location);
                    let finding = Finding::error("trigger-duplicate", job.location_of("name"), message);
                    config.notes.push(finding.of(&job.name).with_hint("rename one of them"));
                }
                config.jobs.push(job);
            }
        }
    }
    config.jobs.sort_by_key(|job| job.kind);
    config
}
