//! [`Settings`]: what the caller decides about remote repositories.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::Protocol;
use crate::process::Environment;

/// The variables that git and its helpers get from the caller's environment, besides those of [`OF_NOBODY`]. Those that
/// bind git to one repository, as a hook has them (`GIT_DIR` and its like), are not among them.
pub(super) const OF_USER: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "XDG_*",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GNUPGHOME",
    "KRB5*",
    "GIT_CONFIG_*",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_*",
    "GIT_PROXY_*",
    "GIT_HTTP_*",
];

/// Those that say where the network is, and nothing of the user.
pub(super) const OF_NOBODY: &[&str] = &[
    "PATH",
    "TMPDIR",
    "GIT_EXEC_PATH",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "CURL_CA_BUNDLE",
    "SSL_CERT_*",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// How remote repositories are reached, and where their objects are kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The caller's environment, of which git gets what it needs.
    pub environment: Environment,
    /// The folder with one bare repository for each URL. It is made when it is needed.
    pub cache: PathBuf,
    /// The folder that git starts in where it works on no clone: relative paths of the user's settings start there.
    pub folder: PathBuf,
    /// For a whole call, waiting for another kfleet included.
    pub timeout: Duration,
    /// The protocols that may be used, by redirections and a user's `insteadOf` too.
    pub protocols: BTreeSet<Protocol>,
    /// Whose credentials servers are shown.
    pub credentials: Credentials,
    /// How many bytes one fetch may bring; nothing: as many as the disk takes.
    pub most_bytes: Option<u64>,
}

/// Whose credentials servers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// Those of the user: helpers, keys, netrc, and all else that git's settings name.
    OfUser,
    /// None. Git then knows nothing of the user: no settings, no home, no agent.
    None,
}

impl Settings {
    /// Two minutes, https and ssh; git starts in the current folder.
    pub fn new(environment: Environment, cache: impl Into<PathBuf>) -> Settings {
        Settings {
            environment,
            cache: cache.into(),
            folder: PathBuf::from("."),
            timeout: Duration::from_secs(120),
            protocols: BTreeSet::from([Protocol::Https, Protocol::Ssh]),
            credentials: Credentials::OfUser,
            most_bytes: None,
        }
    }

    /// Shows no server any credentials. ssh cannot be used then.
    #[must_use]
    pub fn without_credentials(mut self) -> Settings {
        self.credentials = Credentials::None;
        self.protocols.remove(&Protocol::Ssh);
        self
    }

    /// Allows one more protocol.
    #[must_use]
    pub fn allow(mut self, protocol: Protocol) -> Settings {
        self.protocols.insert(protocol);
        self
    }
}
