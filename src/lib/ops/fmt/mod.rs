//! `kfleet fmt`: canonical text in place ([`text`]), or the canonical layout of one manifest per file ([`layout`]).

pub mod diff;
pub mod layout;
pub mod text;
