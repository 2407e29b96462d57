//! All objects of a kind that a selection names, read in pages.

use super::Client;
use super::object::{is_secret, metadata, path_of};
use super::request::{Call, encoded};
use super::retry::{Class, Repeat};
use crate::kube::failure::Failure;
use crate::kube::kind::ServedKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which objects of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// One namespace; `None` for all, and for kinds without namespaces.
    pub namespace: Option<String>,
    /// A label selector, such as `app=x,tier!=y`; empty for all.
    pub labels: String,
    /// A field selector, such as `metadata.name=x`; empty for all.
    pub fields: String,
    /// Objects per page.
    pub page: u32,
}

impl Default for Selection {
    fn default() -> Self {
        // The page of kubectl and client-go.
        Selection { namespace: None, labels: String::new(), fields: String::new(), page: 500 }
    }
}

impl Selection {
    /// A path and query, without a page.
    pub(super) fn path(&self, kind: &ServedKind, more: &str) -> String {
        let mut path = format!("{}?{more}", path_of(kind, self.namespace.as_deref()));
        for (name, selector) in [("labelSelector", &self.labels), ("fieldSelector", &self.fields)] {
            if !selector.is_empty() {
                path += &format!("&{name}={}", encoded(selector));
            }
        }
        path
    }
}

/// Namespace and name.
pub type Key = (String, String);

/// What a selection held at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The objects, each with `apiVersion` and `kind`.
    pub objects: BTreeMap<Key, Value>,
    /// The moment, as the server counts.
    pub resource_version: String,
}

pub(super) fn key(object: &Value) -> Key {
    (metadata(object, "namespace").to_owned(), metadata(object, "name").to_owned())
}

impl Client {
    /// Reads page after page. When the server forgets the first page before the last is read (410), it starts again.
    ///
    /// # Errors
    /// The server cannot be asked, or refuses.
    pub async fn list(&self, kind: &ServedKind, selection: &Selection) -> Result<Snapshot, Failure> {
        let mut restarts = 0;
        let mut token = String::new();
        let mut found = Snapshot::default();
        loop {
            let page = format!("limit={}&continue={}", selection.page, encoded(&token));
            let call = Call::get(selection.path(kind, &page), &kind.plural).secret(is_secret(kind));
            let mut answer = match self.answer(&call).await {
                Ok(answer) => answer,
                Err(refusal) => {
                    restarts += 1;
                    match refusal.pause(Repeat::Safe, restarts, self.remaining(&call)) {
                        Some(pause) if refusal.class() == Class::Expired => tokio::time::sleep(pause).await,
                        _ => return Err(self.failure(&call, refusal)),
                    }
                    (token, found) = (String::new(), Snapshot::default());
                    continue;
                }
            };
            let Value::Array(items) = answer["items"].take() else { return Err(self.names().foreign()) };
            for mut item in items {
                // Items of built-in kinds do not repeat what the list says.
                item["apiVersion"] = json!(kind.api_version());
                item["kind"] = json!(kind.kind);
                found.objects.insert(key(&item), item);
            }
            found.resource_version = metadata(&answer, "resourceVersion").to_owned();
            token = metadata(&answer, "continue").to_owned();
            if token.is_empty() {
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_become_paths() {
        let kind = |group: &str, namespaced| ServedKind {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: "Thing".to_owned(),
            plural: "things".to_owned(),
            namespaced,
        };
        let selection = |namespace: Option<&str>, labels: &str, fields: &str| Selection {
            namespace: namespace.map(str::to_owned),
            labels: labels.to_owned(),
            fields: fields.to_owned(),
            ..Selection::default()
        };
        for (kind, selection, expected) in [
            (kind("", true), selection(None, "", ""), "/api/v1/things?x"),
            (kind("", true), selection(Some("a"), "", ""), "/api/v1/namespaces/a/things?x"),
            (
                kind("g.io", false),
                selection(None, "a in (b)", ""),
                "/apis/g.io/v1/things?x&labelSelector=a%20in%20%28b%29",
            ),
            (
                kind("g.io", true),
                selection(None, "", "metadata.name=b"),
                "/apis/g.io/v1/things?x&fieldSelector=metadata.name%3Db",
            ),
        ] {
            assert_eq!(selection.path(&kind, "x"), expected);
        }
    }
}
