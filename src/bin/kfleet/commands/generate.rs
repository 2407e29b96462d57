//! `kfleet generate`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::context::Context;
use crate::ui::downloads::Downloads;
use crate::ui::{Outcome, Ui, table};
use kfleet::addon::AddonPlan;
use kfleet::error::{Error, ErrorKind};
use kfleet::git;
use kfleet::helm::Helm;
use kfleet::http;
use kfleet::layout::Action;
use kfleet::oci;
use kfleet::ops::generate::{self, Fetched, Lockedness, Plan, Refused, Repository, Selection, Unreadable};
use kfleet::problem::{Problem, Severity};
use kfleet::source::Remotes;
use kfleet::text::count;
use kfleet::tree::Store;
use secrecy::SecretString;
use serde::Serialize;
use std::time::Duration;

/// Write the bases of addons from their sources, as fleet.yaml says
///
/// Each addon's sources are read, laid out as `kfleet fmt -o` does, and written to its base, with a kustomization.yaml
/// that lists every file. Nothing is written unless every addon is right; then each base is swapped in whole. fleet.lock
/// keeps the digest of every source, so that the same fleet file gives the same bases tomorrow. An addon whose inputs did
/// not change is not made again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet generate                      write all bases that are not up to date
  kfleet generate calico --diff        show what a new version of one addon changes
  kfleet generate --check              for CI: exit 1 if the committed bases are not what the fleet file gives
  kfleet generate --update calico      take over what a source holds now, though the lock says otherwise
  kfleet generate --list               addons, versions, sources, and what is locked")]
pub(crate) struct Args {
    /// Addons; all of them without any
    #[arg(value_name = "ADDON")]
    pub addons: Vec<String>,

    /// Write nothing; list what would change and exit 1 if there is anything
    #[arg(long, help_heading = "What to do")]
    pub check: bool,
    /// Write nothing; show what would change as a unified diff
    #[arg(long, help_heading = "What to do")]
    pub diff: bool,
    /// Write nothing; say what would be done
    #[arg(long, help_heading = "What to do")]
    pub dry_run: bool,
    /// Show the addons, their versions and sources, and what is locked
    #[arg(long, help_heading = "What to do", conflicts_with_all = ["check", "diff", "dry_run", "update"])]
    pub list: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json]), help_heading = "What to do")]
    pub output: OutputFormat,

    /// Make bases again even where they are up to date
    #[arg(long, help_heading = "What to do", conflicts_with = "list")]
    pub rebuild: bool,

    /// Take over what sources hold now, of these addons or of all
    #[arg(long, value_name = "ADDON", num_args = 0.., help_heading = "Sources", conflicts_with = "offline")]
    pub update: Option<Vec<String>>,
    /// Leave the network alone: sources come from the repository and the cache
    #[arg(long, help_heading = "Sources")]
    pub offline: bool,
    /// Send a header to one host only, its value taken from an environment variable
    #[arg(long, value_name = "HOST=HEADER:VARIABLE", help_heading = "Sources")]
    pub header_from_env: Vec<HeaderFromEnv>,
    /// For each source, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, help_heading = "Sources")]
    pub timeout: u64,
}

/// A header of `--header-from-env`, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderFromEnv {
    host: String,
    header: String,
    variable: String,
}

impl std::str::FromStr for HeaderFromEnv {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('=').and_then(|(host, rest)| Some((host, rest.rsplit_once(':')?)));
        match parts {
            Some((host, (header, variable))) if ![host, header, variable].contains(&"") => {
                Ok(HeaderFromEnv { host: host.to_owned(), header: header.to_owned(), variable: variable.to_owned() })
            }
            _ => Err("write HOST=HEADER:VARIABLE, such as git.example.org=Authorization:FLEET_TOKEN"),
        }
    }
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let root = &context.root;
    let selection = Selection { addons: args.addons.clone(), update: args.update.clone(), rebuild: args.rebuild };
    let repository = match generate::read(root, &selection) {
        Ok(repository) => repository,
        Err(Unreadable::Error(error)) => return Err(error),
        Err(Unreadable::Problems(problems)) => return refuse(problems.into(), args, ui),
    };
    if args.list {
        return list(&repository, args, ui);
    }
    let fetched = fetch(&repository, args, context, ui)?;
    let plan = match generate::plan(repository, fetched) {
        Ok(plan) => plan,
        Err(refused) => return refuse(refused, args, ui),
    };
    let write = !(args.check || args.diff || args.dry_run);
    if write && let Err(problems) = generate::apply(root, &plan) {
        return refuse(problems.into(), args, ui);
    }
    show(&plan, write, args, ui)
}

