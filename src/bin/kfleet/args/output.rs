//! The format of a report on standard output. Every command takes the formats that its report has.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::ffi::OsString;

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// YAML.
    Yaml,
    /// One JSON object in the form SARIF 2.1.0.
    Sarif,
    /// A graph, for Graphviz.
    Dot,
    /// A graph, for Mermaid.
    Mermaid,
}

/// Whether a command line asks for JSON, also one that cannot be understood otherwise.
pub(crate) fn json_is_asked(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().skip(1).take_while(|word| *word != "--");
    words.clone().any(|word| word == "--output=json")
        || words.find(|word| *word == "--output").and_then(|_| words.next()).is_some_and(|word| word == "json")
}

/// A parser that takes these formats only.
pub(crate) fn among(formats: &'static [OutputFormat]) -> impl TypedValueParser<Value = OutputFormat> {
    let names = formats.iter().filter_map(ValueEnum::to_possible_value);
    PossibleValuesParser::new(names).try_map(|name| OutputFormat::from_str(&name, false))
}
