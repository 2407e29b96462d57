//! Remote git repositories: what a branch, a tag or a commit is now ([`resolve`]), its files into a cache ([`fetch`]), and
//! files out of a repository ([`read_tree`]). For a new repository, its first commits ([`NewRepository`]).
//!
//! The network is left to the user's own `git` program, so that credential helpers, ssh agents, proxies and a company's
//! settings work as they do for the user; it runs without a terminal, so it never asks. Objects are read by libgit2, which
//! is built without a network. This module knows nothing of what the files are. Rules that hold throughout:
//! - A URL's protocol must be one that the caller allows; helpers that run commands (`ext::`) never are.
//! - No hook runs, nothing is checked out, no submodule is followed.
//! - A password in a URL reaches neither a command line nor an error.
//! - What is fetched stays: a commit in the cache needs no network.

mod cache;
mod changes;
mod clone;
mod commit;
mod create;
mod failure;
mod file_history;
mod index;
mod network;
mod program;
mod publish;
mod push_target;
mod read;
mod rebase;
mod reference;
mod scratch_remote;
mod settings;
mod url;

pub use clone::{CommitInfo, FileState, Head, LocalClone, Resolved, Tip};
pub use commit::ReadyCommit;
pub use create::{About, NewRepository, about, default_branch, is_branch, remove_locks, reset_index};
pub use file_history::FileChange;
pub use network::{Fetched, cached, fetch, resolve};
pub use publish::Pushed;
pub use push_target::PushTarget;
pub use read::{read_file, read_tree, read_tree_within};
pub use reference::Reference;
pub use scratch_remote::{Bring, Brought, Facts, Push, Refs, RepositoryName, Snapshot, StepSettings, Throwaway};
pub use settings::{Credentials, INHERITED, Settings};
pub use url::{Hosted, Protocol, shown};
