//! Which engine carries out a run, and why.

use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::runner::container::{Container, Pull, Runtime};
use crate::pipeline::runner::engine::Engine;
use crate::pipeline::runner::options::Settings;
use crate::pipeline::runner::process::Process;
use std::path::{Path, PathBuf};

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Namespaces, with the programs of this machine.
    Sandbox,
    /// Plain programs of this machine.
    Process,
    /// Each step in its image.
    Container,
}

/// An engine, and why it is this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Which.
    pub kind: Kind,
    /// Why.
    pub why: String,
    /// The program that runs containers.
    pub runtime: Option<PathBuf>,
}

/// The programs that run containers, the first that is there counts.
const RUNTIMES: [&str; 2] = ["podman", "docker"];

/// Chooses. `asked` is what the user wants; `folder` is where runs are made, `program` kfleet itself.
///
/// # Errors
/// The engine that is asked for cannot be used, or no engine can ([`ErrorKind::Environment`]); an untrusted run asks for
/// the one that does not confine it ([`ErrorKind::Refused`]).
pub fn choose(
    asked: Option<Kind>,
    is_untrusted: bool,
    folder: &Path,
    program: &Path,
    has_program: &dyn Fn(&str) -> bool,
) -> Result<Choice> {
    let runtime = || RUNTIMES.into_iter().find(|name| has_program(name)).map(PathBuf::from);
    let asked_for = |kind| Choice { kind, why: "it was asked for".to_owned(), runtime: runtime() };
    match asked {
        Some(Kind::Sandbox) => probe(folder, program).map(|()| asked_for(Kind::Sandbox)),
        Some(Kind::Process) if is_untrusted => Err(Error::new(
            ErrorKind::Refused,
            "an untrusted run cannot use the engine process: nothing confines its steps",
        )
        .with_hint("use --engine sandbox or container")),
        Some(Kind::Process) => Ok(asked_for(Kind::Process)),
        Some(Kind::Container) => match runtime() {
            Some(_) => Ok(asked_for(Kind::Container)),
            None => Err(Error::new(ErrorKind::Environment, "cannot run containers: neither podman nor docker is here")
                .with_hint("install one of them, or use --engine sandbox")),
        },
        None => match probe(folder, program) {
            Ok(()) => Ok(Choice { kind: Kind::Sandbox, why: "this machine allows it".to_owned(), runtime: runtime() }),
            Err(error) => match runtime() {
                Some(found) => {
                    let why = format!("there is no sandbox here ({})", error.message);
                    Ok(Choice { kind: Kind::Container, why, runtime: Some(found) })
                }
                None if is_untrusted => Err(error),
                None => {
                    let why = format!("there is no sandbox here ({}) and no podman or docker", error.message);
                    Ok(Choice { kind: Kind::Process, why, runtime: None })
                }
            },
        },
    }
}

#[cfg(target_os = "linux")]
fn probe(folder: &Path, program: &Path) -> Result<()> {
    crate::pipeline::runner::sandbox::Sandbox::probe(folder, program)
}

#[cfg(not(target_os = "linux"))]
fn probe(_: &Path, _: &Path) -> Result<()> {
    Err(Error::new(ErrorKind::Environment, "the engine sandbox needs Linux"))
}

/// An engine that is set up, and the `PATH` of its steps where they use the programs of this machine.
pub(super) fn start(choice: &Choice, settings: Settings, program: &Path) -> Result<(Box<dyn Engine>, Option<String>)> {
    match choice.kind {
        #[cfg(target_os = "linux")]
        Kind::Sandbox => {
            let engine = crate::pipeline::runner::sandbox::Sandbox::new(settings, program);
            let path = engine.search_path();
            Ok((Box::new(engine), Some(path)))
        }
        #[cfg(not(target_os = "linux"))]
        Kind::Sandbox => Err(Error::new(ErrorKind::Environment, "the engine sandbox needs Linux")),
        Kind::Process => {
            let engine = Process::new(settings, program);
            let path = engine.search_path();
            Ok((Box::new(engine), Some(path)))
        }
        Kind::Container => {
            let runtime = Runtime {
                program: choice.runtime.clone().unwrap_or_else(|| PathBuf::from(RUNTIMES[0])),
                arguments: Vec::new(),
                run_arguments: Vec::new(),
                pull: Pull::Missing,
            };
            let engine = Container::new(settings, runtime);
            engine.probe()?;
            Ok((Box::new(engine.guarded()), None))
        }
    }
}
