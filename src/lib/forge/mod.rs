//! Pull requests through the API of the provider that hosts the repository: GitHub, GitLab (where they are merge requests),
//! Gitea and Forgejo, self-managed servers too. A [`Forge`] is found by the URLs of remotes and the environment, opens a pull
//! request, or finds the one that is open already, which it leaves as it is. A provider more is a file in `providers` that
//! implements [`Provider`], and a line in [`PROVIDERS`].
//!
//! This module knows nothing of what is promoted, and reads no environment. Rules that hold throughout:
//! - A token goes to the server that it is for, over https or to this machine; see `token`.
//! - No error shows a token; what a server says is shown in one line, without control characters.

mod client;
mod endpoint;
mod failure;
mod provider;
mod providers;
#[cfg(test)]
mod tests;
mod token;

pub use client::{Forge, PullRequest};
pub use endpoint::Remotes;
pub use provider::{Endpoint, Facts, Proposal, Provider, Server};
pub use providers::PROVIDERS;
