//! The URL of a download: what it may be, where a redirection leads, and what people see of it.

use crate::error::{Error, ErrorKind};
use http::Uri;
use std::fmt;
use std::net::IpAddr;

/// Why a URL cannot be used. Nothing of it is quoted: nobody knows where its password is.
#[derive(Debug)]
pub(super) struct Unusable {
    pub(super) reason: &'static str,
    hint: &'static str,
}

impl From<Unusable> for Error {
    fn from(Unusable { reason, hint }: Unusable) -> Self {
        Error::new(ErrorKind::Failed, format!("cannot use the url of a download: {reason}")).with_hint(hint)
    }
}

/// An https or http URL without credentials.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Url {
    uri: Uri,
    /// What people see: without the values of the query.
    pub(super) shown: String,
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.shown)
    }
}

/// Whom a connection is to: what is secret for one origin is not shown to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) is_https: bool,
    /// In small letters; an IPv6 address has its brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Origin {
    /// Whether the port is the scheme's own.
    pub(super) fn has_default_port(&self) -> bool {
        self.port == default_port(self.is_https)
    }

    /// Whether nobody on the way can read what is sent.
    pub(super) fn is_private(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        self.is_https || bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn default_port(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Url, Unusable> {
        let refused = |reason| Err(Unusable { reason, hint: "write https://HOST/PATH" });
        if text.is_empty() || text.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
            return refused("it is empty, or holds blanks or control characters");
        }
        let text = text.split('#').next().unwrap_or_default();
        let Ok(uri) = text.parse::<Uri>() else { return refused("it is not a url") };
        if !matches!(uri.scheme_str(), Some("https" | "http")) {
            return refused("it is neither https nor http");
        }
        let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
            return refused("it names no host");
        };
        if authority.as_str().contains('@') {
            let hint = "put them into ~/.netrc instead: machine HOST login USER password PASSWORD";
            return Err(Unusable { reason: "it holds a user or a password", hint });
        }
        let has_port = authority.as_str().len() > authority.host().len();
        if has_port && authority.port_u16().is_none_or(|port| port == 0) {
            return refused("its port is not a number from 1 to 65535");
        }
        Ok(Url { shown: shown(&uri), uri })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn origin(&self) -> Origin {
        let is_https = self.uri.scheme_str() == Some("https");
        let host = self.uri.host().unwrap_or_default().to_ascii_lowercase();
        Origin { is_https, host, port: self.uri.port_u16().unwrap_or(default_port(is_https)) }
    }

    /// Where a `Location` leads from here (RFC 3986, section 5.2).
    pub(super) fn join(&self, location: &[u8]) -> Result<Url, Unusable> {
        let location = encoded(location.trim_ascii());
        let location = location.split('#').next().unwrap_or_default();
        if has_scheme(location) {
            return Url::parse(location);
        }
        let scheme = self.uri.scheme_str().unwrap_or_default();
        if location.starts_with("//") {
            return Url::parse(&format!("{scheme}:{location}"));
        }
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let (path, query) = match location.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (location, String::new()),
        };
        let own = self.uri.path();
        let path = if path.is_empty() {
            own.to_owned()
        } else if path.starts_with('/') {
            without_dots(path)
        } else {
            without_dots(&format!("{}/{path}", own.rsplit_once('/').map_or("", |(folder, _)| folder)))
        };
        Url::parse(&format!("{scheme}://{authority}{path}{query}"))
    }
}

/// The values of a query or a form.
pub(super) fn values(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').map(|part| part.split_once('=').map_or(part, |(_, value)| value))
}

