//! How a cluster is synced: pairs of a GitRepository (where from, at which revision) and a Kustomization that takes its
//! manifests from it. Rules of Flux: of several revisions commit counts most, then name, semver, tag and branch.

use crate::manifest::content::Item;
use crate::problem::Location;
use serde_json::Value;

/// The group of sources.
pub const SOURCE: &str = "source.toolkit.fluxcd.io";
/// The group of Flux's Kustomizations.
pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
/// The group of Helm releases.
pub const HELM: &str = "helm.toolkit.fluxcd.io";
/// The namespace of Flux, and the name of its own sync.
pub const FLUX_SYSTEM: &str = "flux-system";

/// A value, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub location: Location,
}

/// Where an object stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its file, relative to the repository.
    pub file: String,
    /// The number of its document, from 0, counting empty ones too.
    pub document: usize,
    /// Where it is in its document: empty except for items of lists.
    pub prefix: Vec<String>,
    /// Where it starts.
    pub location: Location,
}

/// Name and namespace of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// A GitRepository.
#[derive(Debug, Clone)]
pub struct GitRepository {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub id: ObjectName,
    /// Where it fetches from.
    pub url: Option<Located<String>>,
    /// Which revision it fetches.
    pub reference: Reference,
    /// How often it looks.
    pub interval: Option<Located<String>>,
    /// The Secret it logs in with.
    pub secret: Option<Located<String>>,
    /// The files that it leaves out, in the form of `.gitignore`.
    pub ignore: Option<Located<String>>,
}

/// The revision of a GitRepository, as it is written.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Where it is written; where there is none, the object's spec.
    pub location: Location,
    /// `ref.branch`.
    pub branch: Option<Located<String>>,
    /// `ref.tag`.
    pub tag: Option<Located<String>>,
    /// `ref.semver`.
    pub semver: Option<Located<String>>,
    /// `ref.name`.
    pub name: Option<Located<String>>,
    /// `ref.commit`.
    pub commit: Option<Located<String>>,
}

/// The revision that takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// A commit.
    Commit(String),
    /// A reference by its full name.
    Name(String),
    /// The newest tag in a range of versions.
    Semver(String),
    /// A tag.
    Tag(String),
    /// The tip of a branch: no pin at all.
    Branch(String),
}

/// A Kustomization of Flux.
#[derive(Debug, Clone)]
pub struct Kustomization {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub id: ObjectName,
    /// The folder that it applies, as it is written.
    pub path: Option<Located<String>>,
    /// Where it takes its manifests from.
    pub source: Option<Source>,
    /// Its patches, as they are written.
    pub patches: Vec<Value>,
    /// Whether it removes what is not in git any more.
    pub prune: Option<Located<bool>>,
    /// Whether it waits until its objects are ready.
    pub waits: bool,
    /// Whether it looks at the health of named objects.
    pub has_health_checks: bool,
    /// The Kustomizations that have to be ready first.
    pub depends_on: Vec<Located<ObjectName>>,
    /// How often it applies.
    pub interval: Option<Located<String>>,
    /// What becomes of its objects when it is deleted.
    pub deletion_policy: Option<Located<String>>,
    /// Where it says how to decrypt.
    pub decryption: Option<Location>,
}

/// A reference to a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub id: ObjectName,
    /// Where it is written.
    pub location: Location,
}

/// A Kustomization with the source of its manifests.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The Kustomization.
    pub kustomization: Kustomization,
    /// The GitRepository that it takes its manifests from, if the cluster's folder has it.
    pub repository: Option<GitRepository>,
    /// A GitRepository beside it that nothing uses: what is pinned there has no effect.
    pub unused: Option<GitRepository>,
}

impl ObjectName {
    /// Whether this is the name of Flux's own sync.
    pub fn is_flux_system(&self) -> bool {
        self.name == FLUX_SYSTEM && (self.namespace.is_empty() || self.namespace == FLUX_SYSTEM)
    }
}

impl Pair {
    /// The revision that takes effect, if it is known.
    pub fn pin(&self) -> Option<Pin> {
        self.repository.as_ref().map(|repository| repository.reference.pin())
    }
}

impl Pin {
    /// Whether the manifests can change without a change of the pin.
    pub fn is_moving(&self) -> bool {
        matches!(self, Pin::Branch(_) | Pin::Semver(_))
    }
}

impl Reference {
    /// The revision that takes effect.
    pub fn pin(&self) -> Pin {
        let text = |field: &Option<Located<String>>| field.as_ref().map(|field| field.value.clone());
        let commit = text(&self.commit).map(Pin::Commit);
        let others = || text(&self.name).map(Pin::Name).or_else(|| text(&self.semver).map(Pin::Semver));
        let last = || text(&self.tag).map(Pin::Tag).or_else(|| text(&self.branch).map(Pin::Branch));
        commit.or_else(others).or_else(last).unwrap_or_else(|| Pin::Branch("master".to_owned()))
    }
}

impl Origin {
    /// Where an object stands.
    pub fn of(item: &Item<'_>) -> Origin {
        Origin {
            file: item.file.to_owned(),
            document: item.document.number,
            prefix: item.path(&[]),
            location: item.location(&[]),
        }
    }

    /// The path of a field in the document.
    pub fn path(&self, path: &[&str]) -> Vec<String> {
        self.prefix.iter().cloned().chain(path.iter().map(|part| (*part).to_owned())).collect()
    }
}

