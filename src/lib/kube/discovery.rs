//! Which kinds a cluster serves, by its discovery API (`/api/<version>` and `/apis/<group>/<version>`).

use super::failure::environment;
use super::kubeconfig::{self, Names, Target};
use crate::error::{Error, ErrorKind, Result};
pub use crate::proxy::Proxies;
use kube::Client;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// A kind as a cluster serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServedKind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural in the API's paths.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

/// Which cluster to ask, and how long it may take.
#[derive(Debug, Clone)]
pub struct ClusterAccess {
    /// Kubeconfig files, merged in order as kubectl merges the list in KUBECONFIG.
    pub kubeconfigs: Vec<PathBuf>,
    /// The context; `None` for the current one.
    pub context: Option<String>,
    /// For the whole answer: reading, logging in, looking up the server, asking.
    pub timeout: Duration,
    /// The proxies of the environment, for clusters whose kubeconfig names none.
    pub proxies: Proxies,
}

/// Whether a group and a version have the form that Kubernetes demands: a DNS subdomain (or nothing, for the core
/// group) and a DNS label. A cluster cannot serve another, such as a template that was not rendered.
pub fn can_be_served(group: &str, version: &str) -> bool {
    let is_label = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && (1..=63).contains(&text.len())
    };
    is_label(version) && (group.is_empty() || (group.len() <= 253 && group.split('.').all(is_label)))
}

/// Asks for the named group versions only (`("", "v1")` is the core group). Those that the cluster does not serve, or
/// that none can, are absent from the answer, which is sorted; subresources are left out.
///
/// A login command that outlasts the timeout goes on until it ends or the program does.
///
/// # Errors
/// The kubeconfig cannot be used, or the cluster cannot be asked ([`ErrorKind::Environment`]), or not in time
/// ([`ErrorKind::Timeout`]).
pub fn served_kinds(access: &ClusterAccess, group_versions: &BTreeSet<(String, String)>) -> Result<Vec<ServedKind>> {
    let wanted: Vec<(String, String)> =
        group_versions.iter().filter(|(group, version)| can_be_served(group, version)).cloned().collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    // Login commands and look-ups of hosts block their thread, whatever the runtime does: so it is left behind.
    let deadline = Instant::now() + access.timeout;
    let (sender, receiver) = channel();
    let owned = access.clone();
    let worker = move || {
        let answer = work(&owned, &wanted, &sender);
        let _ = sender.send(Message::Answer(answer));
    };
    std::thread::Builder::new()
        .name("discovery".to_owned())
        .spawn(worker)
        .map_err(|cause| environment("cannot start the network client").with_source(cause))?;
    let mut step = Step::Kubeconfig;
    loop {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Message::Step(next)) => step = next,
            Ok(Message::Answer(answer)) => return answer,
            Err(RecvTimeoutError::Timeout) => return Err(step.timed_out(access.timeout)),
            Err(RecvTimeoutError::Disconnected) => return Err(environment("the network client broke off")),
        }
    }
}

enum Message {
    Step(Step),
    Answer(Result<Vec<ServedKind>>),
}

/// What is being waited for.
enum Step {
    Kubeconfig,
    Login(Names),
    Question(Names, String),
}

impl Step {
    fn timed_out(&self, timeout: Duration) -> Error {
        let seconds = timeout.as_secs_f64();
        let unit = if timeout == Duration::from_secs(1) { "second" } else { "seconds" };
        let (message, hint) = match self {
            Step::Kubeconfig => (
                format!("reading the kubeconfig took longer than {seconds} {unit}"),
                "check that its files, and those that it names, can be read",
            ),
            Step::Login(Names { login: Some(command), .. }) => (
                format!("the login command {command} took longer than {seconds} {unit}"),
                "log in with `kubectl version` and the same kubeconfig and context first: nobody can answer it here",
            ),
            Step::Login(names) => (
                format!("connecting to {} took longer than {seconds} {unit}", names.server),
                "check the files that the kubeconfig names, or leave out --discovery",
            ),
            Step::Question(names, group_version) => (
                format!("{} did not answer within {seconds} {unit} when asked for {group_version}", names.server),
                "check the server address and the proxy in the kubeconfig, or leave out --discovery",
            ),
        };
        Error::new(ErrorKind::Timeout, message).with_hint(hint)
    }
}

fn work(access: &ClusterAccess, wanted: &[(String, String)], steps: &Sender<Message>) -> Result<Vec<ServedKind>> {
    let kubeconfig = kubeconfig::read(&access.kubeconfigs)?;
    let target = kubeconfig::select(kubeconfig, access.context.as_deref(), &access.proxies)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| environment("cannot start the network client").with_source(cause))?;
    let answer = runtime.block_on(ask(target, wanted, steps));
    runtime.shutdown_background();
    answer
}

async fn ask(target: Target, wanted: &[(String, String)], steps: &Sender<Message>) -> Result<Vec<ServedKind>> {
    let Target { config, names } = target;
    let _ = steps.send(Message::Step(Step::Login(names.clone())));
    let client = Client::try_from(config).map_err(|cause| names.unconnected(&cause))?;
    let mut kinds = Vec::new();
    for (group, version) in wanted {
        let group_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        // Nobody listens any more when the time is over: then nothing more is asked either.
        let question = Step::Question(names.clone(), group_version.clone());
        if steps.send(Message::Step(question)).is_err() {
            return Ok(Vec::new());
        }
        let answer = if group.is_empty() {
            client.list_core_api_resources(version).await
        } else {
            client.list_api_group_resources(&group_version).await
        };
        let resources = match answer {
            Ok(list) => list.resources,
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            Err(cause) => return Err(names.unanswered(&group_version, &cause)),
        };
        // Subresources have the name of their resource before a slash.
        let resources = resources.into_iter().filter(|resource| !resource.name.contains('/'));
        kinds.extend(resources.map(|resource| ServedKind {
            group: group.clone(),
            version: version.clone(),
            kind: resource.kind,
            plural: resource.name,
            namespaced: resource.namespaced,
        }));
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

#[cfg(test)]
mod tests {
    use super::can_be_served;

    #[test]
    fn only_names_that_kubernetes_allows_can_be_served() {
        for (group, version) in [("", "v1"), ("apps", "v1"), ("cert-manager.io", "v1alpha2"), ("k3s.cattle.io", "2")] {
            assert!(can_be_served(group, version), "{group}/{version}");
        }
        for (group, version) in [
            ("", "{{ .x }}"),
            ("", ""),
            ("", "v1/.."),
            ("..", "v1"),
            ("a b", "v1"),
            ("apps", "v 1"),
            ("Apps", "v1"),
            ("a.", "v1"),
            ("-a", "v1"),
            ("apps", "v1?x"),
            ("apps", "v1%2f"),
        ] {
            assert!(!can_be_served(group, version), "{group}/{version}");
        }
    }
}
