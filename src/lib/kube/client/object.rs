//! Single objects: what they are called, and how they are read, created and changed.

use super::Client;
use super::request::{Call, encoded};
use super::retry::{Class, Repeat};
use crate::kube::failure::{Failure, Reason};
use crate::kube::kind::ServedKind;
use http::Method;
use serde_json::Value;
use std::fmt;
use std::ops::ControlFlow;
use std::time::Instant;

/// Which object of a cluster; shown as `Deployment apps/x`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    pub kind: ServedKind,
    /// Its namespace, if the kind has them.
    pub namespace: Option<String>,
    pub name: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObjectRef { kind, namespace, name } = self;
        match namespace {
            Some(namespace) => write!(f, "{} {namespace}/{name}", kind.kind),
            None => write!(f, "{} {name}", kind.kind),
        }
    }
}

impl ObjectRef {
    /// An object of a kind; the namespace is left out where the kind has none.
    pub fn new(kind: &ServedKind, namespace: Option<&str>, name: &str) -> ObjectRef {
        let namespace = namespace.filter(|_| kind.namespaced).map(str::to_owned);
        ObjectRef { kind: kind.clone(), namespace, name: name.to_owned() }
    }

    pub(super) fn path(&self) -> String {
        format!("{}/{}", path_of(&self.kind, self.namespace.as_deref()), encoded(&self.name))
    }

    pub(super) fn call(&self, method: Method, verb: &'static str, query: &str) -> Call {
        Call::new(method, verb, self.path() + query, self).secret(is_secret(&self.kind))
    }
}

pub(super) fn is_secret(kind: &ServedKind) -> bool {
    kind.group.is_empty() && kind.plural == "secrets"
}

/// The path of a kind's objects, in one namespace or in all.
pub(super) fn path_of(kind: &ServedKind, namespace: Option<&str>) -> String {
    let root = if kind.group.is_empty() { "api" } else { "apis" };
    let namespace = namespace.map(|namespace| format!("namespaces/{}/", encoded(namespace))).unwrap_or_default();
    format!("/{root}/{}/{namespace}{}", kind.api_version(), kind.plural)
}

/// A text of an object's metadata, empty if it is not there.
pub(super) fn metadata<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

impl Client {
    /// One object, `None` if it is not there.
    ///
    /// # Errors
    /// The server cannot be asked, or refuses.
    pub async fn get(&self, target: &ObjectRef) -> Result<Option<Value>, Failure> {
        self.get_until(target, None).await
    }

    pub(super) async fn get_until(&self, target: &ObjectRef, until: Option<Instant>) -> Result<Option<Value>, Failure> {
        let mut call = target.call(Method::GET, "get", "");
        if let Some(until) = until {
            call = call.until(until);
        }
        match self.answer(&call).await.map_err(|refusal| self.failure(&call, refusal)) {
            Ok(object) => Ok(Some(object)),
            Err(failure) if failure.reason == Reason::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Creates an object that must not exist yet. The request is repeated only while the server surely did nothing.
    ///
    /// # Errors
    /// It exists ([`Reason::Conflict`]), or the server refuses or cannot be asked.
    pub async fn create(&self, target: &ObjectRef, object: &Value, manager: &str) -> Result<Value, Failure> {
        let path = path_of(&target.kind, target.namespace.as_deref());
        let call = Call::new(Method::POST, "create", format!("{path}?fieldManager={}", encoded(manager)), target)
            .secret(is_secret(&target.kind))
            .body("application/json", object)
            .repeat(Repeat::Undone);
        self.answer(&call).await.map_err(|refusal| self.failure(&call, refusal))
    }

    /// Reads an object, changes it and writes it back, and does so again when somebody else wrote in between. `edit`
    /// may break off, with nothing written and `None` returned.
    ///
    /// # Errors
    /// It is missing ([`Reason::NotFound`]), changes too often ([`Reason::Conflict`]), or the server refuses or cannot
    /// be asked.
    pub async fn update(
        &self,
        target: &ObjectRef,
        manager: &str,
        edit: &mut dyn FnMut(&mut Value) -> ControlFlow<()>,
    ) -> Result<Option<Value>, Failure> {
        let query = format!("?fieldManager={}", encoded(manager));
        let mut attempt = 0;
        loop {
            let Some(mut object) = self.get(target).await? else {
                return Err(Failure::new(Reason::NotFound, format!("{target}: not found")));
            };
            if edit(&mut object).is_break() {
                return Ok(None);
            }
            let call = target.call(Method::PUT, "update", &query).body("application/json", &object);
            let refusal = match self.answer(&call).await {
                Ok(object) => return Ok(Some(object)),
                Err(refusal) => refusal,
            };
            attempt += 1;
            match refusal.pause(Repeat::Safe, attempt, self.remaining(&call)) {
                Some(pause) if refusal.class() == Class::Changed => tokio::time::sleep(pause).await,
                _ => return Err(self.failure(&call, refusal)),
            }
        }
    }
}