/// Gets the sources from outside, and renders charts.
fn fetch(repository: &Repository, args: &Args, context: &Context, ui: &Ui) -> Result<Fetched, Error> {
    if !repository.needs_fetching() {
        return Ok(Fetched::default());
    }
    let cache = context.cache()?;
    let timeout = Duration::from_secs(args.timeout);
    let mut http = http::Settings::new(&context.environment);
    http.timeout = timeout;
    http.headers = args.header_from_env.iter().map(|header| from_env(header, context)).collect::<Result<_, _>>()?;
    let mut git = git::Settings::new(context.environment.clone(), cache.join("git"));
    git.timeout = timeout;
    let http = http::Client::new(http)?;
    let helm = Helm::new(context.environment.clone()).with_timeout(timeout);
    let store = Store::new(cache.join("sources"));
    let oci = oci::Settings::new(context.environment.clone(), store.clone());
    let remotes = Remotes { http, git, helm, oci, store, offline: args.offline };
    Ok(generate::fetch(repository, &remotes, &Downloads::new(ui)))
}

fn from_env(header: &HeaderFromEnv, context: &Context) -> Result<http::HostHeader, Error> {
    let HeaderFromEnv { host, header: name, variable } = header;
    let Some(value) = context.environment.get(variable).and_then(|value| value.to_str()) else {
        let message = format!("cannot set the header {name} for {host}: the variable {variable} is not set");
        return Err(Error::new(ErrorKind::Environment, message).with_hint("export it before you start kfleet"));
    };
    Ok(http::HostHeader { host: host.clone(), name: name.clone(), value: SecretString::from(value) })
}

fn show(plan: &Plan, write: bool, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let outcome = if args.check && plan.changes() { Outcome::Failed } else { Outcome::Done };
    if args.output == OutputFormat::Json {
        ui.report("GenerateReport", &GenerateReport::new(plan, write, args.diff))?;
        return Ok(outcome);
    }
    ui.problems(&plan.warnings);
    for addon in &plan.addons {
        for file in &addon.files {
            let sign = match file.action {
                Action::Create => '+',
                Action::Update => '~',
                Action::Remove => '-',
                Action::Unchanged => continue,
            };
            match &file.diff {
                Some(diff) if args.diff => ui.diff(diff)?,
                _ if !write => ui.line(&format!("{sign} {}", file.path))?,
                _ => ui.note(&format!("{sign} {}", file.path)),
            }
        }
        let text = format!("{}: {}", name_and_version(addon), summary(addon));
        if addon.changes() { ui.status(&text) } else { ui.note(&text) }
    }
    let changed = plan.addons.iter().filter(|addon| addon.changes()).count();
    let unchanged = plan.addons.len() - changed;
    let would = if write { "" } else { " would be" };
    let mut parts = Vec::new();
    if changed > 0 {
        parts.push(format!("{changed}{would} written"));
    }
    if unchanged > 0 {
        parts.push(format!("{unchanged} up to date"));
    }
    if plan.lock_changes {
        parts.push(if write { "fleet.lock written".to_owned() } else { "fleet.lock would be written".to_owned() });
    }
    match plan.addons.len() {
        0 => ui.status("fleet.yaml names no addon"),
        addons => ui.status(&format!("{}: {}", count(addons, "addon"), parts.join(", "))),
    }
    Ok(outcome)
}

