//! Git: repositories of others over the network (`remote`), the clone that a user works in (`clone`), a remote for the
//! steps of a run (`scratch_remote`), and files out of any repository ([`read_tree`]).
//!
//! The network is left to the user's own `git` program, so that credential helpers, ssh agents, proxies and a company's
//! settings work as they do for the user; it runs without a terminal, so it never asks. Objects are read by libgit2, which
//! is built without a network. This module knows nothing of what the files are. Rules that hold throughout:
//! - A URL's protocol must be one that the caller allows; helpers that run commands (`ext::`) never are.
//! - No hook runs, nothing is checked out, no submodule is followed.
//! - A password in a URL reaches neither a command line nor an error.
//! - What is fetched stays: a commit in the cache needs no network.

mod clone;
mod read;
mod remote;
mod scratch_remote;

pub use clone::{About, NewRepository, about, default_branch, is_branch, remove_locks, reset_index};
pub use clone::{CommitInfo, Commits, FileChange, FileState, Head, LocalClone, PushTarget, ReadyCommit, Resolved, Tip};
pub use read::{read_file, read_tree, read_tree_within};
pub use remote::{Credentials, Fetched, Hosted, Protocol, Pushed, Reference, Settings, cached, fetch, resolve, shown};
pub use scratch_remote::{Bring, Brought, Facts, Push, Refs, RepositoryName, Snapshot, StepSettings, Throwaway};
