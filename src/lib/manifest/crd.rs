//! What a CustomResourceDefinition says about its kind, read from its tape. It weighs nothing: that is for [`super::scopes`].

use super::identity::IdentityError;
use super::scope::Scope;
use super::source::Source;
use crate::problem::Location;
use crate::yaml::tape::Kind;

/// What a CustomResourceDefinition says about its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrdFacts {
    /// `spec.group`, not empty.
    pub group: String,
    /// `spec.names.kind`, not empty.
    pub kind: String,
    /// `spec.names.plural`, where there is one.
    pub plural: Option<String>,
    pub scope: Scope,
    /// The names in `spec.versions`, or `spec.version` where that list is empty.
    pub versions: Vec<String>,
    /// The document that holds it.
    pub origin: Location,
}

impl CrdFacts {
    /// Checks what was read from a CustomResourceDefinition; absent fields are given as empty texts. As in kfmt, a
    /// scope other than `Namespaced` is the cluster. The errors are kfmt's.
    pub fn new(
        group: &str,
        kind: &str,
        plural: &str,
        scope: &str,
        versions: Vec<String>,
        origin: Location,
    ) -> Result<Self, &'static str> {
        if group.is_empty() {
            return Err("group is empty");
        }
        if kind.is_empty() {
            return Err("CRD kind is empty");
        }
        if scope.is_empty() {
            return Err("scope is empty");
        }
        Ok(CrdFacts {
            group: group.to_owned(),
            kind: kind.to_owned(),
            plural: (!plural.is_empty()).then(|| plural.to_owned()),
            scope: Scope::parse(scope).unwrap_or(Scope::Cluster),
            versions,
            origin,
        })
    }
}

impl Source<'_> {
    /// What a CustomResourceDefinition defines.
    ///
    /// # Errors
    /// kfmt's words for what is missing.
    pub fn crd(&self, node: usize, origin: Location) -> Result<CrdFacts, IdentityError> {
        let node = self.resolve(node);
        let spec = self.get(node, "spec");
        let get = |map: Option<usize>, key: &str| -> Result<String, IdentityError> {
            map.map_or(Ok(None), |map| self.field(map, key, key)).map(Option::unwrap_or_default)
        };
        let names = spec.and_then(|spec| self.get(spec, "names"));
        let mut versions = Vec::new();
        if let Some(list) = spec.and_then(|spec| self.get(spec, "versions")) {
            let list = self.resolve(list);
            if self.token(list).kind == Kind::Seq {
                for item in self.tape.items(list) {
                    versions.extend(self.field(item, "name", "the version's name")?);
                }
            }
        }
        if versions.is_empty() {
            versions.extend(Some(get(spec, "version")?).filter(|version| !version.is_empty()));
        }
        let (group, kind, plural, scope) =
            (get(spec, "group")?, get(names, "kind")?, get(names, "plural")?, get(spec, "scope")?);
        CrdFacts::new(&group, &kind, &plural, &scope, versions, origin).map_err(|message| IdentityError {
            offset: self.token(node).start as usize,
            message: message.to_owned(),
            is_other_yaml: false,
        })
    }
}
