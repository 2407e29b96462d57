//! What is known about kinds: from the inputs, from flags and files, from the built-in table, from a cluster.

use super::gather::Gathered;
use crate::manifest::gvk::Gvk;
use crate::manifest::scopes::{Scope, Scopes};
use crate::problem::{Location, Problem};
use std::collections::{BTreeMap, BTreeSet};

/// Where a person can name scopes: what the hint about unknown kinds says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Remedy {
    /// On the command line.
    #[default]
    Flags,
    FleetFile,
}

/// Where scopes come from, besides the inputs.
#[derive(Debug, Clone, Default)]
pub struct ScopeSources {
    /// Where a person can name more.
    pub remedy: Remedy,
    /// `--gvk-scope` values.
    pub flags: Vec<String>,
    /// Name and text of a saved `kubectl api-resources`.
    pub api_resources: Option<(String, String)>,
    /// Name and text of a saved `kubectl api-versions`.
    pub api_versions: Option<(String, String)>,
    /// Kinds that a cluster serves.
    pub discovered: Vec<(Gvk, Scope, String)>,
}

impl ScopeSources {
    /// All that is known. Problems are added to `problems`.
    pub fn scopes(&self, gathered: &Gathered, problems: &mut Vec<Problem>) -> Scopes {
        let mut scopes = Scopes::new();
        for crd in &gathered.crds {
            if let Err(conflict) = scopes.add_crd(crd.clone()) {
                problems.push(conflict.to_problem());
            }
        }
        for flag in &self.flags {
            if let Err(message) = scopes.add_flag(flag) {
                let hint = "write Kind.group/version:Cluster or Kind.group/version:Namespaced";
                problems.push(Problem::error(Location::of_file("--gvk-scope"), message).with_hint(hint));
            }
        }
        if let Some((name, text)) = &self.api_resources {
            problems.extend(scopes.add_api_resources(text, name).err().unwrap_or_default());
            if let Some((name, text)) = &self.api_versions {
                problems.extend(scopes.add_api_versions(text, name).err().unwrap_or_default());
            }
        }
        scopes.add_discovered(self.discovered.iter().cloned());
        scopes
    }
}

/// Whether `--filter` names the kind: `Kind.group`, or `Kind` in the core group.
pub fn is_filtered(gvk: &Gvk, filter: &[String]) -> bool {
    filter.iter().any(|wanted| match wanted.split_once('.') {
        Some((kind, group)) => *kind == *gvk.kind && *group == *gvk.group,
        None => *wanted == *gvk.kind && gvk.group.is_empty(),
    })
}

/// Warns of values of `--filter` that leave nothing out, but nearly name a kind of the inputs.
pub(super) fn near_misses(gathered: &Gathered, filter: &[String]) -> Vec<Problem> {
    if filter.is_empty() {
        return Vec::new();
    }
    let kinds: BTreeSet<&Gvk> = gathered.entries.iter().map(|entry| &entry.object.gvk).collect();
    let mut problems = Vec::new();
    for wanted in filter {
        let kind = wanted.split_once('.').map_or(wanted.as_str(), |(kind, _)| kind);
        let hit = kinds.iter().any(|gvk| is_filtered(gvk, std::slice::from_ref(wanted)));
        let near: BTreeSet<String> = kinds
            .iter()
            .filter(|gvk| !hit && gvk.kind.eq_ignore_ascii_case(kind))
            .map(|gvk| if gvk.group.is_empty() { gvk.kind.to_string() } else { format!("{}.{}", gvk.kind, gvk.group) })
            .collect();
        if !near.is_empty() {
            let near: Vec<String> = near.into_iter().collect();
            let warning = Problem::warning(Location::of_file("--filter"), format!("{wanted} leaves nothing out"));
            problems.push(warning.with_hint(format!("the inputs have {}", near.join(", "))));
        }
    }
    problems
}

/// One error for all unknown kinds, with the first place of each and the flags that would solve it.
pub(super) fn unknown_kinds(unknown: &BTreeMap<Gvk, Vec<Location>>, remedy: Remedy) -> Option<Problem> {
    let (_, positions) = unknown.iter().next()?;
    let mut message = if unknown.len() == 1 {
        "could not find REST mapping for one kind, so its scope is not known:".to_owned()
    } else {
        format!("could not find REST mapping for {} kinds, so their scopes are not known:", unknown.len())
    };
    for (gvk, positions) in unknown {
        message += &format!("\n  resource {gvk}, at {}", positions[0]);
        if positions.len() > 1 {
            message += &format!(" and {} more", positions.len() - 1);
        }
    }
    let names: Vec<String> = unknown
        .keys()
        .map(|gvk| {
            let group = if gvk.group.is_empty() { String::new() } else { format!(".{}/", gvk.group) };
            let dot = if gvk.group.is_empty() { "." } else { "" };
            format!("{}{group}{dot}{}:Namespaced", gvk.kind, gvk.version)
        })
        .collect();
    let hint = match remedy {
        Remedy::Flags => format!(
            "add the CustomResourceDefinitions to the inputs, ask a cluster with --discovery, or name the scopes \
             (Namespaced or Cluster): --gvk-scope {}",
            names.join(" --gvk-scope ")
        ),
        Remedy::FleetFile => format!(
            "add the CustomResourceDefinitions to the addon's sources, or name the scopes (Namespaced or Cluster) in its \
             format: scopes: [{}]",
            names.join(", ")
        ),
    };
    Some(Problem::error(positions[0].clone(), message).with_hint(hint))
}
