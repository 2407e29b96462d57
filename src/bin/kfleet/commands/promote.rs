//! `kfleet promote`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::commands::pull_request::{Proposing, PullRequestReport};
use crate::context::Context;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::fleet::clusters::{Cluster, Clusters};
use kfleet::fleet::waves::{self, Wave};
use kfleet::forge::PullRequest;
use kfleet::git::{self, LocalClone, ReadyCommit};
use kfleet::ops::promote::{self, Options, Plan, Promotion, Proof, Source};
use kfleet::problem::Problem;
use kfleet::text::{count, short};
use serde::Serialize;
use std::collections::BTreeSet;

/// Pin clusters to the commit that another cluster runs
///
/// What the source runs is its pin or, where it follows a branch, the newest commit of that branch that the remote has, as
/// far as it was fetched. The commit is written into `ref.commit` and `ref.branch` of each destination's GitRepository;
/// patches and all other fields of the destination stay. Nothing is written unless every destination is right. A cluster
/// without a sync gets the source's, without its patches.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet promote development staging             pin staging to what development runs
  kfleet promote staging --selector tier=prod    all clusters with a label in fleet.yaml
  kfleet promote staging production --dry-run -v show the change, and the commits that come with it
  kfleet promote staging production --to v1.4.2  another commit than the one that staging runs
  kfleet promote staging --next-wave --max 5     go on with the roll-out that fleet.yaml describes, five clusters more
  kfleet promote staging production --addon cert-manager --split
                                                 one addon alone, with a sync of its own from now on
  kfleet promote staging production --pull-request
                                                 on a branch of its own, for review")]
pub(crate) struct Args {
    /// The cluster whose state is promoted
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// The clusters that get it
    #[arg(value_name = "DESTINATION", required_unless_present_any = ["selector", "wave", "next_wave"])]
    pub destinations: Vec<String>,
    /// Also the clusters that fleet.yaml gives these labels; `environment=NAME` works too
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    pub selector: Vec<String>,
    /// The clusters of the N-th step of fleet.yaml's promotion that begins at SOURCE; earlier steps must be done
    #[arg(long, value_name = "N", conflicts_with_all = ["destinations", "selector"])]
    pub wave: Option<usize>,
    /// The first such step that is not done
    #[arg(long, conflicts_with_all = ["destinations", "selector", "wave"])]
    pub next_wave: bool,
    /// At most so many clusters; those that have the commit already do not count
    #[arg(long, value_name = "N")]
    pub max: Option<usize>,
    /// A commit, branch or tag instead of what the source runs
    #[arg(long, value_name = "REVISION")]
    pub to: Option<String>,
    /// One addon alone: the pin of the sync that a destination has for it
    #[arg(long, value_name = "NAME")]
    pub addon: Option<String>,
    /// A destination that has the addon by its flavour gives it a sync of its own; nothing that runs is deleted on the way
    #[arg(long, requires = "addon")]
    pub split: bool,
    /// A cluster without a sync gets the source's patches too
    #[arg(long)]
    pub with_patches: bool,
    /// Allow a commit that is older than a destination's pin
    #[arg(long)]
    pub allow_older: bool,
    /// Promote to the destinations that are right, though others are refused
    #[arg(long)]
    pub keep_going: bool,
    #[command(flatten)]
    pub show: ShowArgs,
}

/// What commands that move pins have in common.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("commits").multiple(true))]
pub(crate) struct ShowArgs {
    /// Write nothing; show what would change as a unified diff
    #[arg(long, help_heading = "What to do", conflicts_with = "commits")]
    pub dry_run: bool,
    /// Commit the change, and nothing else; hooks do not run, and it is not signed
    #[arg(long, help_heading = "What to do", group = "commits")]
    pub commit: bool,
    /// Commit on a new branch, and check it out
    #[arg(long, value_name = "NAME", help_heading = "What to do", requires = "commits")]
    pub branch: Option<String>,
    /// Push the commit; where the remote has moved, on top of its commits
    #[arg(long, help_heading = "What to do", requires = "commits")]
    pub push: bool,
    /// Commit on a new branch, push it, and open a pull request into the branch that was checked out
    #[arg(long, help_heading = "What to do", group = "commits")]
    pub pull_request: bool,
    /// Open it as a draft
    #[arg(long, help_heading = "What to do", requires = "pull_request")]
    pub draft: bool,
    /// Whose API the remote's server has, where its name does not tell
    #[arg(long, value_name = "PROVIDER", help_heading = "What to do", requires = "pull_request")]
    pub provider: Option<ProviderName>,
    /// Take the clone as it is: do not fetch first
    #[arg(long, help_heading = "What to do")]
    pub no_fetch: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json]), help_heading = "What to do")]
    pub output: OutputFormat,
}

