//! What rules ask of the repository's history. Where there is no clone to ask, those rules are passed over and counted.

/// A clone of the repository that clusters sync from.
pub trait Revisions {
    /// The commit that a full or abbreviated hash names.
    fn resolve(&self, hash: &str) -> Resolved;

    /// Whether a commit, by its full hash, can be reached from the tip of a branch of the remote; nothing where that
    /// cannot be told.
    fn is_reachable(&self, commit: &str, branch: &str) -> Option<bool>;

    /// Whether a commit has a file or folder of this path; nothing where that cannot be told.
    fn has_path(&self, commit: &str, path: &str) -> Option<bool>;

    /// The commit at the tip of a branch of the remote, as far as it was fetched.
    fn tip(&self, branch: &str) -> Option<String>;
}

/// What a hash names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// One commit, by its full hash.
    Commit(String),
    /// No commit that is known.
    Unknown,
    /// More than one.
    Ambiguous,
}
