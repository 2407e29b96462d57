//! [`Contents`]: files that came from outside, within [`Limits`].

use super::{PassedOver, Tree};

/// How much is read at most of what comes from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders together.
    pub entries: usize,
    /// Bytes of one file.
    pub file: usize,
    /// Bytes of all files together.
    pub total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { entries: 200_000, file: 64 * 1024 * 1024, total: 512 * 1024 * 1024 }
    }
}

/// What a folder, a file or an archive from outside held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The files, by their path relative to the folder that was asked for; a single file by its name.
    pub tree: Tree,
    /// What is not a file, such as a symbolic link, by its path where it came from.
    pub passed_over: Vec<PassedOver>,
}

/// Whether a name stays where it is when it is written to a disk.
pub fn is_safe_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.eq_ignore_ascii_case(".git") && !name.contains(['/', '\\', '\0'])
}
