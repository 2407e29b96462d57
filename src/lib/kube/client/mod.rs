//! The client of one cluster, on which everything that works with live clusters stands. Objects are JSON values; kinds
//! are [`ServedKind`]s. Every call respects the deadline of its connection; what may be repeated is ([`retry`]).
//! It does not know why objects are read or written.

pub mod apply;
pub mod delete;
mod kinds;
pub mod list;
pub mod object;
mod request;
pub mod retry;
pub mod rights;
pub mod stages;
pub mod wait;
pub mod watch;

use super::failure::{Failure, Names};
use super::kind::ServedKind;
use super::kubeconfig::Target;
use super::step::{Report, Step};
use request::Call;
use retry::Repeat;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// See the module. Clones share the connection and what is known about kinds.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    http: kube::Client,
    names: Names,
    /// Of all work.
    deadline: Instant,
    /// What the deadline was made of, for messages.
    timeout: Duration,
    report: Report,
    /// By group and version.
    kinds: Mutex<BTreeMap<(String, String), Vec<ServedKind>>>,
}

/// The version of an API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Such as `v1.37.2` or `v1.33.1+k3s1`.
    pub git: String,
    /// 1.
    pub major: u32,
    /// Such as 37.
    pub minor: u32,
}

impl Client {
    /// Logs in, which may block; nothing is asked yet.
    pub(super) fn connect(
        target: Target,
        deadline: Instant,
        timeout: Duration,
        report: Report,
    ) -> Result<Client, Failure> {
        let Target { config, names } = target;
        report(Step::Login(names.clone()));
        let http = kube::Client::try_from(config).map_err(|cause| names.unconnected(&cause))?;
        Ok(Client(Arc::new(Inner { http, names, deadline, timeout, report, kinds: Mutex::default() })))
    }

    /// The instant after this time, or the deadline of the connection if that comes first.
    pub fn until(&self, time: Duration) -> Instant {
        self.0.deadline.min(Instant::now() + time)
    }

    /// The server's address without credentials.
    pub fn server(&self) -> &str {
        &self.0.names.server
    }

    /// The server's version.
    ///
    /// # Errors
    /// The server cannot be asked, or what answers is not an API server.
    pub async fn version(&self) -> Result<Version, Failure> {
        let call = Call::get("/version".to_owned(), "its version").repeat(Repeat::Safe);
        let answer = self.answer(&call).await.map_err(|refusal| self.failure(&call, refusal))?;
        // Some distributions write `37+`.
        let number = |name: &str| {
            let text = answer[name].as_str()?;
            text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()
        };
        match (answer["gitVersion"].as_str(), number("major"), number("minor")) {
            (Some(git), Some(major), Some(minor)) => Ok(Version { git: git.to_owned(), major, minor }),
            _ => Err(self.0.names.foreign()),
        }
    }

    fn names(&self) -> &Names {
        &self.0.names
    }
}
