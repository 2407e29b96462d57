//! Tests of the controller, on an engine in memory whose steps do what a script says. This file has the engine; the rules
//! of Tekton are tested in the files beside it.

mod flow;
mod steps;
mod time;

use super::*;
use std::os::fd::BorrowedFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::runner::cancel::Stop;
use crate::runner::event::Stream;
use crate::runner::local::step_engine::{Output, Seen, TaskSpace};
use crate::runner::log::{RunReport, TaskReport};
use crate::tekton::mk;
use crate::tekton::plan::{PlanOptions, plan};
use crate::tekton::task_run::{Step, StepEnd, TaskRun};
use crate::tekton::types::{PipelineRun, PipelineTask};

/// Keeps all events.
#[derive(Default)]
pub(crate) struct Recorder {
    events: Mutex<Vec<Event>>,
}

impl Recorder {
    pub(crate) fn logs(&self) -> Vec<String> {
        let events = self.events.lock().expect("no panic");
        let log = |event: &Event| match event {
            Event::Log { text, .. } => Some(text.clone()),
            _ => None,
        };
        events.iter().filter_map(log).collect()
    }

    fn sorted_logs(&self) -> Vec<String> {
        let mut logs = self.logs();
        logs.sort();
        logs
    }

    /// The kinds of all events, with the names that they are about.
    fn kinds(&self) -> Vec<String> {
        let events = self.events.lock().expect("no panic");
        let kind = |event: &Event| {
            let json = serde_json::to_value(event).expect("JSON");
            let of = |key: &str| json[key].as_str().map(|text| format!(" {text}")).unwrap_or_default();
            format!("{}{}{}{}", json["type"].as_str().expect("a type"), of("task"), of("step"), of("reason"))
        };
        events.iter().map(kind).collect()
    }
}

impl Sink for Recorder {
    fn event(&self, event: Event) {
        self.events.lock().expect("no panic").push(event);
    }
}

/// An engine whose steps are scripts of these lines: `exit N`, `print TEXT`, `args`, `env NAME`, `result NAME TEXT` (`\n` is a
/// line break, `\(` a bracket), `big NAME BYTES`, `stepresult NAME TEXT`, `sleep MILLISECONDS`, `cancel`, `unstarted WHY`, `broken`,
/// `fails-before N M` (exit 1 if N is less than M).
#[derive(Default)]
struct Fake {
    cancel: Cancel,
    /// `task/step` of all steps, as they begin.
    begun: Mutex<Vec<String>>,
    running: AtomicUsize,
    /// How many tasks ran at the same time.
    most: AtomicUsize,
    unprepared: Option<String>,
    sidecar_failure: Option<String>,
    exit_codes: Mutex<Vec<(String, i32)>>,
    tasks: Mutex<Vec<TaskRun>>,
}

struct Space<'a> {
    fake: &'a Fake,
    task: &'a TaskRun,
    results: BTreeMap<String, Vec<u8>>,
    of_steps: Vec<BTreeMap<String, Vec<u8>>>,
}

impl StepEngine for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn supports_sidecars(&self) -> bool {
        self.sidecar_failure.is_some()
    }

    fn prepare_task<'a>(&'a self, task: &'a TaskRun, _stop: &Stop) -> Result<Box<dyn TaskSpace + 'a>> {
        if self.unprepared.as_deref() == Some(task.task.as_str()) {
            return Err(Error::new(ErrorKind::Environment, "no place for it"));
        }
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        self.tasks.lock().expect("no panic").push(task.clone());
        let of_steps = vec![BTreeMap::new(); task.steps.len()];
        Ok(Box::new(Space { fake: self, task, results: BTreeMap::new(), of_steps }))
    }
}

