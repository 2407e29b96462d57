//! `kfleet fmt`: canonical text ([`text`]) in place ([`in_place`]), or the canonical layout of one manifest per file ([`layout`]).

pub mod in_place;
pub mod layout;
pub mod text;
