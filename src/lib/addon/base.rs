//! The texts of an addon's sources become the files of its base. It knows neither the lock nor what is there.

use super::kustomization;
use super::wanted::Texts;
use crate::fleet::types::Addon;
use crate::layout::gather::gather;
use crate::layout::path::PluralRule;
use crate::layout::scopes::{Remedy, ScopeSources};
use crate::layout::{self, Compatibility, Options};
use crate::problem::{Location, Problem};
use crate::tree::{Input, Tree};
use crate::yaml::edit::Rewrite;
use crate::yaml::emit::Style;
use std::collections::BTreeSet;

/// The generated files of an addon's base, its kustomization included. `folder` is the base's path in the repository,
/// for messages. Warnings are added to `warnings`.
///
/// # Errors
/// Everything that is wrong with the sources' texts, and with the kustomization that is there.
pub(super) fn render(
    folder: &str,
    addon: &Addon,
    contents: Vec<Texts>,
    kustomization_file: Option<&[u8]>,
    warnings: &mut Vec<Problem>,
) -> Result<Tree, Vec<Problem>> {
    let mut texts: Vec<(String, Vec<u8>)> = contents.into_iter().flatten().collect();
    let wrapped = addon.sources.iter().find_map(|source| source.config_map.as_ref());
    if let Some(config_map) = wrapped {
        texts = vec![(format!("{folder} (ConfigMap {})", config_map.name), config_map.wrap(&texts)?)];
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
        let problem = Problem::error(Location::of_file(folder), "the sources hold no manifest");
        return Err(vec![problem.with_hint("check the sources, and `format.filter`")]);
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
