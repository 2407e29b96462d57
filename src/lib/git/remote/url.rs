//! A repository's URL: what git gets of it, what people see of it, and what of it is secret.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// How a repository is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `https://`.
    Https,
    /// `ssh://`, or `user@host:path`.
    Ssh,
    /// `http://`: neither secret nor safe from changes on the way.
    Http,
    /// `file://`, or an absolute path.
    File,
}

impl Protocol {
    /// Its name, as git has it.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Https => "https",
            Protocol::Ssh => "ssh",
            Protocol::Http => "http",
            Protocol::File => "file",
        }
    }
}

/// A URL that is safe to hand to git.
pub(super) struct Remote {
    /// What git gets: without a password.
    pub(super) address: String,
    /// What people see: without user and password, but for the user of ssh, and without a query.
    pub(super) shown: String,
    /// What the cache knows it by: the same for all users of an https server.
    pub(super) identity: String,
    pub(super) protocol: Protocol,
    /// User and password, as the server gets them.
    pub(super) credentials: Option<(String, String)>,
    /// What no error may show.
    pub(super) secrets: Vec<String>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({})", self.shown)
    }
}

const FORMS: &str = "write https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH";

fn refused(reason: &str, hint: &str) -> Error {
    Error::new(ErrorKind::Failed, format!("cannot use the url of a git repository: {reason}")).with_hint(hint)
}

impl Remote {
    /// Nothing of a URL that cannot be understood is quoted: nobody knows where its password is.
    pub(super) fn parse(url: &str) -> Result<Remote> {
        if url.starts_with('-') {
            return Err(refused("it starts with -", FORMS));
        }
        if url.is_empty() || url.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
            return Err(refused("it is empty, or holds blanks or control characters", FORMS));
        }
        if let Some((scheme, rest)) = url.split_once("://") {
            let protocol = match scheme.to_ascii_lowercase().as_str() {
                "https" => Protocol::Https,
                "http" => Protocol::Http,
                "ssh" => Protocol::Ssh,
                "file" => return Remote::file(rest),
                "git" => return Err(refused("git:// is neither secret nor safe from changes", FORMS)),
                _ => return Err(refused("its protocol is not known", FORMS)),
            };
            return Remote::server(protocol, rest);
        }
        if url.starts_with('/') {
            return Remote::file(&url.replace('%', "%25"));
        }
        let host_end = url.find(':').filter(|colon| !url[..*colon].contains('/'));
        match host_end.map(|colon| (&url[..colon], &url[colon + 1..])) {
            Some((host, path)) if !path.starts_with(':') => Remote::short(host, path),
            Some(_) => Err(refused("remote helpers (::) are not used", FORMS)),
            None => Err(refused("it is neither a url nor an absolute path", FORMS)),
        }
    }

    fn file(path: &str) -> Result<Remote> {
        if !path.starts_with('/') {
            return Err(refused("file:// needs an absolute path", "write file:///PATH"));
        }
        Ok(Remote::open(Protocol::File, format!("file://{path}")))
    }

    /// An address in which nothing is secret.
    fn open(protocol: Protocol, address: String) -> Remote {
        let (shown, identity) = (address.clone(), address.trim_end_matches('/').to_owned());
        Remote { address, shown, identity, protocol, credentials: None, secrets: Vec::new() }
    }

    /// `user@host:path`.
    fn short(host: &str, path: &str) -> Result<Remote> {
        let bare = host.rsplit_once('@').map_or(host, |(_, host)| host);
        if [host, bare, path].iter().any(|part| part.is_empty() || part.starts_with('-')) {
            return Err(refused("its user, host or path is empty or starts with -", FORMS));
        }
        Ok(Remote::open(Protocol::Ssh, format!("{host}:{path}")))
    }

    fn server(protocol: Protocol, rest: &str) -> Result<Remote> {
        let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |end| rest.split_at(end));
        let (login, host) = authority.rsplit_once('@').map_or((None, authority), |(login, host)| (Some(login), host));
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => (Some(user), Some(password).filter(|password| !password.is_empty())),
            None => (None, None),
        };
        if host.is_empty() || host.starts_with(['-', ':']) || user.is_some_and(|user| user.starts_with('-')) {
            return Err(refused("its host is missing, or its user or host starts with -", FORMS));
        }
        let name = protocol.name();
        let mut secrets: Vec<String> = Vec::new();
        let mut credentials = None;
        if let Some(password) = password {
            if protocol == Protocol::Ssh {
                return Err(refused("ssh does not take a password from a url", "use a key, or an ssh agent"));
            }
            let (user, decoded) = (decoded(user.unwrap_or_default())?, decoded(password)?);
            secrets.extend([password.to_owned(), decoded.clone()]);
            credentials = Some((user, decoded));
        }
        // Some servers take a token as the user.
        secrets.extend(user.filter(|user| user.len() >= 16).map(str::to_owned));
        let plain_path = path.split(['?', '#']).next().unwrap_or_default();
        if plain_path.len() + 1 < path.len() {
            secrets.push(path[plain_path.len() + 1..].to_owned());
        }
        let kept_user = user.filter(|user| !user.is_empty() && credentials.is_none());
        let with_user = |user: Option<&str>| user.map(|user| format!("{user}@")).unwrap_or_default();
        let shown_user = if protocol == Protocol::Ssh { with_user(user) } else { String::new() };
        let shown = format!("{name}://{shown_user}{host}{plain_path}");
        let identity = format!("{name}://{shown_user}{host}{}", path.trim_end_matches('/'));
        let address = format!("{name}://{}{host}{path}", with_user(kept_user));
        Ok(Remote { address, shown, identity, protocol, credentials, secrets })
    }
}

