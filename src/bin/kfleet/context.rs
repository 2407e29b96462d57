//! The world outside, read once: arguments, environment, terminals. Nothing else in the program asks for it.
#![expect(clippy::disallowed_methods, reason = "this is the one module that reads the environment")]

use kfleet::error::{Error, ErrorKind};
use kfleet::fleet::file::FLEET_FILE;
use kfleet::process::Environment;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What standard input is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// A person.
    Terminal,
    /// A pipe, a socket or a file: there is something to read.
    Piped,
    /// Nothing: closed, or a device such as `/dev/null`.
    Nothing,
}

#[derive(Debug)]
pub(crate) struct Context {
    /// The command line, program name first.
    pub arguments: Vec<OsString>,
    /// The folder that paths of arguments start in: what `-C` names, else the current one.
    start: PathBuf,
    /// The folder that the command is about: that one, or what holds it ([`Context::in_fleet`]).
    pub root: PathBuf,
    /// What standard input is connected to.
    pub stdin: Stdin,
    /// Whether messages go to a terminal.
    pub stderr_is_terminal: bool,
    /// The kubeconfig files that kubectl would use, in order.
    pub kubeconfigs: Vec<PathBuf>,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// The environment as it is, for programs and settings that hang on it.
    pub environment: Environment,
}

impl Context {
    /// Reads the environment.
    pub(crate) fn read() -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let listed = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty());
        let kubeconfigs = match listed {
            Some(list) => std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
            None => home.iter().map(|home| home.join(".kube/config")).collect(),
        };
        Context {
            arguments: std::env::args_os().collect(),
            start: PathBuf::from("."),
            root: PathBuf::from("."),
            stdin: stdin(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            kubeconfigs,
            now: std::time::UNIX_EPOCH.elapsed().map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
            environment: std::env::vars_os().collect(),
        }
    }

    /// The same, about another folder: what `-C` names.
    ///
    /// # Errors
    /// It is missing, or not a folder ([`ErrorKind::Usage`]).
    pub(crate) fn about(self, folder: PathBuf) -> Result<Self, Error> {
        // A folder that can be entered has a `.` that can be looked at.
        match std::fs::metadata(folder.join(".")) {
            Ok(_) => {
                let kubeconfigs = self.kubeconfigs.iter().map(|path| folder.join(path)).collect();
                Ok(Context { start: folder.clone(), root: folder, kubeconfigs, ..self })
            }
            Err(cause) => {
                let error = kfleet::tree::Error::from_io("enter", folder.display().to_string(), cause).into_usage();
                Err(if error.hint.is_some() { error } else { error.with_hint("-C names the folder to start in") })
            }
        }
    }

    /// The same, about the fleet that the folder lies in: looked for upwards, as git does, to the first folder with a fleet
    /// file, or else to the top of the git repository. Without either, the folder itself.
    pub(crate) fn in_fleet(self) -> Self {
        let Ok(folder) = self.root.canonicalize() else { return self };
        let above: Vec<&Path> = folder.ancestors().collect();
        let top = above.iter().position(|folder| folder.join(".git").exists());
        let inside = &above[..top.map_or(above.len(), |top| top + 1)];
        let fleet = inside.iter().position(|folder| folder.join(FLEET_FILE).is_file());
        match fleet.or(top) {
            None | Some(0) => self,
            Some(found) => Context { root: above[found].to_owned(), ..self },
        }
    }

    /// The path of an argument, which starts where the command was started.
    pub(crate) fn path(&self, argument: &Path) -> PathBuf {
        if self.start == Path::new(".") { argument.to_owned() } else { self.start.join(argument) }
    }

    /// The folder of kfleet's cache: below the user's cache folder.
    ///
    /// # Errors
    /// The environment names neither that folder nor a home.
    pub(crate) fn cache(&self) -> Result<PathBuf, Error> {
        let folder = |name: &str| self.environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
        cache.map(|cache| cache.join("kfleet")).ok_or_else(|| {
            Error::new(ErrorKind::Environment, "there is no folder for the cache")
                .with_hint("set HOME or XDG_CACHE_HOME")
        })
    }

    /// The folder of what kfleet remembers: below the user's state folder.
    ///
    /// # Errors
    /// The environment names neither that folder nor a home.
    pub(crate) fn state(&self) -> Result<PathBuf, Error> {
        let state = self.folder("XDG_STATE_HOME").or_else(|| self.folder("HOME").map(|home| home.join(".local/state")));
        state.map(|state| state.join("kfleet")).ok_or_else(|| {
            Error::new(ErrorKind::Environment, "there is no folder for the records of runs")
                .with_hint("set HOME or XDG_STATE_HOME")
        })
    }

    /// The folder of the user's settings, if the environment names one.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        let config = self.folder("XDG_CONFIG_HOME").or_else(|| self.folder("HOME").map(|home| home.join(".config")));
        config.map(|config| config.join("kfleet"))
    }

    /// The folder for what is only needed meanwhile.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"))
    }

    /// The program itself.
    ///
    /// # Errors
    /// The system does not know.
    pub(crate) fn program(&self) -> Result<PathBuf, Error> {
        std::env::current_exe().map_err(|cause| {
            Error::new(ErrorKind::Environment, "cannot find the file of kfleet itself").with_source(cause)
        })
    }

    fn folder(&self, name: &str) -> Option<PathBuf> {
        self.environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Whether the program was started under this name.
    pub(crate) fn called_as(&self, name: &str) -> bool {
        let program = self.arguments.first().map(Path::new).and_then(Path::file_stem);
        program.is_some_and(|program| program == name)
    }
}

fn stdin() -> Stdin {
    use rustix::fs::FileType;
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Stdin::Terminal;
    }
    match rustix::fs::fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::Fifo | FileType::Socket | FileType::RegularFile) => Stdin::Piped,
        _ => Stdin::Nothing,
    }
}
