//! The format of a report on standard output. Every command takes the formats that its report has.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

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

/// A parser that takes these formats only.
pub(crate) fn among(formats: &'static [OutputFormat]) -> impl TypedValueParser<Value = OutputFormat> {
    let names = formats.iter().filter_map(ValueEnum::to_possible_value);
    PossibleValuesParser::new(names).try_map(|name| OutputFormat::from_str(&name, false))
}
