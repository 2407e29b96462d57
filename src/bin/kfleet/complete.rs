//! What a shell completes: commands and flags, and the names that the fleet at hand has. The script of `kfleet completions`
//! asks the program itself, by an environment variable. Completing never writes, asks no server, and says nothing of what
//! is wrong: it then has no names.

use crate::context::Context;
use clap::Command;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use kfleet::fleet::clusters::Clusters;
use kfleet::fleet::file::FLEET_FILE;
use kfleet::lighthouse;
use kfleet::ops::vet::catalogue;
use kfleet::runner::record::{Keep, Records};
use kfleet::tree::Tree;
use std::path::PathBuf;

/// The variable by which the script asks: it names the shell.
const VARIABLE: &str = "KFLEET_COMPLETE";

/// Answers a shell, if one asks; returns whether one did. `program` makes the whole command line.
pub(crate) fn answered(program: fn() -> Command, context: &Context) -> bool {
    if context.environment.get(VARIABLE).is_none() {
        return false;
    }
    let completer = CompleteEnv::with_factory(program).var(VARIABLE);
    // A shell shows nothing of an error, and has no use for one.
    completer.try_complete(context.arguments.clone(), None).unwrap_or(true)
}

/// The script that makes a shell ask.
pub(crate) fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    let (shells, name) = (Shells::builtins(), shell.to_string());
    if let Some(completer) = shells.completer(&name) {
        // Writing to memory does not fail.
        let _ = completer.write_registration(VARIABLE, "kfleet", "kfleet", "kfleet", &mut script);
    }
    script
}

pub(crate) fn clusters() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let Some(fleet) = fleet() else { return Vec::new() };
        let candidate = |cluster: &kfleet::fleet::clusters::Cluster| {
            let help = cluster.environment.clone().or_else(|| cluster.flavour.clone());
            CompletionCandidate::new(&cluster.name).help(help.map(Into::into))
        };
        fleet.clusters.iter().map(candidate).collect()
    })
}

pub(crate) fn addons() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let file = fleet().and_then(|fleet| fleet.repository.fleet);
        let addons = file.iter().flat_map(|file| &file.fleet.addons);
        let candidate = |(name, addon): (&String, &kfleet::fleet::types::Addon)| {
            CompletionCandidate::new(name).help(addon.version.clone().map(Into::into))
        };
        addons.map(candidate).collect()
    })
}

pub(crate) fn rules() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        catalogue::rules().map(|rule| CompletionCandidate::new(rule.id).help(Some(rule.title.into()))).collect()
    })
}

pub(crate) fn jobs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let Some(context) = context() else { return Vec::new() };
        let Ok(tree) = Tree::from_dir(&context.root.join(".lighthouse")) else { return Vec::new() };
        let tree: Tree = tree.iter().map(|(path, bytes)| (format!(".lighthouse/{path}"), bytes.clone())).collect();
        let jobs = lighthouse::load(&tree).config.jobs;
        jobs.iter().map(|job| CompletionCandidate::new(&job.name)).collect()
    })
}

pub(crate) fn runs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let folder = context().and_then(|context| context.state().ok());
        let found = folder.and_then(|folder| Records::new(folder.join("runs"), Keep::default()).list(None).ok());
        let found = found.unwrap_or_default();
        found.iter().map(|about| CompletionCandidate::new(&about.run).help(Some(about.job.clone().into()))).collect()
    })
}

/// The fleet that the command line is about.
fn fleet() -> Option<Clusters> {
    Clusters::read(&context()?.root).ok()
}

/// The world outside, as the command that is being written would see it.
fn context() -> Option<Context> {
    let context = Context::read();
    let words: Vec<String> = context.arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let folder = words.iter().enumerate().find_map(|(index, word)| match word.as_str() {
        "-C" | "--repo" => words.get(index + 1).cloned(),
        _ => word.strip_prefix("--repo=").or_else(|| word.strip_prefix("-C")).map(str::to_owned),
    });
    let context = match folder {
        Some(folder) => context.about(PathBuf::from(folder)).ok()?,
        None => context,
    };
    let context = context.in_fleet();
    // Anywhere else, such as in the user's home, a look around would take long.
    let is_fleet = [FLEET_FILE, ".git"].iter().any(|name| context.root.join(name).exists());
    is_fleet.then_some(context)
}
