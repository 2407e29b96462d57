//! The flags of commands that change the repository: how far the change goes, and what is shown of it.

use super::{OutputFormat, among};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use kfleet::forge::{PROVIDERS, Provider};
use kfleet::publish::{Goal, Options};

/// See the module.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("commits").multiple(true))]
pub(crate) struct PublishArgs {
    /// Write nothing; show what would change as a unified diff
    #[arg(long, help_heading = "What to do", conflicts_with = "commits")]
    pub dry_run: bool,
    /// Commit the change, and nothing else; hooks do not run, and it is signed where your git signs
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
    /// Whose API the remote's server has, where its name does not say
    #[arg(long, value_name = "PROVIDER", value_parser = provider(), help_heading = "What to do", requires = "pull_request")]
    pub provider: Option<&'static dyn Provider>,
    /// Take the clone as it is: do not fetch first
    #[arg(long, help_heading = "What to do")]
    pub no_fetch: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json]), help_heading = "What to do")]
    pub output: OutputFormat,
}

impl PublishArgs {
    /// What the flags mean.
    pub(crate) fn options(&self) -> Options {
        let goal = match self {
            PublishArgs { pull_request: true, .. } => {
                Goal::PullRequest { is_draft: self.draft, provider: self.provider }
            }
            PublishArgs { push: true, .. } => Goal::Push,
            PublishArgs { commit: true, .. } => Goal::Commit,
            _ => Goal::Files,
        };
        Options { goal, branch: self.branch.clone() }
    }
}

/// A parser that takes the names of providers.
fn provider() -> impl TypedValueParser<Value = &'static dyn Provider> {
    let names = PROVIDERS.iter().map(|provider| PossibleValue::new(provider.facts().key).help(provider.facts().about));
    PossibleValuesParser::new(names).try_map(|name| {
        let found = PROVIDERS.into_iter().find(|provider| provider.facts().key == name);
        found.ok_or_else(|| format!("{name} is not a provider"))
    })
}
