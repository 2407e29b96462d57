//! `kfleet fmt`: canonical text in place ([`text`]), or the canonical layout of one manifest per file (`layout`).

pub mod text;
