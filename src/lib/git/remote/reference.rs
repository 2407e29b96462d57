//! [`Reference`]: what to take from a repository.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::text::is_commit;

/// A branch, a tag, or a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// Where the repository's `HEAD` is: the tip of its default branch.
    Head,
    /// The tip of a branch.
    Branch(String),
    /// A tag, light or annotated.
    Tag(String),
    /// A commit by its full name of 40 hexadecimal digits.
    Commit(String),
    /// A tag of this name, or else a branch, as git decides; or a full name such as `refs/pull/1/head`.
    Name(String),
}

impl Reference {
    /// A reference as people write it: nothing or `HEAD`, a full commit, or a name.
    pub fn parse(text: Option<&str>) -> Reference {
        match text {
            None | Some("" | "HEAD") => Reference::Head,
            Some(text) if is_commit(text) => Reference::Commit(text.to_ascii_lowercase()),
            Some(text) => Reference::Name(text.to_owned()),
        }
    }

    /// What the server is asked for.
    pub(super) fn wanted(&self) -> String {
        match self {
            Reference::Head => "HEAD".to_owned(),
            Reference::Branch(name) => format!("refs/heads/{name}"),
            Reference::Tag(name) => format!("refs/tags/{name}"),
            Reference::Commit(name) | Reference::Name(name) => name.clone(),
        }
    }

    /// The full names that it may stand for, the first that exists counts.
    pub(super) fn candidates(&self) -> Vec<String> {
        match self {
            Reference::Name(name) if name.starts_with("refs/") => vec![name.clone()],
            Reference::Name(name) => {
                ["refs/", "refs/tags/", "refs/heads/"].map(|start| format!("{start}{name}")).into()
            }
            other => vec![other.wanted()],
        }
    }

    /// Refuses what is not a name in git, and so cannot be taken for an option or a pattern either.
    pub(super) fn verify(&self) -> Result<()> {
        let fits = match self {
            Reference::Head => true,
            Reference::Commit(name) => is_commit(name) && !name.bytes().any(|byte| byte.is_ascii_uppercase()),
            Reference::Branch(name) | Reference::Tag(name) | Reference::Name(name) => is_name(name),
        };
        if fits {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Failed, format!("cannot use {self}: git accepts no such name"));
        Err(error.with_hint("name a branch, a tag, or a commit with all of its 40 digits"))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Head => f.write_str("HEAD"),
            Reference::Branch(name) => write!(f, "branch {}", name.escape_debug()),
            Reference::Tag(name) => write!(f, "tag {}", name.escape_debug()),
            Reference::Commit(name) => write!(f, "commit {}", name.escape_debug()),
            Reference::Name(name) => write!(f, "{}", name.escape_debug()),
        }
    }
}

/// The rules of `git check-ref-format`, and no leading `-`.
fn is_name(name: &str) -> bool {
    let bad = |letter: char| letter.is_control() || " ~^:?*[\\".contains(letter);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !name.starts_with('-')
        && name.len() <= 1000
        && !name.contains(bad)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && name != "@"
        && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_references() {
        let commit = "0123456789ABCDEF0123456789abcdef01234567";
        assert_eq!(Reference::parse(None), Reference::Head);
        assert_eq!(Reference::parse(Some("HEAD")), Reference::Head);
        assert_eq!(Reference::parse(Some(commit)), Reference::Commit(commit.to_lowercase()));
        assert_eq!(Reference::parse(Some(&commit[1..])), Reference::Name(commit[1..].to_owned()));
        assert_eq!(Reference::parse(Some("v1.2")), Reference::Name("v1.2".to_owned()));
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for name in ["main", "v1.2.3", "release/2026-10", "refs/pull/1/head", "ä", "a@b"] {
            assert!(Reference::Name(name.to_owned()).verify().is_ok(), "{name}");
        }
        let bad = ["-x", "--upload-pack=touch x", "a b", "a..b", "a:b", "+a:b", "a*", "a\n", "a/", "/a", "a//b", ".a"];
        for name in bad.into_iter().chain(["a/.b", "a.lock", "a~1", "a^{}", "@", "a@{1}", "a.", "", "a\\b", "\u{1b}[m"])
        {
            for reference in [Reference::Branch(name.into()), Reference::Tag(name.into()), Reference::Name(name.into())]
            {
                let error = reference.verify().expect_err(name);
                assert!(!error.to_string().contains(|letter: char| letter.is_control()), "{error}");
            }
        }
        assert!(Reference::Commit("abc".into()).verify().is_err());
    }
}
