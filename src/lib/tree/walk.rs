//! [`walk`]: which files a run is about. What is left out is reported with a reason, except what `.gitignore` names.
//!
//! The rules of `.gitignore` are those of git, by the `ignore` crate. Inside a repository the files from its top folder
//! down count; elsewhere those from the given folder down. Git's global excludes, `.git/info/exclude` and `.ignore` files
//! do not count, so that every machine finds the same files.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use rayon::slice::ParallelSliceMut;

use super::Error;
use super::error::show;
use crate::problem::{Problem, Severity};

/// Which files of a folder are wanted. The default wants all regular files, without `templates` folders of charts.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// The folder that roots and names start at; empty for the current one.
    pub base: PathBuf,
    /// Endings without the dot (`yaml`); upper and lower case are the same. None at all: every file.
    pub extensions: Vec<String>,
    /// Whether to pass over what `.gitignore` files name.
    pub gitignore: bool,
    /// Patterns in the form of `.gitignore` lines. They are relative to each root, and to the base as well.
    /// They also hold for files that are named directly.
    pub exclude: Vec<String>,
    /// Whether to read the `templates` folders of Helm charts, which hold no YAML but templates of it.
    pub helm_templates: bool,
    /// Whether to pass over folders that are git repositories of their own.
    pub one_repository: bool,
}

/// What there is to read.
#[derive(Debug, Default)]
pub struct Walk {
    /// Sorted by path, folder by folder; each file once.
    pub files: Vec<Found>,
    /// Sorted by path.
    pub passed_over: Vec<PassedOver>,
    /// Missing paths, unreadable folders, bad patterns. Sorted by path.
    pub problems: Vec<Problem>,
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The root as given, joined with the rest; below `.` the rest alone.
    pub path: PathBuf,
    /// The path as shown to the user. Bytes that are not UTF-8 appear as `\xNN`.
    pub name: String,
    /// Whether the user named this very file; then its ending does not matter.
    pub named: bool,
    /// How it can be read and written.
    pub form: Form,
}

/// What sort of thing a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A regular file.
    File,
    /// A symbolic link, named by the user, to a regular file. It is not written through.
    Link,
    /// A pipe or a terminal, named by the user: can be read once, and not written back.
    Stream,
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PassedOver {
    /// The file or folder, as shown to the user.
    pub path: String,
    /// Why: lower case, no full stop at the end.
    pub reason: String,
}

/// Finds the files below `roots`, each of which is a folder or a file. Links that are named as roots are followed.
/// Nothing that goes wrong ends the walk.
pub fn walk(roots: &[PathBuf], options: &WalkOptions) -> Walk {
    let mut walk = Walk::default();
    let is_here = options.base.components().all(|part| part == Component::CurDir);
    let filter = Filter {
        base: if is_here { PathBuf::new() } else { options.base.components().collect() },
        exclude: patterns(&options.exclude, &mut walk.problems),
        extensions: options.extensions.clone(),
        helm_templates: options.helm_templates,
        one_repository: options.one_repository,
    };
    let mut true_paths = TruePaths { wanted: roots.len() > 1, ..TruePaths::default() };
    let mut found = Vec::new();
    for root in roots {
        let root = &filter.path(root);
        let start = found.len();
        if let Err(problem) = walk_root(root, options.gitignore, &filter, &mut found, &mut walk) {
            walk.problems.push(problem.into_problem());
        }
        true_paths.add(root, &found[start..]);
    }
    walk.files = true_paths.once_each(found);
    walk.files.par_sort_unstable_by(|a, b| by_part(&a.path, &b.path));
    walk.passed_over.sort_unstable();
    walk.passed_over.dedup();
    walk.problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
    walk.problems.dedup();
    walk
}

