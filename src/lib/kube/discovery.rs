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

/// Asks for the named group versions only (`("", "v1")` is the core group). Those that the cluster does not serve are
/// absent from the answer, which is sorted; subresources are left out.
///
/// # Errors
/// The kubeconfig cannot be used, or the cluster cannot be asked ([`ErrorKind::Environment`]), or not in time
/// ([`ErrorKind::Timeout`]).
pub fn served_kinds(access: &ClusterAccess, group_versions: &BTreeSet<(String, String)>) -> Result<Vec<ServedKind>> {
    let kubeconfig = read_kubeconfigs(&access.kubeconfigs)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| environment("cannot start the network client").with_source(cause))?;
    runtime.block_on(async {
        let asked = ask(kubeconfig, access.context.clone(), group_versions);
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

async fn ask(
    kubeconfig: Kubeconfig,
    context: Option<String>,
    group_versions: &BTreeSet<(String, String)>,
) -> Result<Vec<ServedKind>> {
    let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|cause| {
        environment("cannot use the kubeconfig").with_source(cause).with_hint("check it with `kubectl config view`")
    })?;
    let server = config.cluster_url.to_string();
    let client = Client::try_from(config)
        .map_err(|cause| environment(format!("cannot connect to {server}")).with_source(cause))?;
    let mut kinds = Vec::new();
    for (group, version) in group_versions {
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