fn name_and_version(addon: &AddonPlan) -> String {
    match &addon.version {
        Some(version) => format!("{} {version}", addon.name),
        None => addon.name.clone(),
    }
}

/// `25 objects: 2 added, 1 changed`.
fn summary(addon: &AddonPlan) -> String {
    let mut parts = Vec::new();
    for (action, word) in [(Action::Create, "added"), (Action::Update, "changed"), (Action::Remove, "removed")] {
        let number = addon.count(action);
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let objects = count(addon.objects, "object");
    if parts.is_empty() && addon.changes() {
        return format!("{objects}, kustomization.yaml changed");
    }
    if parts.is_empty() { format!("{objects}, up to date") } else { format!("{objects}: {}", parts.join(", ")) }
}

/// Shows the problems of a run that changed nothing.
fn refuse(Refused { kind, problems }: Refused, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    if args.output == OutputFormat::Json {
        ui.sorted_report(
            "GenerateReport",
            serde_json::json!({
            "written": false, "addons": [],
                "problems": problems,
            }),
        )?;
        return Ok(Outcome::Ended(kind));
    }
    ui.problems(&problems);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    ui.status(&format!("{}; nothing was written", count(errors, "error")));
    Ok(Outcome::Ended(kind))
}

/// What a run did, or would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerateReport<'a> {
    /// Whether files were written.
    written: bool,
    /// Whether fleet.lock changes.
    lock_changes: bool,
    addons: Vec<AddonReport<'a>>,
    problems: &'a [Problem],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AddonReport<'a> {
    name: &'a str,
    version: Option<&'a str>,
    objects: usize,
    added: usize,
    changed: usize,
    removed: usize,
    files: Vec<FileReport<'a>>,
}

#[derive(Debug, Serialize)]
struct FileReport<'a> {
    path: &'a str,
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<&'a str>,
}

impl<'a> GenerateReport<'a> {
    fn new(plan: &'a Plan, written: bool, diffs: bool) -> Self {
        let addons = plan.addons.iter().map(|addon| AddonReport {
            name: &addon.name,
            version: addon.version.as_deref(),
            objects: addon.objects,
            added: addon.count(Action::Create),
            changed: addon.count(Action::Update),
            removed: addon.count(Action::Remove),
            files: addon
                .files
                .iter()
                .map(|file| FileReport {
                    path: &file.path,
                    action: file.action,
                    diff: file.diff.as_deref().filter(|_| diffs),
                })
                .collect(),
        });
        GenerateReport { written, lock_changes: plan.lock_changes, addons: addons.collect(), problems: &plan.warnings }
    }
}

/// A line of `--list`.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    addon: &'a str,
    version: &'a str,
    source: String,
    lock: &'static str,
}

fn list(repository: &Repository, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let mut lines = Vec::new();
    for wanted in &repository.wanted {
        let version = repository.file.fleet.addons.get(&wanted.name).and_then(|addon| addon.version.as_deref());
        for request in &wanted.requests {
            let lock = match repository.lockedness(&wanted.name, &request.asked) {
                Lockedness::InRepository => "in the repository",
                Lockedness::Locked => "locked",
                Lockedness::Stale => "stale",
                Lockedness::Missing => "missing",
            };
            let source = request.shown();
            lines.push(Listed { addon: &wanted.name, version: version.unwrap_or("-"), source, lock });
        }
    }
    if args.output == OutputFormat::Json {
        ui.sorted_report(
            "GenerateList",
            serde_json::json!({
            "sources": lines,
            }),
        )?;
        return Ok(Outcome::Done);
    }
    let cells =
        |line: Listed<'_>| vec![line.addon.to_owned(), line.version.to_owned(), line.lock.to_owned(), line.source];
    let rows: Vec<Vec<String>> = lines.into_iter().map(cells).collect();
    table::show(&["ADDON", "VERSION", "LOCK", "SOURCE"], &rows, ui)?;
    Ok(Outcome::Done)
}
