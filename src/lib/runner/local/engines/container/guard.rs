//! [`Guard`]: containers are not children of kfleet, and would outlive a kfleet that is killed. A shell beside it waits
//! for its end, and removes what is left.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use super::{Container, LABEL};

/// Waits for a word, or for the end of kfleet. A container may just be about to start then, and one that others have
/// joined can be removed only after them: hence the rounds.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
label=$1
shift
read -r word && exit 0
for round in 1 2 3 4 5; do
  ids=$("$@" ps --all --quiet --filter "label=$label")
  if [ -n "$ids" ]; then
    "$@" kill $ids
    "$@" rm --force $ids
  fi
  sleep 1
done
"#;

/// The shell beside kfleet. Dropping it informs it that there is nothing to do.
#[derive(Debug)]
pub(super) struct Guard(Child);

impl Guard {
    /// Starts it; without a shell there is none.
    #[expect(clippy::disallowed_methods, reason = "it is to outlive kfleet")]
    pub(super) fn start(engine: &Container) -> Option<Guard> {
        let mut command = Command::new("/bin/sh");
        command.env_clear().envs(engine.own_environment().iter()).process_group(0);
        command.args(["-c", SCRIPT, "kfleet", &format!("{LABEL}={}", engine.mark())]);
        command.arg(&engine.runtime.program).args(&engine.runtime.arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().ok().map(Guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.0.stdin.take() {
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.0.wait();
    }
}