fn walk_root(
    root: &Path,
    gitignore: bool,
    filter: &Filter,
    found: &mut Vec<Found>,
    walk: &mut Walk,
) -> Result<(), Error> {
    let fail = |cause: io::Error| {
        let missing = cause.kind() == io::ErrorKind::NotFound;
        let error = Error::from_io("read", filter.name(root), cause);
        if missing { error.with_hint("check the spelling; a path starts at the current folder") } else { error }
    };
    let is_link = fs::symlink_metadata(root).map_err(fail)?.is_symlink();
    let kind = fs::metadata(root)
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => {
                Error::new("read", filter.name(root), "it is a symbolic link that leads nowhere")
            }
            _ => fail(cause),
        })?
        .file_type();
    if kind.is_dir() {
        walk_folder(root, gitignore, filter, found, walk);
        return Ok(());
    }
    let form = match is_link {
        _ if kind.is_fifo() || kind.is_char_device() => Form::Stream,
        _ if !kind.is_file() => {
            return Err(Error::new("read", filter.name(root), "it is a socket or a disk, not a file"));
        }
        true => Form::Link,
        false => Form::File,
    };
    let path = root.to_owned();
    let name = filter.name(&path);
    if form != Form::Stream && filter.excludes(&path, &path, false) {
        walk.passed_over.push(PassedOver { path: name, reason: EXCLUDED.to_owned() });
    } else {
        found.push(Found { path, name, named: true, form });
    }
    Ok(())
}

enum Event {
    Found(Found),
    PassedOver(PassedOver),
    Problem(Problem),
}

fn walk_folder(root: &Path, gitignore: bool, filter: &Filter, found: &mut Vec<Found>, walk: &mut Walk) {
    let in_repository = gitignore
        && fs::canonicalize(root)
            .is_ok_and(|full| full.ancestors().any(|dir| dir.join(".git").symlink_metadata().is_ok()));
    // A link with a slash after it is the folder that it leads to.
    let start = root.join("");
    let (sender, events) = mpsc::channel();
    let mut builder = WalkBuilder::new(&start);
    builder.standard_filters(false).git_ignore(gitignore).require_git(in_repository).parents(in_repository);
    let (folder_filter, folder_root, folder_sender) = (filter.clone(), start.clone(), sender.clone());
    builder.filter_entry(move |entry| match folder_filter.passes_over(entry, &folder_root) {
        Verdict::Enter => true,
        Verdict::Hide => false,
        // Failing to send means that nobody is waiting any more.
        Verdict::PassOver(item) => folder_sender.send(Event::PassedOver(item)).is_err(),
    });
    builder.threads(rayon::current_num_threads()).build_parallel().run(|| {
        let sender = sender.clone();
        let start = &start;
        Box::new(move |entry| {
            let event = match entry {
                Ok(entry) => {
                    // Git passes over bad lines of `.gitignore`; so does the walk, but it says so.
                    let warning = |error| Problem { severity: Severity::Warning, ..problem_of(error, start, filter) };
                    if let Some(warning) = entry.error().map(warning)
                        && sender.send(Event::Problem(warning)).is_err()
                    {
                        return WalkState::Quit;
                    }
                    filter.file_event(&entry, start)
                }
                Err(error) => Some(Event::Problem(problem_of(&error, start, filter))),
            };
            // The receiver lives as long as this function.
            if let Some(event) = event
                && sender.send(event).is_err()
            {
                return WalkState::Quit;
            }
            WalkState::Continue
        })
    });
    drop((builder, sender));
    for event in events {
        match event {
            Event::Found(file) => found.push(file),
            Event::PassedOver(item) => walk.passed_over.push(item),
            Event::Problem(problem) => walk.problems.push(problem),
        }
    }
}

const EXCLUDED: &str = "excluded by a pattern of this run";
const LINK: &str = "is a symbolic link, which is not followed";

impl PassedOver {
    /// Whether it was left out because it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.reason == LINK
    }
}

#[derive(Debug, Clone)]
struct Filter {
    base: PathBuf,
    exclude: Gitignore,
    extensions: Vec<String>,
    helm_templates: bool,
    one_repository: bool,
}

enum Verdict {
    Enter,
    Hide,
    PassOver(PassedOver),
}

