//! Whether the objects of a kind live in namespaces, and what the API calls their resource. Facts come from the
//! `--gvk-scope` flag, from CustomResourceDefinitions, from cached `kubectl api-resources` output, from the built-in
//! table and from a cluster's discovery, in this order of precedence (kfmt's). This module only weighs them: it reads
//! no file and asks no cluster.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::api_resources;
use super::crd::CrdFacts;
use super::gvk::{Gvk, parse_api_version};
use super::kinds;
pub use super::scope::Scope;
use crate::problem::Problem;

/// The source of what is known about a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Via {
    /// `--gvk-scope`.
    Flag,
    /// A CustomResourceDefinition among the inputs.
    Crd,
    ApiResources,
    /// The table of Kubernetes' own kinds.
    Builtin,
    /// The discovery API of a cluster.
    Discovery,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindInfo<'a> {
    pub scope: Scope,
    /// The name of its resource in the API; none when no source has it. It may come from a source below `via`: a
    /// flag names the scope only.
    pub plural: Option<Cow<'a, str>>,
    /// Which source has the scope.
    pub via: Via,
    /// False when the scope is known for another version of the same group and kind only.
    pub exact: bool,
}

/// Two CustomResourceDefinitions that say different things about one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeConflict {
    /// The one that comes first by place.
    pub first: Box<CrdFacts>,
    pub second: Box<CrdFacts>,
}

/// All that is known about kinds. [`Scopes::lookup`] answers from the highest source that knows.
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    flags: Index,
    crds: Index,
    api_resources: Index,
    discovered: Index,
    /// The first CRD of each group and kind.
    crd_facts: BTreeMap<(String, String), CrdFacts>,
}

/// What one source says of one version of a kind.
#[derive(Debug, Clone)]
struct Entry {
    version: String,
    scope: Scope,
    plural: Option<String>,
}

/// Group, then kind, to entries in the order of their versions.
type Index = BTreeMap<String, BTreeMap<String, Vec<Entry>>>;

impl Scopes {
    /// Knows the built-in table only.
    pub fn new() -> Self {
        Scopes::default()
    }

    /// Adds what a CustomResourceDefinition says. Several for one kind may each add versions, but must agree on scope
    /// and plural; one that does not is left out.
    pub fn add_crd(&mut self, crd: CrdFacts) -> Result<(), ScopeConflict> {
        let key = (crd.group.clone(), crd.kind.clone());
        if let Some(known) = self.crd_facts.get(&key)
            && (known.scope != crd.scope || matches!((&known.plural, &crd.plural), (Some(a), Some(b)) if a != b))
        {
            let (first, second) = if known.origin <= crd.origin { (known.clone(), crd) } else { (crd, known.clone()) };
            return Err(ScopeConflict { first: Box::new(first), second: Box::new(second) });
        }
        // Without a version the kind is still known, for any version.
        let unversioned = [String::new()];
        for version in if crd.versions.is_empty() { &unversioned[..] } else { &crd.versions } {
            let entry = Entry { version: version.clone(), scope: crd.scope, plural: crd.plural.clone() };
            insert(&mut self.crds, &crd.group, &crd.kind, entry);
        }
        let known = self.crd_facts.entry(key).or_insert_with(|| crd.clone());
        known.plural = known.plural.take().or(crd.plural);
        known.origin = known.origin.clone().min(crd.origin);
        Ok(())
    }

    /// Adds the value of a `--gvk-scope` flag: `Kind.group/version:Cluster`, or `Kind.v1:Namespaced` in the core
    /// group. The last flag for a version of a kind counts. The errors are kfmt's.
    pub fn add_flag(&mut self, text: &str) -> Result<(), String> {
        let (gvk, scope) = text.split_once(':').ok_or_else(|| format!("failed to parse GVK scope: {text}"))?;
        let scope = Scope::parse(scope).ok_or_else(|| format!("unrecognised scope {scope}"))?;
        let failed = || format!("failed to parse GVK: {gvk}");
        let (kind, api_version) = gvk.split_once('.').ok_or_else(failed)?;
        if kind.is_empty() || api_version.is_empty() {
            return Err(failed());
        }
        let (group, version) = parse_api_version(api_version).map_err(|error| error.to_string())?;
        let entries = self.flags.entry(group.to_owned()).or_default().entry(kind.to_owned()).or_default();
        entries.retain(|entry| entry.version != version);
        insert(&mut self.flags, group, kind, Entry { version: version.to_owned(), scope, plural: None });
        Ok(())
    }

    /// Adds the output of `kubectl api-resources`, also with `-o wide` or `--no-headers`. `name` is the file's, for
    /// problems. Nothing is added when there is a problem.
    pub fn add_api_resources(&mut self, text: &str, name: &str) -> Result<(), Vec<Problem>> {
        for row in api_resources::parse_api_resources(text, name)? {
            let plural = Some(row.plural.to_owned());
            let entry = Entry { version: row.version.to_owned(), scope: row.scope, plural };
            insert(&mut self.api_resources, row.group, row.kind, entry);
        }
        Ok(())
    }

