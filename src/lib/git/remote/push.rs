//! Pushes: a commit to a branch of a remote once ([`push_once`]), and a branch of the local clone, again where others were
//! faster. A push never forces. Where the remote has moved, the commit that it lacks is put on top of its own (`rebase`);
//! where commits were taken off it, nothing is pushed that would bring them back.

use super::failure::Trouble;
use super::update::all_protocols;
use super::{Git, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::git::clone::{LocalClone, PushTarget, unusable};
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

/// Where the branch must be for a push to go through.
#[derive(Debug, Clone, Copy)]
pub(in crate::git) enum Expected {
    /// At a commit that the pushed one goes on from.
    Earlier,
    /// At this commit, or missing. The pushed commit must go on from it: the lease alone would allow a push by force.
    At(Option<Oid>),
}

/// What the remote says of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) enum Answer {
    /// It has the commit.
    Taken,
    /// The branch is not where it was expected to be.
    Late,
    /// The server does not take it: its reason.
    Rejected(String),
}

/// Pushes a commit to a branch of a remote of the clone, once.
///
/// # Errors
/// The server cannot be reached, does not accept the credentials ([`ErrorKind::Environment`]), or takes too long
/// ([`ErrorKind::Timeout`]); `doing` begins the message.
pub(in crate::git) fn push_once(
    clone: &LocalClone,
    doing: &str,
    target: &PushTarget,
    (commit, expected): (Oid, Expected),
    settings: &Settings,
) -> Result<Answer> {
    let settings = all_protocols(settings);
    let git = Git::new(&settings, doing);
    let name = format!("refs/heads/{}", target.branch);
    let lease = match expected {
        Expected::Earlier => None,
        Expected::At(known) => {
            let known = known.map(|known| known.to_string()).unwrap_or_default();
            Some(format!("--force-with-lease={name}:{known}"))
        }
    };
    let program =
        git.network(clone.repository.workdir())?.args(["push", "--porcelain", "--no-follow-tags"]).args(lease);
    let output = git.run(program.args(["--", &target.remote, &format!("{commit}:{name}")]))?;
    if output.is_success() {
        return Ok(Answer::Taken);
    }
    let report = String::from_utf8_lossy(&output.stdout);
    if LATE.iter().any(|late| report.contains(late)) {
        return Ok(Answer::Late);
    }
    if report.contains("[remote rejected]") {
        return Ok(Answer::Rejected(output.complaint()));
    }
    Err(Trouble::of_output(&output).explain(doing, &output.complaint()))
}

impl LocalClone {
    /// Pushes a branch.
    ///
    /// # Errors
    /// The server does not take it, others have changed the same files, or have taken commits off the branch: the commits
    /// stay on the local branch ([`ErrorKind::Refused`]). The server cannot be reached ([`ErrorKind::Environment`]).
    pub fn push(&self, branch: &str, settings: &Settings, environment: &Environment) -> Result<Pushed> {
        let target = self.push_target(branch, environment)?;
        let doing = format!("cannot push {branch} to {}", target.remote);
        let name = format!("refs/heads/{branch}");
        let mut known = self.known_tip(&target);
        let mut rebased = false;
        for attempt in 1..=ATTEMPTS {
            let ours = self.repository.refname_to_id(&name).map_err(unusable)?;
            if let Some(theirs) = known
                && let Some(dropped) = self.dropped_commit(&target, ours, theirs).map_err(unusable)?
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
                (Some(old), Some(new)) if !self.is_within(old, new).map_err(unusable)? => {
                    return Err(rewritten(&doing, &target, old));
                }
                (Some(old), None) if self.is_only_there(old, ours, &target).map_err(unusable)? => {
                    let message = format!("{doing}: the branch was deleted there");
                    return Err(Error::new(ErrorKind::Refused, message).with_hint(format!(
                        "if it must come back, run `git push {} {branch}:{}`",
                        target.remote, target.branch
                    )));
                }
                _ => {}
            }
            known = theirs;
            if let Some(theirs) = theirs
                && !self.is_within(theirs, ours).map_err(unusable)?
                && self.dropped_commit(&target, ours, theirs).map_err(unusable)?.is_none()
            {
                self.rebase(branch, &target, (ours, theirs), environment)?;
                rebased = true;
            }
        }
        let message = format!("{doing}: others push all the time");
        Err(Error::new(ErrorKind::Refused, message)
            .with_hint("the commit is on the local branch: try `git push` later"))
    }

    /// Pushes `ours`, if the target is where it was known to be: false where it is not.
    fn try_push(
        &self,
        doing: &str,
        target: &PushTarget,
        (ours, known): (Oid, Option<Oid>),
        settings: &Settings,
    ) -> Result<bool> {
        match push_once(self, doing, target, (ours, Expected::At(known)), settings)? {
            Answer::Taken => Ok(true),
            Answer::Late => Ok(false),
            Answer::Rejected(reason) => {
                let message = format!("{doing}: the server does not take it: {reason}");
                let hint = "the commit is on the local branch; where the branch is protected, push another one with \
                            --branch and open a pull request";
                Err(Error::new(ErrorKind::Refused, message).with_hint(hint))
            }
        }
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
