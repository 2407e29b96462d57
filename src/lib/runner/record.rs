//! Records of runs: the events of each, one JSON object on each line, in a folder of its own below the user's state
//! folder. Names begin with the time, so their order is that of the runs. Nobody else can read them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::runner::event::Event;
use crate::runner::log::{Line, json_line, parse_line};
use crate::suggest::nearest;
use crate::tree;

const EVENTS: &str = "events.jsonl";
/// The file with the path of the repository whose run it is.
const REPOSITORY: &str = "repository";

/// What is kept of old runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// So many runs.
    pub runs: usize,
    /// So many bytes of all runs together.
    pub bytes: u64,
    /// So many bytes of the logs of one run; what comes after is left out, and reported.
    pub of_one: u64,
}

impl Default for Keep {
    fn default() -> Keep {
        Keep { runs: 50, bytes: 256 * 1024 * 1024, of_one: 64 * 1024 * 1024 }
    }
}

/// The records of a user.
#[derive(Debug, Clone)]
pub struct Records {
    folder: PathBuf,
    keep: Keep,
}

/// One of them, for a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct About {
    pub run: String,
    /// The folder of its repository; nothing where the record does not have it.
    pub repository: Option<String>,
    /// When it began, as RFC 3339.
    pub began: String,
    pub job: String,
    /// How it ended, in Tekton's words; nothing where it was cut off, or still goes on.
    pub reason: Option<String>,
}

impl Records {
    /// In a folder, which is made when there is something to write.
    pub fn new(folder: impl Into<PathBuf>, keep: Keep) -> Records {
        Records { folder: folder.into(), keep }
    }

