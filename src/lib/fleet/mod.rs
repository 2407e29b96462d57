//! The fleet, typed: the fleet file ([`mod@file`]) and its lock ([`lock`]), read by one way ([`document`], [`schema`]).

pub mod document;
pub mod file;
mod helm;
pub mod lock;
pub mod schema;
pub mod types;
