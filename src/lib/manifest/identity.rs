//! The identity of an object: group, version, kind, namespace and name. It is read from the tape once; the rest of the
//! object stays text.

use super::gvk::{Gvk, GvkError};
use super::namespaces::ANNOTATION;
use super::source::Source;
use crate::yaml::resolve::{self, Value};
use crate::yaml::scalar;
use crate::yaml::tape::Kind;

/// What an object says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub gvk: Gvk,
    /// `metadata.name`; `None` when it is absent, null or empty.
    pub name: Option<String>,
    /// `metadata.namespace`; `None` when it is absent, null or empty.
    pub namespace: Option<String>,
    /// Whether `metadata.namespace` is written at all.
    pub has_namespace: bool,
    /// The annotation `kfmt.dev/namespaces`.
    pub namespaces: Option<String>,
    /// Whether the API server makes the name: `metadata.generateName` in its place.
    pub generates_name: bool,
}

/// Why a document is not an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityError {
    /// Byte offset in the text.
    pub offset: usize,
    pub message: String,
    /// Whether the document is YAML of another sort: it has no kind or no apiVersion, or is not a mapping.
    pub is_other_yaml: bool,
}

impl Source<'_> {
    /// The text of a scalar; `Ok(None)` for null.
    fn text(&self, node: usize, what: &str) -> Result<Option<String>, IdentityError> {
        let node = self.resolve(node);
        let token = self.token(node);
        let not_text = |found: &str| IdentityError {
            offset: token.start as usize,
            message: format!("{what} is {found}, not text"),
            is_other_yaml: false,
        };
        match token.kind {
            Kind::Map => Err(not_text("a mapping")),
            Kind::Seq => Err(not_text("a list")),
            Kind::Null => Ok(None),
            _ => {
                let text = scalar::decode(self.tape, self.bytes, token, self.json)
                    .map_err(|error| IdentityError {
                        offset: token.start as usize + error.offset,
                        message: error.message.to_owned(),
                        is_other_yaml: false,
                    })?
                    .into_owned();
                let tagged_text = node > 0 && self.token(node - 1).kind == Kind::Tag;
                if token.kind != Kind::Plain || tagged_text {
                    return Ok(Some(text));
                }
                match resolve::v2(&text) {
                    Value::Str(_) => Ok(Some(text.clone())),
                    Value::Null => Ok(None),
                    Value::Bool(_) => Err(not_text(&format!("the boolean `{text}`"))),
                    Value::Int(_) | Value::Float(_) => Err(not_text(&format!("the number `{text}`"))),
                }
            }
        }
    }

    /// The text of a field; null and empty text count as absent.
    pub(super) fn field(&self, map: usize, key: &str, what: &str) -> Result<Option<String>, IdentityError> {
        let Some(value) = self.get(map, key) else { return Ok(None) };
        Ok(self.text(value, what)?.filter(|text| !text.is_empty()))
    }

    /// The items of a list object (any kind that ends in `List` with a list of items); `None` for other objects.
    pub fn list_items(&self, node: usize) -> Option<Vec<usize>> {
        if self.token(node).kind != Kind::Map {
            return None;
        }
        let kind = self.field(node, "kind", "kind").ok().flatten()?;
        let items = self.resolve(self.get(node, "items")?);
        (kind.ends_with("List") && self.token(items).kind == Kind::Seq).then(|| self.tape.items(items).collect())
    }

    /// Whether SOPS has encrypted the object at `node`. It signs the values of a file in their order (its MAC): one that
    /// is changed, moved or left out cannot be decrypted any more.
    pub fn is_encrypted(&self, node: usize) -> bool {
        let sops = self.get(node, "sops");
        sops.is_some_and(|sops| self.get(sops, "mac").is_some())
    }

    /// Reads the object at `node`.
    ///
    /// # Errors
    /// It is not an object, or its identity is not text.
    pub fn object(&self, node: usize) -> Result<Identity, IdentityError> {
        let node = self.resolve(node);
        let token = self.token(node);
        let other = |message: &str| IdentityError {
            offset: token.start as usize,
            message: message.to_owned(),
            is_other_yaml: true,
        };
        if token.kind != Kind::Map {
            let found = if token.kind == Kind::Seq { "a list" } else { "a single value" };
            return Err(other(&format!("this document is {found}, not a mapping")));
        }
        let kind = self.field(node, "kind", "kind")?.unwrap_or_default();
        let api_version = self.field(node, "apiVersion", "apiVersion")?.unwrap_or_default();
        let gvk = Gvk::parse(&api_version, &kind).map_err(|error| {
            let mut problem = other(&error.to_string());
            problem.is_other_yaml = !matches!(error, GvkError::Malformed(_));
            problem
        })?;
        let mut object = Identity {
            gvk,
            name: None,
            namespace: None,
            has_namespace: false,
            namespaces: None,
            generates_name: false,
        };
        if let Some(metadata) = self.get(node, "metadata") {
            object.name = self.field(metadata, "name", "metadata.name")?;
            object.generates_name = object.name.is_none() && self.get(metadata, "generateName").is_some();
            object.has_namespace = self.get(metadata, "namespace").is_some();
            object.namespace = self.field(metadata, "namespace", "metadata.namespace")?;
            if let Some(annotations) = self.get(metadata, "annotations")
                && let Some(value) = self.get(annotations, ANNOTATION)
            {
                let text = self.text(value, &format!("the annotation {ANNOTATION}"))?;
                object.namespaces = Some(text.unwrap_or_default());
            }
        }
        Ok(object)
    }
}