    /// Begins the record of a run of the repository in a folder, and removes old ones. `now` is in milliseconds since
    /// 1970.
    ///
    /// # Errors
    /// The folder or file cannot be made.
    pub fn begin(&self, run: &str, repository: &Path, now: i64) -> Result<Record> {
        let time: String = crate::runner::log::timestamp(now).chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let safe: String = run.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
        let folder = self.folder.join(format!("{time}-{safe}"));
        let fail = |cause: io::Error| tree::Error::from_io("write", folder.display().to_string(), cause);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(fail)?;
        let create = |name| OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name));
        let path = repository.as_os_str().as_encoded_bytes();
        create(REPOSITORY).and_then(|mut file| file.write_all(path)).map_err(fail)?;
        let file = create(EVENTS).map_err(fail)?;
        // What cannot be removed now is removed later.
        let _ = self.prune(&folder);
        let (file, limit) = (BufWriter::new(file), self.keep.of_one);
        Ok(Record { run: run.to_owned(), limit, file, logs: 0, is_cut: false, failed: None })
    }

    /// The folders of runs, oldest first: of all, or of those of one repository.
    fn folders(&self, repository: Option<&Path>) -> Result<Vec<String>> {
        let names = tree::list_folder(&self.folder)?.unwrap_or_default();
        let path = |name: &str, file: &str| self.folder.join(name).join(file);
        let is_of = |name: &str, repository: &Path| {
            fs::read(path(name, REPOSITORY)).is_ok_and(|path| path == repository.as_os_str().as_encoded_bytes())
        };
        let is_wanted =
            |name: &String| path(name, EVENTS).is_file() && repository.is_none_or(|repository| is_of(name, repository));
        Ok(names.into_iter().filter(is_wanted).collect())
    }

    fn prune(&self, current: &Path) -> Result<()> {
        let (mut runs, mut bytes) = (0, 0);
        for name in self.folders(None)?.iter().rev() {
            let folder = self.folder.join(name);
            runs += 1;
            bytes += fs::metadata(folder.join(EVENTS)).map_or(0, |about| about.len());
            if folder != current && (runs > self.keep.runs || bytes > self.keep.bytes) {
                tree::remove_all(&folder)?;
            }
        }
        Ok(())
    }

    /// The records of all repositories, or of one, newest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self, repository: Option<&Path>) -> Result<Vec<About>> {
        let mut found = Vec::new();
        for name in self.folders(repository)?.iter().rev() {
            let repository = fs::read_to_string(self.folder.join(name).join(REPOSITORY)).ok();
            let mut about = About { repository, ..About::default() };
            // Only the first lines and the last one count, but a line has no fixed length.
            self.each(name, &mut |line| {
                if about.run.is_empty() {
                    (about.run, about.began) = (line.run, line.ts);
                }
                match line.event {
                    Event::Plan { job, .. } => about.job = job,
                    Event::RunEnd { reason, .. } => about.reason = Some(reason),
                    _ => {}
                }
                true
            })?;
            if !about.run.is_empty() {
                found.push(about);
            }
        }
        Ok(found)
    }

    /// Shows each event of a run, in order, as long as `each` returns true: of the run of this name, or whose folder or name
    /// ends or begins with it; of the last run where none is named. Only runs of one repository are looked at, where that
    /// is given.
    ///
    /// # Errors
    /// There is no such run ([`ErrorKind::Usage`]), or it cannot be read.
    pub fn replay(
        &self,
        run: Option<&str>,
        repository: Option<&Path>,
        each: &mut dyn FnMut(Line) -> bool,
    ) -> Result<()> {
        let folders = self.folders(repository)?;
        let of = |folder: &str| folder.split_once('-').map_or("", |(_, run)| run).to_owned();
        let name = match run {
            None => folders.last().cloned().ok_or_else(|| match repository {
                Some(_) => Error::new(ErrorKind::Usage, "there is no record of a run of this repository")
                    .with_hint("run a pipeline first; --all looks at all repositories"),
                None => Error::new(ErrorKind::Usage, "there is no record of a run").with_hint("run a pipeline first"),
            })?,
            Some(run) => {
                let exact = folders.iter().rev().find(|folder| *folder == run || of(folder) == run);
                let alike = || folders.iter().rev().find(|folder| of(folder).starts_with(run) || folder.ends_with(run));
                exact.or_else(alike).cloned().ok_or_else(|| {
                    let of_which = if repository.is_some() { " of this repository" } else { "" };
                    let message = format!("there is no record of the run {}{of_which}", run.escape_debug());
                    let known: Vec<String> = folders.iter().map(|folder| of(folder)).collect();
                    let near = nearest(run, known.iter().map(String::as_str));
                    let hint = near.first().map(|near| format!("did you mean {near}?"));
                    Error::new(ErrorKind::Usage, message).with_hint(
                        hint.unwrap_or_else(|| "--runs lists them; --all looks at all repositories".to_owned()),
                    )
                })?
            }
        };
        self.each(&name, each)
    }

    fn each(&self, name: &str, each: &mut dyn FnMut(Line) -> bool) -> Result<()> {
        let path = self.folder.join(name).join(EVENTS);
        let fail = |cause: io::Error| tree::Error::from_io("read", path.display().to_string(), cause);
        let mut reader = BufReader::new(File::open(&path).map_err(fail)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(fail)? == 0 {
                return Ok(());
            }
            // A killed run leaves half a line; a later kfleet other types.
            if let Some(event) = parse_line(&String::from_utf8_lossy(&line))
                && !each(event)
            {
                return Ok(());
            }
        }
    }
}

/// The record of a run that goes on.
#[derive(Debug)]
pub struct Record {
    run: String,
    limit: u64,
    file: BufWriter<File>,
    logs: u64,
    is_cut: bool,
    failed: Option<io::Error>,
}

impl Record {
    /// Writes an event that happened at `now`, in milliseconds since 1970. Secrets are masked by whoever calls this. A
    /// failure does not stop the run: see [`Record::finish`].
    pub fn write(&mut self, now: i64, event: &Event) {
        let is_log = matches!(event, Event::Log { .. });
        if self.failed.is_some() || (self.is_cut && is_log) {
            return;
        }
        let mut line = json_line(&self.run, now, event);
        if let Event::Log { task, step, stream, .. } = event {
            self.logs += line.len() as u64;
            if self.logs > self.limit {
                self.is_cut = true;
                let text = format!("kfleet: the record holds no more than {} bytes of logs", self.limit);
                let told = Event::Log { task: task.clone(), step: step.clone(), stream: *stream, text };
                line = json_line(&self.run, now, &told);
            }
        }
        let written = self.file.write_all(line.as_bytes());
        let written = written.and_then(|()| if is_log { Ok(()) } else { self.file.flush() });
        self.failed = written.err();
    }

