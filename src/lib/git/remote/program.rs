//! The user's `git` program, as it runs for everything that goes over the network: without a terminal, without hooks,
//! with the user's own settings and helpers.

use std::path::Path;
use std::time::Instant;

use super::settings::{OF_NOBODY, OF_USER};
use super::{Credentials, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::process::{Output, Program};
use crate::text::seconds;

/// Hands a URL's user and password to git without showing them in a list of processes.
const CREDENTIAL_HELPER: &str = "!f() { test \"$1\" = get && \
    printf 'username=%s\\npassword=%s\\n' \"$KFLEET_GIT_USERNAME\" \"$KFLEET_GIT_PASSWORD\"; }; f";

/// One call, which may run git more than once.
pub(in crate::git) struct Git<'a> {
    settings: &'a Settings,
    pub(super) deadline: Instant,
    /// How its errors begin.
    pub(in crate::git) doing: String,
    /// User and password for the server; without them, git asks the user's helpers.
    pub(super) credentials: Option<(String, String)>,
    /// What no error may show.
    pub(super) secrets: Vec<String>,
}

impl<'a> Git<'a> {
    pub(in crate::git) fn new(settings: &'a Settings, doing: impl Into<String>) -> Git<'a> {
        let deadline = Instant::now() + settings.timeout;
        Git { settings, deadline, doing: doing.into(), credentials: None, secrets: Vec::new() }
    }

    /// Git with what all of its runs have in common.
    pub(in crate::git) fn program(&self) -> Program {
        let protocols: Vec<&str> = self.settings.protocols.iter().map(|protocol| protocol.name()).collect();
        let program =
            Program::new("git").install_hint("install git: kfleet leaves the network to it, with your own settings");
        let environment = &self.settings.environment;
        let program = program.current_dir(&self.settings.folder).envs(&environment.only(OF_NOBODY));
        let program = match self.settings.credentials {
            Credentials::OfUser => program.envs(&environment.only(OF_USER)),
            Credentials::None => program
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_NOSYSTEM", "1")
                // Where curl looks for a netrc.
                .env("HOME", "/nonexistent")
                .env("GIT_SSH_COMMAND", "false"),
        };
        let program = program
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("GCM_INTERACTIVE", "never")
            .env("LC_ALL", "C")
            .env("GIT_ALLOW_PROTOCOL", protocols.join(":"))
            .args(["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            .timeout(self.deadline.saturating_duration_since(Instant::now()));
        self.secrets.iter().fold(program, |program, secret| program.secret(secret))
    }

    /// Git that goes to the network. Settings are those of the repository that a folder belongs to, if one is named.
    pub(super) fn network(&self, folder: Option<&Path>) -> Result<Program> {
        let within = |program: Program| match folder {
            Some(folder) => program.current_dir(folder),
            None => program,
        };
        let mut program = within(self.program());
        if self.settings.credentials == Credentials::None {
            return Ok(program.args(["-c", "credential.helper="]));
        }
        if let Some((user, password)) = &self.credentials {
            program = program
                .args(["-c", "credential.helper=", "-c"])
                .arg(format!("credential.helper={CREDENTIAL_HELPER}"))
                .env("KFLEET_GIT_USERNAME", user)
                .env("KFLEET_GIT_PASSWORD", password);
        }
        // What the user says of ssh counts; it is not known to be OpenSSH, so nothing is added to it.
        let environment = &self.settings.environment;
        if environment.get("GIT_SSH_COMMAND").is_none() && environment.get("GIT_SSH").is_none() {
            let own = within(self.program()).args(["config", "--get", "core.sshCommand"]);
            let own = if folder.is_none() { own.env("GIT_DIR", "/dev/null") } else { own };
            if !self.run(own)?.is_success() {
                program = program.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
            }
        }
        Ok(program)
    }

    pub(in crate::git) fn run(&self, program: Program) -> Result<Output> {
        program.run().map_err(|error| match error.kind {
            ErrorKind::Timeout => {
                let message = format!("{}: it took longer than {}", self.doing, seconds(self.settings.timeout));
                Error::new(ErrorKind::Timeout, message)
                    .with_hint("check the network and the server, or allow more time for a big repository")
            }
            kind => Error { kind, hint: error.hint.clone(), ..Error::new(kind, format!("{}: {error}", self.doing)) },
        })
    }
}
