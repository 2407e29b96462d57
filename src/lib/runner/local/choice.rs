//! Which engine carries out a run, and why.

use crate::error::{Error, ErrorKind, Result};
use crate::lighthouse::Trust;
use crate::process::{Environment, Program};
use crate::runner::local::engines::container::{Container, Pull, Runtime};
use crate::runner::local::engines::process::Process;
use crate::runner::local::programs::shims::Programs;
use crate::runner::local::settings::Settings;
use crate::runner::local::step_engine::StepEngine;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Namespaces, with the programs of this machine.
    Sandbox,
    /// Plain programs of this machine.
    Process,
    /// Each step in its image.
    Container,
}

/// An engine, and why it is this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineChoice {
    pub kind: EngineKind,
    pub why: String,
    pub runtime: Option<PathBuf>,
    /// Whether it was asked for.
    pub is_asked: bool,
}

/// The programs that run containers, the first that is there counts.
const RUNTIMES: [&str; 2] = ["podman", "docker"];

/// How long a runtime may take to say that it works.
const ANSWER: Duration = Duration::from_secs(20);

/// Chooses. `asked` is what the user wants; `folder` is where runs are made, `program` kfleet itself.
///
/// # Errors
/// The engine that is asked for cannot be used, or no engine can ([`ErrorKind::Environment`]); an untrusted run asks for
/// the one that does not confine it ([`ErrorKind::Refused`]).
pub fn choose(
    asked: Option<EngineKind>,
    trust: Trust,
    folder: &Path,
    program: &Path,
    environment: &Environment,
) -> Result<EngineChoice> {
    let runtime = || runtimes(environment).next();
    let chosen = |kind, why, runtime| Ok(EngineChoice { kind, why, runtime, is_asked: asked.is_some() });
    let asked_for = |kind| chosen(kind, "it was asked for".to_owned(), runtime());
    match asked {
        Some(EngineKind::Process) if trust.is_untrusted() => {
            let message = "an untrusted run cannot use the engine process: nothing confines its steps";
            return Err(Error::new(ErrorKind::Refused, message).with_hint("use --engine sandbox or container"));
        }
        Some(EngineKind::Container) if runtime().is_none() => {
            let message = "cannot run containers: neither podman nor docker is here";
            let error = Error::new(ErrorKind::Environment, message);
            return Err(error.with_hint("install one of them, or use --engine sandbox"));
        }
        Some(EngineKind::Sandbox) => return probe(folder, program).and_then(|()| asked_for(EngineKind::Sandbox)),
        Some(kind) => return asked_for(kind),
        None => {}
    }
    let Err(error) = probe(folder, program) else {
        return chosen(EngineKind::Sandbox, "this machine allows it".to_owned(), None);
    };
    let why = format!("there is no sandbox here ({})", error.message);
    match usable_runtime(environment) {
        Some(found) => chosen(EngineKind::Container, why, Some(found)),
        None if trust.is_untrusted() => Err(error),
        None => chosen(EngineKind::Process, format!("{why} and no podman or docker that works"), None),
    }
}

/// In the place of a sandbox that nobody has asked for: containers, where a job needs what the sandbox lacks and one of
/// the runtimes works. `lacks` are the things, for people.
pub(super) fn instead(
    choice: &EngineChoice,
    lacks: &[String],
    runtime: &dyn Fn() -> Option<PathBuf>,
) -> Option<EngineChoice> {
    const NAMED: usize = 4;
    if choice.is_asked || choice.kind != EngineKind::Sandbox || lacks.is_empty() {
        return None;
    }
    let runtime = runtime()?;
    let more = if lacks.len() > NAMED { format!(" and {} more", lacks.len() - NAMED) } else { String::new() };
    let named = lacks.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let why = format!("the sandbox lacks {named}{more}, and {} works here", runtime.display());
    Some(EngineChoice { kind: EngineKind::Container, why, runtime: Some(runtime), is_asked: false })
}

