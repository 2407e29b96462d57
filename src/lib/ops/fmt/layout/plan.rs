//! The second step of a layout: what is written is compared with what is in the folder. No file is written here.

use super::{LayoutOptions, LayoutPlan};
use crate::diff::unified;
use crate::layout::claims::{Claim, Claimed, claim};
use crate::layout::gather::{Gathered, HOLD_BUDGET, is_kustomization};
use crate::layout::render::{Output, Unchecked, render_all};
use crate::layout::scopes::{ScopeSources, is_filtered};
use crate::layout::{Action, Compatibility, FileAction, has_errors, sorted};
use crate::manifest::Source;
use crate::problem::{Location, Problem};
use crate::tree::{self, Root, State};
use crate::yaml::engine::Engine;
use crate::yaml::input::Text;
use crate::yaml::tape::Tape;
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// One file to be removed after all outputs are written.
#[derive(Debug, Clone)]
pub(super) enum Removal {
    /// Below the output folder.
    Output(String),
    /// An input elsewhere.
    Input(PathBuf),
}

fn error(file: String, message: impl Into<String>, hint: &str) -> Problem {
    Problem::error(Location::of_file(file), message).with_hint(hint)
}

/// Plans the layout of what was gathered. `diffs`: whether to keep each change as a diff.
///
/// # Errors
/// All problems, warnings included. Nothing was written.
pub fn plan(
    gathered: &Gathered,
    sources: &ScopeSources,
    options: &LayoutOptions,
    diffs: bool,
) -> Result<LayoutPlan, Vec<Problem>> {
    let Claimed { claims, warnings: mut problems, mut notes } = claim(gathered, sources, &options.layout)?;
    let root = match options.open() {
        Ok(root) => root,
        Err(error) => {
            problems.push(error.into_problem());
            return Err(problems);
        }
    };
    let below = inputs_below(gathered, options);
    let held = AtomicU64::new(0);
    let disk = Disk { root: &root, below: &below, gathered, options, held: &held, diffs };
    let rendered = render_all(gathered, &options.layout, claims, |claim, text| disk.compared(claim, text));
    problems.extend(rendered.problems);
    let mut outputs = rendered.outputs;
    // What every path begins with, made once.
    let mut above = options.layout.shown("x");
    above.pop();
    let mut files: Vec<FileAction> = outputs
        .iter_mut()
        .map(|output| FileAction {
            path: [&above, output.path.as_str()].concat(),
            action: output.action,
            diff: output.diff.take(),
        })
        .collect();
    if matches!(options.layout.compatibility, Compatibility::Kfmt) {
        let existing = outputs.iter().filter(|output| matches!(output.action, Action::Update | Action::Unchanged));
        problems.extend(existing.map(|output| {
            let path = options.layout.shown(&output.path);
            error(path.clone(), format!("file already exists: {path}"), "allow it with --overwrite")
        }));
    }
    let removals = removals(disk, &outputs, &mut files, &mut problems, &mut notes);
    if has_errors(&problems) {
        return Err(sorted(problems));
    }
    files.par_sort_by(|a, b| a.path.cmp(&b.path));
    Ok(LayoutPlan { files, warnings: problems, notes, outputs, removals })
}

/// What texts are compared with.
#[derive(Clone, Copy)]
struct Disk<'a> {
    /// The output folder.
    root: &'a Root,
    /// For each input its path below that folder, where it lies there.
    below: &'a [Option<String>],
    gathered: &'a Gathered,
    options: &'a LayoutOptions,
    /// The bytes of outputs that are held.
    held: &'a AtomicU64,
    diffs: bool,
}

impl Disk<'_> {
    /// Compares a text with the file at its path, and proves it if it is going to be written.
    fn compared(&self, claim: &Claim, mut text: Unchecked<'_, '_>) -> Result<Output, Box<Problem>> {
        let Claim { path, entry, edit, contested } = claim;
        let boxed = |error: tree::Error| Box::new(error.into_problem());
        let state = match self.held_at(claim) {
            Some(held) if held == text.bytes => State::Same,
            Some(_) => State::Different,
            None => self.root.compare(path, text.bytes).map_err(boxed)?,
        };
        let action = match state {
            State::Missing => Action::Create,
            State::Different => Action::Update,
            State::Same => Action::Unchanged,
        };
        if action == Action::Create && edit.made_up_namespace.is_none() || action == Action::Update {
            text.prove()?;
        }
        let bytes = text.bytes;
        // A Namespace is made up only where there is none.
        let action = match (&edit.made_up_namespace, action) {
            (Some(_), Action::Update) => Action::Unchanged,
            (_, action) => action,
        };
        let keep = *contested
            || (action != Action::Unchanged
                && self.held.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64 <= HOLD_BUDGET);
        let diff = if self.diffs && action != Action::Unchanged {
            let old = self.root.read(path).map_err(boxed)?.unwrap_or_default();
            Some(unified(&self.options.layout.shown(path), &old, bytes))
        } else {
            None
        };
        let bytes = keep.then(|| bytes.to_vec());
        Ok(Output { path: path.clone(), entry: *entry, edit: edit.clone(), action, bytes, diff })
    }

    /// The bytes at `path`, where the object of the claim was read from there and they are still held.
    fn held_at(&self, claim: &Claim) -> Option<&[u8]> {
        let input = self.gathered.chunks[self.gathered.entries[claim.entry?].chunk].input;
        let read_there = self.below[input].as_ref() == Some(&claim.path) && !self.gathered.inputs[input].is_link();
        self.gathered.inputs[input].held().filter(|_| read_there)
    }
}

