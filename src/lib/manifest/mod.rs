//! Manifests: the objects in files, their identity and their scope. It knows neither files nor clusters.

pub mod api_resources;
pub mod content;
pub mod findings;
pub mod gvk;
pub mod kinds;
pub mod namespaces;
pub mod object;
pub mod scopes;
