//! The address of a server in a URL, and of an artifact in a registry: as much of it as must be right before anything is
//! asked of the server.

use crate::digest::is_sha256;
use std::net::IpAddr;

/// The parts of a URL without user, query and fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// What stands before `://`.
    pub scheme: &'a str,
    /// The host without its port; an IPv6 address without its brackets.
    pub host: &'a str,
}

/// Why a URL is not used. It is not quoted: there may be a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong: lower case, no full stop at the end.
    pub reason: &'static str,
    /// What to do.
    pub hint: &'static str,
}

impl<'a> Address<'a> {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// It is not a URL, or it holds what belongs into no file: a user or a password, a query (where tokens are) or a fragment.
    pub fn parse(url: &'a str) -> Result<Address<'a>, Refusal> {
        let refuse = |reason, hint| Err(Refusal { reason, hint });
        if url.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\') {
            return refuse("holds blanks, backslashes or control characters", "remove them");
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return refuse("has no scheme", "write https://HOST/PATH");
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return refuse("has a user or a password", "remove it, and log in with the program that fetches");
        }
        if rest.contains(['?', '#']) {
            return refuse("has a query or a fragment", "remove what stands after `?` or `#`");
        }
        let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':').unwrap_or(port)),
            None => authority.split_once(':').unwrap_or((authority, "")),
        };
        if host.is_empty() || host.starts_with('-') || !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse("has no host, or no right port", "write https://HOST/PATH or https://HOST:PORT/PATH");
        }
        Ok(Address { scheme, host })
    }

    /// Whether the host is this very machine: `localhost`, or an address that leads nowhere else.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// The address of artifacts in a registry: `oci://HOST[:PORT]/REPOSITORY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repository<'a> {
    /// The host, with its port if there is one.
    pub registry: &'a str,
    /// The repository's name, whose parts are separated by slashes.
    pub name: &'a str,
    /// Whether the host is this very machine.
    pub is_loopback: bool,
}

/// The longest name of a repository.
const REPOSITORY_NAME: usize = 255;

impl<'a> Repository<'a> {
    /// Takes an oci URL apart (OCI distribution spec, pulling manifests).
    ///
    /// # Errors
    /// As [`Address::parse`], or it is not an oci URL, or no repository can have the name.
    pub fn parse(url: &'a str) -> Result<Repository<'a>, Refusal> {
        let refuse = |reason, hint| Err(Refusal { reason, hint });
        let Some((registry, name)) = url.strip_prefix("oci://").and_then(|rest| rest.split_once('/')) else {
            return refuse("is not an oci URL with a repository", "write oci://HOST/REPOSITORY");
        };
        let address = Address::parse(url)?;
        if name.contains([':', '@']) {
            return refuse("has a tag or a digest", "leave it out of the URL, and write it into `ref`");
        }
        let name = name.strip_suffix('/').unwrap_or(name);
        if name.len() > REPOSITORY_NAME || !name.split('/').all(is_repository_part) {
            let hint = "use lower-case letters and digits, with a dot, a dash or an underline between them";
            return refuse("has a name that no repository can have", hint);
        }
        Ok(Repository { registry, name, is_loopback: address.is_loopback() })
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_repository_part(part: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators = part.split(|letter: char| u8::try_from(letter).is_ok_and(is_letter));
    let are_right = separators
        .filter(|separator| !separator.is_empty())
        .all(|text| matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-'));
    are_right && part.bytes().next().is_some_and(is_letter) && part.bytes().next_back().is_some_and(is_letter)
}

/// Whether a registry can have such a tag.
pub fn is_tag(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_letter)
        && text.bytes().all(|byte| is_letter(byte) || b".-".contains(&byte))
}

/// Whether a text is a digest as registries write it: `sha256:` and 64 hexadecimal digits. Other kinds are not used.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_and_this_machine_is_known() {
        for (url, scheme, host, is_loopback) in [
            ("https://charts.example.org", "https", "charts.example.org", false),
            ("oci://127.0.0.1:5000/a/b", "oci", "127.0.0.1", true),
            ("http://[::1]:80/", "http", "::1", true),
            ("http://LOCALHOST/x", "http", "LOCALHOST", true),
            ("http://localhost.example.org/x", "http", "localhost.example.org", false),
            ("http://127.0.0.1.example.org/x", "http", "127.0.0.1.example.org", false),
        ] {
            let address = Address::parse(url).expect(url);
            assert_eq!((address.scheme, address.host, address.is_loopback()), (scheme, host, is_loopback), "{url}");
        }
    }

    #[test]
    fn what_belongs_into_no_file_is_refused() {
        for url in [
            "charts.example.org",
            "https://",
            "https:///path",
            "https://-x/",
            "https://host:80a/",
            "https://host:@/",
            "https://me:secret@host/x",
            "https://host/x?token=secret",
            "https://host/#x",
            "https://host/a b",
            "https://host\\@127.0.0.1/",
        ] {
            let refusal = Address::parse(url).expect_err(url);
            assert!(!refusal.reason.contains("secret"));
        }
    }

    #[test]
    fn artifacts_are_named_as_registries_name_them() {
        for (url, registry, name) in [
            ("oci://ghcr.io/team/app", "ghcr.io", "team/app"),
            ("oci://127.0.0.1:5000/a_b/c__d/e.f-g--h/", "127.0.0.1:5000", "a_b/c__d/e.f-g--h"),
            ("oci://[::1]:5000/a", "[::1]:5000", "a"),
        ] {
            let is_loopback = registry.ends_with("5000");
            assert_eq!(Repository::parse(url), Ok(Repository { registry, name, is_loopback }), "{url}");
        }
        let long = format!("oci://h/{}", "a".repeat(256));
        for url in [
            "https://h/a",
            "oci://h",
            "oci://h/",
            "oci://h//a",
            "oci://h/A",
            "oci://h/a:1",
            "oci://h/a@sha256:0",
            "oci://h/../a",
            "oci://h/a..b",
            "oci://h/-a",
            "oci://h/a_-b",
            "oci://h/\u{e4}",
            "oci://u:secret@h/a",
            &long,
        ] {
            Repository::parse(url).expect_err(url);
        }
        assert!(is_tag("v1.2_3-x") && is_tag("_") && is_tag(&"a".repeat(128)));
        for tag in ["", ".a", "-a", "a/b", "a:b", "a+b", "{x}", &"a".repeat(129)] {
            assert!(!is_tag(tag), "{tag}");
        }
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(is_digest(&format!("sha256:{hex}")));
        assert!(!is_digest(hex) && !is_digest(&format!("sha512:{hex}")) && !is_digest("sha256:1"));
    }
}