/// Who hosts the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProviderName {
    /// GitHub and GitHub Enterprise; the token is in GH_TOKEN or GITHUB_TOKEN, of a server of your own in GH_ENTERPRISE_TOKEN.
    Github,
    /// GitLab; the token is in GITLAB_TOKEN.
    Gitlab,
    /// Gitea and Forgejo; the token is in GITEA_TOKEN or FORGEJO_TOKEN.
    Gitea,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let (clone, all) = open(&args.show, context)?;
    let from = promote::find(&all, &args.source)?;
    let mut destinations = args.destinations.clone();
    let selected = select(&all, &args.selector)?;
    destinations.extend(selected.into_iter().filter(|name| *name != args.source));
    destinations.sort();
    destinations.dedup();
    for name in &destinations {
        promote::find(&all, name)?;
    }
    let addon = args.addon.as_deref();
    addon.map(|addon| promote::verify_addon(&all, addon)).transpose()?;
    let source = promote::source_of(&all, &clone, from, addon, args.to.as_deref())?;
    let wave = args.wave.map(Wave::Number).or(args.next_wave.then_some(Wave::Next));
    if let Some(wave) = wave {
        destinations = waves::destinations(&all, &args.source, addon, &source.commit.commit, wave)?;
    }
    if let Some(max) = args.max {
        destinations = waves::limited(&all, destinations, addon, &source.commit.commit, max);
    }
    let options = Options {
        destinations,
        allow_older: args.allow_older,
        with_patches: args.with_patches,
        keep_going: args.keep_going,
        addon: args.addon.clone(),
        split: args.split,
    };
    carry_out(&all, &clone, Some(from), source, &options, &Way { show: &args.show, context, ui })
}

/// How a plan is carried out and shown.
pub(crate) struct Way<'a> {
    pub show: &'a ShowArgs,
    pub context: &'a Context,
    pub ui: &'a Ui,
}

/// The clone, fetched unless that is not wanted, and the clusters in it.
pub(crate) fn open(show: &ShowArgs, context: &Context) -> Result<(LocalClone, Clusters), Error> {
    let root = &context.root;
    let clone = LocalClone::open(root)?;
    if !show.no_fetch && clone.has_remote() {
        clone.fetch(&settings(context)).map_err(|error| {
            let hint = error.hint.clone().map_or(String::new(), |hint| format!("{hint}; or "));
            error.with_hint(format!("{hint}take the clone as it is with --no-fetch"))
        })?;
    }
    Ok((clone, Clusters::read(root)?))
}

/// The user's git needs no cache here.
pub(crate) fn settings(context: &Context) -> git::Settings {
    git::Settings::new(context.environment.clone(), "").in_folder(&context.root)
}

