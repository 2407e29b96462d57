//! All of git that goes over the network, by the user's `git` program: what a reference is now ([`resolve`]), a commit into
//! the cache ([`fetch`]), what the remote of a clone has (`update`), and pushes (`push`). It knows nothing of what files are.

mod cache;
mod failure;
mod fetch;
mod program;
mod push;
mod reference;
mod settings;
mod update;
mod url;

pub use fetch::{Fetched, cached, fetch, resolve};
pub use push::Pushed;
pub use reference::Reference;
pub use settings::{Credentials, Settings};
pub use url::{Hosted, Protocol, shown};

pub(super) use program::Git;
pub(super) use push::{Answer, Expected, push_once};
