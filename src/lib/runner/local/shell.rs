//! A shell in the place of a step that has failed. The run waits for its end, and then goes on as if it had not been.

use crate::runner::backend::Screen;
use crate::runner::local::beside::terminal;
use crate::runner::local::controller::FailedStep;
use crate::runner::local::settings::Network;
use crate::runner::local::step_engine::TaskSpace;
use crate::runner::log::plain;
use crate::runner::mask::Masker;
use crate::tekton::task_run::StepEnd;

/// What is shown of the place of a step.
pub(super) struct StepContext<'a> {
    pub(super) engine: &'a str,
    pub(super) network: Network,
    pub(super) masker: &'a Masker,
}

/// Opens a shell, and returns when it has ended.
pub(super) fn open(screen: &dyn Screen, context: &StepContext<'_>, space: &mut dyn TaskSpace, failed: &FailedStep<'_>) {
    let before = context.masker.text(&told(context, space, failed));
    screen.lend(&mut |input, output| {
        // Who has closed the terminal does not want to read anything.
        let _ = output.write_all(before.as_bytes()).and_then(|()| output.flush());
        let ended = terminal::lend(input, output, |terminal| {
            space.open_shell(failed.index, failed.late, &failed.stop, terminal)
        });
        let after = match ended {
            Err(cause) => format!("kfleet: no terminal can be made for a shell: {cause}"),
            Ok(Err(error)) => format!("kfleet: no shell can be opened: {error}"),
            Ok(Ok(StepEnd::Unstarted(why))) => format!("kfleet: no shell can be opened: {why}"),
            Ok(Ok(_)) => "kfleet: the shell has ended, the run goes on".to_owned(),
        };
        let after = plain(&context.masker.text(&after));
        let _ = writeln!(output, "{after}").and_then(|()| output.flush());
    });
}

/// What has failed, where, and how to leave.
fn told(context: &StepContext<'_>, space: &dyn TaskSpace, failed: &FailedStep<'_>) -> String {
    let seen = space.seen(failed.index, failed.late);
    let step = failed.task.steps.get(failed.index).map(|step| step.name.as_str()).unwrap_or_default();
    let network = match context.network {
        Network::None if context.engine != "process" => "without network",
        _ => "with the network of this machine",
    };
    let command = match seen.command_line.is_empty() {
        true => "that of the image".to_owned(),
        false => {
            plain(&seen.command_line.iter().map(|word| typed(&context.masker.text(word))).collect::<Vec<_>>().join(" "))
        }
    };
    let rows = [
        ("engine", format!("{}, {network}", context.engine)),
        ("command", command),
        ("folder", seen.dir.as_deref().map_or_else(|| "that of the image".to_owned(), plain)),
        ("variables", plain(&seen.variables.join(" "))),
    ];
    let rows: String = rows.iter().map(|(name, value)| format!("  {name:<9}  {value}\n")).collect();
    format!(
        "\nkfleet: [{} : {}] has failed: {}\n{rows}\
         This is a shell in its place. To leave it, type exit or Ctrl-D: the run goes on then, and the step stays failed.\n\
         What you do here is not recorded, and secrets are not hidden.\n",
        plain(failed.label),
        plain(step),
        plain(failed.message),
    )
}

/// A word as it is typed in a shell.
fn typed(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-=:,@%+".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