impl Filter {
    /// The path of a root.
    fn path(&self, root: &Path) -> PathBuf {
        if self.base.as_os_str().is_empty() { root.to_owned() } else { self.base.join(root).components().collect() }
    }

    /// A path as it is shown: from the base on.
    fn name(&self, path: &Path) -> String {
        if self.base.as_os_str().is_empty() {
            return show(path);
        }
        let rest = path.strip_prefix(&self.base).unwrap_or(path);
        show(if rest.as_os_str().is_empty() { Path::new(".") } else { rest })
    }

    fn wants(&self, path: &Path) -> bool {
        let ending = path.extension().unwrap_or_default();
        self.extensions.is_empty() || self.extensions.iter().any(|wanted| ending.eq_ignore_ascii_case(wanted))
    }

    fn excludes(&self, rest: &Path, path: &Path, is_dir: bool) -> bool {
        let hit = |path: &Path| self.exclude.matched(path, is_dir).is_ignore();
        !self.exclude.is_empty()
            && (hit(rest) || hit(path.strip_prefix(".").or_else(|_| path.strip_prefix(&self.base)).unwrap_or(path)))
    }

    /// Asked about all entries, before folders are entered.
    fn passes_over(&self, entry: &DirEntry, root: &Path) -> Verdict {
        if entry.file_name() == ".git" {
            return Verdict::Hide;
        }
        if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return Verdict::Enter;
        }
        let pass_over = |path: &Path, reason: &str| {
            Verdict::PassOver(PassedOver { path: self.name(path), reason: reason.to_owned() })
        };
        let (rest, path) = place(entry.path(), root);
        if self.excludes(rest, &path, true) {
            return pass_over(&path, EXCLUDED);
        }
        if self.one_repository && path.join(".git").exists() {
            return pass_over(&path, "is a git repository of its own");
        }
        if !self.helm_templates && entry.file_name() == "templates" && belongs_to_chart(entry.path()) {
            return pass_over(&path, "holds the templates of a Helm chart");
        }
        Verdict::Enter
    }

    /// What to say about an entry that is not a folder.
    fn file_event(&self, entry: &DirEntry, root: &Path) -> Option<Event> {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            return None;
        }
        let leads_to_folder = || fs::metadata(entry.path()).is_ok_and(|target| target.is_dir());
        let counts = self.wants(entry.path()) || (kind.is_symlink() && leads_to_folder());
        if !counts {
            return None;
        }
        let (rest, path) = place(entry.path(), root);
        let name = self.name(&path);
        let reason = match kind {
            _ if self.excludes(rest, &path, false) => EXCLUDED,
            _ if kind.is_file() => {
                return Some(Event::Found(Found { path, name, named: false, form: Form::File }));
            }
            _ if kind.is_symlink() => LINK,
            _ => "is a pipe, a socket or a device",
        };
        Some(Event::PassedOver(PassedOver { path: name, reason: reason.to_owned() }))
    }
}

/// Whether this `templates` folder is that of a chart, or of a chart that a chart has brought along.
fn belongs_to_chart(templates: &Path) -> bool {
    let is_chart = |dir: &Path| dir.join("Chart.yaml").symlink_metadata().is_ok();
    let Some(chart) = templates.parent() else { return false };
    let within = chart.parent().filter(|charts| charts.file_name().is_some_and(|name| name == "charts"));
    is_chart(chart) || within.and_then(Path::parent).is_some_and(is_chart)
}

/// The path below the root, and the path as shown and opened.
fn place<'a>(path: &'a Path, root: &Path) -> (&'a Path, PathBuf) {
    let rest = path.strip_prefix(root).unwrap_or(path);
    let is_here = root.components().all(|part| part == Component::CurDir);
    let root: PathBuf = root.components().collect();
    (rest, if is_here { rest.to_owned() } else { root.join(rest) })
}

