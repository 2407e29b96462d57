//! How the network is reached: what the user's environment says of it, and limits.

use crate::process::Environment;
use crate::proxy::Proxies;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// A header that goes to one host only.
#[derive(Debug, Clone)]
pub struct HostHeader {
    /// `HOST`, or `HOST:PORT`.
    pub host: String,
    /// The header's name.
    pub name: String,
    /// The header's value.
    pub value: SecretString,
}

/// What a [`Client`](super::Client) is made from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The proxies for each scheme.
    pub proxies: Proxies,
    /// A file with the certificates of authorities, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Folders with such files.
    pub ca_folders: Vec<PathBuf>,
    /// The user's netrc file; it need not be there.
    pub netrc: Option<PathBuf>,
    /// Headers for single hosts.
    pub headers: Vec<HostHeader>,
    /// For looking up a host, connecting to it, and agreeing on TLS.
    pub connect_timeout: Duration,
    /// How long nothing may come.
    pub idle_timeout: Duration,
    /// For a whole download, with redirections, pauses and further tries.
    pub timeout: Duration,
    /// How often a download is tried before it counts as failed: at least once.
    pub attempts: u32,
    /// The pause before the second try; it doubles with each further one.
    pub first_pause: Duration,
    /// No pause is longer, whatever a server asks for: then the download fails at once.
    pub longest_pause: Duration,
    /// How much a body may hold, also when it is unpacked.
    pub max_bytes: u64,
}

impl Settings {
    /// Usual limits, and what the environment says: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`, and `NETRC` or else `.netrc` below `HOME`.
    pub fn new(environment: &Environment) -> Settings {
        let path = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folders = environment.get("SSL_CERT_DIR").and_then(|list| list.to_str()).unwrap_or_default();
        Settings {
            proxies: Proxies::from_environment(environment),
            ca_file: path("SSL_CERT_FILE"),
            ca_folders: folders.split(':').filter(|folder| !folder.is_empty()).map(PathBuf::from).collect(),
            netrc: path("NETRC").or_else(|| path("HOME").map(|home| home.join(".netrc"))),
            headers: Vec::new(),
            connect_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(300),
            attempts: 4,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            max_bytes: 64 * 1024 * 1024,
        }
    }
}
