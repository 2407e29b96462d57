//! [`RunLog`]: events of a run on the terminal: the log on standard output, what runs at this moment below it on standard error.

use crate::args::LogFormat;
use crate::context::Context;
use crate::ui::Ui;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kfleet::error::Error;
use kfleet::runner::backend::{Screen, Work};
use kfleet::runner::event::{Event, Sink};
use kfleet::runner::log::{Ci, CiLog, Colours, Footer, Render, RunReport, Summary, TextLog, json_line};
use kfleet::runner::record::{Record, Records, now};
use kfleet::text::count;
use std::hash::{BuildHasher, Hasher};
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How the log of a run is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogOptions {
    pub format: LogFormat,
    /// Whether steps that succeed show nothing.
    pub quiet_success: bool,
    pub stream: LogStream,
}

/// How the log is written.
pub(crate) enum Form {
    Text(Box<dyn Render>),
    Json,
    /// Only what failed, at the end.
    Failures,
}

impl Form {
    /// As the flags and the surroundings want it.
    pub(crate) fn new(options: LogOptions, context: &Context, ui: &Ui) -> Form {
        let quiet = options.quiet_success;
        match (options.format, Ci::detect(&context.environment)) {
            (LogFormat::Json, _) => Form::Json,
            _ if ui.is_quiet() => Form::Failures,
            (LogFormat::Auto, Some(ci)) => Form::Text(Box::new(CiLog::new(ci, token(), quiet))),
            _ => {
                let choice = match options.stream {
                    LogStream::Stdout => anstream::stdout().current_choice(),
                    LogStream::Stderr => anstream::stderr().current_choice(),
                };
                let colours = if choice == anstream::ColorChoice::Never { Colours::Strip } else { Colours::Keep };
                Form::Text(Box::new(TextLog::new(colours, quiet)))
            }
        }
    }

    /// What an event looks like: whole lines, or nothing.
    pub(crate) fn render(&mut self, run: &str, now: i64, event: &Event) -> String {
        let mut out = String::new();
        match self {
            Form::Text(render) => render.event(now, event, &mut out),
            Form::Json => out = json_line(run, now, event),
            Form::Failures => {}
        }
        out
    }

    /// Shows how a run ended.
    pub(crate) fn end(&self, summary: &Summary, job: &str, ui: &Ui) {
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
pub(crate) enum LogStream {
    Stdout,
    /// Because a report is on standard output.
    Stderr,
}

impl LogStream {
    /// Writes lines, all of them before this returns: others write to the same terminal or file.
    pub(crate) fn write(self, lines: &str) -> std::io::Result<()> {
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
    held: Option<String>,
    /// Lines that there was no room for then.
    lost: usize,
}

/// So much waits at most; the record has all.
const HELD: usize = 1 << 20;

/// Shows and records events.
pub(crate) struct RunLog {
    state: Mutex<State>,
    bar: ProgressBar,
    stream: LogStream,
    /// Whoever has the terminal holds this.
    lent: Mutex<()>,
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

impl Sink for RunLog {
    fn event(&self, event: Event) {
        let now = now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { form, summary, footer, report, recording, held, lost } = &mut *state;
        recording.write(now, &event);
        let out = form.render(&recording.run, now, &event);
        summary.event(&event);
        footer.event(now, &event);
        report.event(&event);
        if let Some(held) = held {
            match held.len() + out.len() <= HELD {
                true => held.push_str(&out),
                false => *lost += out.lines().count(),
            }
            return;
        }
        if !out.is_empty() {
            // A reader that has left does not stop the run.
            let _ = self.bar.suspend(|| self.stream.write(&out));
        }
        if !self.bar.is_hidden() {
            self.bar.set_message(footer.text(now));
        }
    }
}

impl Screen for RunLog {
    fn lend(&self, work: Work<'_>) {
        let _one = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let state = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state().held = Some(String::new());
        self.bar.suspend(|| work(std::io::stdin().as_fd(), &mut std::io::stdout()));
        let mut state = state();
        let text = state.held.take().unwrap_or_default();
        let _ = self.bar.suspend(|| self.stream.write(&text));
        self.bar.set_message(state.footer.text(now()));
    }
}

impl RunLog {
    /// Of the run of this name, recorded among those of the repository in a folder.
    pub(crate) fn new(
        run: &str,
        records: &Records,
        repository: &Path,
        options: LogOptions,
        context: &Context,
        ui: &Ui,
    ) -> RunLog {
        let target = if ui.shows_progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        let (records, repository) = (records.clone(), repository.to_owned());
        let state = State {
            form: Form::new(options, context, ui),
            summary: Summary::default(),
            footer: Footer::default(),
            report: RunReport::default(),
            recording: Recording { records, run: run.to_owned(), repository, record: None },
            held: None,
            lost: 0,
        };
        RunLog { state: Mutex::new(state), bar, stream: options.stream, lent: Mutex::default() }
    }

    /// Shows the table and how the run ended. Returns the run as one value.
    pub(crate) fn finish(self, job: &str, ui: &Ui) -> RunReport {
        self.bar.finish_and_clear();
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if state.lost > 0 {
            let lines = count(state.lost, "line");
            ui.status(&format!("{lines} came while a shell was open and were not shown; --logs shows all"));
        }
        state.form.end(&state.summary, job, ui);
        if let Err(error) = state.recording.finish() {
            ui.status(&format!("the record of the run is not complete: {error}"));
        }
        state.report
    }
}
