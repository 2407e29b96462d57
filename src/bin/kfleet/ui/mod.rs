//! All that a person reads. Data goes to standard output; status, warnings and errors go to standard error. Text that
//! comes from inputs never reaches a terminal raw: control characters are shown, not sent.

pub(crate) mod downloads;
mod files;
pub(crate) mod fmt;
pub(crate) mod generate;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod promote;
mod report;
pub(crate) mod run_log;
pub(crate) mod run_report;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod vet;

use crate::args::json_is_asked;
use crate::context::Context;
use anstream::print;
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kfleet::error::{Error, ErrorKind};
use kfleet::problem::{Problem, Severity};
use kfleet::text::visible;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a command ends when nothing unexpected happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All done.
    Done,
    /// Problems were shown, or `--check` found differences.
    Failed,
    /// Problems of this sort were shown.
    Ended(ErrorKind),
}

impl Outcome {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::Failed => 1,
            Outcome::Ended(kind) => kind.exit_code(),
        }
    }
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const HUNK: Style = AnsiColor::Cyan.on_default();
const BOLD: Style = Style::new().bold();

/// So many warnings are shown without `-v`.
const WARNINGS_SHOWN: usize = 20;

#[derive(Debug)]
pub(crate) struct Ui {
    quiet: bool,
    verbose: bool,
    progress: bool,
    /// Whether errors that end the program are reported as JSON too.
    json_errors: bool,
}

impl Ui {
    /// Sets up the terminal.
    pub(crate) fn new(color: ColorChoice, quiet: bool, verbose: u8, context: &Context) -> Self {
        match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        let json_errors = json_is_asked(&context.arguments);
        Ui { quiet, verbose: verbose > 0, progress: context.stderr_is_terminal && !quiet, json_errors }
    }

    /// A line that says what was done.
    pub(crate) fn status(&self, text: &str) {
        if !self.quiet {
            say(&escape(text));
        }
    }

    /// A line about what failed, which is shown to those too who want errors only.
    pub(crate) fn failure(&self, text: &str) {
        say(&escape(text));
    }

    /// Whether only errors are to be shown.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// A line for those who asked for more.
    pub(crate) fn note(&self, text: &str) {
        if self.verbose {
            say(&escape(text));
        }
    }

