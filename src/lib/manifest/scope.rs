//! Where the objects of a kind live: in namespaces, or once per cluster.

use std::fmt;

/// Where the objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    Cluster,
    Namespaced,
}

impl Scope {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Cluster" => Some(Scope::Cluster),
            "Namespaced" => Some(Scope::Namespaced),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Cluster => "Cluster",
            Scope::Namespaced => "Namespaced",
        })
    }
}
