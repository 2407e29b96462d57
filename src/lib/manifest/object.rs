//! The identity of an object, read from its tape once; the rest of the object stays text.

use super::gvk::{Gvk, GvkError};
use super::namespaces::ANNOTATION;
use super::scopes::CrdFacts;
use crate::problem::Location;
use crate::yaml::resolve::{self, Value};
use crate::yaml::scalar;
use crate::yaml::tape::{Kind, Tape, Token};

/// A document's text below its tape.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The tokens.
    pub tape: &'a Tape,
    /// The text.
    pub bytes: &'a [u8],
    /// Whether it is JSON.
    pub json: bool,
}

/// What an object says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// `metadata.name`; `None` when it is absent, null or empty.
    pub name: Option<String>,
    /// `metadata.namespace`; `None` when it is absent, null or empty.
    pub namespace: Option<String>,
    /// Whether `metadata.namespace` is written at all.
    pub has_namespace: bool,
    /// The annotation `kfmt.dev/namespaces`.
    pub namespaces: Option<String>,
}

/// Why a document is no object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
    /// Whether the document is YAML of another sort: it has no kind or no apiVersion, or is no mapping.
    pub is_other_yaml: bool,
}

impl<'a> Source<'a> {
    fn token(&self, index: usize) -> Token {
        self.tape.tokens[index]
    }

    /// The node that an alias stands for; other nodes stand for themselves.
    pub fn resolve(&self, node: usize) -> usize {
        let token = self.token(node);
        if token.kind != Kind::Alias {
            return node;
        }
        let name = &self.tape.text(self.bytes, token)[1..];
        (0..node)
            .rev()
            .find(|index| {
                let anchor = self.token(*index);
                anchor.kind == Kind::Anchor && &self.tape.text(self.bytes, anchor)[1..] == name
            })
            .map_or(node, |anchor| self.tape.node_at(anchor))
    }

    /// The value of `key` in the mapping at `map`.
    pub fn get(&self, map: usize, key: &str) -> Option<usize> {
        let map = self.resolve(map);
        if self.token(map).kind != Kind::Map {
            return None;
        }
        self.tape.entries(map).find(|(at, _)| self.is_key(*at, key)).map(|(_, value)| value)
    }

    /// The key token of `key` in the mapping at `map`.
    pub fn key(&self, map: usize, key: &str) -> Option<usize> {
        self.tape.entries(map).find(|(at, _)| self.is_key(*at, key)).map(|(at, _)| at)
    }

    /// The node of a field below the node at `node`: a path of keys and of numbers of items. Where the path ends early,
    /// the node of what there is.
    pub fn find(&self, mut node: usize, path: &[&str]) -> usize {
        for part in path {
            let inner = self.resolve(node);
            let next = match self.tape.tokens[inner].kind {
                Kind::Seq => part.parse().ok().and_then(|number| self.tape.items(inner).nth(number)),
                Kind::Map => self.get(inner, part),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    fn is_key(&self, at: usize, key: &str) -> bool {
        let token = self.token(at);
        match token.kind {
            Kind::Plain => self.tape.text(self.bytes, token) == key.as_bytes(),
            _ => scalar::decode(self.tape, self.bytes, token, self.json).is_ok_and(|text| text == key),
        }
    }

    /// The text of a scalar; `Ok(None)` for null.
    fn text(&self, node: usize, what: &str) -> Result<Option<String>, ObjectError> {
        let node = self.resolve(node);
        let token = self.token(node);
        let not_text = |found: &str| ObjectError {
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
                    .map_err(|error| ObjectError {
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
    fn field(&self, map: usize, key: &str, what: &str) -> Result<Option<String>, ObjectError> {
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

    /// Reads the object at `node`.
    ///
    /// # Errors
    /// It is no object, or its identity is no text.
    pub fn object(&self, node: usize) -> Result<Object, ObjectError> {
        let node = self.resolve(node);
        let token = self.token(node);
        let other = |message: &str| ObjectError {
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
        let mut object = Object { gvk, name: None, namespace: None, has_namespace: false, namespaces: None };
        if let Some(metadata) = self.get(node, "metadata") {
            object.name = self.field(metadata, "name", "metadata.name")?;
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

    /// What a CustomResourceDefinition defines.
    ///
    /// # Errors
    /// kfmt's words for what is missing.
    pub fn crd(&self, node: usize, origin: Location) -> Result<CrdFacts, ObjectError> {
        let node = self.resolve(node);
        let spec = self.get(node, "spec");
        let get = |map: Option<usize>, key: &str| -> Result<String, ObjectError> {
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
        CrdFacts::new(&group, &kind, &plural, &scope, versions, origin).map_err(|message| ObjectError {
            offset: self.token(node).start as usize,
            message: message.to_owned(),
            is_other_yaml: false,
        })
    }
}
