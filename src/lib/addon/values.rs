//! The values of an addon's `substitute`: they take the place of variables in the texts of its sources.

use super::wanted::Texts;
use crate::fleet::file::FleetFile;
use crate::problem::{Location, Problem};
use crate::substitute::{Mode, substitute, unused};
use std::collections::{BTreeMap, BTreeSet};

/// The texts with values for variables. `None` where something is wrong, which `problems` then says.
pub(super) fn substitute_all(
    file: &FleetFile,
    addon: &str,
    values: &BTreeMap<String, String>,
    mut contents: Vec<Texts>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Texts>> {
    let mut used = BTreeSet::new();
    let mut is_complete = true;
    for (name, bytes) in contents.iter_mut().flatten() {
        let Ok(text) = std::str::from_utf8(bytes) else {
            let message = "this is not valid UTF-8, so that no variable can be replaced";
            problems.push(Problem::error(Location::of_file(&*name), message).with_hint("save it as UTF-8"));
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
    is_complete.then_some(contents)
}

#[cfg(test)]
mod tests {
    use crate::addon::lock::fingerprint;
    use crate::fleet::file::FleetFile;

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
