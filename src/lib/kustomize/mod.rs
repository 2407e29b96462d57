//! Kustomizations of kustomize: what they refer to. Pure: files come in; nothing is built yet.

pub mod references;
