//! Fetches and pushes of the local clone, by the user's git. A push never forces, and goes through only where the remote is
//! as it was known to be: where it has moved, the commit that it lacks is put on top of its own (`rebase`); where commits
//! were taken off it, nothing is pushed that would bring them back.

use super::clone::{LocalClone, unusable};
use super::failure::Trouble;
use super::program::Git;
use super::push_target::PushTarget;
use super::{Protocol, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::process::Environment;
use git2::Oid;

/// How often a push is tried that others were faster than.
const ATTEMPTS: usize = 4;

/// What git says of a push that came too late.
const LATE: &[&str] = &[
    "(fetch first)",
    "(non-fast-forward)",
    "(stale info)",
    "(remote ref updated since checkout)",
    "cannot lock ref",
    "incorrect old value provided",
];

/// What a push has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The commit at the tip of the branch.
    pub commit: String,
    /// The remote's name.
    pub remote: String,
    /// The branch's name there.
    pub branch: String,
    /// Whether the commits were put on top of what others have pushed.
    pub rebased: bool,
}

impl LocalClone {
    /// Fetches what the remote has.
    ///
    /// # Errors
    /// It cannot be reached ([`ErrorKind::Environment`]), or it takes too long ([`ErrorKind::Timeout`]).
    pub fn fetch(&self, settings: &Settings) -> Result<()> {
        let remote = self.remote_name();
        self.run_fetch(&remote, None, settings)?
            .map_err(|(trouble, complaint)| trouble.explain(&format!("cannot fetch from {remote}"), &complaint))
    }

    /// The inner error is git's.
    fn run_fetch(
        &self,
        remote: &str,
        refs: Option<&str>,
        settings: &Settings,
    ) -> Result<std::result::Result<(), (Trouble, String)>> {
        let settings = all_protocols(settings);
        let git = Git::new(&settings, format!("cannot fetch from {remote}"));
        let program = git.network(self.repository.workdir())?.args(["fetch", "--quiet", "--no-tags", "--", remote]);
        let output = git.run(program.args(refs))?;
        if output.is_success() {
            return Ok(Ok(()));
        }
        Ok(Err((Trouble::of(&String::from_utf8_lossy(&output.stderr)), output.complaint())))
    }

    /// Pushes a branch.
    ///
    /// # Errors
    /// The server does not take it, others have changed the same files, or have taken commits off the branch: the commits
    /// stay on the local branch ([`ErrorKind::Refused`]). The server cannot be reached ([`ErrorKind::Environment`]).
    pub fn push(&self, branch: &str, settings: &Settings, environment: &Environment) -> Result<Pushed> {
        let fail = |cause: git2::Error| unusable(&cause);
        let target = self.push_target(branch, environment)?;
        let doing = format!("cannot push {branch} to {}", target.remote);
        let name = format!("refs/heads/{branch}");
        let mut known = self.known_tip(&target);
        let mut rebased = false;
        for attempt in 1..=ATTEMPTS {
            let ours = self.repository.refname_to_id(&name).map_err(fail)?;
            if let Some(theirs) = known
                && let Some(dropped) = self.dropped_commit(&target, ours, theirs).map_err(fail)?
            {
                return Err(rewritten(&doing, &target, dropped));
            }
            let goes_on = known.is_none_or(|theirs| self.is_within(theirs, ours).unwrap_or(false));
            if goes_on && self.try_push(&doing, &target, (ours, known), settings)? {
                let PushTarget { remote, branch } = target;
                return Ok(Pushed { commit: ours.to_string(), remote, branch, rebased });
            }
            if attempt == ATTEMPTS {
                break;
            }
            let theirs = self.fetch_target(&doing, &target, settings)?;
            match (known, theirs) {
                (Some(old), Some(new)) if !self.is_within(old, new).map_err(fail)? => {
                    return Err(rewritten(&doing, &target, old));
                }
                (Some(old), None) if self.is_only_there(old, ours, &target).map_err(fail)? => {
                    let message = format!("{doing}: the branch is gone there");
                    return Err(Error::new(ErrorKind::Refused, message).with_hint(format!(
                        "if it shall come back, run `git push {} {branch}:{}`",
                        target.remote, target.branch
                    )));
                }
                _ => {}
            }
            known = theirs;
            if let Some(theirs) = theirs
                && !self.is_within(theirs, ours).map_err(fail)?
                && self.dropped_commit(&target, ours, theirs).map_err(fail)?.is_none()
            {
                self.rebase(branch, &target, (ours, theirs), environment)?;
                rebased = true;
            }
        }
        let message = format!("{doing}: others push all the time");
        Err(Error::new(ErrorKind::Refused, message)
            .with_hint("the commit is on the local branch: try `git push` later"))
    }

