//! Where a push goes, as git chooses it: the remote by `branch.NAME.pushRemote`, `remote.pushDefault` and
//! `branch.NAME.remote`, the branch there by `push.default`.

use super::create::config;
use super::index::Answered;
use super::{LocalClone, unusable};
use crate::error::{Error, ErrorKind, Result};
use crate::process::Environment;
use git2::{Oid, Remote};

/// A branch of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushTarget {
    /// The remote's name.
    pub remote: String,
    /// The branch's name there.
    pub branch: String,
}

impl std::fmt::Display for PushTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.remote, self.branch)
    }
}

impl LocalClone {
    /// Where a push of a local branch goes; the branch need not exist yet.
    ///
    /// # Errors
    /// The clone has no remote ([`ErrorKind::Environment`]); it is none of the clone's, or the branch has another name there and nothing says which counts
    /// ([`ErrorKind::Refused`]).
    pub fn push_target(&self, branch: &str, environment: &Environment) -> Result<PushTarget> {
        let settings = config(&self.repository, environment).map_err(unusable)?;
        let text = |key: &str| settings.get_string(key).ok().filter(|text| !text.is_empty());
        let refuse = |reason: String, hint: String| {
            Err(Error::new(ErrorKind::Refused, format!("cannot push {branch}: {reason}")).with_hint(hint))
        };
        let pulled_from = text(&format!("branch.{branch}.remote"));
        let pushed_to = text(&format!("branch.{branch}.pushRemote")).or_else(|| text("remote.pushDefault"));
        // A single dot stands for the clone itself.
        let remote = pushed_to.or_else(|| pulled_from.clone()).filter(|name| name != ".");
        let remote = remote.unwrap_or_else(|| self.usual_remote());
        if self.repository.remotes().is_ok_and(|remotes| remotes.is_empty()) {
            let error = Error::new(ErrorKind::Environment, format!("cannot push {branch}: the clone has no remote"));
            return Err(error.with_hint("add one: `git remote add origin URL`"));
        }
        if self.repository.find_remote(&remote).is_err() {
            // It may be a URL, and hold a password.
            let shown = if Remote::is_valid_name(&remote) { remote.as_str() } else { "that" };
            return refuse(
                format!("there is no remote {shown}"),
                format!("see `git remote -v`, and set branch.{branch}.pushRemote to the name of a remote"),
            );
        }
        let upstream = text(&format!("branch.{branch}.merge")).filter(|_| pulled_from.as_ref() == Some(&remote));
        let upstream = upstream.and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned));
        let Some(upstream) = upstream.filter(|name| name != branch) else {
            return Ok(PushTarget { remote, branch: branch.to_owned() });
        };
        match text("push.default").map(|text| text.to_ascii_lowercase()).as_deref() {
            Some("upstream" | "tracking") => Ok(PushTarget { remote, branch: upstream }),
            Some("current" | "matching") => Ok(PushTarget { remote, branch: branch.to_owned() }),
            _ => refuse(
                format!("its upstream {remote}/{upstream} has another name"),
                "make a branch with --branch, or set push.default of git: `upstream` pushes to that branch, `current` to \
                 one of the same name"
                    .to_owned(),
            ),
        }
    }

    /// The name that a local branch has at the remote that it is pulled from.
    pub fn upstream_name(&self, branch: &str) -> String {
        let upstream = self.repository.branch_upstream_merge(&format!("refs/heads/{branch}")).ok();
        let name = upstream.as_ref().and_then(|name| name.as_str().ok()?.strip_prefix("refs/heads/"));
        name.unwrap_or(branch).to_owned()
    }

    /// The URL that a remote is pushed to, as git's settings make it; it may hold a password.
    pub fn push_url(&self, remote: &str) -> Option<String> {
        let remote = self.repository.find_remote(remote).ok()?;
        let url = remote.pushurl().ok().flatten().or_else(|| remote.url().ok());
        url.map(str::to_owned)
    }

    /// Where the target was when it was last fetched or pushed.
    pub(in crate::git) fn known_tip(&self, target: &PushTarget) -> Option<Oid> {
        self.repository.refname_to_id(&target.tracking_name()).ok()
    }

    /// A commit that the target has had, that `ours` has too, and that is not in `theirs`, where the target is now: it was
    /// taken off the target on purpose.
    pub(in crate::git) fn dropped_commit(&self, target: &PushTarget, ours: Oid, theirs: Oid) -> Answered<Option<Oid>> {
        let log = self.repository.reflog(&target.tracking_name())?;
        let mut tips: Vec<Oid> = log.iter().take(TIPS).flat_map(|entry| [entry.id_new(), entry.id_old()]).collect();
        tips.sort();
        tips.dedup();
        for tip in tips {
            // What is not here any more is not in `ours` either.
            let Ok(shared) = self.repository.merge_base(ours, tip) else { continue };
            if !self.is_within(shared, theirs)? {
                return Ok(Some(shared));
            }
        }
        Ok(None)
    }

    /// Whether `ours` has a commit that no other branch of the remote had, when it was last fetched.
    pub(in crate::git) fn is_only_there(&self, commit: Oid, ours: Oid, target: &PushTarget) -> Answered<bool> {
        if !self.is_within(commit, ours)? {
            return Ok(false);
        }
        let (start, own) = (format!("refs/remotes/{}/*", target.remote), target.tracking_name());
        for reference in self.repository.references_glob(&start)? {
            let reference = reference?;
            let tip = reference.peel_to_commit().map(|commit| commit.id()).ok();
            if let Some(tip) = tip.filter(|_| reference.name_bytes() != own.as_bytes())
                && self.is_within(commit, tip)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether `old` is `new` or an ancestor of it.
    pub(in crate::git) fn is_within(&self, old: Oid, new: Oid) -> Answered<bool> {
        Ok(old == new || self.repository.graph_descendant_of(new, old)?)
    }
}

/// How many of a remote branch's last moves are looked at.
const TIPS: usize = 100;

impl PushTarget {
    /// The full name of the reference that names it.
    pub(in crate::git) fn tracking_name(&self) -> String {
        format!("refs/remotes/{}/{}", self.remote, self.branch)
    }
}

#[cfg(test)]
#[path = "push_target_tests.rs"]
mod tests;
