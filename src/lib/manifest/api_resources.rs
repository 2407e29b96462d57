//! Reads the cached output of `kubectl api-resources` and `kubectl api-versions`. It knows the text only; what the rows
//! mean is for [`super::scopes`].

use std::collections::BTreeMap;

use super::gvk::parse_api_version;
use super::scope::Scope;
use crate::problem::{Location, Problem, Severity};

/// One row of `kubectl api-resources`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiResource<'a> {
    /// The NAME column.
    pub plural: &'a str,
    /// The group of the APIVERSION column; empty for the core group.
    pub group: &'a str,
    /// The version of the APIVERSION column.
    pub version: &'a str,
    pub kind: &'a str,
    /// From the NAMESPACED column.
    pub scope: Scope,
}

/// The rows of `kubectl api-resources`, also with `-o wide` or `--no-headers`. Headers and blank lines are skipped;
/// `name` is the file's, for the problems. Rows that contradict each other are a problem.
pub fn parse_api_resources<'a>(text: &'a str, name: &str) -> Result<Vec<ApiResource<'a>>, Vec<Problem>> {
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    let mut seen: BTreeMap<_, (Scope, u64)> = BTreeMap::new();
    for (number, line) in lines(text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if words[0] == "NAME" {
            if words.contains(&"APIGROUP") {
                let message = "the table has no APIVERSION column: it was made by kubectl 1.19 or older";
                let hint = "write it again with a newer kubectl: kubectl api-resources > api-resources.txt";
                return Err(vec![mk_problem(name, number, message.to_owned(), Some(hint))]);
            }
            continue;
        }
        match parse_row(&words) {
            Ok(row) => {
                let (scope, first) = *seen.entry((row.group, row.version, row.kind)).or_insert((row.scope, number));
                if scope == row.scope {
                    rows.push(row);
                } else {
                    let kind = row.kind.escape_debug();
                    problems.push(mk_problem(name, number, format!("{kind} has another scope in line {first}"), None));
                }
            }
            Err(message) => {
                let hint = "the file must hold the output of kubectl api-resources";
                problems.push(mk_problem(name, number, message, Some(hint)));
            }
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// The groups and versions of `kubectl api-versions`, one in each line; the group is empty for `v1`.
pub fn parse_api_versions<'a>(text: &'a str, name: &str) -> Result<Vec<(&'a str, &'a str)>, Vec<Problem>> {
    let mut versions = Vec::new();
    let mut problems = Vec::new();
    for (number, line) in lines(text) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match parse_api_version(line) {
            Ok(version) if !line.contains(char::is_whitespace) => versions.push(version),
            _ => {
                let hint = "the file must hold the output of kubectl api-versions";
                problems.push(mk_problem(name, number, "the line is not a group and version".to_owned(), Some(hint)));
            }
        }
    }
    if problems.is_empty() { Ok(versions) } else { Err(problems) }
}

/// The columns are NAME, SHORTNAMES (may be empty), APIVERSION, NAMESPACED, KIND, and with `-o wide` more.
fn parse_row<'a>(words: &[&'a str]) -> Result<ApiResource<'a>, String> {
    let is_bool = |at: usize| matches!(words.get(at), Some(&("true" | "false")));
    let at = [2, 3].into_iter().find(|at| is_bool(*at)).ok_or("the row has no NAMESPACED column with true or false")?;
    let (group, version) = parse_api_version(words[at - 1]).map_err(|error| error.to_string())?;
    let kind = *words.get(at + 1).ok_or("the row has no KIND column")?;
    let scope = if words[at] == "true" { Scope::Namespaced } else { Scope::Cluster };
    Ok(ApiResource { plural: words[0], group, version, kind, scope })
}

/// Lines with their numbers, from 1, without a byte order mark.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.strip_prefix('\u{feff}').unwrap_or(text).lines())
}

fn mk_problem(name: &str, line: u64, message: String, hint: Option<&str>) -> Problem {
    let location = Location { file: name.to_owned(), line, column: 0 };
    Problem { severity: Severity::Error, location, message, hint: hint.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> Vec<String> {
        match parse_api_resources(text, "f") {
            Ok(rows) => rows
                .iter()
                .map(|row| format!("{} {}/{} {} {}", row.plural, row.group, row.version, row.kind, row.scope))
                .collect(),
            Err(problems) => {
                problems.iter().map(|problem| format!("{}: {}", problem.location, problem.message)).collect()
            }
        }
    }

    #[test]
    fn reads_plain_wide_and_headless_tables() {
        let plain = "\u{feff}NAME     SHORTNAMES   APIVERSION   NAMESPACED   KIND\r\n\
                     bindings              v1           true         Binding\r\n\
                     \r\n\
                     meshes   ms,mesh      test.io/v1   false        Mesh\r\n";
        let wide = "NAME SHORTNAMES APIVERSION NAMESPACED KIND VERBS CATEGORIES\n\
                    bindings              v1           true         Binding   create\n\
                    meshes   ms,mesh      test.io/v1   false        Mesh      create,delete,get   all\n";
        let old_wide = "bindings  v1  true  Binding  [create]\n\
                        meshes   ms,mesh  test.io/v1  false  Mesh  [create delete true get]\n";
        for text in [plain, wide, old_wide] {
            assert_eq!(show(text), ["bindings /v1 Binding Namespaced", "meshes test.io/v1 Mesh Cluster"]);
        }
        assert!(show("").is_empty());
    }

    #[test]
    fn names_the_line_of_every_bad_row() {
        let cases = [
            ("pods\nx y\n", "f:1: the row has no NAMESPACED column with true or false"),
            ("\npods v1 true\n", "f:2: the row has no KIND column"),
            ("pods a/b/c true Pod\n", "f:1: unexpected GroupVersion string: a/b/c"),
            ("a v1 true A\na v1 false A\n", "f:2: A has another scope in line 1"),
            (
                "NAME SHORTNAMES APIGROUP NAMESPACED KIND\n",
                "f:1: the table has no APIVERSION column: it was made by kubectl 1.19 or older",
            ),
        ];
        for (text, first) in cases {
            assert_eq!(show(text)[0], first, "{text}");
        }
        assert_eq!(show("pods\nx y\n").len(), 2);
    }

    #[test]
    fn reads_versions() {
        let text = "\u{feff}apps/v1\r\n\r\n test.io/v1beta1 \nv1\n";
        assert_eq!(parse_api_versions(text, "f").unwrap(), [("apps", "v1"), ("test.io", "v1beta1"), ("", "v1")]);
        for bad in ["apps/\n", "a/b/c\n", "apps v1\n"] {
            assert_eq!(parse_api_versions(bad, "f").unwrap_err()[0].location.line, 1, "{bad}");
        }
    }
}