fn placed_text(item: &Item<'_>, path: &[&str]) -> Option<Located<String>> {
    let text = item.text(path).filter(|text| !text.is_empty())?;
    Some(Located { value: text.to_owned(), location: item.location(path) })
}

fn name_of(item: &Item<'_>) -> ObjectName {
    ObjectName { namespace: item.namespace().to_owned(), name: item.name().to_owned() }
}

impl GitRepository {
    /// Reads one; nothing if the object is another.
    pub fn read(item: &Item<'_>) -> Option<GitRepository> {
        if !item.is(SOURCE, "GitRepository") {
            return None;
        }
        let field = |name: &str| placed_text(item, &["spec", "ref", name]);
        let there = if item.get(&["spec", "ref"]).is_some() {
            item.key_location(&["spec", "ref"])
        } else {
            item.key_location(&["spec"])
        };
        Some(GitRepository {
            origin: Origin::of(item),
            id: name_of(item),
            url: placed_text(item, &["spec", "url"]),
            reference: Reference {
                location: there,
                branch: field("branch"),
                tag: field("tag"),
                semver: field("semver"),
                name: field("name"),
                commit: field("commit"),
            },
            interval: placed_text(item, &["spec", "interval"]),
            secret: placed_text(item, &["spec", "secretRef", "name"]),
            ignore: placed_text(item, &["spec", "ignore"]),
        })
    }
}

impl Kustomization {
    /// Reads one; nothing if the object is another.
    pub fn read(item: &Item<'_>) -> Option<Kustomization> {
        if !item.is(KUSTOMIZE, "Kustomization") {
            return None;
        }
        let id = name_of(item);
        let depends_on = item.list(&["spec", "dependsOn"]).iter().enumerate().filter_map(|(number, value)| {
            let text = |key: &str| value.get(key).and_then(Value::as_str);
            let namespace = text("namespace").unwrap_or(&id.namespace).to_owned();
            let value = ObjectName { namespace, name: text("name")?.to_owned() };
            Some(Located { value, location: item.location(&["spec", "dependsOn", &number.to_string()]) })
        });
        let health_checks = [["spec", "healthChecks"], ["spec", "healthCheckExprs"]];
        let prune = item.get(&["spec", "prune"]).and_then(Value::as_bool);
        let has_decryption = item.get(&["spec", "decryption"]).is_some();
        Some(Kustomization {
            origin: Origin::of(item),
            path: placed_text(item, &["spec", "path"]),
            source: read_source(item, &["spec", "sourceRef"], &id.namespace),
            patches: item.list(&["spec", "patches"]).to_vec(),
            prune: prune.map(|value| Located { value, location: item.location(&["spec", "prune"]) }),
            waits: item.get(&["spec", "wait"]).and_then(Value::as_bool).unwrap_or(false),
            has_health_checks: health_checks.iter().any(|path| !item.list(path).is_empty()),
            depends_on: depends_on.collect(),
            interval: placed_text(item, &["spec", "interval"]),
            deletion_policy: placed_text(item, &["spec", "deletionPolicy"]),
            decryption: has_decryption.then(|| item.key_location(&["spec", "decryption"])),
            id,
        })
    }
}

/// The source that a field of an object names.
pub fn read_source(item: &Item<'_>, path: &[&str], namespace: &str) -> Option<Source> {
    let text = |key: &str| item.text(&[path, &[key]].concat());
    let namespace = text("namespace").unwrap_or(namespace).to_owned();
    let id = ObjectName { namespace, name: text("name")?.to_owned() };
    Some(Source { kind: text("kind").unwrap_or("GitRepository").to_owned(), id, location: item.location(path) })
}

/// All sources that an object names, wherever it does.
pub fn named_sources(item: &Item<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Value> = item.get(&["spec"]).into_iter().collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(map) => {
                for key in ["sourceRef", "chartRef"] {
                    let text = |inner: &str| map.get(key)?.get(inner)?.as_str().map(str::to_owned);
                    if let (Some(kind), Some(name)) = (text("kind"), text("name")) {
                        found.push((kind, name));
                    }
                }
                waiting.extend(map.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    // A GitRepository can include others.
    for include in item.list(&["spec", "include"]) {
        let name = include.get("repository").and_then(|repository| repository.get("name")).and_then(Value::as_str);
        found.extend(name.map(|name| ("GitRepository".to_owned(), name.to_owned())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::content::Content;

    fn mk_reference(text: &str) -> Reference {
        let text =
            format!("apiVersion: {SOURCE}/v1\nkind: GitRepository\nmetadata: {{name: a}}\nspec: {{ref: {text}}}\n");
        let content = Content::parse(text.as_bytes());
        let item = content.items("a.yaml").next().expect("an item");
        GitRepository::read(&item).expect("a repository").reference
    }

    #[test]
    fn the_pin_is_what_flux_takes() {
        for (text, expected) in [
            ("{branch: main, commit: abc}", Pin::Commit("abc".into())),
            ("{tag: v1, semver: 1.x, name: refs/heads/a}", Pin::Name("refs/heads/a".into())),
            ("{branch: main, tag: v1, semver: 1.x}", Pin::Semver("1.x".into())),
            ("{branch: main, tag: v1}", Pin::Tag("v1".into())),
            ("{branch: main}", Pin::Branch("main".into())),
            ("{}", Pin::Branch("master".into())),
        ] {
            assert_eq!(mk_reference(text).pin(), expected, "{text}");
        }
        assert_eq!(mk_reference("{branch: main}").branch.expect("a branch").location.to_string(), "a.yaml:4:22");
    }
}
