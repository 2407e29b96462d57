//! kfleet starts itself beside a step: in which [`Role`], and how the new process learns it. What it does there is not known
//! here.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// The first argument of a kfleet that is started beside a step.
const ARGUMENT: &str = "__step";

/// What kfleet is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// To attend to a step that is a plain process.
    Beside,
    /// To enter new namespaces, without a network. This and the next two are for Linux alone.
    Outside,
    /// To enter new namespaces, with the network of the host.
    OutsideWithNetwork,
    /// To be the first process in these.
    Inside,
    /// To become a program with a terminal; that program is in the arguments after it.
    Terminal,
}

impl Role {
    const ALL: [Role; 5] = [Role::Beside, Role::Outside, Role::OutsideWithNetwork, Role::Inside, Role::Terminal];

    fn name(self) -> &'static str {
        match self {
            Role::Beside => "beside",
            Role::Outside => "outside",
            Role::OutsideWithNetwork => "outside-with-network",
            Role::Inside => "inside",
            Role::Terminal => "terminal",
        }
    }

    /// The role in a command line, and the arguments after it.
    pub(crate) fn of(arguments: &[OsString]) -> Option<(Role, &[OsString])> {
        let [_, first, name, rest @ ..] = arguments else { return None };
        let role = Role::ALL.into_iter().find(|role| name == role.name()).filter(|_| first == ARGUMENT)?;
        (rest.is_empty() || role == Role::Terminal).then_some((role, rest))
    }
}

/// kfleet, whose file is `program`, to be started in a role, without any variables.
#[expect(clippy::disallowed_methods, reason = "kfleet starts itself, with a socket for its standard input")]
pub(crate) fn command(program: &Path, role: Role) -> Command {
    let mut command = Command::new(program);
    command.args([ARGUMENT, role.name()]).env_clear();
    command
}
