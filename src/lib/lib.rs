//! kfleet as a library: a map of its modules, in layers. A module may only use those below it.

pub mod ops;

pub mod addon;

pub mod fleet;
pub mod publish;
pub mod runner;

pub mod source;

pub mod lighthouse;
pub mod tekton;

pub mod layout;

pub mod flux;
pub mod kustomize;
pub mod manifest;

pub mod go_regex;
pub mod substitute;
pub mod yaml;

pub mod forge;
pub mod git;
pub mod helm;
pub mod http;
pub mod kube;
pub mod oci;
pub mod process;
pub mod tree;

pub mod address;
pub mod diff;
pub mod digest;
pub mod error;
pub mod names;
pub mod path;
pub mod problem;
pub mod proxy;
pub mod suggest;
pub mod text;
