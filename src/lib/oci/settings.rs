//! [`Settings`]: what the caller decides about registries.

use crate::process::Environment;
use crate::tree::{Limits, Store};
use std::time::Duration;

/// How logins are found, and where what comes is kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The caller's environment: `DOCKER_CONFIG`, `HOME` and `XDG_RUNTIME_DIR` lead to logins. A credential helper gets
    /// all of it, as it does from docker.
    pub environment: Environment,
    /// Where manifests and layers are kept, by their digest.
    pub store: Store,
    /// How long a credential helper may take.
    pub helper_timeout: Duration,
    /// How much an archive may hold, and a layer: that of one file.
    pub limits: Limits,
}

impl Settings {
    /// 30 seconds, and usual limits.
    pub fn new(environment: Environment, store: Store) -> Settings {
        Settings { environment, store, helper_timeout: Duration::from_secs(30), limits: Limits::default() }
    }
}
