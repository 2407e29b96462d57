//! Secrets and ConfigMaps: how fields refer to them, and [`Objects`], those that a run is given.

use std::collections::BTreeMap;
use std::fmt;

/// A Secret or ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Which of the two.
    pub kind: ObjectKind,
    /// With references.
    pub name: String,
    /// Whether it, or its key, may be missing.
    pub optional: bool,
}

/// Objects that hold data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// Masked wherever it is printed.
    Secret,
    /// Plain.
    ConfigMap,
}

impl ObjectKind {
    /// As Kubernetes spells it.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Secret => "Secret",
            ObjectKind::ConfigMap => "ConfigMap",
        }
    }
}

/// The Secrets and ConfigMaps that a run is given, by kind and name. Their content is never part of a debug print.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Objects(BTreeMap<(ObjectKind, String), BTreeMap<String, Vec<u8>>>);

impl Objects {
    /// Adds a key to an object, which is made where it is not there; an older value is replaced.
    pub fn put(&mut self, kind: ObjectKind, name: &str, key: &str, value: Vec<u8>) {
        self.0.entry((kind, name.to_owned())).or_default().insert(key.to_owned(), value);
    }

    /// The keys of an object.
    pub fn get(&self, kind: ObjectKind, name: &str) -> Option<&BTreeMap<String, Vec<u8>>> {
        self.0.get(&(kind, name.to_owned()))
    }

    /// All values of Secrets, which are to be masked.
    pub fn secrets(&self) -> impl Iterator<Item = &[u8]> {
        let of_secrets = self.0.iter().filter(|((kind, _), _)| *kind == ObjectKind::Secret);
        of_secrets.flat_map(|(_, keys)| keys.values().map(Vec::as_slice))
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}