/// The path of each input below the output folder, where it lies there.
fn inputs_below(gathered: &Gathered, options: &LayoutOptions) -> Vec<Option<String>> {
    let mut output = tree::Below::new(&options.output);
    gathered.inputs.iter().map(|input| output.relative(input.path()?)).collect()
}

/// What to remove once all outputs are written: inputs that moved, inputs that `--remove` names, pruned files.
fn removals(
    disk: Disk<'_>,
    outputs: &[Output],
    files: &mut Vec<FileAction>,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<String>,
) -> Vec<Removal> {
    let Disk { gathered, options, .. } = disk;
    let wanted = options.prune || disk.below.iter().any(Option::is_some);
    let produced: HashSet<&str> = outputs.iter().filter(|_| wanted).map(|output| output.path.as_str()).collect();
    let mut removals = Vec::new();
    let mut removed: HashSet<String> = HashSet::new();
    let filtered = filtered_inputs(gathered, options);
    let moved = options.layout.compatibility == Compatibility::Kfleet;
    let mut used = vec![false; gathered.inputs.len()];
    for entry in &gathered.entries {
        used[gathered.chunks[entry.chunk].input] = true;
    }
    for (index, input) in gathered.inputs.iter().enumerate() {
        let Some(path) = input.path() else { continue };
        let below = disk.below[index].as_deref();
        let moves = below.is_some() && moved;
        if !(moves || options.remove) || below.is_some_and(|path| produced.contains(path)) {
            continue;
        }
        if gathered.mixed[index] && !used[index] {
            continue;
        }
        let name = || input.name().to_owned();
        let verb = if options.remove { "--remove would delete" } else { "moving its manifests would delete" };
        if gathered.mixed[index] {
            let message = format!("{verb} a file that also holds YAML that is not a manifest");
            problems.push(error(name(), message, "split the file first, or exclude it"));
        } else if filtered[index] {
            let message = format!("{verb} objects that --filter leaves out");
            problems.push(error(name(), message, "leave out --filter, or keep the inputs elsewhere"));
        } else {
            let shown_path = below.map_or_else(|| input.name().to_owned(), |path| options.layout.shown(path));
            files.push(FileAction { path: shown_path, action: Action::Remove, diff: None });
            match below {
                Some(path) => {
                    removed.insert(path.to_owned());
                    removals.push(Removal::Output(path.to_owned()));
                }
                None => removals.push(Removal::Input(path.to_owned())),
            }
        }
    }
    if options.prune {
        for path in prunable(options, disk.root, outputs, &produced, &removed, problems, notes) {
            files.push(FileAction { path: options.layout.shown(&path), action: Action::Remove, diff: None });
            removals.push(Removal::Output(path));
        }
    }
    removals
}

/// Inputs of which `--filter` leaves out an object.
fn filtered_inputs(gathered: &Gathered, options: &LayoutOptions) -> Vec<bool> {
    let mut filtered = vec![false; gathered.inputs.len()];
    for entry in &gathered.entries {
        if is_filtered(&entry.object.gvk, &options.layout.filter) {
            filtered[gathered.chunks[entry.chunk].input] = true;
        }
    }
    filtered
}

fn prunable(
    options: &LayoutOptions,
    root: &Root,
    outputs: &[Output],
    produced: &HashSet<&str>,
    removed: &HashSet<String>,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<String>,
) -> Vec<String> {
    if outputs.is_empty() {
        let hint = "check the inputs; remove the folder by hand if that is what you want";
        let message = "--prune refuses to remove everything: this run produced no manifest";
        problems.push(error(options.layout.folder.display().to_string(), message, hint));
        return Vec::new();
    }
    let mut pruned = Vec::new();
    for folder in ["cluster", "namespaces"] {
        match root.list(folder) {
            Err(error) => problems.push(error.into_problem()),
            Ok(paths) => {
                for path in paths {
                    if produced.contains(path.as_str()) || removed.contains(&path) {
                        continue;
                    }
                    match root.read(&path) {
                        Ok(Some(bytes)) if holds_only_manifests(&bytes) => pruned.push(path),
                        Ok(_) => {
                            notes.push(format!("{}: not pruned: it is not a manifest", options.layout.shown(&path)))
                        }
                        Err(error) => problems.push(error.into_problem()),
                    }
                }
            }
        }
    }
    pruned
}

/// Whether every document of a file is a manifest, so that `--prune` may remove it.
fn holds_only_manifests(bytes: &[u8]) -> bool {
    let Ok(text) = Text::new(bytes) else { return false };
    let mut engine = Engine::default();
    let mut tape = Tape::default();
    let mut manifests = 0;
    for span in text.documents() {
        if engine.parse(&text, span, &mut tape, &mut Vec::new()).is_err() {
            return false;
        }
        if tape.is_empty() {
            continue;
        }
        let source = Source { tape: &tape, bytes: &text.bytes, json: text.json };
        match source.object(tape.node_at(0)) {
            Ok(object) if !is_kustomization(&object.gvk) => manifests += 1,
            _ => return false,
        }
    }
    manifests > 0
}
