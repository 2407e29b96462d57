//! Parameters and results: declarations, values and their types.

use super::fields::Fields;
use crate::tekton::node::{At, Node, Value};
use crate::tekton::report::Report;
use crate::tekton::types::{Param, ParamSpec, ParamType, ParamValue, ResultSpec, is_dns_label};

/// Whether a text may name a parameter that is not an object: `^[_a-zA-Z][_a-zA-Z0-9.-]*$`.
fn is_param_name(text: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    text.as_bytes().first().is_some_and(is_first)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// Whether a text may name a result: `^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`.
fn is_result_name(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// A value, with a warning where its text is not what the author wrote.
fn value(node: &Node, what: &str, report: &Report) -> ParamValue {
    let value = node.to_param_value();
    if let Value::Number(json, written) = &node.value
        && json != written
    {
        let message = format!("{what} is written as {written} and becomes the text {json}");
        report.warn("number-param", &node.at, message, "put it in quotes");
    }
    let all = match &node.value {
        Value::List(items) => items.iter().all(|item| item.as_text().is_some() || item.is_null()),
        Value::Map(entries) => entries.iter().all(|entry| entry.node.as_text().is_some() || entry.node.is_null()),
        _ => true,
    };
    if let (false, ParamValue::String(json)) = (all, &value) {
        let message = format!("{what} does not hold texts only and becomes one text: {}", crate::text::shortened(json));
        report.warn("json-param", &node.at, message, "put its items in quotes");
    }
    value
}

/// `properties`: the keys, which must all be strings.
fn properties(fields: &mut Fields<'_>, what: &str, report: &Report) -> Option<Vec<String>> {
    let node = fields.get("properties")?;
    let mut keys = Vec::new();
    for entry in Fields::of(node, format!("`properties` of {what}"), report).entries() {
        let mut property = Fields::of(&entry.node, format!("key `{}` of {what}", entry.key), report);
        let kind = property.word("type").unwrap_or_else(|| "string".to_owned());
        property.end(&[]);
        if kind != "string" {
            report.error(&entry.at, format!("key `{}` of {what} has the type {kind}: only string is there", entry.key));
        }
        keys.push(entry.key.clone());
    }
    Some(keys)
}

/// A field of that is a type; `None` where it is not written.
fn declared_kind(fields: &mut Fields<'_>, what: &str, report: &Report) -> Option<ParamType> {
    let node = fields.get("type")?;
    let text = fields.word("type")?;
    let known = [ParamType::String, ParamType::Array, ParamType::Object];
    let kind = known.into_iter().find(|known| known.name() == text);
    if kind.is_none() {
        let message = format!("{what} has the type `{text}`");
        report.error_with(&node.at, message, "write string, array or object");
    }
    kind
}

/// Declarations of parameters.
pub(super) fn specs(nodes: &[Node], report: &Report) -> Vec<ParamSpec> {
    let mut specs: Vec<ParamSpec> = Vec::new();
    for node in nodes {
        let Some(spec) = spec(node, report) else { continue };
        if specs.iter().any(|known| known.name == spec.name) {
            report.error(&node.at, format!("param `{}` is declared twice", spec.name));
        } else {
            specs.push(spec);
        }
    }
    specs
}

fn spec(node: &Node, report: &Report) -> Option<ParamSpec> {
    let name = node.text_of("name").unwrap_or_default().to_owned();
    let what = format!("param `{name}`");
    let mut fields = Fields::of(node, what.as_str(), report);
    fields.text("name");
    fields.skip(&["description"]);
    let declared = declared_kind(&mut fields, &what, report);
    let properties = properties(&mut fields, &what, report);
    let default_node = fields.get("default");
    let default = default_node.map(|node| value(node, &format!("the default of {what}"), report));
    let enum_at = fields.get("enum").map(|node| &node.at);
    let allowed = fields.texts("enum");
    fields.end(&[("value", "a declaration has a `default`")]);
    let kind = declared
        .or(properties.as_ref().map(|_| ParamType::Object))
        .or(default.as_ref().map(ParamValue::kind))
        .unwrap_or_default();
    if let Some((node, default)) = default_node.zip(default.as_ref())
        && default.kind() != kind
    {
        let (is, wanted) = (default.kind().name(), kind.name());
        report.error(&node.at, format!("{what} has the type {wanted}, and its default the type {is}"));
    }
    name_rules(&name, kind, properties.as_deref().unwrap_or(&[]), &node.at, report);
    if kind == ParamType::Object && properties.is_none() {
        report.error_with(&node.at, format!("{what} is an object without `properties`"), "list its keys");
    }
    if let Some(at) = enum_at {
        if kind != ParamType::String {
            report.error(at, format!("{what} has an `enum`, which only strings can have"));
        }
        if let Some(twice) = allowed.iter().enumerate().find(|(n, one)| allowed[..*n].contains(one)) {
            report.error(at, format!("{what} has `{}` twice in its `enum`", twice.1));
        }
        if let Some(ParamValue::String(default)) = default.as_ref().filter(|_| !allowed.is_empty())
            && !default.is_empty()
            && !allowed.contains(default)
        {
            report.error(at, format!("{what} has the default `{default}`, which its `enum` does not list"));
        }
    }
    let properties = properties.unwrap_or_default();
    Some(ParamSpec { name, kind, properties, default, allowed, origin: node.at.location() })
}

fn name_rules(name: &str, kind: ParamType, keys: &[String], at: &At, report: &Report) {
    if name.is_empty() {
        return report.error(at, "a param has no `name`");
    }
    if !is_param_name(name) || (kind == ParamType::Object && name.contains('.')) {
        let hint = match kind {
            ParamType::Object => "use letters, digits, `_` and `-`, and no digit first",
            _ => "use letters, digits, `_`, `-` and `.`, and no digit first",
        };
        report.error_with(at, format!("`{name}` cannot be the name of a param"), hint);
    }
    for key in keys.iter().filter(|key| !is_param_name(key) || key.contains('.')) {
        let hint = "use letters, digits, `_` and `-`, and no digit first";
        report.error_with(at, format!("`{key}` cannot be a key of param `{name}`"), hint);
    }
}

/// Values of parameters: each name once.
pub(super) fn values(nodes: &[Node], report: &Report) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    for node in nodes {
        let name = node.text_of("name").unwrap_or_default().to_owned();
        let what = format!("param `{name}`");
        let mut fields = Fields::of(node, what.as_str(), report);
        fields.text("name");
        // `value:` without anything is the empty text; no `value` at all is a mistake.
        let is_written = node.entries().iter().any(|entry| entry.key == "value");
        let value = match fields.get("value") {
            Some(node) => value(node, &what, report),
            None => ParamValue::String(String::new()),
        };
        fields.end(&[("default", "a value is written as `value`")]);
        if name.is_empty() {
            report.error(&node.at, "a param has no `name`");
        } else if !is_written {
            report.error(&node.at, format!("{what} has no `value`"));
        } else if params.iter().any(|known| known.name == name) {
            report.error(&node.at, format!("{what} is given twice"));
        } else {
            params.push(Param { name, value, origin: node.at.location() });
        }
    }
    params
}

/// Results of a task or a step.
pub(super) fn results(nodes: &[Node], of_step: bool, report: &Report) -> Vec<ResultSpec> {
    let mut results: Vec<ResultSpec> = Vec::new();
    for node in nodes {
        let name = node.text_of("name").unwrap_or_default().to_owned();
        let what = format!("result `{name}`");
        let mut fields = Fields::of(node, what.as_str(), report);
        fields.text("name");
        fields.skip(&["description"]);
        let kind = declared_kind(&mut fields, &what, report);
        let properties = properties(&mut fields, &what, report);
        let value = if of_step { None } else { lifted(&mut fields, &what, report) };
        fields.end(&[]);
        if !is_result_name(&name) {
            let hint = "use letters, digits, `_`, `-` and `.`, and a letter or digit first and last";
            report.error_with(&node.at, format!("`{name}` cannot be the name of a result"), hint);
            continue;
        }
        if kind == Some(ParamType::Object) && properties.is_none() {
            report.error_with(&node.at, format!("{what} is an object without `properties`"), "list its keys");
        }
        if results.iter().any(|known| known.name == name) {
            report.error(&node.at, format!("{what} is declared twice"));
            continue;
        }
        let inferred = properties.as_ref().map(|_| ParamType::Object);
        let kind = kind.or(inferred).unwrap_or_default();
        results.push(ResultSpec { name, kind, properties: properties.unwrap_or_default(), value });
    }
    results
}

/// `value` of a task's result: `$(steps.S.results.R)`.
fn lifted(fields: &mut Fields<'_>, what: &str, report: &Report) -> Option<String> {
    let node = fields.get("value")?;
    let text = fields.word("value")?;
    let inside = text.strip_prefix("$(steps.").and_then(|rest| rest.strip_suffix(')'));
    let parts = inside.and_then(|inside| inside.split_once(".results."));
    match parts {
        Some((step, result)) if is_dns_label(step) && is_result_name(result) => {}
        _ => {
            let message = format!("`value` of {what} is `{text}`");
            report.error_with(&node.at, message, "write $(steps.STEP.results.RESULT)");
        }
    }
    Some(text)
}