/// Plans, writes and shows.
pub(crate) fn carry_out(
    all: &Clusters,
    clone: &LocalClone,
    from: Option<&Cluster>,
    source: Source,
    options: &Options,
    way: &Way<'_>,
) -> Result<Outcome, Error> {
    let Way { show, ui, .. } = way;
    let json = show.output == OutputFormat::Json;
    let head = clone.head()?;
    let plan = match promote::plan(all, clone, from, source, options) {
        Ok(plan) => plan,
        Err(problems) => {
            if json {
                ui.report("PromoteReport", &PromoteReport { problems: &problems, ..PromoteReport::empty() })?;
            } else {
                ui.problems(&problems);
                ui.status("nothing was written");
            }
            return Ok(Outcome::Ended(ErrorKind::Refused));
        }
    };
    let mut published = Published::default();
    if !show.dry_run {
        let commits = (show.commit || show.pull_request) && plan.changes();
        let proposal = match show.pull_request && plan.changes() {
            true => Some(Proposing::prepare(&plan, clone, &head, way)?),
            false => None,
        };
        if proposal.as_ref().is_none_or(|proposal| !proposal.is_pushed) {
            let branch = proposal.as_ref().map(Proposing::branch).or(show.branch.as_deref());
            let ready = if commits { Some(prepare(clone, &head, branch, way)?) } else { None };
            promote::apply(&way.context.root, &plan)?;
            if let Some(ready) = ready {
                published = publish(&plan, clone, &ready, way)?;
            }
        }
        if let Some(proposal) = proposal {
            published.proposed = Some(proposal.open()?);
        }
    }
    let outcome = if plan.refused.is_empty() { Outcome::Done } else { Outcome::Ended(ErrorKind::Refused) };
    if json {
        ui.report("PromoteReport", &PromoteReport::new(&plan, !show.dry_run && !published.is_found(), &published))?;
        return Ok(outcome);
    }
    ui.problems(&plan.refused);
    let commit = &plan.source.commit;
    let why = match &plan.source.proof {
        Proof::Pinned => format!("what {} is pinned to", plan.source.name),
        Proof::Newest(branch) => format!("the newest commit of {branch}, which {} follows", plan.source.name),
        Proof::Named => "as named".to_owned(),
        Proof::Previous => format!("the pin that {} had before", plan.source.name),
    };
    ui.status(&format!("{} {}: {why}", short(&commit.commit), commit.subject));
    plan.source.notes.iter().for_each(|note| ui.status(&format!("note: {note}")));
    for promotion in &plan.promotions {
        describe(promotion, plan.addon.as_deref(), show.dry_run, ui)?;
    }
    let moved = plan.promotions.iter().filter(|promotion| promotion.changes()).count();
    let would = if published.is_found() || show.dry_run { "would be " } else { "" };
    ui.status(&match moved {
        0 => "nothing to do: every destination has this commit already".to_owned(),
        moved => format!("{} {would}moved{}", count(moved, "pin"), published.rest()),
    });
    Ok(outcome)
}

/// What became of the change.
#[derive(Debug, Default)]
struct Published {
    commit: Option<String>,
    pushed: Option<git::Pushed>,
    proposed: Option<PullRequest>,
}

impl Published {
    /// Whether all was pushed by an earlier run.
    fn is_found(&self) -> bool {
        self.proposed.is_some() && self.commit.is_none()
    }

    fn rest(&self) -> String {
        if let Some(proposed) = &self.proposed {
            let is_new = if proposed.is_new { "" } else { ", which is open already" };
            return format!("; pull request {}: {}{is_new}", proposed.number, proposed.url);
        }
        match (&self.commit, &self.pushed) {
            (_, Some(pushed)) if pushed.rebased => {
                format!(
                    "; commit {} is pushed to {}, on top of what others had pushed",
                    short(&pushed.commit),
                    pushed.remote
                )
            }
            (_, Some(pushed)) => format!("; commit {} is pushed to {}", short(&pushed.commit), pushed.remote),
            (Some(commit), None) => format!("; commit {}: push it to make it take effect", short(commit)),
            (None, None) => "; commit and push the change to make it take effect".to_owned(),
        }
    }
}

/// Checks all that can be checked before files are written.
fn prepare(
    clone: &LocalClone,
    head: &git::Head,
    new_branch: Option<&str>,
    way: &Way<'_>,
) -> Result<ReadyCommit, Error> {
    let environment = &way.context.environment;
    if let Some(branch) = new_branch.or(head.branch.as_deref()).filter(|_| way.show.push) {
        clone.push_target(branch, environment)?;
    }
    clone.prepare_commit(head, new_branch, environment)
}

fn publish(plan: &Plan, clone: &LocalClone, ready: &ReadyCommit, way: &Way<'_>) -> Result<Published, Error> {
    let environment = &way.context.environment;
    let paths: BTreeSet<&str> = plan.files().iter().map(|file| file.path.as_str()).collect();
    let commit = clone.commit_files(ready, &plan.message(), &paths)?;
    let head = clone.head()?.branch.unwrap_or_default();
    let pushed = match way.show.push || way.show.pull_request {
        true => Some(clone.push(&head, &settings(way.context), environment)?),
        false => None,
    };
    Ok(Published { commit: Some(commit), pushed, proposed: None })
}

