//! One addon: its sources' texts become the files of its base.

use super::kustomization;
use super::sources::Content;
use crate::fleet::types::{Addon, ConfigMapSource};
use crate::layout::gather::gather;
use crate::layout::path::PluralRule;
use crate::layout::scopes::{Remedy, ScopeSources};
use crate::layout::{self, Compatibility, Options};
use crate::problem::{Location, Problem, Severity};
use crate::tree::{Input, Tree};
use crate::yaml::edit::Rewrite;
use crate::yaml::emit::Style;
use crate::yaml::scalar;
use std::collections::BTreeSet;

/// The generated files of an addon's base, its kustomization included. `folder` is the base's path in the repository,
/// for messages. Warnings are added to `warnings`.
///
/// # Errors
/// Everything that is wrong with the sources' texts, and with the kustomization that is there.
pub(super) fn render(
    folder: &str,
    addon: &Addon,
    contents: &[Content],
    kustomization_file: Option<&[u8]>,
    warnings: &mut Vec<Problem>,
) -> Result<Tree, Vec<Problem>> {
    let mut texts: Vec<(String, Vec<u8>)> = contents.iter().flat_map(|content| content.texts.iter().cloned()).collect();
    let wrapped = addon.sources.iter().find_map(|source| source.config_map.as_ref());
    if let Some(config_map) = wrapped {
        let text = config_map_text(config_map, &join(&texts)?);
        texts = vec![(format!("{folder} (ConfigMap {})", config_map.name), text)];
    }
    let inputs = texts.into_iter().map(|(name, bytes)| Input::from_bytes(name, bytes)).collect();
    let options = Options {
        folder: format!("{folder}/resources").into(),
        style: Style { unmangle: wrapped.is_some(), ..Style::default() },
        rewrite: Rewrite::default(),
        filter: addon.format.filter.clone(),
        namespace: addon.format.namespace.clone().unwrap_or_else(|| "default".to_owned()),
        clean: addon.format.clean,
        strict: addon.format.strict,
        comment: false,
        create_missing_namespaces: addon.format.create_missing_namespaces,
        plural: PluralRule::True,
        compatibility: Compatibility::Kfleet,
    };
    let scopes =
        ScopeSources { remedy: Remedy::FleetFile, flags: addon.format.scopes.clone(), ..ScopeSources::default() };
    let gathered = gather(inputs, options.compatibility);
    let laid_out = layout::tree(&gathered, &scopes, &options, warnings)?;
    if laid_out.is_empty() {
        return Err(vec![error(
            folder,
            "the sources hold no manifest",
            Some("check the sources, and `format.filter`"),
        )]);
    }
    let mut base = Tree::default();
    for (path, bytes) in laid_out.iter() {
        base.insert(format!("resources/{path}"), bytes.clone());
    }
    let files: BTreeSet<String> = base.keys().cloned().collect();
    let name = format!("{folder}/kustomization.yaml");
    let text = kustomization::update(&name, kustomization_file, &files)?;
    base.insert("kustomization.yaml".to_owned(), text);
    Ok(base)
}

fn error(file: &str, message: impl Into<String>, hint: Option<&str>) -> Problem {
    Problem {
        severity: Severity::Error,
        location: Location { file: file.to_owned(), line: 0, column: 0 },
        message: message.into(),
        hint: hint.map(str::to_owned),
    }
}

/// Texts behind one another, as one YAML stream. One text alone keeps its bytes.
fn join(texts: &[(String, Vec<u8>)]) -> Result<String, Vec<Problem>> {
    let mut joined = String::new();
    let mut problems = Vec::new();
    for (name, bytes) in texts {
        let Ok(text) = std::str::from_utf8(bytes) else {
            problems.push(error(name, "this is no valid UTF-8", Some("a ConfigMap holds text only")));
            continue;
        };
        if !joined.is_empty() {
            if !joined.ends_with('\n') {
                joined.push('\n');
            }
            if !text.starts_with("---") {
                joined.push_str("---\n");
            }
        }
        joined.push_str(text);
    }
    if problems.is_empty() { Ok(joined) } else { Err(problems) }
}

/// A ConfigMap that holds a text under one key. The layout makes a block of the quoted text.
fn config_map_text(config_map: &ConfigMapSource, text: &str) -> Vec<u8> {
    let mut out = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ".to_vec();
    scalar::write_text(&config_map.name, false, &mut out);
    out.extend_from_slice(b"\n  namespace: ");
    scalar::write_text(&config_map.namespace, false, &mut out);
    out.extend_from_slice(b"\ndata:\n  ");
    scalar::write_text(&config_map.key, false, &mut out);
    out.extend_from_slice(b": ");
    scalar::write_double(text, &mut out);
    out.push(b'\n');
    out
}
