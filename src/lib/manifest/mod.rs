//! One Kubernetes object: its identity, its scope, and its canonical path. It does not know files or clusters.

pub mod api_resources;
pub mod findings;
pub mod gvk;
pub mod kinds;
pub mod namespaces;
pub mod object;
pub mod path;
pub mod plural;
pub mod scopes;
