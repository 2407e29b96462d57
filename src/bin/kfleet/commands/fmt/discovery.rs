//! `--discovery`: which cluster to ask.

use super::LayoutArgs;
use crate::context::Context;
use kfleet::error::Error;
use kfleet::kube::discovery::ClusterAccess;
use kfleet::manifest::gvk::Gvk;
use kfleet::manifest::scopes::Scope;
use kfleet::ops::fmt::layout::served_kinds;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a cluster may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn discover(
    args: &LayoutArgs,
    context: &Context,
    group_versions: &BTreeSet<(String, String)>,
) -> Result<Vec<(Gvk, Scope, String)>, Error> {
    let kubeconfigs = match &args.kubeconfig {
        Some(path) => vec![context.path(path)],
        None => context.kubeconfigs.clone(),
    };
    let access = ClusterAccess {
        kubeconfigs,
        context: args.context.clone(),
        timeout: TIMEOUT,
        proxies: kfleet::proxy::Proxies::from_environment(&context.environment),
    };
    let served = served_kinds(&access, group_versions)?;
    Ok(served
        .into_iter()
        .map(|kind| {
            let scope = if kind.namespaced { Scope::Namespaced } else { Scope::Cluster };
            (Gvk::new(&kind.group, &kind.version, &kind.kind), scope, kind.plural)
        })
        .collect())
}
