//! Artifacts in registries (OCI distribution 1.1): what a tag stands for now ([`resolve`]), and an artifact's content into
//! memory, from the registry ([`pull`]) or without it ([`cached`]).
//!
//! The network is left to [`crate::http`]; logins are those of docker, podman and helm. This module knows nothing of the
//! fleet file, nor of what the files are. Rules that hold throughout:
//! - What comes has the digest that was asked for, or that the manifest says: sha256, and no other.
//! - A login goes to its registry, and to the token server that the registry names: over https, or to this machine. No
//!   storage that a registry leads to sees it.
//! - Plain http is spoken with registries of this machine, and only so with them.
//! - Archives are unpacked in memory, within limits; no link in them is followed.
//! - No error, and no `Debug`, shows a password or a token.

mod archive;
mod challenge;
mod content;
mod credentials;
mod failure;
mod manifest;
mod pull;
mod reference;
mod session;
mod settings;

pub use content::Content;
pub use pull::{Pulled, cached, pull, resolve};
pub use reference::{Reference, Version};
pub use settings::Settings;
