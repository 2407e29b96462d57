//! [`RepositoryMap`]: where the repositories are whose files pipelines take. It knows no network; its rules are Lighthouse's:
//! `owner/repo` is on GitHub, `lighthouse:owner/repo` on the server of the repository itself.

use crate::error::{Error, ErrorKind, Result};
use crate::git::{Hosted, RepositoryName};
use crate::lighthouse::Trust;
use std::collections::BTreeMap;
use std::path::{Path, absolute};

const GITHUB: &str = "https://github.com/";

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RepositoryMap {
    /// What the user says, by [`key`].
    mapped: BTreeMap<String, String>,
    /// How URLs of the server in use begin.
    server: Option<String>,
}

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RepositoryUrl {
    pub(super) url: String,
    /// Whether the user has said so.
    pub(super) is_mapped: bool,
}

impl RepositoryMap {
    /// Reads texts of the form `[SERVER:]OWNER/REPO=URL` or `URL=URL`, where the second URL may be a folder, which starts at
    /// `root`. `remote` is the URL of the repository whose pipelines they are; an event that is not trusted reaches it by
    /// https only.
    ///
    /// # Errors
    /// A text has another form ([`ErrorKind::Usage`]).
    pub(super) fn parse(texts: &[String], root: &Path, remote: Option<&str>, trust: Trust) -> Result<RepositoryMap> {
        let mut mapped = BTreeMap::new();
        for text in texts {
            let wrong = || {
                Error::new(ErrorKind::Usage, format!("`{}` names no repository and its place", text.escape_debug()))
                    .with_hint("write OWNER/REPO=URL or OWNER/REPO=FOLDER")
            };
            let (name, url) = text.split_once('=').ok_or_else(wrong)?;
            if !name.contains('/') || url.is_empty() {
                return Err(wrong());
            }
            let is_url = url.contains("://") || url.split('/').next().is_some_and(|start| start.contains(':'));
            let url = match is_url {
                true => url.to_owned(),
                // It need not be there: what was fetched from it is in the cache.
                false => absolute(root.join(url)).map_err(|_| wrong())?.display().to_string(),
            };
            mapped.insert(key(name), url);
        }
        let server = match (remote, trust) {
            (None, _) => None,
            (Some(url), Trust::Trusted) => Some(server_of(url)),
            (Some(url), Trust::Untrusted) => Hosted::parse(url)?.map(|hosted| format!("https://{}/", hosted.host)),
        };
        Ok(RepositoryMap { mapped, server })
    }

    /// Where the repository of a URL is.
    pub(super) fn of_url(&self, url: &str) -> RepositoryUrl {
        match self.mapped.get(&key(url)) {
            Some(url) => RepositoryUrl { url: url.clone(), is_mapped: true },
            None => RepositoryUrl { url: url.to_owned(), is_mapped: false },
        }
    }

    /// Where `[server:]owner/repo` is.
    ///
    /// # Errors
    /// The server is not known, or the names are none ([`ErrorKind::Failed`]).
    pub(super) fn of_name(&self, server: Option<&str>, owner: &str, repository: &str) -> Result<RepositoryUrl> {
        let name = format!("{owner}/{repository}");
        if let Some(part) = [owner, repository].into_iter().find(|part| !is_name(part)) {
            let message = format!(
                "cannot fetch from {}: `{}` names no owner or repository",
                name.escape_debug(),
                part.escape_debug()
            );
            return Err(Error::new(ErrorKind::Failed, message).with_hint("write owner/repo/path@commit"));
        }
        if let Some(url) = server.and_then(|server| self.mapped.get(&format!("{server}:{name}"))) {
            return Ok(RepositoryUrl { url: url.clone(), is_mapped: true });
        }
        let start = match server {
            None | Some("github") => GITHUB,
            Some("lighthouse") => self.server.as_deref().unwrap_or(GITHUB),
            Some(other) => {
                let other = other.escape_debug();
                let message =
                    format!("cannot fetch from {other}:{name}: kfleet does not know the git server `{other}`");
                let error = Error::new(ErrorKind::Failed, message);
                return Err(error.with_hint(format!("say where it is: --remote '{other}:{name}=URL'")));
            }
        };
        Ok(self.of_url(&format!("{start}{name}")))
    }
}

