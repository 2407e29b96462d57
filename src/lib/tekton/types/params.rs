//! Parameters and results: declarations, values and their types.

use std::collections::BTreeMap;

use super::Location;

/// The type of a parameter or result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ParamType {
    /// Text.
    #[default]
    String,
    Array,
    Object,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParamSpec {
    pub name: String,
    pub kind: ParamType,
    /// The keys of an object.
    pub properties: Vec<String>,
    /// Taken where no value is given.
    pub default: Option<ParamValue>,
    /// Where this is not empty, the value must be one of it.
    pub allowed: Vec<String>,
    /// Where it is written; no file where it was injected.
    pub origin: Location,
}

/// A value with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    pub name: String,
    pub value: ParamValue,
    /// Where it is written; no file where it was injected.
    pub origin: Location,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// Text; numbers, booleans and everything else as JSON.
    String(String),
    Array(Vec<String>),
    Object(BTreeMap<String, String>),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultSpec {
    pub name: String,
    pub kind: ParamType,
    /// The keys of an object.
    pub properties: Vec<String>,
    /// `$(steps.S.results.R)`, where a step's result is lifted.
    pub value: Option<String>,
}

impl ParamType {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            ParamType::String => "string",
            ParamType::Array => "array",
            ParamType::Object => "object",
        }
    }
}

impl ParamValue {
    pub fn kind(&self) -> ParamType {
        match self {
            ParamValue::String(_) => ParamType::String,
            ParamValue::Array(_) => ParamType::Array,
            ParamValue::Object(_) => ParamType::Object,
        }
    }

    /// The texts in it, without the keys of a map.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            ParamValue::String(text) => vec![text],
            ParamValue::Array(items) => items.iter().map(String::as_str).collect(),
            ParamValue::Object(members) => members.values().map(String::as_str).collect(),
        }
    }
}
