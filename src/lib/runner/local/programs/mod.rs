//! The programs of steps: those that the user puts in the place of others ([`tools`]), and the scripts with which kfleet puts
//! them there ([`shims`]).

pub mod shims;
pub mod tools;
