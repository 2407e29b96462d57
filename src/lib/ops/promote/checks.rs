//! The guards that a pin passes before it may move: which commit, which branch, which path, which order.

use super::refusal::{refusal, refuse, refuse_whole};
use super::request::Request;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::pins::tracked_branch;
use crate::fleet::select_sync::running_pair;
use crate::flux::{GitRepository, Pair, Pin};
use crate::git::{Commits, FileState};
use crate::path::plain_path;
use crate::problem::{Location, Problem};
use crate::text::short;

/// A pin that may move: all guards have been passed.
pub(super) struct Checked<'a> {
    pub repository: &'a GitRepository,
    pub branch: String,
    pub old: Option<Pin>,
    /// The commit that is run now, as far as the clone knows.
    pub old_commit: Option<String>,
    pub is_older: bool,
}

/// The path of a pair's Kustomization, as it is written.
pub(super) fn written_path(pair: &Pair) -> String {
    pair.kustomization.path.as_ref().map(|path| path.value.clone()).unwrap_or_default()
}

/// Holds the pin of a pair against every guard. `applied`: the path that has to be in the commit.
pub(super) fn check<'a>(
    request: &Request<'_>,
    cluster: &Cluster,
    pair: &'a Pair,
    applied: &str,
) -> Result<Checked<'a>, Problem> {
    let Request { fleet, commits, source, candidate, options, .. } = *request;
    let repository = usable(cluster, pair)?;
    same_source(fleet, source, options.addon.as_deref(), repository)?;
    let is_known = |branch: &str| commits.tip(branch).is_some();
    let Some(branch) = tracked_branch(cluster, pair, is_known).or_else(|| candidate.branch.clone()) else {
        let hint = "write the tracked branch into ref.branch";
        return refuse(&repository.reference.location, "no branch of the clone is known to hold the pin", hint);
    };
    verify_commit(request, &branch, &repository.reference.location)?;
    verify_path(request, applied, &pair.kustomization.origin.location)?;
    let old = pair.pin();
    let old_commit = present_commit(commits, old.as_ref());
    let is_older = verify_order(request, old.as_ref(), old_commit.as_deref(), repository)?;
    Ok(Checked { repository, branch, old, old_commit, is_older })
}

/// The GitRepository that a pin can be written to.
pub(super) fn usable<'a>(cluster: &Cluster, pair: &'a Pair) -> Result<&'a GitRepository, Problem> {
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
            format!("the source of Kustomization {} is not a GitRepository of this cluster", kustomization.id.name);
        return refuse(&kustomization.origin.location, message, "give the cluster a GitRepository of its own to pin");
    };
    if cluster.is_own_source(repository) {
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
    fleet: &Clusters,
    source: Option<&Cluster>,
    addon: Option<&str>,
    repository: &GitRepository,
) -> Result<(), Problem> {
    let theirs = source.and_then(|source| running_pair(fleet, source, addon).ok());
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
pub(super) fn verify_commit(request: &Request<'_>, branch: &str, location: &Location) -> Result<(), Problem> {
    let (commits, commit) = (request.commits, &request.candidate.commit.commit);
    let Some(tip) = commits.tip(branch) else {
        return refuse(location, format!("the clone does not have the branch {branch}"), "run `git fetch`");
    };
    match commits.is_ancestor(commit, &tip.commit) {
        Ok(true) => Ok(()),
        Ok(false) if commits.is_shallow() => {
            let message = format!("whether {} is on {branch} is not known: the clone is shallow", short(commit));
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
pub(super) fn verify_path(request: &Request<'_>, path: &str, location: &Location) -> Result<(), Problem> {
    let Some(folder) = plain_path("", path) else {
        return refuse(location, format!("the path {path} leads out of the repository"), "");
    };
    let commit = &request.candidate.commit.commit;
    match request.commits.has_path(commit, &folder) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = format!("commit {} has no {folder}", short(commit));
            refuse(location, message, "choose a commit that has the flavour, or correct the path")
        }
        Err(error) => Err(refusal(&location.file, &error)),
    }
}

/// The commit that a cluster runs now, as far as the clone knows.
fn present_commit(commits: &dyn Commits, pin: Option<&Pin>) -> Option<String> {
    match pin? {
        Pin::Commit(commit) => commits.commit(commit).ok(),
        Pin::Branch(branch) => commits.tip(branch).map(|tip| tip.commit),
        _ => None,
    }
}

/// A promotion does not go back. Returns whether it does, where that is allowed.
fn verify_order(
    request: &Request<'_>,
    old: Option<&Pin>,
    old_commit: Option<&str>,
    repository: &GitRepository,
) -> Result<bool, Problem> {
    let (Some(Pin::Commit(_)), Some(old)) = (old, old_commit) else { return Ok(false) };
    let new = request.candidate.commit.commit.as_str();
    let is_older = old != new && request.commits.is_ancestor(new, old).unwrap_or(false);
    if is_older && !request.options.allow_older {
        let message = format!("commit {} is older than the pin {}", short(new), short(old));
        return refuse(
            &repository.reference.location,
            message,
            "`kfleet rollback` goes back; or allow it with --allow-older",
        );
    }
    Ok(is_older)
}

/// The user has no changes of their own in a file.
pub(super) fn verify_clean(commits: &dyn Commits, file: &str) -> Result<(), Problem> {
    match commits.state(file) {
        Ok(FileState::Clean | FileState::Untracked) => Ok(()),
        Ok(FileState::Changed) => {
            refuse_whole(file, "it has changes that are not committed", "commit or stash them first")
        }
        Ok(FileState::Conflicted) => {
            refuse_whole(file, "a merge has left it in conflict", "resolve the conflict first")
        }
        Err(error) => Err(refusal(file, &error)),
    }
}
