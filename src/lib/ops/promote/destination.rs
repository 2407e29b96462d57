//! One destination: what is checked, and what of its files changes.

use super::snapshots::Snapshots;
use super::source::{Source, shown, tracked_branch};
use super::{File, Options, Promotion, addon, new_sync, pinned_addons};
use crate::diff::unified;
use crate::error::Error;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::select_sync::{NoPair, main_pair, path_of, running_pair, unread};
use crate::flux::{GitRepository, Pair, Pin};
use crate::git::{FileState, LocalClone};
use crate::manifest::Origin;
use crate::manifest::findings::refusal_problem;
use crate::path::plain_path;
use crate::problem::{Location, Problem, Severity};
use crate::text::short;
use crate::yaml::splice::{self, Change, New, Step};
use std::collections::BTreeMap;

/// So many commits are kept to be shown.
const SHOWN_COMMITS: usize = 100;

/// An error about a destination as a problem.
pub(super) fn refusal(file: &str, error: &Error) -> Problem {
    let location = Location { file: file.to_owned(), line: 0, column: 0 };
    Problem { severity: Severity::Error, location, message: error.to_string(), hint: error.hint.clone() }
}

pub(super) fn refuse<T>(location: &Location, message: impl Into<String>, hint: &str) -> Result<T, Problem> {
    let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
    Err(Problem { severity: Severity::Error, location: location.clone(), message: message.into(), hint })
}

/// What all destinations of a run have in common.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub all: &'a Clusters,
    pub clone: &'a LocalClone,
    pub from: Option<&'a Cluster>,
    pub source: &'a Source,
    pub options: &'a Options,
    pub snapshots: &'a Snapshots<'a>,
}

/// A pin that may move: all guards have been passed.
pub(super) struct Checked<'a> {
    pub repository: &'a GitRepository,
    pub branch: String,
    pub old: Option<Pin>,
    /// The commit that is run now, as far as the clone knows.
    pub old_commit: Option<String>,
    pub is_older: bool,
}

/// A change of one document of a file.
pub(super) struct Edit<'a> {
    pub file: &'a str,
    pub document: usize,
    pub change: Change<'a>,
}

/// Plans one destination.
pub(super) fn plan(job: &Job<'_>, cluster: &Cluster) -> Result<Promotion, Problem> {
    let Job { all, from, options, .. } = *job;
    let whole = Location { file: cluster.folder.clone(), line: 0, column: 0 };
    if from.is_some_and(|from| from.name == cluster.name && !options.allow_older) {
        return refuse(&whole, format!("{} would be promoted to itself", cluster.name), "name another destination");
    }
    if let Some(addon) = &options.addon {
        return addon::plan(job, cluster, addon);
    }
    if let Some(from) = from
        && let (Some(ours), Some(theirs)) = (&cluster.flavour, &from.flavour)
        && ours != theirs
        && !options.allow_older
    {
        let message = format!("{} has the flavour {ours}, {} has {theirs}", cluster.name, from.name);
        return refuse(&whole, message, "promote between clusters of one flavour");
    }
    let found = main_pair(all, cluster);
    let is_found = found.as_ref().map_or_else(|reason| *reason != NoPair::None, |pair| pair.repository.is_some());
    if let Some(unread) = unread(all, cluster).filter(|_| !is_found) {
        return Err(unread.clone());
    }
    let pair = match found {
        Ok(pair) => pair,
        Err(NoPair::None) => return first_sync(job, cluster),
        Err(unclear) => return Err(no_pair(cluster, unclear)),
    };
    usable(pair)?;
    let path = new_path(all, from, pair);
    let applied = path.as_ref().map_or_else(|| written_path(pair), |(_, new)| new.clone());
    let checked = check(job, cluster, pair, &applied)?;
    let mut edits = pin_edits(&checked, &job.source.commit.commit);
    if let Some((_, new)) = &path {
        edits.push(Edit::set(&pair.kustomization.origin, &["spec", "path"], new, None));
    }
    let (patches, notes) = pinned_addons::still_apart(job, cluster, pair, &applied)?;
    edits.extend(patches.iter().map(|patch| Edit::append(&pair.kustomization.origin, &["spec", "patches"], patch)));
    let files = carry_out(job, &edits)?;
    let planned = Promotion { path, notes, ..promotion(job, cluster, &checked, &applied, files) };
    Ok(planned)
}

