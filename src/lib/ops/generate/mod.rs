//! `kfleet generate`: the addons of the fleet file become bases.

pub mod kustomization;