/// A URL as people see it: without user and password, but for the user of ssh, and without a query.
///
/// # Errors
/// It is not a URL that can be used.
pub fn shown(url: &str) -> Result<String> {
    Remote::parse(url).map(|remote| remote.shown)
}

/// Where a repository is on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    /// How it is reached.
    pub protocol: Protocol,
    /// The server, in small letters; an IPv6 address has its brackets.
    pub host: String,
    /// The port, where the URL names one.
    pub port: Option<u16>,
    /// The path there, without slashes around it.
    pub path: String,
}

impl Hosted {
    /// Takes the URL of a repository apart; nothing for a folder of this machine.
    ///
    /// # Errors
    /// It is not a URL that can be used.
    pub fn parse(url: &str) -> Result<Option<Hosted>> {
        // git takes relative paths too.
        if !url.contains(':') {
            return Ok(None);
        }
        let Remote { shown, protocol, .. } = Remote::parse(url)?;
        if protocol == Protocol::File {
            return Ok(None);
        }
        let (authority, path) = match shown.split_once("://") {
            Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
            None => shown.split_once(':').unwrap_or((&shown, "")),
        };
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let Ok(port) = port.map(str::parse).transpose() else {
            return Err(refused("its port is not a number from 1 to 65535", FORMS));
        };
        Ok(Some(Hosted { protocol, host: host.to_ascii_lowercase(), port, path: path.trim_matches('/').to_owned() }))
    }
}

/// Undoes `%XX`.
fn decoded(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control));
    text.ok_or_else(|| refused("its user or password holds control characters", FORMS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (url, address, shown) in [
            ("https://h.example/a/b.git", "https://h.example/a/b.git", "https://h.example/a/b.git"),
            ("HTTPS://u:p%40ss@h:8443/a?t=1", "https://h:8443/a?t=1", "https://h:8443/a"),
            ("https://u@h/a", "https://u@h/a", "https://h/a"),
            ("https://:p@h/a", "https://h/a", "https://h/a"),
            ("ssh://git@h:22/a", "ssh://git@h:22/a", "ssh://git@h:22/a"),
            ("git@h:a/b.git", "git@h:a/b.git", "git@h:a/b.git"),
            ("h:/a", "h:/a", "h:/a"),
            ("file:///a/b", "file:///a/b", "file:///a/b"),
            ("/a%b", "file:///a%25b", "file:///a%25b"),
        ] {
            let remote = Remote::parse(url).expect(url);
            assert_eq!((remote.address.as_str(), remote.shown.as_str()), (address, shown), "{url}");
        }
        let remote = Remote::parse("https://u:p%40ss@h/a?t=1").expect("a url");
        assert_eq!(remote.credentials, Some(("u".to_owned(), "p@ss".to_owned())));
        assert_eq!(remote.secrets, ["p%40ss", "p@ss", "t=1"]);
        assert_eq!(format!("{remote:?}"), "Remote(https://h/a)");
        assert_eq!(remote.identity, Remote::parse("https://v:q@h/a?t=1").expect("a url").identity);
    }

    #[test]
    fn servers_are_told_from_urls() {
        for (url, host, port, path) in [
            ("https://u:p@H.example:8443/a/b.git?t=1", "h.example", Some(8443), "a/b.git"),
            ("git@h.example:a/b/", "h.example", None, "a/b"),
            ("ssh://git@h.example:2222/a/b", "h.example", Some(2222), "a/b"),
            ("http://[::1]:80/a", "[::1]", Some(80), "a"),
            ("https://[::1]", "[::1]", None, ""),
        ] {
            let found = Hosted::parse(url).expect(url).expect("a server");
            assert_eq!((found.host.as_str(), found.port, found.path.as_str()), (host, port, path), "{url}");
        }
        for folder in ["/a/b", "../b", "file:///a:b"] {
            assert_eq!(Hosted::parse(folder).expect("a folder"), None, "{folder}");
        }
        assert!(Hosted::parse("https://h:99999/a").is_err() && Hosted::parse("ext::sh").is_err());
    }

    #[test]
    fn dangerous_urls_are_refused_and_not_quoted() {
        for url in [
            "-oProxyCommand=s3cr3t",
            "--upload-pack=s3cr3t",
            "ext::sh -c s3cr3t",
            "ext::s3cr3t",
            "fd::3",
            "git://h/s3cr3t",
            "ftp://u:s3cr3t@h/a",
            "ssh://-oProxyCommand=s3cr3t/x",
            "ssh://-u@h/x",
            "ssh://u:s3cr3t@h/x",
            "-u@h:s3cr3t",
            "u@-h:s3cr3t",
            "u@h:-s3cr3t",
            "https://",
            "https:///s3cr3t",
            "https://h/a\nb",
            "https://u:%0as3cr3t@h/a",
            "file://h/s3cr3t",
            "../s3cr3t",
            "s3cr3t",
            "",
        ] {
            let error = Remote::parse(url).expect_err(url);
            assert!(error.hint.is_some() && !format!("{error:?}").contains("s3cr3t"), "{error:?}");
        }
    }
}