/// Why a cluster has no pair that could be promoted.
pub(super) fn no_pair(cluster: &Cluster, reason: NoPair) -> Problem {
    let (message, location, hint) = match reason {
        NoPair::Unclear(message, location, hint) => (message, location, hint),
        NoPair::None => {
            let location = Location { file: cluster.folder.clone(), line: 0, column: 0 };
            (format!("{} has no sync", cluster.name), location, "promote the whole cluster first")
        }
    };
    Problem { severity: Severity::Error, location, message, hint: Some(hint.to_owned()) }
}

/// The path of a pair's Kustomization, as it is written.
pub(super) fn written_path(pair: &Pair) -> String {
    pair.kustomization.path.as_ref().map(|path| path.value.clone()).unwrap_or_default()
}

/// Holds the pin of a pair against every guard. `applied`: the path that has to be in the commit.
pub(super) fn check<'a>(
    job: &Job<'_>,
    cluster: &Cluster,
    pair: &'a Pair,
    applied: &str,
) -> Result<Checked<'a>, Problem> {
    let Job { all, clone, source, options, .. } = *job;
    let repository = usable(pair)?;
    same_source(all, job.from, options, repository)?;
    let Some(branch) = tracked_branch(clone, cluster, pair).or_else(|| source.branch.clone()) else {
        let hint = "write the tracked branch into ref.branch";
        return refuse(&repository.reference.location, "no branch of the clone is known to hold the pin", hint);
    };
    verify_commit(clone, source, &branch, &repository.reference.location)?;
    verify_path(clone, source, applied, &pair.kustomization.origin.location)?;
    let old = pair.pin();
    let old_commit = present_commit(clone, old.as_ref());
    let is_older = verify_order(clone, old.as_ref(), old_commit.as_deref(), source, options, repository)?;
    Ok(Checked { repository, branch, old, old_commit, is_older })
}

/// What becomes of a destination whose files change like this.
pub(super) fn promotion(
    job: &Job<'_>,
    cluster: &Cluster,
    checked: &Checked<'_>,
    applied: &str,
    files: Vec<File>,
) -> Promotion {
    let Job { all, clone, source, .. } = *job;
    let folder = plain_path("", applied);
    let reach = folder.map(|folder| all.repository.kustomizations.reach(&all.repository.files, &folder));
    let below: Vec<String> =
        reach.map(|reach| reach.folders.into_iter().chain(reach.resources).collect()).unwrap_or_default();
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let (mut between, mut commits, mut changed_files) = (Vec::new(), None, Vec::new());
    let new = source.commit.commit.as_str();
    if let Some(old) = checked.old_commit.as_deref() {
        let (earlier, later) = if checked.is_older { (new, old) } else { (old, new) };
        commits = clone.distance(earlier, later).ok();
        if !files.is_empty() {
            between = clone.between(earlier, later, SHOWN_COMMITS).unwrap_or_default();
            changed_files = clone.changed_files(old, new, &below).unwrap_or_default();
        }
    }
    Promotion {
        cluster: cluster.name.clone(),
        from: checked.old.as_ref().map(shown),
        to: new.to_owned(),
        path: None,
        commits,
        is_older: checked.is_older,
        is_split: false,
        between,
        changed_files,
        files,
        notes: Vec::new(),
    }
}

