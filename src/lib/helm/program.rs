//! [`Helm`]: the program, its version, and one call with its private folder.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::process::{Environment, Output, Program};
use crate::tree::Scratch;

/// The variables that helm gets from the caller's environment when it goes to the network: for its settings and logins,
/// for docker's, and for the programs that keep or make their passwords. Those that choose a cluster are not among them.
pub const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_*",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "HELM_CONFIG_HOME",
    "HELM_REGISTRY_CONFIG",
    "HELM_REPOSITORY_CONFIG",
    "DOCKER_CONFIG",
    "AWS_*",
    "AZURE_*",
    "CLOUDSDK_*",
    "GOOGLE_*",
    "SSL_CERT_*",
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// How much helm may print: the manifests of one chart.
const OUTPUT_LIMIT: usize = 64 * 1024 * 1024;

const INSTALL: &str = "install helm 3 or 4 (https://helm.sh/docs/intro/install), and see that PATH names its folder";

/// The user's helm. One value serves a whole run, from several threads: the version is asked for once.
#[derive(Debug)]
pub struct Helm {
    environment: Environment,
    timeout: Duration,
    version: OnceLock<String>,
}

impl Helm {
    /// Helm with the caller's environment, of which it gets [`INHERITED`] at most. Each fetch and each rendering may take
    /// two minutes.
    pub fn new(environment: Environment) -> Helm {
        Helm { environment, timeout: Duration::from_secs(120), version: OnceLock::new() }
    }

    /// Sets how long each fetch and each rendering may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Helm {
        self.timeout = timeout;
        self
    }

    /// The program's version, such as `v4.3.1`.
    ///
    /// # Errors
    /// Helm is missing, or it is not helm 3 or later ([`ErrorKind::Environment`]).
    pub fn version(&self) -> Result<&str> {
        if let Some(version) = self.version.get() {
            return Ok(version);
        }
        let call = Call::start(self, "cannot use helm".to_owned())?;
        let output = call.run(call.isolated().args(["version", "--template", "{{.Version}}"]))?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let major = text.strip_prefix('v').and_then(|rest| rest.split('.').next()).and_then(|major| major.parse().ok());
        let is_right = major.is_some_and(|major: u32| major >= 3) && !text.contains(char::is_control);
        if !output.is_success() || !is_right {
            let said = if output.is_success() { format!("`{text}`") } else { output.complaint() };
            let message =
                format!("cannot use helm: it does not print a version from 3 on, but {}", said.escape_debug());
            return Err(Error::new(ErrorKind::Environment, message).with_hint(INSTALL));
        }
        Ok(self.version.get_or_init(|| text))
    }
}

/// One fetch or one rendering, which may run helm more than once.
pub(super) struct Call<'a> {
    helm: &'a Helm,
    deadline: Instant,
    /// How its errors begin.
    pub(super) doing: String,
    pub(super) scratch: Scratch,
    /// What no error may show.
    pub(super) secrets: Vec<String>,
}

impl<'a> Call<'a> {
    pub(super) fn start(helm: &'a Helm, doing: String) -> Result<Call<'a>> {
        let folder = helm.environment.get("TMPDIR").filter(|folder| !folder.is_empty());
        let scratch = Scratch::new(Path::new(folder.unwrap_or(OsStr::new("/tmp"))))?;
        Ok(Call { helm, deadline: Instant::now() + helm.timeout, doing, scratch, secrets: Vec::new() })
    }

    /// Helm with the user's settings as they are, for questions about them.
    pub(super) fn with_users_settings(&self) -> Program {
        self.common(Program::new("helm").envs(&self.helm.environment.only(INHERITED)))
    }

    /// Helm for the network: with the user's registry logins, and with the repositories of the private folder.
    pub(super) fn for_network(&self) -> Program {
        self.with_users_settings().env("HELM_REPOSITORY_CONFIG", self.scratch.path().join("repositories.yaml"))
    }

    /// Helm that knows nothing of the user, and has no network beyond this machine.
    pub(super) fn isolated(&self) -> Program {
        let folder = self.scratch.path();
        // No server can listen there.
        let nowhere = "http://127.0.0.1:0";
        self.common(Program::new("helm").envs(&self.helm.environment.only(&["PATH"])))
            .current_dir(folder)
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .env("HELM_CONFIG_HOME", folder.join("config"))
            .env("HTTP_PROXY", nowhere)
            .env("HTTPS_PROXY", nowhere)
    }

    fn common(&self, program: Program) -> Program {
        let folder = self.scratch.path();
        let program = program
            .install_hint(INSTALL)
            .env("LC_ALL", "C")
            .env("NO_COLOR", "1")
            .env("HELM_CACHE_HOME", folder.join("cache"))
            .env("HELM_DATA_HOME", folder.join("data"))
            // No cluster has a say.
            .env("KUBECONFIG", folder.join("none"))
            .output_limit(OUTPUT_LIMIT)
            .timeout(self.deadline.saturating_duration_since(Instant::now()));
        self.secrets.iter().fold(program, |program, secret| program.secret(secret))
    }

    pub(super) fn run(&self, program: Program) -> Result<Output> {
        program.run().map_err(|error| match error.kind {
            ErrorKind::Timeout => {
                let message = format!("{}: helm took longer than {} s", self.doing, self.helm.timeout.as_secs_f64());
                let hint = "check the network and the server, and whether helm does it when you run it yourself";
                Error::new(ErrorKind::Timeout, message).with_hint(hint)
            }
            kind => {
                let message = format!("{}: {error}", self.doing);
                Error { kind, hint: error.hint.clone(), ..Error::new(kind, message) }
            }
        })
    }
}
