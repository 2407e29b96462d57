//! Events of a run on the terminal: the log on standard output, what runs at this moment below it on standard error. And what the
//! linter has found.

use super::args::{Args, LogArg};
use super::report::LintReport;
use crate::args::OutputFormat;
use crate::context::{Context, Stdin};
use crate::ui::{Outcome, Ui};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kfleet::error::{Error, ErrorKind};
use kfleet::ops::run_pipeline::{Linted, Prepared, Screen, Work};
use kfleet::problem::Severity;
use kfleet::runner::event::{Event, Sink};
use kfleet::runner::log::{Ci, CiLog, Colours, Footer, Render, RunReport, Summary, TextLog, json_line};
use kfleet::runner::record::{Record, Records, now};
use kfleet::text::count;
use std::hash::{BuildHasher, Hasher};
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How the log is written.
pub(super) enum Form {
    Text(Box<dyn Render>),
    Json,
    /// Only what failed, at the end.
    Failures,
}

impl Form {
    /// As the flags and the surroundings want it.
    pub(super) fn new(args: &Args, context: &Context, ui: &Ui) -> Form {
        let quiet = args.output.quiet_success;
        match (args.output.log, Ci::detect(&context.environment)) {
            (LogArg::Json, _) => Form::Json,
            _ if ui.is_quiet() => Form::Failures,
            (LogArg::Auto, Some(ci)) => Form::Text(Box::new(CiLog::new(ci, token(), quiet))),
            _ => {
                let choice = match stream(args) {
                    LogStream::Stdout => anstream::stdout().current_choice(),
                    LogStream::Stderr => anstream::stderr().current_choice(),
                };
                let colours = if choice == anstream::ColorChoice::Never { Colours::Strip } else { Colours::Keep };
                Form::Text(Box::new(TextLog::new(colours, quiet)))
            }
        }
    }

    /// What an event looks like: whole lines, or nothing.
    pub(super) fn render(&mut self, run: &str, now: i64, event: &Event) -> String {
        let mut out = String::new();
        match self {
            Form::Text(render) => render.event(now, event, &mut out),
            Form::Json => out = json_line(run, now, event),
            Form::Failures => {}
        }
        out
    }

    /// Shows how a run ended.
    pub(super) fn end(&self, summary: &Summary, job: &str, ui: &Ui) {
        match self {
            Form::Text(_) => {
                summary.table().lines().chain(summary.verdict(job).lines()).for_each(|line| ui.status(line))
            }
            Form::Failures => summary.failures(job).lines().for_each(|line| ui.failure(line)),
            Form::Json => {}
        }
    }
}

/// Where the log goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum LogStream {
    Stdout,
    /// Since a report is on standard output.
    Stderr,
}

pub(super) fn stream(args: &Args) -> LogStream {
    if args.output.form == OutputFormat::Json { LogStream::Stderr } else { LogStream::Stdout }
}

impl LogStream {
    /// Writes lines, all of them before this returns: others write to the same terminal or file.
    pub(super) fn write(self, lines: &str) -> std::io::Result<()> {
        fn write_all(mut stream: impl Write, lines: &str) -> std::io::Result<()> {
            stream.write_all(lines.as_bytes()).and_then(|()| stream.flush())
        }
        match self {
            LogStream::Stdout => write_all(anstream::stdout().lock(), lines),
            LogStream::Stderr => write_all(anstream::stderr().lock(), lines),
        }
    }
}

struct State {
    form: Form,
    summary: Summary,
    footer: Footer,
    report: RunReport,
    recording: Recording,
    /// What waits while a shell has the terminal.
    held: Option<Held>,
}

/// What could not be shown.
#[derive(Default)]
struct Held {
    text: String,
    /// Lines that there was no room for.
    lost: usize,
}

/// So much waits at most; the record has all.
const HELD: usize = 1 << 20;

/// Shows and records events.
pub(super) struct Shown {
    state: Mutex<State>,
    bar: ProgressBar,
    stream: LogStream,
    /// Whoever has the terminal holds this.
    lent: Mutex<()>,
    lost: AtomicUsize,
}

/// The record of a run, which begins with its first event: a run that could not start leaves none.
struct Recording {
    records: Records,
    run: String,
    repository: PathBuf,
    record: Option<Result<Record, Error>>,
}