/// The GitRepository that a pin can be written to.
pub(super) fn usable(pair: &Pair) -> Result<&GitRepository, Problem> {
    let kustomization = &pair.kustomization;
    if let Some(unused) = &pair.unused {
        let location = kustomization.source.as_ref().map_or(&kustomization.origin.location, |source| &source.location);
        let message = format!(
            "a pin would do nothing: Kustomization {} does not take its manifests from GitRepository {}",
            kustomization.id.name, unused.id.name
        );
        return refuse(location, message, "`kfleet vet --fix` repairs it");
    }
    let Some(repository) = &pair.repository else {
        let message =
            format!("the source of Kustomization {} is no GitRepository of this cluster", kustomization.id.name);
        return refuse(&kustomization.origin.location, message, "give the cluster a GitRepository of its own to pin");
    };
    if repository.id.is_flux_system() {
        let message = format!(
            "Kustomization {} takes its manifests from {}, which also syncs the cluster's folder and must follow its branch",
            kustomization.id.name, repository.id.name
        );
        let location = kustomization.source.as_ref().map_or(&kustomization.origin.location, |source| &source.location);
        return refuse(location, message, "give the cluster a GitRepository of its own to pin");
    }
    let reference = &repository.reference;
    let others = [("tag", &reference.tag), ("semver", &reference.semver), ("name", &reference.name)];
    if let Some((field, value)) = others.iter().find_map(|(field, value)| Some((field, value.as_ref()?))) {
        let message =
            format!("GitRepository {} also has ref.{field}: it is not clear what its pin is", repository.id.name);
        return refuse(&value.location, message, "keep ref.commit and ref.branch only");
    }
    Ok(repository)
}

/// Source and destination fetch from one repository.
fn same_source(
    all: &Clusters,
    from: Option<&Cluster>,
    options: &Options,
    repository: &GitRepository,
) -> Result<(), Problem> {
    let theirs = from.and_then(|from| running_pair(all, from, options.addon.as_deref()).ok());
    let theirs = theirs.and_then(|pair| pair.repository.as_ref()?.url.as_ref());
    match (&repository.url, theirs) {
        (Some(ours), Some(theirs)) if plain_url(&ours.value) != plain_url(&theirs.value) => {
            let message = "source and destination fetch from different repositories";
            refuse(&ours.location, message, "make their urls the same; a commit of one is unknown in the other")
        }
        _ => Ok(()),
    }
}

pub(super) fn plain_url(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url)
}

/// The commit is on the tracked branch.
pub(super) fn verify_commit(
    clone: &LocalClone,
    source: &Source,
    branch: &str,
    location: &Location,
) -> Result<(), Problem> {
    let commit = &source.commit.commit;
    let Some(tip) = clone.tip(branch) else {
        return refuse(location, format!("the clone does not have the branch {branch}"), "run `git fetch`");
    };
    match clone.is_ancestor(commit, &tip.commit) {
        Ok(true) => Ok(()),
        Ok(false) if clone.is_shallow() => {
            let message = format!("whether {} is on {branch} cannot be told: the clone is shallow", short(commit));
            refuse(location, message, "run `git fetch --unshallow`")
        }
        Ok(false) => {
            let shown = tip.remote.as_deref().unwrap_or(branch);
            let message = format!("commit {} is not on {shown}: Flux would never find it", short(commit));
            refuse(location, message, "push it first, or choose a commit of the branch")
        }
        Err(error) => Err(refusal(&location.file, &error)),
    }
}

/// The commit has the folder that the Kustomization applies.
pub(super) fn verify_path(clone: &LocalClone, source: &Source, path: &str, location: &Location) -> Result<(), Problem> {
    let Some(folder) = plain_path("", path) else {
        return refuse(location, format!("the path {path} leads out of the repository"), "");
    };
    match clone.has_path(&source.commit.commit, &folder) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = format!("commit {} has no {folder}", short(&source.commit.commit));
            refuse(location, message, "choose a commit that has the flavour, or correct the path")
        }
        Err(error) => Err(refusal(&location.file, &error)),
    }
}

/// Before and after, where the source applies another path.
fn new_path(all: &Clusters, from: Option<&Cluster>, pair: &Pair) -> Option<(String, String)> {
    let theirs = main_pair(all, from?).ok()?;
    if path_of(theirs) == path_of(pair) {
        return None;
    }
    Some((pair.kustomization.path.as_ref()?.value.clone(), theirs.kustomization.path.as_ref()?.value.clone()))
}

/// The commit that a cluster runs now, as far as the clone knows.
fn present_commit(clone: &LocalClone, pin: Option<&Pin>) -> Option<String> {
    match pin? {
        Pin::Commit(commit) => clone.commit(commit).ok(),
        Pin::Branch(branch) => clone.tip(branch).map(|tip| tip.commit),
        _ => None,
    }
}

