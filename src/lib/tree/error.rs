//! Why a file could not be read or written, in the words of the person who must act on it.

use std::fmt;
use std::io;
use std::path::Path;

use crate::error::{Error as OperationError, ErrorKind};
use crate::problem::{Location, Problem};

/// A failure that concerns one file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The file or folder, as shown to the user.
    pub file: String,
    /// What was being done to it: `read`, `write`.
    pub doing: &'static str,
    /// Why that failed: lower case, no full stop at the end.
    pub reason: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// The result of touching a file.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A refusal or a failure that kfleet itself has found.
    pub(super) fn new(doing: &'static str, file: impl Into<String>, reason: impl Into<String>) -> Self {
        Error { file: file.into(), doing, reason: reason.into(), hint: None }
    }

    /// A failure that the operating system has reported.
    pub fn from_io(doing: &'static str, file: impl Into<String>, cause: impl Into<io::Error>) -> Self {
        let cause = cause.into();
        Error { file: file.into(), doing, reason: reason_of(&cause), hint: hint_of(&cause).map(String::from) }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure as that of a command line: it names a file or folder that cannot be used.
    pub fn into_usage(self) -> OperationError {
        OperationError { kind: ErrorKind::Usage, ..self.into() }
    }

    /// The same failure as an item of a run's list of problems.
    pub fn into_problem(self) -> Problem {
        let message = format!("cannot {}: {}", self.doing, self.reason);
        Problem { hint: self.hint, ..Problem::error(Location::of_file(self.file), message) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.doing, self.file, self.reason)
    }
}

impl std::error::Error for Error {}

impl From<Error> for OperationError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        OperationError { hint: error.hint, ..OperationError::new(ErrorKind::Failed, message) }
    }
}

fn reason_of(cause: &io::Error) -> String {
    let known = match cause.kind() {
        io::ErrorKind::NotFound => "no such file or folder",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::StorageFull => "no space left on the device",
        io::ErrorKind::QuotaExceeded => "the disk quota is used up",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        io::ErrorKind::InvalidFilename => "the name is too long for the file system",
        io::ErrorKind::NotADirectory => "a part of the path is not a folder",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::DirectoryNotEmpty => "the folder is not empty",
        _ => {
            let text = cause.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            let mut letters = text.chars();
            return letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default();
        }
    };
    known.to_owned()
}

fn hint_of(cause: &io::Error) -> Option<&'static str> {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => Some("check the owner and the mode of the file and of the folders above it"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space and run the same command again; what it has written so far is complete")
        }
        io::ErrorKind::InvalidFilename => Some("shorten the name; most file systems stop at 255 bytes"),
        _ if cause.to_string().starts_with("Too many open files") => Some("raise the limit with ulimit -n"),
        _ => None,
    }
}

/// A path as text, for people: bytes that are not UTF-8 appear as `\xNN`.
pub(super) fn show(path: &Path) -> String {
    if let Some(text) = path.to_str() {
        return text.to_owned();
    }
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn errors_read_like_sentences() {
        let full = Error::from_io("write", "out/a.yaml", io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.to_string(), "cannot write out/a.yaml: no space left on the device");
        assert!(full.hint.is_some());
        let other = Error::from_io("read", "a.yaml", io::Error::from_raw_os_error(5));
        assert_eq!(other.to_string(), "cannot read a.yaml: input/output error");
        assert_eq!(other.into_problem().message, "cannot read: input/output error");
        let many = Error::from_io("read", "a.yaml", io::Error::from_raw_os_error(24));
        assert_eq!(many.hint.as_deref(), Some("raise the limit with ulimit -n"));
    }

    #[test]
    fn names_that_are_not_utf8_are_escaped() {
        assert_eq!(show(Path::new(OsStr::from_bytes(b"a/\xffb\xc3.yaml"))), "a/\\xFFb\\xC3.yaml");
        assert_eq!(show(Path::new("ä/b")), "ä/b");
    }
}
