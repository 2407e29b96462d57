//! The providers that are known, each in a file of its own.

mod gitea;
mod github;
mod gitlab;

use super::provider::Provider;

/// All of them. Where several fit, the first counts.
pub const PROVIDERS: [&dyn Provider; 3] = [&github::Github, &gitlab::Gitlab, &gitea::Gitea];