    /// Adds the output of `kubectl api-versions`, after that of `kubectl api-resources`: every version that it names
    /// is added to the kinds which that file has for the group. Nothing is added when there is a problem.
    pub fn add_api_versions(&mut self, text: &str, name: &str) -> Result<(), Vec<Problem>> {
        for (group, version) in api_resources::parse_api_versions(text, name)? {
            let Some(kinds) = self.api_resources.get_mut(group) else { continue };
            for entries in kinds.values_mut() {
                if let Some(known) = entries.first().cloned() {
                    insert_entry(entries, Entry { version: version.to_owned(), ..known });
                }
            }
        }
        Ok(())
    }

    /// Adds what a cluster serves: each kind with its scope and plural. The first word on a kind counts.
    pub fn add_discovered(&mut self, kinds: impl IntoIterator<Item = (Gvk, Scope, String)>) {
        for (gvk, scope, plural) in kinds {
            let entry = Entry { version: gvk.version.to_string(), scope, plural: Some(plural) };
            insert(&mut self.discovered, &gvk.group, &gvk.kind, entry);
        }
    }

    /// What is known about a kind: by the highest source that has this very version, else by the highest that has
    /// another version of the same group and kind. None when no source knows the kind.
    pub fn lookup(&self, gvk: &Gvk) -> Option<KindInfo<'_>> {
        let known = || {
            let entries = |index, via| entries_of(index, gvk).iter().map(move |entry: &Entry| (via, entry.as_claim()));
            let builtin = kinds::versions_of(&gvk.group, &gvk.kind)
                .iter()
                .map(|row| (Via::Builtin, Claim { version: row.version, scope: row.scope, plural: Some(row.plural) }));
            entries(&self.flags, Via::Flag)
                .chain(entries(&self.crds, Via::Crd))
                .chain(entries(&self.api_resources, Via::ApiResources))
                .chain(builtin)
                .chain(entries(&self.discovered, Via::Discovery))
        };
        let is_exact = |claim: &Claim<'_>| *claim.version == *gvk.version;
        let (via, claim) = known().find(|(_, claim)| is_exact(claim)).or_else(|| known().next())?;
        let plural = known()
            .filter(|(_, claim)| is_exact(claim))
            .find_map(|(_, claim)| claim.plural)
            .or_else(|| known().find_map(|(_, claim)| claim.plural));
        Some(KindInfo { scope: claim.scope, plural: plural.map(Cow::Borrowed), via, exact: is_exact(&claim) })
    }
}

/// An entry of any source, borrowed.
struct Claim<'a> {
    version: &'a str,
    scope: Scope,
    plural: Option<&'a str>,
}

impl Entry {
    fn as_claim(&self) -> Claim<'_> {
        Claim { version: &self.version, scope: self.scope, plural: self.plural.as_deref() }
    }
}

fn entries_of<'a>(index: &'a Index, gvk: &Gvk) -> &'a [Entry] {
    index.get(&*gvk.group).and_then(|kinds| kinds.get(&*gvk.kind)).map_or(&[], Vec::as_slice)
}

fn insert(index: &mut Index, group: &str, kind: &str, entry: Entry) {
    insert_entry(index.entry(group.to_owned()).or_default().entry(kind.to_owned()).or_default(), entry);
}

/// Keeps the versions in order, so that the answer for another version does not depend on the order of the inputs.
fn insert_entry(entries: &mut Vec<Entry>, entry: Entry) {
    match entries.binary_search_by(|known| known.version.cmp(&entry.version)) {
        Ok(at) => entries[at].plural = entries[at].plural.take().or(entry.plural),
        Err(at) => entries.insert(at, entry),
    }
}

impl fmt::Display for ScopeConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CrdFacts { group, kind, .. } = &*self.first;
        write!(f, "two CustomResourceDefinitions disagree about {}.{}: ", kind.escape_debug(), group.escape_debug())?;
        let show = |crd: &CrdFacts| {
            let plural = crd.plural.as_deref().unwrap_or("not given").escape_debug();
            format!("{} says scope {}, plural {plural}", crd.origin, crd.scope)
        };
        write!(f, "{}; {}", show(&self.first), show(&self.second))
    }
}

impl std::error::Error for ScopeConflict {}

impl ScopeConflict {
    /// The conflict as a problem at the second definition.
    pub fn to_problem(&self) -> Problem {
        Problem::error(self.second.origin.clone(), self.to_string()).with_hint("keep one of the two definitions")
    }
}

#[cfg(test)]
mod tests;
