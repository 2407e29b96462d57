//! kfleet as a library: a map of its modules, in layers. A module may only use those below it.

pub mod ops;

pub mod fleet;
pub mod pipeline;

pub mod manifest;
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
pub mod digest;
pub mod error;
pub mod problem;
pub mod proxy;
pub mod text;