/// A promotion does not go back. Returns whether it does, where that is allowed.
fn verify_order(
    clone: &LocalClone,
    old: Option<&Pin>,
    old_commit: Option<&str>,
    source: &Source,
    options: &Options,
    repository: &GitRepository,
) -> Result<bool, Problem> {
    let (Some(Pin::Commit(_)), Some(old)) = (old, old_commit) else { return Ok(false) };
    let new = source.commit.commit.as_str();
    let is_older = old != new && clone.is_ancestor(new, old).unwrap_or(false);
    if is_older && !options.allow_older {
        let message = format!("commit {} is older than the pin {}", short(new), short(old));
        return refuse(
            &repository.reference.location,
            message,
            "`kfleet rollback` goes back; or allow it with --allow-older",
        );
    }
    Ok(is_older)
}

impl<'a> Edit<'a> {
    /// Sets a field of an object.
    pub(super) fn set(origin: &'a Origin, path: &[&'a str], value: &'a str, after: Option<&'a str>) -> Edit<'a> {
        Edit::of(origin, Change::Set { path: steps(origin, path), value: New::Text(value), after })
    }

    /// Adds YAML to a list of an object.
    pub(super) fn append(origin: &'a Origin, path: &[&'a str], yaml: &'a str) -> Edit<'a> {
        Edit::of(origin, Change::Append { path: steps(origin, path), value: New::Yaml(yaml) })
    }

    fn of(origin: &'a Origin, change: Change<'a>) -> Edit<'a> {
        Edit { file: &origin.file, document: origin.document, change }
    }
}

/// The path of an object's field in its document.
fn steps<'a>(origin: &'a Origin, path: &[&'a str]) -> Vec<Step<'a>> {
    let prefix = origin.prefix.iter().map(|part| part.parse().map_or(Step::Key(part), Step::Index));
    prefix.chain(path.iter().map(|part| Step::Key(part))).collect()
}

/// The lines of a pin.
pub(super) fn pin_edits<'a>(checked: &'a Checked<'a>, commit: &'a str) -> Vec<Edit<'a>> {
    let origin = &checked.repository.origin;
    vec![
        Edit::set(origin, &["spec", "ref", "branch"], &checked.branch, None),
        Edit::set(origin, &["spec", "ref", "commit"], commit, Some("branch")),
    ]
}

/// The files with these changes; none where all is as it should be.
pub(super) fn carry_out(job: &Job<'_>, edits: &[Edit<'_>]) -> Result<Vec<File>, Problem> {
    let mut changes: BTreeMap<&str, Vec<(usize, Change<'_>)>> = BTreeMap::new();
    for edit in edits {
        changes.entry(edit.file).or_default().push((edit.document, edit.change.clone()));
    }
    let mut files = Vec::new();
    for (file, changes) in changes {
        let Some(before) = job.all.repository.files.texts.get(file) else { continue };
        let text = splice::edit(before, &changes).map_err(|refused| refusal_problem(file, &refused))?;
        if text != *before {
            verify_clean(job.clone, file)?;
            let diff = unified(file, before, &text);
            files.push(File { path: file.to_owned(), text, diff });
        }
    }
    Ok(files)
}

/// The user has no changes of their own in a file.
pub(super) fn verify_clean(clone: &LocalClone, file: &str) -> Result<(), Problem> {
    let location = Location { file: file.to_owned(), line: 0, column: 0 };
    match clone.state(file) {
        Ok(FileState::Clean | FileState::Untracked) => Ok(()),
        Ok(FileState::Changed) => {
            refuse(&location, "it has changes that are not committed", "commit or stash them first")
        }
        Ok(FileState::Conflicted) => refuse(&location, "a merge has left it in conflict", "resolve the conflict first"),
        Err(error) => Err(refusal(file, &error)),
    }
}

fn first_sync(job: &Job<'_>, cluster: &Cluster) -> Result<Promotion, Problem> {
    let location = Location { file: cluster.folder.clone(), line: 0, column: 0 };
    let Some(from) = job.from else {
        return refuse(&location, format!("{} has no sync", cluster.name), "promote another cluster to it");
    };
    new_sync::plan(job, from, cluster)
}
