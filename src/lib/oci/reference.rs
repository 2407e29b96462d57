//! [`Reference`]: which artifact is meant.

use crate::address::{Repository, is_digest, is_tag};
use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// The names of Docker Hub: they all stand for one registry.
const DOCKER_HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Which of a repository's artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// What a tag stands for.
    Tag(String),
    /// `sha256:` and 64 hexadecimal digits.
    Digest(String),
}

/// An artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The host and the port, as the user has written them.
    pub(super) registry: String,
    repository: String,
    pub(super) version: Version,
    is_loopback: bool,
}

impl Reference {
    /// An artifact by the URL of its repository, `oci://HOST[:PORT]/REPOSITORY`, and its tag or digest.
    ///
    /// # Errors
    /// One of them cannot be understood, or there is a password in the URL ([`ErrorKind::Failed`]).
    pub fn parse(url: &str, version: &str) -> Result<Reference> {
        let refuse = |reason: &str, hint: &str| {
            Err(Error::new(ErrorKind::Failed, format!("cannot use the address of an artifact: {reason}"))
                .with_hint(hint))
        };
        let Repository { registry, name, is_loopback } = match Repository::parse(url) {
            Ok(repository) => repository,
            Err(refusal) => return refuse(&format!("it {}", refusal.reason), refusal.hint),
        };
        let version = match version {
            digest if is_digest(digest) => Version::Digest(digest.to_owned()),
            tag if is_tag(tag) => Version::Tag(tag.to_owned()),
            other => {
                let reason = format!("`{}` is not a tag and no sha256 digest", other.escape_debug());
                return refuse(&reason, "write a tag such as v1.2.0, or sha256: and 64 hexadecimal digits");
            }
        };
        Ok(Reference { registry: registry.to_owned(), repository: name.to_owned(), version, is_loopback })
    }

    /// The same repository's artifact of a digest.
    ///
    /// # Errors
    /// It is not an sha256 digest ([`ErrorKind::Failed`]).
    pub fn with_digest(&self, digest: &str) -> Result<Reference> {
        if !is_digest(digest) {
            let message = format!("`{}` is not an sha256 digest", digest.escape_debug());
            return Err(Error::new(ErrorKind::Failed, message).with_hint("write sha256: and 64 hexadecimal digits"));
        }
        Ok(Reference { version: Version::Digest(digest.to_owned()), ..self.clone() })
    }

    /// The tag or digest as the registry takes it.
    pub(super) fn name(&self) -> &str {
        match &self.version {
            Version::Tag(name) | Version::Digest(name) => name,
        }
    }

    /// Whether this is Docker Hub, which has names and rules of its own.
    pub(super) fn is_docker_hub(&self) -> bool {
        DOCKER_HUB.iter().any(|name| self.registry.eq_ignore_ascii_case(name))
    }

    /// The repository's name as the registry knows it.
    pub(super) fn repository(&self) -> String {
        let is_official = self.is_docker_hub() && !self.repository.contains('/');
        if is_official { format!("library/{}", self.repository) } else { self.repository.clone() }
    }

    /// The beginning of the registry's URLs.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.is_loopback { "http" } else { "https" };
        let host = if self.is_docker_hub() { "registry-1.docker.io" } else { self.registry.as_str() };
        format!("{scheme}://{host}")
    }

    /// The names under which a login for it may be kept, the first counts most.
    pub(super) fn login_names(&self) -> Vec<String> {
        if self.is_docker_hub() {
            return ["https://index.docker.io/v1/"].into_iter().chain(DOCKER_HUB).map(str::to_owned).collect();
        }
        // Podman keeps logins of namespaces, too.
        let mut names = Vec::new();
        let mut name = format!("{}/{}", self.registry, self.repository);
        while let Some((above, _)) = name.rsplit_once('/') {
            let above = above.to_owned();
            names.push(std::mem::replace(&mut name, above));
        }
        names.push(name);
        names
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if matches!(self.version, Version::Tag(_)) { ':' } else { '@' };
        write!(f, "oci://{}/{}{sign}{}", self.registry, self.repository, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_hub_has_many_names() {
        for registry in DOCKER_HUB {
            let reference = Reference::parse(&format!("oci://{registry}/nginx"), "1").expect("a reference");
            assert_eq!(reference.origin(), "https://registry-1.docker.io");
            assert_eq!(reference.repository(), "library/nginx");
            assert_eq!(reference.login_names()[0], "https://index.docker.io/v1/");
        }
        let other = Reference::parse("oci://docker.io/team/app", "1").expect("a reference");
        assert_eq!(other.repository(), "team/app");
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for (url, origin) in [
            ("oci://127.0.0.1:5000/a", "http://127.0.0.1:5000"),
            ("oci://localhost/a", "http://localhost"),
            ("oci://registry.example:5000/a", "https://registry.example:5000"),
            ("oci://127.0.0.1.example/a", "https://127.0.0.1.example"),
        ] {
            assert_eq!(Reference::parse(url, "1").expect(url).origin(), origin);
        }
    }

    #[test]
    fn logins_may_be_kept_for_namespaces() {
        let reference = Reference::parse("oci://h:1/a/b", "1").expect("a reference");
        assert_eq!(reference.login_names(), ["h:1/a/b", "h:1/a", "h:1"]);
        assert_eq!(reference.to_string(), "oci://h:1/a/b:1");
        let digest = format!("sha256:{}", "0".repeat(64));
        let by_digest = reference.with_digest(&digest).expect("a digest");
        assert_eq!(by_digest.to_string(), format!("oci://h:1/a/b@{digest}"));
        reference.with_digest("sha512:0").expect_err("no digest");
        let error = Reference::parse("oci://u:s3cret@h/a", "1").expect_err("a password");
        assert!(!format!("{error:?}").contains("s3cret"));
        Reference::parse("oci://h/a", "a b").expect_err("no tag");
    }
}
