//! The canonical layout: from the identity of an object to its path. It knows no files.

pub mod path;
pub mod plural;