/// The runtimes that are here.
fn runtimes(environment: &Environment) -> impl Iterator<Item = PathBuf> {
    let programs = Programs::new(None, environment.get("PATH"));
    RUNTIMES.into_iter().filter(move |name| programs.has(name)).map(PathBuf::from)
}

/// The first of them that answers.
pub(super) fn usable_runtime(environment: &Environment) -> Option<PathBuf> {
    let answers = |runtime: &PathBuf| {
        let asked = Program::new(runtime).envs(environment).args(["info"]).timeout(ANSWER).run();
        asked.is_ok_and(|output| output.is_success())
    };
    runtimes(environment).find(answers)
}

/// The `PATH` of steps in a sandbox that shows these folders too; nothing where there is none.
#[cfg(target_os = "linux")]
pub(super) fn sandbox_path(environment: &Environment, tools: &[PathBuf]) -> String {
    crate::runner::local::engines::sandbox::path_of(environment, tools)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sandbox_path(_: &Environment, _: &[PathBuf]) -> String {
    String::new()
}

#[cfg(target_os = "linux")]
fn probe(folder: &Path, program: &Path) -> Result<()> {
    crate::runner::local::engines::sandbox::Sandbox::probe(folder, program)
}

#[cfg(not(target_os = "linux"))]
fn probe(_: &Path, _: &Path) -> Result<()> {
    Err(Error::new(ErrorKind::Environment, "the engine sandbox needs Linux"))
}

/// An engine that is set up, and the `PATH` of its steps where they use the programs of this machine.
pub(super) fn start(
    choice: &EngineChoice,
    settings: Settings,
    program: &Path,
) -> Result<(Box<dyn StepEngine>, Option<String>)> {
    match choice.kind {
        #[cfg(target_os = "linux")]
        EngineKind::Sandbox => {
            let engine = crate::runner::local::engines::sandbox::Sandbox::new(settings, program);
            let path = engine.search_path();
            Ok((Box::new(engine), Some(path)))
        }
        #[cfg(not(target_os = "linux"))]
        EngineKind::Sandbox => Err(Error::new(ErrorKind::Environment, "the engine sandbox needs Linux")),
        EngineKind::Process => {
            let engine = Process::new(settings, program);
            let path = engine.search_path();
            Ok((Box::new(engine), Some(path)))
        }
        EngineKind::Container => {
            let runtime = Runtime {
                program: choice.runtime.clone().unwrap_or_else(|| PathBuf::from(RUNTIMES[0])),
                arguments: Vec::new(),
                pull: Pull::Missing,
            };
            let engine = Container::new(settings, runtime);
            engine.probe()?;
            Ok((Box::new(engine.guarded()), None))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_take_the_place_of_a_sandbox_that_lacks_something() {
        let choice = |kind, is_asked| EngineChoice { kind, why: String::new(), runtime: None, is_asked };
        let lacks: Vec<String> = ["make", "helm", "go", "jq", "yq"].map(str::to_owned).to_vec();
        let podman = || Some(PathBuf::from("podman"));
        let found = instead(&choice(EngineKind::Sandbox, false), &lacks, &podman).unwrap();
        assert_eq!((found.kind, found.runtime.as_deref()), (EngineKind::Container, Some(Path::new("podman"))));
        assert_eq!(found.why, "the sandbox lacks make, helm, go, jq and 1 more, and podman works here");
        let never = || -> Option<PathBuf> { panic!("nobody wants to know") };
        for choice in [
            choice(EngineKind::Sandbox, true),
            choice(EngineKind::Process, false),
            choice(EngineKind::Container, false),
        ] {
            assert_eq!(instead(&choice, &lacks, &never), None);
        }
        assert_eq!(instead(&choice(EngineKind::Sandbox, false), &[], &never), None);
        assert_eq!(instead(&choice(EngineKind::Sandbox, false), &lacks, &|| None), None);
    }
}
