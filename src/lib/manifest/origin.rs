//! Where an object or a value was read.

use crate::problem::Location;

/// A value, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    pub value: T,
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

impl Origin {
    /// The path of a field of the object in its document.
    pub fn path(&self, path: &[&str]) -> Vec<String> {
        self.prefix.iter().cloned().chain(path.iter().map(|part| (*part).to_owned())).collect()
    }
}