/// What spellings of a repository have in common. A bare `owner/repo` is on GitHub.
fn key(name: &str) -> String {
    let name = name.trim_end_matches('/');
    let name = name.strip_suffix(".git").unwrap_or(name);
    match name.contains(':') || name.starts_with('/') {
        true => name.to_owned(),
        false => format!("{GITHUB}{name}"),
    }
}

fn is_name(part: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    !part.is_empty() && !part.starts_with('-') && part != "." && part != ".." && part.bytes().all(fits)
}

/// What stands before `owner/repo` in a URL.
fn server_of(url: &str) -> String {
    let RepositoryName { owner, name } = RepositoryName::of(url);
    let end = url.rfind(&format!("{owner}/{name}")).unwrap_or(url.len());
    url[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(texts: &[&str], remote: Option<&str>, trust: Trust) -> RepositoryMap {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        RepositoryMap::parse(&texts, Path::new("."), remote, trust).unwrap()
    }

    #[test]
    fn repositories_are_where_lighthouse_looks_for_them() {
        for (server, remote, trust, expected) in [
            (None, None, Trust::Trusted, "https://github.com/acme/catalog"),
            (Some("github"), Some("https://git.test/o/r"), Trust::Trusted, "https://github.com/acme/catalog"),
            (Some("lighthouse"), None, Trust::Trusted, "https://github.com/acme/catalog"),
            (
                Some("lighthouse"),
                Some("https://git.test:8443/o/r.git"),
                Trust::Trusted,
                "https://git.test:8443/acme/catalog",
            ),
            (Some("lighthouse"), Some("git@git.test:o/r.git"), Trust::Trusted, "git@git.test:acme/catalog"),
            (
                Some("lighthouse"),
                Some("ssh://git@git.test:22/o/r"),
                Trust::Trusted,
                "ssh://git@git.test:22/acme/catalog",
            ),
            (Some("lighthouse"), Some("git@git.test:o/r.git"), Trust::Untrusted, "https://git.test/acme/catalog"),
        ] {
            let url = map(&[], remote, trust).of_name(server, "acme", "catalog").unwrap();
            assert_eq!((url.url.as_str(), url.is_mapped), (expected, false), "{server:?} {remote:?}");
        }
        let error = map(&[], None, Trust::Trusted).of_name(Some("elsewhere"), "acme", "catalog").unwrap_err();
        assert!(error.message.contains("does not know the git server `elsewhere`"), "{error}");
        for part in ["..", ".", "", "-x", "a b", "a?b", "a#b", "a@b", "a:b", "a%2e", "a\n"] {
            assert!(map(&[], None, Trust::Trusted).of_name(None, part, "r").is_err(), "{part}");
            assert!(map(&[], None, Trust::Trusted).of_name(None, "o", part).is_err(), "{part}");
        }
        assert!(map(&[], None, Trust::Trusted).of_name(None, "acme", ".github").is_ok());
    }

    #[test]
    fn the_user_says_where_they_are() {
        let texts =
            ["acme/catalog=/srv/catalog", "gitea:a/b=https://gitea.test/a/b", "https://git.test/x/y.git=git@h:x/y"];
        let map = map(&texts, Some("https://git.test/o/r"), Trust::Untrusted);
        let of = |server, owner, name| map.of_name(server, owner, name).unwrap().url;
        assert_eq!(of(None, "acme", "catalog"), "/srv/catalog");
        assert_eq!(of(Some("gitea"), "a", "b"), "https://gitea.test/a/b");
        assert_eq!(of(Some("lighthouse"), "x", "y"), "git@h:x/y");
        for url in [
            "https://github.com/acme/catalog",
            "https://github.com/acme/catalog.git",
            "https://github.com/acme/catalog/",
        ] {
            assert_eq!(map.of_url(url), RepositoryUrl { url: "/srv/catalog".to_owned(), is_mapped: true }, "{url}");
        }
        for text in ["acme/catalog", "acme=/srv", "acme/catalog=", "=x"] {
            assert_eq!(
                RepositoryMap::parse(&[text.to_owned()], Path::new("."), None, Trust::Trusted).unwrap_err().kind,
                ErrorKind::Usage,
                "{text}"
            );
        }
    }
}