    /// Data: bytes as they are. A reader that has left is not an error.
    pub(crate) fn data(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut stdout = std::io::stdout().lock();
        written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// A line of data that holds text from inputs.
    pub(crate) fn line(&self, text: &str) -> Result<(), Error> {
        self.data(format!("{}\n", escape(text)).as_bytes())
    }

    /// A unified diff, in colour where colours are wanted.
    pub(crate) fn diff(&self, diff: &str) -> Result<(), Error> {
        let mut text = String::new();
        for line in diff.lines() {
            let style = match line.as_bytes() {
                [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => BOLD,
                [b'+', ..] => ADDED,
                [b'-', ..] => REMOVED,
                [b'@', b'@', ..] => HUNK,
                _ => Style::new(),
            };
            let _ = writeln!(text, "{style}{}{style:#}", escape(line));
        }
        let mut stdout = anstream::stdout().lock();
        written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    /// Shows problems: all errors, and so many warnings that they do not hide the errors.
    pub(crate) fn problems(&self, problems: &[Problem]) {
        self.show_problems(problems, if self.verbose { usize::MAX } else { WARNINGS_SHOWN });
    }

    /// Shows problems, all of them: where they are what was asked for.
    pub(crate) fn all_problems(&self, problems: &[Problem]) {
        self.show_problems(problems, usize::MAX);
    }

    fn show_problems(&self, problems: &[Problem], limit: usize) {
        let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
        let mut shown = 0;
        for problem in problems {
            match problem.severity {
                Severity::Error => {}
                Severity::Warning if self.quiet || shown >= limit => continue,
                Severity::Warning => shown += 1,
                Severity::Info if self.quiet => continue,
                Severity::Info => {}
            }
            say(&lines(problem));
        }
        if warnings > shown && !self.quiet {
            say(&format!("{WARNING}warning{WARNING:#}: {} more warnings; -v shows all", warnings - shown));
        }
    }

    /// A problem as data: it is what was asked for.
    pub(crate) fn finding(&self, problem: &Problem) -> Result<(), Error> {
        let mut stdout = anstream::stdout().lock();
        written(stdout.write_all(format!("{}\n", lines(problem)).as_bytes()).and_then(|()| stdout.flush()))
    }

    /// Whether bars are shown: standard error is a terminal, and nobody asked for quiet.
    pub(crate) fn shows_progress(&self) -> bool {
        self.progress
    }

    /// Ends the program.
    pub(crate) fn finish(&self, result: Result<Outcome, Error>) -> ExitCode {
        match result {
            Ok(outcome) => ExitCode::from(outcome.exit_code()),
            Err(error) => {
                self.error(&error);
                if self.json_errors {
                    // Whoever reads JSON gets it in every case. A reader that has left has had enough.
                    let _ = self.error_report(&error);
                }
                ExitCode::from(error.kind.exit_code())
            }
        }
    }

    /// Shows an error after which other work goes on, or which ends the program.
    pub(crate) fn error(&self, error: &Error) {
        if !error.problems.is_empty() {
            self.problems(&error.problems);
            return self.status(&error.to_string());
        }
        say(&format!("{ERROR}error{ERROR:#}: {}", escape_lines(&error.to_string())));
        say_hint(error.hint.as_deref());
    }

    /// A bar over `total` steps, which shows itself once the work has become long.
    pub(crate) fn progress(&self, total: usize, what: &'static str) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Progress { bar, start: Instant::now(), wanted: self.progress }
    }
}

/// See [`Ui::progress`].
pub(crate) struct Progress {
    bar: ProgressBar,
    start: Instant,
    wanted: bool,
}

impl Progress {
    /// Work is long when it takes longer than this.
    const LONG: Duration = Duration::from_millis(200);

    /// So many steps were done.
    pub(crate) fn step(&self, count: usize) {
        if self.wanted && self.bar.is_hidden() && self.start.elapsed() > Self::LONG {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(count as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Prints help or version text of the argument parser.
pub(crate) fn print_plain(text: &str) {
    print!("{text}");
}

/// A line on standard error. When nobody can read it the work goes on: the exit code shows how it ended.
fn say(line: &str) {
    let _ = anstream::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// A problem with its place and its hint.
fn lines(problem: &Problem) -> String {
    let (style, word) = match problem.severity {
        Severity::Error => (ERROR, "error"),
        Severity::Warning => (WARNING, "warning"),
        Severity::Info => (HINT, "info"),
    };
    let location = escape(&problem.location.to_string());
    let location = if location.is_empty() { String::new() } else { format!("{location}: ") };
    let hint = problem.hint.as_ref().map(|hint| format!("\n  {HINT}hint{HINT:#}: {}", escape(hint)));
    let message = escape_lines(&problem.message);
    format!("{style}{word}{style:#}: {location}{message}{}", hint.unwrap_or_default())
}

fn say_hint(hint: Option<&str>) {
    if let Some(hint) = hint {
        say(&format!("  {HINT}hint{HINT:#}: {}", escape(hint)));
    }
}

/// A reader of standard output that has left is not an error; a full disk is one.
fn written(result: std::io::Result<()>) -> Result<(), Error> {
    match result {
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => {
            let error: Error = kfleet::tree::Error::from_io("write to", "standard output", cause).into();
            // The hint is about files.
            Err(Error { hint: None, ..error })
        }
        _ => Ok(()),
    }
}

/// Makes control characters, and characters that turn the direction of text, visible.
pub(crate) fn escape(text: &str) -> String {
    visible(text)
}

/// As [`escape`], for messages of several lines.
fn escape_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(escape("a\x1b[31mb\u{202e}c\u{9b}d\te"), "a\\u{1b}[31mb\\u{202e}c\\u{9b}d\te");
        assert_eq!(escape("a\nb"), "a\\nb");
        assert_eq!(escape_lines("a\nb"), "a\nb");
    }
}