impl Drop for Space<'_> {
    fn drop(&mut self) {
        self.fake.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl TaskSpace for Space<'_> {
    fn run_step(&mut self, index: usize, late: Option<&Step>, stop: &Stop, output: &Output<'_>) -> Result<StepEnd> {
        let step = late.unwrap_or(&self.task.steps[index]);
        self.fake.begun.lock().expect("no panic").push(format!("{}/{}", self.task.task, step.name));
        for line in step.script.as_deref().unwrap_or_default().lines().skip(2) {
            let words: Vec<&str> = line.splitn(3, ' ').collect();
            let rest = line.split_once(' ').map(|(_, rest)| rest).unwrap_or_default();
            match words[..] {
                ["exit", code] => return Ok(StepEnd::Exited(code.parse().expect("a code"))),
                ["print", ..] => output(Stream::Stdout, format!("{rest}\n").as_bytes()),
                ["args"] => output(Stream::Stderr, step.args.join("|").as_bytes()),
                ["env", name] => {
                    let value = step.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
                    output(Stream::Stdout, value.unwrap_or("unset").as_bytes());
                }
                ["result", name, value] => {
                    self.results.insert(name.to_owned(), value.replace("\\n", "\n").replace("\\(", "(").into_bytes());
                }
                ["big", name, bytes] => {
                    self.results.insert(name.to_owned(), vec![b'x'; bytes.parse().expect("a number")]);
                }
                ["stepresult", name, value] => {
                    self.of_steps[index].insert(name.to_owned(), value.as_bytes().to_vec());
                }
                ["sleep", millis] => {
                    let end = Instant::now() + Duration::from_millis(millis.parse().expect("a number"));
                    while Instant::now() < end {
                        if stop.is_cancelled() {
                            return Ok(StepEnd::Cancelled);
                        }
                        if stop.is_late() {
                            return Ok(StepEnd::TimedOut);
                        }
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                ["cancel"] => self.fake.cancel.request(),
                ["unstarted", ..] => return Ok(StepEnd::Unstarted(rest.to_owned())),
                ["broken"] => return Err(Error::new(ErrorKind::Environment, "the engine broke")),
                ["fails-before", is, first] if is.parse::<u32>().ok() < first.parse().ok() => {
                    return Ok(StepEnd::Exited(1));
                }
                _ => {}
            }
        }
        Ok(StepEnd::Exited(0))
    }

    fn seen(&self, _: usize, _: Option<&Step>) -> Seen {
        Seen::default()
    }

    fn open_shell(&mut self, _: usize, _: Option<&Step>, _: &Stop, _: BorrowedFd<'_>) -> Result<StepEnd> {
        Err(Error::new(ErrorKind::Environment, "no shell"))
    }

    fn put_exit_code(&mut self, index: usize, code: i32) -> Result<()> {
        self.fake.exit_codes.lock().expect("no panic").push((self.task.steps[index].name.clone(), code));
        Ok(())
    }

    fn results(&self, limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        let declared = self.results.iter().filter(|(name, _)| self.task.results.contains(name));
        Ok(declared.map(|(name, value)| (name.clone(), value[..value.len().min(limit + 1)].to_vec())).collect())
    }

    fn step_results(&self, index: usize, _limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        Ok(self.of_steps[index].clone())
    }

    fn finish_sidecars(&mut self) -> Result<Option<String>> {
        Ok(self.fake.sidecar_failure.clone())
    }
}

/// What a run has come to.
struct Ran {
    report: RunReport,
    events: Recorder,
    fake: Fake,
}

impl Ran {
    fn reason(&self) -> &str {
        self.report.reason.as_deref().expect("an end")
    }

    fn message(&self) -> &str {
        self.report.message.as_deref().unwrap_or_default()
    }

    fn task(&self, name: &str) -> &TaskReport {
        let found = self.report.tasks.iter().find(|task| task.task == name);
        found.unwrap_or_else(|| panic!("no {name} in {:#?}", self.report))
    }

    fn reason_of(&self, name: &str) -> &str {
        self.task(name).reason.as_deref().unwrap_or_default()
    }

    fn message_of(&self, name: &str) -> &str {
        self.task(name).message.as_deref().unwrap_or_default()
    }

    /// Why a task was skipped; empty if it was not.
    fn skip(&self, name: &str) -> &str {
        self.task(name).skipped.as_deref().unwrap_or_default()
    }

    fn steps_of(&self, name: &str) -> Vec<&str> {
        self.task(name).steps.iter().map(|step| step.reason.as_str()).collect()
    }

    fn begun(&self) -> Vec<String> {
        self.fake.begun.lock().expect("no panic").clone()
    }
}

/// A task with one more parameter, and its value.
fn given(mut task: PipelineTask, name: &str, value: &str) -> PipelineTask {
    task.task.params.push(mk::declared(name, None));
    task.params.push(mk::param(name, mk::text(value)));
    task
}

fn carried_out(run: &PipelineRun) -> Ran {
    with(Fake::default(), run, &PlanOptions::default(), &Settings::default())
}

fn with(fake: Fake, of: &PipelineRun, options: &PlanOptions, settings: &Settings<'_>) -> Ran {
    let plan = plan(of, &mk::context(), options).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let events = Recorder::default();
    run(&plan, &fake, &Objects::default(), &fake.cancel, &events, settings);
    let mut report = RunReport::default();
    events.events.lock().expect("no panic").iter().for_each(|event| report.event(event));
    Ran { report, events, fake }
}

/// Texts as the values of results.
fn of(entries: &[(&str, &str)]) -> BTreeMap<String, serde_json::Value> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}
