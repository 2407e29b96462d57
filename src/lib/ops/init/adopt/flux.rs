//! The objects of Flux in a repository's files, with the places that messages need.

use crate::manifest::findings::{place, syntax_problem};
use crate::manifest::object::Source;
use crate::problem::{Place, Problem, Severity};
use crate::tree::Tree;
use crate::yaml::engine::Engine;
use crate::yaml::input::{Places, Text};
use crate::yaml::tape::Tape;
use crate::yaml::value::to_value;
use serde_json::Value;

/// One object.
#[derive(Debug, Clone)]
pub(super) struct FluxObject {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) file: String,
    pub(super) spec: Value,
    /// Of `spec.sourceRef`, `spec.ref`, or else of the object.
    pub(super) place: Place,
}

impl FluxObject {
    /// A text in the object's spec.
    pub(super) fn text(&self, path: &[&str]) -> Option<&str> {
        path.iter().try_fold(&self.spec, |value, key| value.get(key))?.as_str()
    }

    /// Whether anything in it names a source of this kind and name.
    pub(super) fn uses(&self, kind: &str, name: &str) -> bool {
        let mut waiting = vec![&self.spec];
        while let Some(value) = waiting.pop() {
            let is =
                |reference: &Value, key: &str, text: &str| reference.get(key).and_then(Value::as_str) == Some(text);
            match value {
                Value::Object(map) => {
                    let named = ["sourceRef", "chartRef"].iter().filter_map(|key| map.get(*key));
                    if named.into_iter().any(|reference| is(reference, "kind", kind) && is(reference, "name", name)) {
                        return true;
                    }
                    waiting.extend(map.values());
                }
                Value::Array(items) => waiting.extend(items),
                _ => {}
            }
        }
        false
    }
}

/// Whether a path is that of a YAML file.
pub(super) fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

/// Shows each document of a text. What is no YAML becomes a warning, and the rest of that text is passed over.
pub(super) fn each_document(
    name: &str,
    bytes: &[u8],
    warnings: &mut Vec<Problem>,
    each: &mut dyn FnMut(Source<'_>, &mut Places<'_>),
) {
    let warn =
        |places: &mut Places<'_>, error| Problem { severity: Severity::Warning, ..syntax_problem(name, places, error) };
    let text = match Text::new(bytes) {
        Ok(text) => text,
        Err(error) => return warnings.push(warn(&mut Places::new(bytes, 0), &error)),
    };
    let mut places = Places::new(&text.bytes, 0);
    let (mut engine, mut tape) = (Engine::default(), Tape::default());
    for span in text.documents() {
        if let Err(error) = engine.parse(&text, span, &mut tape, &mut Vec::new()) {
            return warnings.push(warn(&mut places, &error));
        }
        if !tape.is_empty() {
            each(Source { tape: &tape, bytes: &text.bytes, json: text.json }, &mut places);
        }
    }
}

/// All objects of Flux below a folder.
pub(super) fn objects(files: &Tree, folder: &str, warnings: &mut Vec<Problem>) -> Vec<FluxObject> {
    let mut found = Vec::new();
    for (file, bytes) in files.iter().filter(|(path, _)| path.starts_with(folder) && is_yaml(path)) {
        each_document(file, bytes, warnings, &mut |source, places| {
            let root = source.tape.node_at(0);
            let Ok(object) = source.object(root) else { return };
            if !object.gvk.group.ends_with("toolkit.fluxcd.io") {
                return;
            }
            let Ok(mut value) = to_value(source.tape, source.bytes, root) else { return };
            let spec = source.get(root, "spec");
            let told = ["sourceRef", "ref"].iter().find_map(|key| source.get(spec?, key)).unwrap_or(root);
            found.push(FluxObject {
                kind: object.gvk.kind.to_string(),
                name: object.name.unwrap_or_default(),
                file: file.clone(),
                spec: value.get_mut("spec").map(Value::take).unwrap_or_default(),
                place: place(file, places, source.tape.tokens[told].start as usize),
            });
        });
    }
    found
}
