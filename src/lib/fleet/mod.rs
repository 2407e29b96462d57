//! The fleet, typed: the fleet file ([`mod@file`]) and its lock ([`lock`]), read by one way ([`document`], [`schema`]); and
//! what the repository's manifests say of its clusters ([`clusters`], [`sync`], [`apart`]).

pub mod apart;
pub mod clusters;
pub mod content;
pub mod document;
pub mod file;
pub mod files;
mod helm;
pub mod lock;
pub mod oci;
pub mod overlay;
pub mod repository;
pub mod schema;
pub mod sync;
pub mod types;
