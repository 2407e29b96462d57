//! Commit objects. Where the user's settings say `commit.gpgsign`, the user's own git makes and signs them: it knows which
//! program and key are meant (`gpg.format`, `user.signingKey`). Where that fails nothing is written.

use super::unusable;
use crate::error::{Error, ErrorKind, Result};
use crate::process::{Environment, Program};
use git2::{Commit, Config, Oid, Repository, Signature, Tree};
use std::time::Duration;

/// Long enough to type a passphrase.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Who makes commits, and how.
pub(super) struct Committing<'a> {
    pub author: &'a Signature<'a>,
    pub committer: &'a Signature<'a>,
    /// The program that signs is found by it.
    pub environment: &'a Environment,
    /// Whether commits are signed.
    pub is_signed: bool,
}

/// Whether the user's settings ask for signed commits.
pub(super) fn is_signed(settings: &Config) -> bool {
    settings.get_bool("commit.gpgsign").unwrap_or(false)
}

impl Committing<'_> {
    /// Writes a commit, which no branch has yet.
    ///
    /// # Errors
    /// It cannot be written, or not be signed ([`ErrorKind::Environment`]).
    pub(super) fn write(
        &self,
        repository: &Repository,
        message: &str,
        tree: &Tree<'_>,
        parents: &[&Commit<'_>],
    ) -> Result<Oid> {
        if !self.is_signed {
            let commit = repository.commit(None, self.author, self.committer, message, tree, parents);
            return commit.map_err(unusable);
        }
        // Agents and prompts need much of it; what binds git to another repository (`GIT_DIR` and its like) is left out.
        let is_wanted = |name: &str| !name.starts_with("GIT_") || name.starts_with("GIT_CONFIG_");
        let environment = self.environment.iter().filter(|(name, _)| is_wanted(&name.to_string_lossy()));
        let mut program = Program::new("git")
            .install_hint("install git: it signs commits with your own settings")
            .current_dir(repository.workdir().unwrap_or_else(|| repository.path()))
            .envs(&environment.collect())
            .env("LC_ALL", "C")
            .args(["commit-tree", "-S", "-F", "-"])
            .timeout(TIMEOUT)
            .stdin(message.as_bytes());
        for (role, signature) in [("AUTHOR", self.author), ("COMMITTER", self.committer)] {
            let (time, text) = (signature.when(), |text: &[u8]| String::from_utf8_lossy(text).into_owned());
            let offset = time.offset_minutes().unsigned_abs();
            let date = format!("@{} {}{:02}{:02}", time.seconds(), time.sign(), offset / 60, offset % 60);
            program = program
                .env(format!("GIT_{role}_NAME"), text(signature.name_bytes()))
                .env(format!("GIT_{role}_EMAIL"), text(signature.email_bytes()))
                .env(format!("GIT_{role}_DATE"), date);
        }
        for parent in parents {
            program = program.args(["-p".to_owned(), parent.id().to_string()]);
        }
        let output = program.arg(tree.id().to_string()).run()?;
        let made =
            output.printed_lines().first().filter(|_| output.is_success()).and_then(|line| Oid::from_str(line).ok());
        made.ok_or_else(|| {
            let message = format!("cannot commit: git could not sign: {}", output.complaint());
            let hint = "`commit.gpgsign` is set: check `user.signingKey` and `gpg.format`, or try `git commit -S`";
            Error::new(ErrorKind::Environment, message).with_hint(hint)
        })
    }
}
