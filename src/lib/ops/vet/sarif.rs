//! A report in the form of SARIF 2.1.0, which code hosts show beside the lines of a pull request.

use super::Report;
use super::catalogue::rules;
use super::finding::Finding;
use crate::problem::Severity;
use serde_json::{Value, json};

/// The report; `version` is that of kfleet.
pub fn sarif(report: &Report, version: &str) -> Value {
    let described: Vec<Value> = rules()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": rule.title },
                "fullDescription": { "text": rule.explanation.replace('\n', " ") },
                "help": { "text": rule.explanation },
                "defaultConfiguration": { "level": level(rule.severity) },
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "kfleet", "semanticVersion": version, "rules": described } },
            "columnKind": "unicodeCodePoints",
            "results": report.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Finding) -> Value {
    let hint = finding.hint.iter().map(|hint| format!(" ({hint})"));
    let mut location = json!({ "artifactLocation": { "uri": uri(&finding.location.file) } });
    if finding.location.line > 0 {
        let mut region = json!({ "startLine": finding.location.line });
        if finding.location.column > 0 {
            region["startColumn"] = json!(finding.location.column);
        }
        location["region"] = region;
    }
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rules().position(|rule| rule.id == finding.rule.id),
        "level": level(finding.severity),
        "message": { "text": format!("{}{}", finding.message, hint.collect::<String>()) },
        "locations": [{ "physicalLocation": location }],
        "properties": { "clusters": finding.clusters },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A relative path as a URI: all but plain characters in percent signs.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("a/role-x:y é.yaml"), "a/role-x%3Ay%20%C3%A9.yaml");
    }
}