fn describe(promotion: &Promotion, addon: Option<&str>, dry_run: bool, ui: &Ui) -> Result<(), Error> {
    if !promotion.changes() {
        ui.status(&format!("{}: unchanged", promotion.cluster));
        return Ok(());
    }
    let from = promotion.from.as_deref().map_or("no sync", short);
    let commits = match promotion.commits {
        Some(commits) if promotion.is_older => format!(", {} back", count(commits, "commit")),
        Some(commits) => format!(", {}", count(commits, "commit")),
        None => String::new(),
    };
    let what = addon.unwrap_or("its flavour");
    let files = match promotion.changed_files.len() {
        0 if promotion.from.is_some() => format!(", nothing that {what} is made from changes"),
        0 => String::new(),
        files => format!(", {} of {what}", count(files, "file")),
    };
    ui.status(&format!("{}: {from} -> {}{commits}{files}", promotion.cluster, short(&promotion.to)));
    if let Some((old, new)) = &promotion.path {
        ui.status(&format!("  path: {old} -> {new}"));
    }
    promotion.notes.iter().for_each(|note| ui.status(&format!("  {note}")));
    for commit in &promotion.between {
        let sign = if promotion.is_older { '-' } else { '+' };
        ui.note(&format!("  {sign} {} {}", short(&commit.commit), commit.subject));
    }
    promotion.changed_files.iter().for_each(|file| ui.note(&format!("    {file}")));
    if dry_run {
        promotion.files.iter().try_for_each(|file| ui.diff(&file.diff))?;
    }
    Ok(())
}

/// The clusters that have all of these labels.
fn select(all: &Clusters, selector: &[String]) -> Result<Vec<String>, Error> {
    if selector.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = Vec::new();
    for item in selector {
        match item.split_once('=') {
            Some((key, value)) if !key.is_empty() => wanted.push((key, value)),
            _ => {
                let message = format!("`{item}` is no selector");
                return Err(
                    Error::new(ErrorKind::Usage, message).with_hint("write KEY=VALUE, such as environment=production")
                );
            }
        }
    }
    let fleet = all.repository.fleet.as_ref();
    let has = |cluster: &Cluster, key: &str, value: &str| {
        let labels = fleet.and_then(|fleet| Some(&fleet.fleet.clusters.get(&cluster.name)?.labels));
        labels.and_then(|labels| labels.get(key)).is_some_and(|label| label == value)
            || (key == "environment" && cluster.environment.as_deref() == Some(value))
    };
    let fits = |cluster: &&Cluster| wanted.iter().all(|(key, value)| has(cluster, key, value));
    let found: Vec<String> = all.clusters.iter().filter(fits).map(|cluster| cluster.name.clone()).collect();
    if found.is_empty() {
        let error = Error::new(ErrorKind::Usage, format!("no cluster has the labels {}", selector.join(", ")));
        return Err(error.with_hint("labels are those of `clusters` in fleet.yaml"));
    }
    Ok(found)
}

/// What was done, or would be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PromoteReport<'a> {
    written: bool,
    addon: Option<&'a str>,
    commit: Option<&'a str>,
    committed: Option<&'a str>,
    pushed: bool,
    pull_request: Option<PullRequestReport<'a>>,
    promotions: Vec<PromotionReport<'a>>,
    problems: &'a [Problem],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PromotionReport<'a> {
    cluster: &'a str,
    from: Option<&'a str>,
    to: &'a str,
    changed: bool,
    commits: Option<usize>,
    is_older: bool,
    is_split: bool,
    changed_files: &'a [String],
    files: Vec<&'a str>,
    notes: &'a [String],
}

impl<'a> PromoteReport<'a> {
    fn empty() -> Self {
        PromoteReport {
            written: false,
            addon: None,
            commit: None,
            committed: None,
            pushed: false,
            pull_request: None,
            promotions: Vec::new(),
            problems: &[],
        }
    }

    fn new(plan: &'a Plan, written: bool, published: &'a Published) -> Self {
        let promotions = plan.promotions.iter().map(|promotion| PromotionReport {
            cluster: &promotion.cluster,
            from: promotion.from.as_deref(),
            to: &promotion.to,
            changed: promotion.changes(),
            commits: promotion.commits,
            is_older: promotion.is_older,
            is_split: promotion.is_split,
            changed_files: &promotion.changed_files,
            files: promotion.files.iter().map(|file| file.path.as_str()).collect(),
            notes: &promotion.notes,
        });
        PromoteReport {
            written,
            addon: plan.addon.as_deref(),
            commit: Some(&plan.source.commit.commit),
            committed: published.pushed.as_ref().map(|pushed| &*pushed.commit).or(published.commit.as_deref()),
            pushed: published.pushed.is_some(),
            pull_request: published.proposed.as_ref().map(PullRequestReport::new),
            promotions: promotions.collect(),
            problems: &plan.refused,
            ..PromoteReport::empty()
        }
    }
}