/// Checks patterns in the form of `.gitignore` lines before anything is done with them.
///
/// # Errors
/// All patterns that cannot be read.
pub fn verify_patterns(globs: &[String]) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    patterns(globs, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn patterns(globs: &[String], problems: &mut Vec<Problem>) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for glob in globs {
        if let Err(cause) = builder.add_line(None, glob) {
            let error = Error::new("use the pattern", glob.as_str(), cause.to_string());
            problems.push(error.with_hint("patterns are those of .gitignore lines").into_problem());
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

fn problem_of(error: &ignore::Error, root: &Path, filter: &Filter) -> Problem {
    let (path, line) = origin_of(error);
    let file = path.map_or_else(|| filter.name(root), |path| filter.name(&place(path, root).1));
    let reason = match error.io_error() {
        Some(cause) => {
            let cause = cause.raw_os_error().map_or_else(|| cause.kind().into(), io::Error::from_raw_os_error);
            Error::from_io("read", file, cause)
        }
        None => Error::new("read", file, error.to_string()),
    };
    let mut problem = reason.into_problem();
    problem.location.line = line;
    problem
}

fn origin_of(error: &ignore::Error) -> (Option<&Path>, u64) {
    match error {
        ignore::Error::Partial(errors) => errors.first().map_or((None, 0), origin_of),
        ignore::Error::WithLineNumber { line, err } => (origin_of(err).0, *line),
        ignore::Error::WithPath { path, err } => (Some(path), origin_of(err).1),
        ignore::Error::WithDepth { err, .. } => origin_of(err),
        _ => (None, 0),
    }
}

/// Finds out which paths lead to the same file. Links inside folders are not followed, so the true place of the root
/// gives the true place of all that is below it, at no cost per file.
#[derive(Default)]
struct TruePaths {
    wanted: bool,
    keys: Vec<PathBuf>,
    folders: HashMap<PathBuf, Option<PathBuf>>,
}

impl TruePaths {
    fn add(&mut self, root: &Path, found: &[Found]) {
        if !self.wanted {
            return;
        }
        let full_root = found.iter().any(|file| !file.named).then(|| fs::canonicalize(root).ok()).flatten();
        for file in found {
            let key = match (&full_root, file.form) {
                (Some(full), _) => Some(full.join(file.path.strip_prefix(root).unwrap_or(&file.path))),
                (None, Form::File) => self.full_path(&file.path),
                (None, Form::Link | Form::Stream) => fs::canonicalize(&file.path).ok(),
            };
            self.keys.push(key.unwrap_or_else(|| file.path.clone()));
        }
    }

    fn full_path(&mut self, file: &Path) -> Option<PathBuf> {
        let parent = match file.parent()? {
            here if here.as_os_str().is_empty() => Path::new("."),
            parent => parent,
        };
        if !self.folders.contains_key(parent) {
            self.folders.insert(parent.to_owned(), fs::canonicalize(parent).ok());
        }
        Some(self.folders.get(parent)?.as_ref()?.join(file.file_name()?))
    }

    /// A link gives way to the file that it leads to; among equals the lowest path stays, whatever the order of roots.
    fn once_each(self, found: Vec<Found>) -> Vec<Found> {
        if !self.wanted {
            return found;
        }
        let mut pairs: Vec<(PathBuf, Found)> = self.keys.into_iter().zip(found).collect();
        pairs.par_sort_unstable_by(|(a, x), (b, y)| {
            a.cmp(b).then(x.form.cmp(&y.form)).then_with(|| by_part(&x.path, &y.path))
        });
        pairs.dedup_by(|(key, file), (kept_key, kept)| {
            let same = key == kept_key;
            kept.named |= same && file.named;
            same
        });
        pairs.into_iter().map(|(_, file)| file).collect()
    }
}

/// Orders paths part by part, by bytes: what is in `a/` comes before `a.yaml`.
fn by_part(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.as_os_str().as_bytes(), b.as_os_str().as_bytes());
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { u16::from(*byte) + 1 };
    match a.iter().zip(b).find(|(x, y)| x != y) {
        Some((x, y)) => rank(x).cmp(&rank(y)),
        None => a.len().cmp(&b.len()),
    }
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
