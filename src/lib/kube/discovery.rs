//! Which kinds a cluster serves, by its discovery API (`/api/<version>` and `/apis/<group>/<version>`).

use crate::error::{Error, ErrorKind, Result};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

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
    /// For the whole answer.
    pub timeout: Duration,
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
/// # Errors
/// The kubeconfig cannot be used, or the cluster cannot be asked ([`ErrorKind::Environment`]), or not in time
/// ([`ErrorKind::Timeout`]).
pub fn served_kinds(access: &ClusterAccess, group_versions: &BTreeSet<(String, String)>) -> Result<Vec<ServedKind>> {
    let wanted: Vec<(String, String)> =
        group_versions.iter().filter(|(group, version)| can_be_served(group, version)).cloned().collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let kubeconfig = read_kubeconfigs(&access.kubeconfigs)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| environment("cannot start the network client").with_source(cause))?;
    runtime.block_on(async {
        let asked = ask(kubeconfig, access.context.clone(), &wanted);
        match tokio::time::timeout(access.timeout, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                format!("the cluster did not answer within {} seconds", access.timeout.as_secs()),
            )
            .with_hint("check the server address in the kubeconfig, or leave out --discovery")),
        }
    })
}

fn environment(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Environment, message)
}

fn read_kubeconfigs(paths: &[PathBuf]) -> Result<Kubeconfig> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths {
        if !path.exists() {
            continue;
        }
        let unusable = |cause| {
            environment(format!("cannot use the kubeconfig {}", path.display()))
                .with_source(anyhow::Error::new(cause))
                .with_hint("check it with `kubectl config view`, or name another with --kubeconfig")
        };
        let next = Kubeconfig::read_from(path).map_err(unusable)?;
        merged = Some(match merged {
            None => next,
            Some(first) => first.merge(next).map_err(unusable)?,
        });
    }
    merged.ok_or_else(|| {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        environment(format!("cannot ask a cluster: there is no kubeconfig at {}", names.join(", ")))
            .with_hint("name one with --kubeconfig, or set KUBECONFIG")
    })
}

async fn ask(kubeconfig: Kubeconfig, context: Option<String>, wanted: &[(String, String)]) -> Result<Vec<ServedKind>> {
    let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|cause| {
        environment("cannot use the kubeconfig").with_source(cause).with_hint("check it with `kubectl config view`")
    })?;
    let server = config.cluster_url.to_string();
    let client = Client::try_from(config)
        .map_err(|cause| environment(format!("cannot connect to {server}")).with_source(cause))?;
    let mut kinds = Vec::new();
    for (group, version) in wanted {
        let group_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        let answer = if group.is_empty() {
            client.list_core_api_resources(version).await
        } else {
            client.list_api_group_resources(&group_version).await
        };
        let resources = match answer {
            Ok(list) => list.resources,
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            Err(cause) => return Err(unanswered(&server, &group_version, cause)),
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

fn unanswered(server: &str, group_version: &str, cause: kube::Error) -> Error {
    let (message, hint) = match &cause {
        kube::Error::Api(status) if status.code == 401 => {
            (format!("{server} does not accept the credentials (401)"), "log in again, or use another context")
        }
        kube::Error::Api(status) if status.code == 403 => (
            format!("{server} does not allow to ask for {group_version} (403)"),
            "use a user with the role system:discovery",
        ),
        kube::Error::Api(status) => (
            format!("{server} cannot tell the kinds of {group_version} ({})", status.code),
            "the API server behind this group may be down; name the scopes with --gvk-scope instead",
        ),
        _ => (
            format!("cannot reach the cluster at {server}"),
            "check the server address and the certificates in the kubeconfig, or leave out --discovery",
        ),
    };
    environment(message).with_source(cause).with_hint(hint)
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
