//! [`Wanted`]: an addon that a run is about, with what is known of it before anything is fetched.

use crate::source::{Held, Request};
use crate::tree::Tree;

/// Named texts of a source, in order.
pub(super) type Texts = Vec<(String, Vec<u8>)>;

/// An addon that a run is about.
#[derive(Debug)]
pub struct Wanted {
    pub name: String,
    pub requests: Vec<Request>,
    /// What the repository holds of each of them.
    pub held: Vec<Held>,
    /// Whether other content than the locked one is taken over.
    pub update: bool,
    /// The files of its base as they are.
    pub base: Tree,
    /// Whether the base is certainly what these inputs give: then nothing is fetched or rendered.
    pub up_to_date: bool,
}
