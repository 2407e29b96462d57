//! Manifests: the objects in files, their identity and scope, and edits of them. It knows no kind but
//! CustomResourceDefinition, and no cluster.
//!
//! [`Files`] (a repository's YAML texts) are parsed into a [`ManifestSet`] of one [`ManifestFile`] for each path, which holds
//! a [`Manifest`] for each object. [`Edit`]s lead back to texts.

pub mod api_resources;
pub mod crd;
pub mod edit;
mod file;
pub mod files;
pub mod findings;
pub mod gvk;
mod identity;
pub mod kinds;
pub mod namespaces;
mod object;
mod origin;
mod scope;
pub mod scopes;
mod set;
mod source;
pub mod value;

pub use edit::{Action, Edit, NewValue, edited};
pub use file::{Document, ManifestFile};
pub use files::Files;
pub use identity::{Identity, IdentityError};
pub use object::Manifest;
pub use origin::{Located, Origin};
pub use set::ManifestSet;
pub use source::Source;