/// Servers send blanks and letters of all scripts as they are.
fn encoded(location: &[u8]) -> String {
    location.iter().fold(String::with_capacity(location.len()), |mut text, &byte| {
        if byte.is_ascii_graphic() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

fn has_scheme(location: &str) -> bool {
    location.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// Carries out the parts `.` and `..` of a path that starts with `/`.
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let is_folder = path.ends_with("/.") || path.ends_with("/..");
    format!("/{}{}", parts.join("/"), if is_folder && !parts.is_empty() { "/" } else { "" })
}

/// A query may hold a token: of its parts the names are shown.
fn shown(uri: &Uri) -> String {
    let start = format!(
        "{}://{}{}",
        uri.scheme_str().unwrap_or_default(),
        uri.authority().map_or("", |a| a.as_str()),
        uri.path()
    );
    let Some(query) = uri.query().filter(|query| !query.is_empty()) else { return start };
    let parts: Vec<String> = query
        .split('&')
        .map(|part| part.split_once('=').map_or_else(|| "***".to_owned(), |(name, _)| format!("{name}=***")))
        .collect();
    format!("{start}?{}", parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn queries_are_shown_without_values() {
        for (text, shown) in [
            ("https://a.example/x.yaml", "https://a.example/x.yaml"),
            ("https://a.example/x?token=s3cret&b=&s3cret#s3cret", "https://a.example/x?token=***&b=***&***"),
            ("http://a.example:8080", "http://a.example:8080/"),
            ("https://a.example/?", "https://a.example/"),
        ] {
            assert_eq!(url(text).shown, shown);
            assert!(!format!("{:?}", url(text)).contains("s3cret"));
        }
    }

    #[test]
    fn urls_that_cannot_be_used_are_not_quoted() {
        for text in [
            "",
            "x.yaml",
            "ftp://s3cret/x",
            "https://u:s3cret@a.example/x",
            "https://s3cret@a.example/x",
            "https:///s3cret",
            "https://a.example/s3cret x",
            "https://a.example:99999/s3cret",
            "https://a.example:0/s3cret",
            "https://a.example:/s3cret",
            "https://[::1/s3cret",
        ] {
            let error = Error::from(Url::parse(text).expect_err(text));
            assert!(error.hint.is_some() && !format!("{error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn redirections_are_resolved() {
        let base = url("https://a.example:8443/b/c/d.yaml?q=1");
        for (location, expected) in [
            ("https://other.example/x", "https://other.example/x"),
            ("//other.example/x?y=1#z", "https://other.example/x?y=1"),
            ("/x/../y", "https://a.example:8443/y"),
            ("e.yaml?x=/..", "https://a.example:8443/b/c/e.yaml?x=/.."),
            ("./../../../e", "https://a.example:8443/e"),
            ("..", "https://a.example:8443/b/"),
            ("?z", "https://a.example:8443/b/c/d.yaml?z"),
            ("/a b/\u{e4}", "https://a.example:8443/a%20b/%C3%A4"),
            ("x:y", ""),
        ] {
            let joined = base.join(location.as_bytes()).map(|url| url.uri().to_string()).unwrap_or_default();
            assert_eq!(joined, expected, "{location}");
        }
    }

    #[test]
    fn origins_are_told_apart() {
        assert_eq!(url("https://A.example/").origin(), url("https://a.example:443/x").origin());
        assert_ne!(url("http://a.example/").origin(), url("https://a.example/").origin());
        assert!(url("http://a.example:80/").origin().has_default_port());
        for (text, is_private) in [
            ("https://a.example", true),
            ("http://a.example", false),
            ("http://localhost:1", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:80", true),
            ("http://10.0.0.1", false),
            ("http://127.0.0.1.example", false),
        ] {
            assert_eq!(url(text).origin().is_private(), is_private, "{text}");
        }
    }
    proptest::proptest! {
        #[test]
        fn any_location_leads_somewhere_or_nowhere(location: Vec<u8>, path in "[./a?#:@%]*") {
            let base = url("https://a.example/b/c");
            let _ = base.join(&location);
            if let Ok(next) = base.join(path.as_bytes()) {
                proptest::prop_assert!(!next.uri().path().split('/').any(|part| part == "..") || path.is_empty());
            }
        }
    }
}
