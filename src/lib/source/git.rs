//! `git`: a file or folder of another git repository, at a commit.

use super::expand;
use super::fetch::{Fetch, shown};
use super::path::is_manifest;
use super::words::expand_some;
use super::{Asked, Came, Content, Declared, LockedSource, Mistakes, Owner, Release, Remote, Remotely, Unexpanded};
use crate::error::{Error, ErrorKind, Result};
use crate::git::{self, Protocol, Reference};
use crate::tree::{Contents, Limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file or folder of a git repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GitSource {
    /// The repository's URL: https, http, ssh or file. Words in braces are replaced.
    pub url: String,
    /// A branch, a tag or a full commit; the default branch where there is none. Words in braces are replaced.
    #[serde(default, rename = "ref")]
    pub reference: Option<String>,
    /// The file or folder in it; everything where there is none. Words in braces are replaced.
    #[serde(default)]
    pub path: Option<String>,
}

impl Declared for GitSource {
    fn verify(&self, mistakes: &mut Mistakes<'_>) {
        for (field, text) in [("url", Some(&self.url)), ("ref", self.reference.as_ref()), ("path", self.path.as_ref())]
        {
            if let Some(text) = text {
                mistakes.expanded(&[field], text);
            }
        }
    }

    fn request(&self, owner: &Owner<'_>) -> std::result::Result<Option<(Asked, Option<Release>)>, Unexpanded> {
        let git = GitSource {
            url: expand(&self.url, &owner.words)?,
            reference: expand_some(self.reference.as_ref(), &owner.words)?,
            path: expand_some(self.path.as_ref(), &owner.words)?,
        };
        Ok(Some((Asked::Remote(Remote::Git(git)), None)))
    }
}

impl Remotely for GitSource {
    fn shown(&self) -> String {
        shown(&self.url, self.path.as_deref(), self.reference.as_deref())
    }

    fn locked(&self, came: Came) -> LockedSource {
        LockedSource {
            git: Some(self.url.clone()),
            reference: self.reference.clone(),
            path: self.path.clone(),
            commit: came.commit,
            sha256: came.sha256,
            ..LockedSource::default()
        }
    }

    fn fetch(&self, fetch: &Fetch<'_>) -> Result<Content> {
        let url = self.url.as_str();
        let mut settings = fetch.remotes.git.clone();
        // Whoever writes such a URL means it; nobody is led there from another one.
        for (start, protocol) in [("http://", Protocol::Http), ("file://", Protocol::File), ("/", Protocol::File)] {
            if url.starts_with(start) {
                settings = settings.allow(protocol);
            }
        }
        let commit = fetch.known.and_then(|known| known.commit.as_deref());
        let cached = commit.map(|commit| git::cached(url, commit, &settings)).transpose()?.flatten();
        let fetched = match cached {
            Some(cached) => cached,
            None => {
                let reference = Reference::parse(commit.or(self.reference.as_deref()));
                fetch.over_network(|| git::fetch(url, &reference, &settings))?
            }
        };
        let path = self.path.as_deref().unwrap_or_default();
        let shown = &fetch.shown;
        let contents = git::read_tree_within(&fetched.repository, &fetched.commit, path, Limits::default())
            .map_err(|error| Error { message: format!("cannot read {shown}: {}", error.message), ..error })?;
        verify_whole(&contents, shown)?;
        let mut content = Content::of_files(&contents.tree, path, shown);
        content.came.commit = Some(fetched.commit);
        Ok(content)
    }
}

/// So many files that cannot be taken over are named.
const NAMED: usize = 3;

/// Refuses a folder of which a part would be missing: what submodules and links lead to, and what LFS keeps elsewhere.
fn verify_whole(contents: &Contents, shown: &str) -> Result<()> {
    let is_missed = |path: &str| is_manifest(path) || !path.rsplit('/').next().unwrap_or(path).contains('.');
    let passed_over = contents.passed_over.iter().filter(|entry| is_missed(&entry.path));
    let mut missing: Vec<String> = passed_over.map(|entry| format!("{} {}", entry.path, entry.reason)).collect();
    let pointers = contents.tree.iter().filter(|(path, bytes)| is_manifest(path) && is_lfs_pointer(bytes));
    missing.extend(pointers.map(|(path, _)| format!("{path} is a pointer of Git LFS, whose content is elsewhere")));
    if missing.is_empty() {
        return Ok(());
    }
    let rest = missing.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    missing.truncate(NAMED);
    let message = format!("{shown} cannot be taken over whole: {}{more}", missing.join("; "));
    Err(Error::new(ErrorKind::Failed, message)
        .with_hint("name a path that does without them, or a source for each part"))
}

fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}