impl Recording {
    fn write(&mut self, now: i64, event: &Event) {
        let Recording { records, run, repository, record } = self;
        if let Ok(record) = record.get_or_insert_with(|| records.begin(run, repository, now)) {
            record.write(now, event);
        }
    }

    fn finish(self) -> Result<(), Error> {
        self.record.map_or(Ok(()), |record| record.and_then(Record::finish))
    }
}

/// A text that nobody can guess: its keys come from the system.
fn token() -> String {
    let part = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}

pub(super) fn sink(
    ready: &Prepared,
    records: &Records,
    repository: &Path,
    args: &Args,
    context: &Context,
    ui: &Ui,
) -> Shown {
    let run = ready.plan.run.context.name.clone();
    let target = if ui.shows_progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    let form = Form::new(args, context, ui);
    let recording = Recording { records: records.clone(), run, repository: repository.to_owned(), record: None };
    let state = State {
        form,
        summary: Summary::default(),
        footer: Footer::default(),
        report: RunReport::default(),
        recording,
        held: None,
    };
    Shown { state: Mutex::new(state), bar, stream: stream(args), lent: Mutex::default(), lost: AtomicUsize::new(0) }
}

impl Sink for Shown {
    fn event(&self, event: Event) {
        let now = now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { form, summary, footer, report, recording, held } = &mut *state;
        recording.write(now, &event);
        let out = form.render(&recording.run, now, &event);
        summary.event(&event);
        footer.event(now, &event);
        report.event(&event);
        if let Some(held) = held {
            match held.text.len() + out.len() <= HELD {
                true => held.text.push_str(&out),
                false => held.lost += out.lines().count(),
            }
            return;
        }
        if !out.is_empty() {
            // A reader that has gone away does not stop the run.
            let _ = self.bar.suspend(|| self.stream.write(&out));
        }
        if !self.bar.is_hidden() {
            self.bar.set_message(footer.text(now));
        }
    }
}

impl Screen for Shown {
    fn lend(&self, work: Work<'_>) {
        let _one = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let state = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state().held = Some(Held::default());
        self.bar.suspend(|| work(std::io::stdin().as_fd(), &mut std::io::stdout()));
        let mut state = state();
        let Held { text, lost } = state.held.take().unwrap_or_default();
        self.lost.fetch_add(lost, Ordering::Relaxed);
        let _ = self.bar.suspend(|| self.stream.write(&text));
        self.bar.set_message(state.footer.text(now()));
    }
}

impl Shown {
    /// Shows the table and how the run ended. Returns the run as one value.
    pub(super) fn finish(self, job: &str, ui: &Ui) -> RunReport {
        self.bar.finish_and_clear();
        match self.lost.into_inner() {
            0 => {}
            lost => {
                let lines = count(lost, "line");
                ui.status(&format!("{lines} came while a shell was open and were not shown; --logs shows all"));
            }
        }
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.form.end(&state.summary, job, ui);
        if let Err(error) = state.recording.finish() {
            ui.status(&format!("the record of the run is not complete: {error}"));
        }
        state.report
    }
}

/// What the linter has found, all of it.
pub(super) fn linted(linted: &Linted, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let (errors, warnings) = (linted.count(Severity::Error), linted.count(Severity::Warning));
    let outcome = if errors > 0 { Outcome::Ended(ErrorKind::Usage) } else { Outcome::Done };
    if args.output.form == OutputFormat::Json {
        ui.report("LintReport", &LintReport::new(linted))?;
        return Ok(outcome);
    }
    ui.all_problems(&linted.problems);
    let of = [count(linted.jobs, "job"), count(errors, "error"), count(warnings, "warning")];
    ui.status(&format!("{}: {}, {}", of[0], of[1], of[2]));
    Ok(outcome)
}

/// Whether there is a terminal that a shell could be opened on.
pub(super) fn verify_terminal(context: &Context) -> Result<(), Error> {
    if context.stdin == Stdin::Terminal && std::io::stdout().is_terminal() {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Usage, "--shell-on-failure needs a terminal for standard input and output");
    Err(error.with_hint("leave it out where nobody can type; --keep keeps what the steps have left"))
}
