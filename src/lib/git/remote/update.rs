//! What the remote of the local clone has, fetched into the clone: all of its branches, or one.

use super::failure::Trouble;
use super::{Git, Protocol, Settings};
use crate::error::Result;
use crate::git::clone::{LocalClone, PushTarget};
use git2::Oid;

impl LocalClone {
    /// Fetches what the remote has.
    ///
    /// # Errors
    /// It cannot be reached (`ErrorKind::Environment`), or it takes too long (`ErrorKind::Timeout`).
    pub fn fetch(&self, settings: &Settings) -> Result<()> {
        self.fetch_with(&[], settings)
    }

    /// The same; a shallow clone gets the rest of its history too.
    ///
    /// # Errors
    /// As [`LocalClone::fetch`].
    pub fn fetch_whole(&self, settings: &Settings) -> Result<()> {
        self.fetch_with(if self.repository.is_shallow() { &["--unshallow"] } else { &[] }, settings)
    }

    fn fetch_with(&self, flags: &[&str], settings: &Settings) -> Result<()> {
        let remote = self.remote_name();
        self.run_fetch(&remote, flags, None, settings)?
            .map_err(|(trouble, complaint)| trouble.explain(&format!("cannot fetch from {remote}"), &complaint))
    }

    /// The inner error is git's.
    fn run_fetch(
        &self,
        remote: &str,
        flags: &[&str],
        refs: Option<&str>,
        settings: &Settings,
    ) -> Result<std::result::Result<(), (Trouble, String)>> {
        let settings = all_protocols(settings);
        let git = Git::new(&settings, format!("cannot fetch from {remote}"));
        let program = git.network(self.repository.workdir())?.args(["fetch", "--quiet", "--no-tags"]);
        let output = git.run(program.args(flags.iter().copied()).args(["--", remote]).args(refs))?;
        if output.is_success() {
            return Ok(Ok(()));
        }
        Ok(Err((Trouble::of_output(&output), output.complaint())))
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
    pub(super) fn fetch_target(&self, doing: &str, target: &PushTarget, settings: &Settings) -> Result<Option<Oid>> {
        let refs = format!("+refs/heads/{}:{}", target.branch, target.tracking_name());
        match self.run_fetch(&target.remote, &[], Some(&refs), settings)? {
            Ok(()) => Ok(self.known_tip(target)),
            Err((Trouble::NoReference, _)) => Ok(None),
            Err((trouble, complaint)) => Err(trouble.explain(doing, &complaint)),
        }
    }
}

/// The remote of a clone is its owner's choice.
pub(super) fn all_protocols(settings: &Settings) -> Settings {
    [Protocol::Http, Protocol::File].into_iter().fold(settings.clone(), Settings::allow)
}
