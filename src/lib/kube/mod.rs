//! The only module that talks to a cluster. Callers see synchronous functions; what is asynchronous stays in here.

pub mod discovery;
mod failure;
mod kubeconfig;
