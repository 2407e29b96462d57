//! kfleet as a library: a map of its modules, in layers. A module may only use those below it.

pub mod error;
pub mod fleet;
pub mod manifest;
pub mod ops;
pub mod problem;
pub mod substitute;

pub mod yaml;

pub mod git;
pub mod kube;
pub mod process;
pub mod tree;