    /// Ends the record.
    ///
    /// # Errors
    /// Something could not be written.
    pub fn finish(mut self) -> Result<()> {
        let result = self.failed.map_or_else(|| self.file.flush(), Err);
        result.map_err(|cause| tree::Error::from_io("write", "the record of the run", cause).into())
    }
}

/// In milliseconds since 1970.
pub fn now() -> i64 {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::event::mk::{log, run_end};
    use std::os::unix::fs::PermissionsExt;

    fn write(records: &Records, run: &str, now: i64, end: bool) {
        let mut record = records.begin(run, Path::new(if run.starts_with('b') { "/b" } else { "/a" }), now).unwrap();
        record.write(now, &Event::Plan { job: "pr".into(), engine: "e".into(), why: "w".into(), tasks: vec![] });
        record.write(now + 1, &log("t", "s", run));
        if end {
            record.write(now + 2, &run_end("Succeeded"));
        }
        record.finish().unwrap();
    }

    #[test]
    fn runs_are_recorded_listed_replayed_and_pruned() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::new(dir.path().join("state/runs"), Keep { runs: 3, ..Keep::default() });
        assert_eq!(records.list(None).unwrap(), []);
        assert_eq!(records.replay(None, None, &mut |_| true).unwrap_err().kind, ErrorKind::Usage);
        for (n, run) in ["a-pr-1", "b-pr-2", "c-pr-3", "d-pr-4"].into_iter().enumerate() {
            write(&records, run, 1_750_000_000_000 + n as i64 * 1000, n != 3);
        }
        let listed = records.list(None).unwrap();
        let runs: Vec<(&str, Option<&str>)> =
            listed.iter().map(|about| (about.run.as_str(), about.reason.as_deref())).collect();
        assert_eq!(runs, [("d-pr-4", None), ("c-pr-3", Some("Succeeded")), ("b-pr-2", Some("Succeeded"))]);
        assert_eq!((listed[0].job.as_str(), listed[0].began.as_str()), ("pr", "2025-06-15T15:06:43.000Z"));
        for (name, expected) in
            [(None, "d-pr-4"), (Some("c-pr-3"), "c-pr-3"), (Some("b"), "b-pr-2"), (Some("pr-3"), "c-pr-3")]
        {
            let mut texts = Vec::new();
            records
                .replay(name, None, &mut |line| {
                    if let Event::Log { text, .. } = &line.event {
                        texts.push((text.clone(), line.time() % 1000));
                    }
                    true
                })
                .unwrap();
            assert_eq!(texts, [(expected.to_owned(), 1)], "{name:?}");
        }
        assert!(records.replay(Some("../x"), None, &mut |_| true).is_err());
        let of_b: Vec<About> = records.list(Some(Path::new("/b"))).unwrap();
        assert_eq!(of_b.iter().map(|about| about.run.as_str()).collect::<Vec<_>>(), ["b-pr-2"]);
        assert_eq!(of_b[0].repository.as_deref(), Some("/b"));
        let mut last = String::new();
        let mut keep = |line: Line| {
            last = line.run;
            true
        };
        records.replay(None, Some(Path::new("/b")), &mut keep).unwrap();
        assert_eq!(last, "b-pr-2");
        assert!(records.replay(Some("c-pr-3"), Some(Path::new("/b")), &mut |_| true).is_err());
        let folder = dir.path().join("state/runs");
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(&path.join(EVENTS))), (0o700, 0o600));
        }
    }

    #[test]
    fn endless_logs_are_cut_and_half_lines_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::new(dir.path(), Keep { of_one: 1000, ..Keep::default() });
        let mut record = records.begin("r", Path::new("/r"), 0).unwrap();
        (0..1000).for_each(|_| record.write(0, &log("t", "s", "again and again")));
        record.write(0, &Event::TaskStart { task: "t".into(), attempt: 0 });
        record.finish().unwrap();
        let folder = records.folders(None).unwrap().remove(0);
        let path = dir.path().join(folder).join(EVENTS);
        OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"v\":1,\"ts\"").unwrap();
        let mut events = Vec::new();
        records
            .replay(None, None, &mut |line| {
                events.push(line.event);
                true
            })
            .unwrap();
        assert!(events.len() < 15 && matches!(events.last(), Some(Event::TaskStart { .. })));
        assert!(matches!(&events[events.len() - 2], Event::Log { text, .. } if text.contains("no more than 1000")));
    }
}
