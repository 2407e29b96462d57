//! [`Inputs`]: where files of Tekton objects come from: the repository ([`Files`]), or somewhere else ([`Remote`]).

use std::fmt;

use serde::Serialize;

use crate::error::Result;
use crate::path::plain_path;
use crate::tree::{Root, Tree};

/// Where files come from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub files: &'a dyn Files,
    /// Everything else; `None`: nothing may be fetched.
    pub remote: Option<&'a dyn Remote>,
    /// Name and content of files whose objects stand for those of a cluster: what references without a resolver name.
    pub cluster_objects: &'a [(String, Vec<u8>)],
}

/// The files of a repository.
pub trait Files {
    /// The content of a file, by its path relative to the root; `None` where there is none.
    ///
    /// # Errors
    /// It is there and cannot be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>>;

    /// A path as messages show it.
    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
}

impl Files for Tree {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.get(path).cloned())
    }
}

impl Files for Root {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(Root::read(self, path)?)
    }
}

/// Gets files that are not in the repository: from a cache, or over the network.
pub trait Remote {
    /// The content of a file.
    ///
    /// # Errors
    /// It cannot be had; the message names the address. With [`ErrorKind::Environment`](crate::error::ErrorKind) or a
    /// timeout it may be there all the same, and nothing is wrong with the files.
    fn fetch(&self, address: &Address) -> Result<Fetched>;
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub bytes: Vec<u8>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a file comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The address, as the file that needs it has it.
    pub address: String,
    /// The URL of its repository, or its own where it is in none; without a password.
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The commit of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The digest of its content.
    pub sha256: String,
    /// Whether the address always means this content.
    pub pinned: bool,
}

/// Where a file is that is not in the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// An absolute URL.
    Url(String),
    /// An absolute URL and the sha256 of what is there, as hex in lower case. Whoever loads checks it.
    Digest { url: String, sha256: String },
    /// `[server:]owner/repo/path@ref`.
    Git {
        /// `None` is GitHub; `lighthouse` is the server in use.
        server: Option<String>,
        owner: String,
        repository: String,
        path: String,
        /// Branch, tag or commit; `HEAD` is the default branch, `versionStream` what the installation names.
        reference: String,
    },
    /// A file of a repository that is named by its URL.
    Clone {
        url: String,
        /// Branch, tag or commit.
        revision: String,
        path: String,
    },
}

impl Address {
    /// Reads a URL or `[server:]owner/repo/path@ref`; `None` where it is a path.
    ///
    /// # Errors
    /// It has an `@` and is not of that form.
    pub(super) fn parse(text: &str) -> std::result::Result<Option<Address>, String> {
        if text.contains("://") {
            return Ok(Some(Address::Url(text.to_owned())));
        }
        let Some((file, reference)) = text.rsplit_once('@') else { return Ok(None) };
        let (server, file) =
            file.split_once(':').map_or((None, file), |(server, file)| (Some(server.to_owned()), file));
        let mut parts = file.splitn(3, '/').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(owner), Some(repository), Some(path))
                if !owner.is_empty() && !repository.is_empty() && !path.is_empty() && !reference.is_empty() =>
            {
                Ok(Some(Address::Git { server, owner, repository, path, reference: reference.to_owned() }))
            }
            _ => Err(format!("`{text}` is not of the form owner/repo/path@ref")),
        }
    }

    /// The sha256 that its content must have.
    pub(super) fn digest(&self) -> Option<&str> {
        match self {
            Address::Digest { sha256, .. } => Some(sha256),
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A URL may carry a password.
            Address::Url(url) | Address::Digest { url, .. } => f.write_str(&without_user(url)),
            Address::Git { server, owner, repository, path, reference } => {
                if let Some(server) = server {
                    write!(f, "{server}:")?;
                }
                write!(f, "{owner}/{repository}/{path}@{reference}")
            }
            Address::Clone { url, revision, path } => write!(f, "{}/{path}@{revision}", without_user(url)),
        }
    }
}

fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// A path below a folder, with `.` and `..` resolved; `None` where it leaves the repository.
pub(super) fn below(folder: &str, path: &str) -> Option<String> {
    let is_path = !path.starts_with('/') && !path.contains(['\\', '\0']);
    is_path.then(|| plain_path("", &format!("{folder}/{path}")))?
}
