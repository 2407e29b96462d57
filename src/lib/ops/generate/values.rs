//! The values of an addon's `substitute`: they take the place of variables in the texts of its sources.

use super::sources::Content;
use crate::fleet::file::FleetFile;
use crate::problem::{Location, Problem, Severity};
use crate::substitute::{Mode, substitute, unused};
use std::collections::{BTreeMap, BTreeSet};

/// The contents with values for variables; their digests stay those of what was read. `None` where something is wrong,
/// which `problems` then tells.
pub(super) fn substitute_all(
    file: &FleetFile,
    addon: &str,
    values: &BTreeMap<String, String>,
    contents: &[Content],
    problems: &mut Vec<Problem>,
) -> Option<Vec<Content>> {
    let mut used = BTreeSet::new();
    let mut is_complete = true;
    let mut replaced = contents.to_vec();
    for (name, bytes) in replaced.iter_mut().flat_map(|content| &mut content.texts) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            problems.push(no_text(name));
            is_complete = false;
            continue;
        };
        match substitute(name, text, values, Mode::Strict) {
            Ok(substituted) => {
                used.extend(substituted.used);
                problems.extend(substituted.warnings);
                *bytes = substituted.text.into_bytes();
            }
            Err(found) => {
                problems.extend(found);
                is_complete = false;
            }
        }
    }
    // Names in texts that are wrong are not known.
    if is_complete {
        for name in unused(values, &used) {
            let hint = format!("remove it, or write ${{{name}}} where its value belongs");
            let message = format!("no source of the addon {addon} uses the value `{name}`");
            problems.push(file.document.error(&["addons", addon, "substitute", name], message, Some(hint)));
            is_complete = false;
        }
    }
    is_complete.then_some(replaced)
}

fn no_text(name: &str) -> Problem {
    Problem {
        severity: Severity::Error,
        location: Location { file: name.to_owned(), line: 0, column: 0 },
        message: "this is no valid UTF-8, so that no variable can be replaced".to_owned(),
        hint: Some("save it as UTF-8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::fleet::file::FleetFile;
    use crate::ops::generate::sources::fingerprint;

    #[test]
    fn the_fingerprint_covers_the_values() {
        let of = |substitute: &str| {
            let text = format!(
                "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\naddons: {{a: {{sources: [{{path: a}}]{substitute}}}}}\n"
            );
            let file = FleetFile::read("fleet.yaml", text.as_bytes()).expect("a fleet file");
            fingerprint(&file.fleet.addons["a"], &["digest".to_owned()])
        };
        let all =
            ["", ", substitute: {}", ", substitute: {V: a}", ", substitute: {V: b}", ", substitute: {W: a}"].map(of);
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
    }
}
