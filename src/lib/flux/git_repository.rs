//! GitRepositories: where manifests are fetched from, and at which revision. Of several revisions Flux takes commit first,
//! then name, semver, tag and branch.

use super::names::{ObjectName, SOURCE};
use crate::manifest::{Located, Manifest, Origin};
use crate::problem::Location;

#[derive(Debug, Clone)]
pub struct GitRepository {
    pub origin: Origin,
    pub id: ObjectName,
    pub url: Option<Located<String>>,
    /// Which revision it fetches.
    pub reference: Reference,
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
    pub branch: Option<Located<String>>,
    pub tag: Option<Located<String>>,
    pub semver: Option<Located<String>>,
    pub name: Option<Located<String>>,
    pub commit: Option<Located<String>>,
}

/// The revision that takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    Commit(String),
    /// A reference by its full name.
    Name(String),
    /// The newest tag in a range of versions.
    Semver(String),
    Tag(String),
    /// The tip of a branch: no pin at all.
    Branch(String),
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

impl GitRepository {
    /// Reads one; nothing if the object is another.
    pub fn read(object: &Manifest<'_>) -> Option<GitRepository> {
        if !object.is(SOURCE, "GitRepository") {
            return None;
        }
        let field = |name: &str| object.located_text(&["spec", "ref", name]);
        let there = if object.get(&["spec", "ref"]).is_some() {
            object.key_location(&["spec", "ref"])
        } else {
            object.key_location(&["spec"])
        };
        Some(GitRepository {
            origin: object.origin(),
            id: ObjectName::of(object),
            url: object.located_text(&["spec", "url"]),
            reference: Reference {
                location: there,
                branch: field("branch"),
                tag: field("tag"),
                semver: field("semver"),
                name: field("name"),
                commit: field("commit"),
            },
            interval: object.located_text(&["spec", "interval"]),
            secret: object.located_text(&["spec", "secretRef", "name"]),
            ignore: object.located_text(&["spec", "ignore"]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ManifestFile;

    fn mk_reference(text: &str) -> Reference {
        let text =
            format!("apiVersion: {SOURCE}/v1\nkind: GitRepository\nmetadata: {{name: a}}\nspec: {{ref: {text}}}\n");
        let file = ManifestFile::parse(text.as_bytes());
        let object = file.manifests("a.yaml").next().expect("an object");
        GitRepository::read(&object).expect("a repository").reference
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