    /// The commit that a remote's branch is at now; nothing where there is no such branch.
    ///
    /// # Errors
    /// As [`LocalClone::fetch`].
    pub fn fetch_branch(&self, target: &PushTarget, settings: &Settings) -> Result<Option<String>> {
        let tip = self.fetch_target(&format!("cannot fetch {target}"), target, settings)?;
        Ok(tip.map(|tip| tip.to_string()))
    }

    /// Where the target is now; nothing where there is no such branch.
    fn fetch_target(&self, doing: &str, target: &PushTarget, settings: &Settings) -> Result<Option<Oid>> {
        let refs = format!("+refs/heads/{}:{}", target.branch, target.tracking_name());
        match self.run_fetch(&target.remote, Some(&refs), settings)? {
            Ok(()) => Ok(self.known_tip(target)),
            Err((Trouble::NoReference, _)) => Ok(None),
            Err((trouble, complaint)) => Err(trouble.explain(doing, &complaint)),
        }
    }

    /// Pushes `ours`, if the target is where it was known to be: false where it is not. `ours` goes on from there, so that
    /// the lease, which alone would allow a push by force, only makes sure of that.
    fn try_push(
        &self,
        doing: &str,
        target: &PushTarget,
        (ours, known): (Oid, Option<Oid>),
        settings: &Settings,
    ) -> Result<bool> {
        let settings = all_protocols(settings);
        let git = Git::new(&settings, doing);
        let name = format!("refs/heads/{}", target.branch);
        let known = known.map(|known| known.to_string()).unwrap_or_default();
        let lease = format!("--force-with-lease={name}:{known}");
        let program = git.network(self.repository.workdir())?.args([
            "push",
            "--porcelain",
            "--no-follow-tags",
            &lease,
            "--",
            &target.remote,
            &format!("{ours}:{name}"),
        ]);
        let output = git.run(program)?;
        if output.is_success() {
            return Ok(true);
        }
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        if LATE.iter().any(|late| told.contains(late)) {
            return Ok(false);
        }
        if told.contains("[remote rejected]") {
            let message = format!("{doing}: the server does not take it: {}", output.complaint());
            let hint = "the commit is on the local branch; where the branch is protected, push another one with --branch \
                        and open a pull request";
            return Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
        }
        let trouble = Trouble::of(&String::from_utf8_lossy(&output.stderr));
        Err(trouble.explain(doing, &output.complaint()))
    }
}

/// A push would bring back what was taken off a branch, or go on top of what it does not know.
fn rewritten(doing: &str, target: &PushTarget, dropped: Oid) -> Error {
    let message = format!(
        "{doing}: {target} was rewritten there (a push by force): commit {:.12}, which it had, is no longer on it",
        dropped.to_string()
    );
    Error::new(ErrorKind::Refused, message).with_hint(format!(
        "the commit is on the local branch; see `git log {target}..HEAD`, leave out with git what was dropped on purpose \
         (`git rebase -i {target}`), then push"
    ))
}

/// The remote of a clone is its owner's choice.
fn all_protocols(settings: &Settings) -> Settings {
    [Protocol::Http, Protocol::File].into_iter().fold(settings.clone(), Settings::allow)
}
