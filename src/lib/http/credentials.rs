//! Which credentials go with a request. Those of a host go to it alone: at any port if the user's own URL names that port,
//! else at the scheme's own port; over https, or to this machine. A caller's own go to the origin that it asks, and to no
//! other.

use super::Settings;
use super::netrc::{Login, Netrc};
use super::url::Url;
use crate::error::{Error, ErrorKind, Result};
use crate::tree::read_named;
use base64::Engine;
use http::header::AUTHORIZATION;
use http::uri::Authority;
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// How much a netrc may hold.
const NETRC_LIMIT: u64 = 1024 * 1024;

/// All that the user has given for single hosts.
#[derive(Debug)]
pub(super) struct Credentials {
    netrc: Netrc,
    headers: Vec<Header>,
}

#[derive(Debug)]
struct Header {
    host: String,
    port: Option<u16>,
    name: HeaderName,
    /// Marked as sensitive: it is not shown.
    value: HeaderValue,
    secret: SecretString,
}

/// What goes with one request.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// There are some for the host, but others could read them on the way.
    pub(super) are_withheld: bool,
}

impl Credentials {
    /// Reads the netrc, and checks the headers.
    pub(super) fn read(settings: &Settings) -> Result<Credentials> {
        let netrc = match &settings.netrc {
            Some(path) => read_named(path, NETRC_LIMIT)?.unwrap_or_default(),
            None => Vec::new(),
        };
        let netrc = Netrc::parse(&String::from_utf8_lossy(&netrc));
        let headers = settings.headers.iter().map(|header| {
            let unusable = |reason: &str| {
                let message = format!("cannot send the header {} to {}: {reason}", header.name, header.host);
                Error::new(ErrorKind::Usage, message)
            };
            let authority = header.host.parse().ok().filter(|host: &Authority| !host.as_str().contains('@'));
            let authority = authority.ok_or_else(|| {
                unusable("this is not a host").with_hint("write the host as HOST or HOST:PORT, without https://")
            })?;
            let name = header
                .name
                .parse()
                .map_err(|_| unusable("this is not a name for a header").with_hint("a usual name is Authorization"))?;
            Ok(Header {
                host: authority.host().to_owned(),
                port: authority.port_u16(),
                name,
                value: sensitive(header.value.expose_secret()).ok_or_else(|| {
                    unusable("its value holds a character that no header can hold")
                        .with_hint("check the variable for line breaks")
                })?,
                secret: header.value.clone(),
            })
        });
        let headers = headers.collect::<Result<_>>()?;
        Ok(Credentials { netrc, headers })
    }

    /// What goes to `hop` on the way from the user's own URL. `authorization` is the caller's own.
    pub(super) fn sent(&self, asked: &Url, hop: &Url, authorization: Option<&SecretString>) -> Sent {
        let (from, to) = (asked.origin(), hop.origin());
        let is_asked_or_default = to == from || to.has_default_port();
        let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
        if to == from {
            let own = authorization.and_then(|value| sensitive(value.expose_secret()));
            headers.extend(own.map(|value| (AUTHORIZATION, value)));
        }
        for header in &self.headers {
            let is_port = header.port.map_or(is_asked_or_default, |port| port == to.port);
            let is_new = headers.iter().all(|(name, _)| *name != header.name);
            if is_new && is_port && header.host.eq_ignore_ascii_case(&to.host) {
                headers.push((header.name.clone(), header.value.clone()));
            }
        }
        if is_asked_or_default && headers.iter().all(|(name, _)| *name != AUTHORIZATION) {
            let machine = to.host.trim_start_matches('[').trim_end_matches(']');
            let login = self.netrc.login(machine, to.host == from.host);
            headers.extend(login.and_then(basic).map(|value| (AUTHORIZATION, value)));
        }
        if to.is_private() {
            return Sent { headers, are_withheld: false };
        }
        Sent { are_withheld: !headers.is_empty(), headers: Vec::new() }
    }

    /// What no error may show, should a server repeat it.
    pub(super) fn secrets(&self) -> Vec<String> {
        let headers = self.headers.iter().flat_map(|header| secrets_of(&header.secret));
        let logins = self.netrc.logins().map(|login| login.password.expose_secret().to_owned());
        headers.chain(logins).collect()
    }
}

/// The value of a header, and its last word: the token after `Bearer`.
pub(super) fn secrets_of(header: &SecretString) -> Vec<String> {
    let value = header.expose_secret();
    let token = value.rsplit(' ').next().unwrap_or_default();
    vec![value.to_owned(), token.to_owned()]
}

/// The value of a header that is not shown.
pub(super) fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Basic authentication (RFC 7617).
pub(super) fn basic_value(user: &str, password: &str) -> Option<HeaderValue> {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    sensitive(&format!("Basic {pair}"))
}

fn basic(login: &Login) -> Option<HeaderValue> {
    let password = login.password.expose_secret();
    if login.user.is_empty() && password.is_empty() { None } else { basic_value(&login.user, password) }
}

#[cfg(test)]
mod tests {
    use super::super::HostHeader;
    use super::*;

    fn credentials(netrc: &str, headers: &[(&str, &str, &str)]) -> Result<Credentials> {
        let mut settings = Settings::new(&[("", ""); 0].into_iter().collect());
        settings.headers = headers
            .iter()
            .map(|(host, name, value)| HostHeader {
                host: (*host).to_owned(),
                name: (*name).to_owned(),
                value: (*value).into(),
            })
            .collect();
        Ok(Credentials { netrc: Netrc::parse(netrc), ..Credentials::read(&settings)? })
    }

    /// The headers that go to `hop`, in short.
    fn sent(netrc: &str, headers: &[(&str, &str, &str)], asked: &str, hop: &str) -> String {
        let credentials = credentials(netrc, headers).expect("credentials");
        let url = |text: &str| Url::parse(text).expect("a url");
        let sent = credentials.sent(&url(asked), &url(hop), None);
        let shown = sent.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")));
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_login_goes_to_its_machine_alone() {
        let netrc = "machine a.example login u password p\ndefault login d password e";
        let (a, default) = ("authorization: Basic dTpw", "authorization: Basic ZDpl");
        for (asked, hop, expected) in [
            ("https://a.example/x", "https://a.example/x", a),
            ("https://a.example:8443/x", "https://a.example:8443/y", a),
            ("https://b.example/x", "https://a.example/x", a),
            ("https://b.example/x", "https://a.example:8443/x", ""),
            ("https://a.example/x", "https://a.example:8443/x", ""),
            ("https://a.example/x", "https://b.example/x", ""),
            ("https://b.example/x", "https://b.example/x", default),
            ("http://a.example/x", "http://a.example/x", ""),
        ] {
            assert_eq!(sent(netrc, &[], asked, hop), expected, "{asked} {hop}");
        }
    }

    #[test]
    fn a_header_goes_to_its_host_alone_and_before_a_login() {
        let netrc = "machine a.example login u password p";
        let headers = [("A.example", "Private-Token", "t"), ("b.example:8443", "Authorization", "Bearer s3cret")];
        for (asked, hop, expected) in [
            ("https://a.example/", "https://a.example/", "private-token: t, authorization: Basic dTpw"),
            ("https://b.example:8443/", "https://b.example:8443/", "authorization: Bearer s3cret"),
            ("https://a.example/", "https://b.example:8443/", "authorization: Bearer s3cret"),
            ("https://b.example/", "https://b.example/", ""),
            ("https://a.example.evil.example/", "https://a.example.evil.example/", ""),
        ] {
            assert_eq!(sent(netrc, &headers, asked, hop), expected, "{asked} {hop}");
        }
        let credentials = credentials(netrc, &headers).expect("credentials");
        assert!(!format!("{credentials:?}").contains("s3cret"), "{credentials:?}");
        assert!(credentials.secrets().contains(&"s3cret".to_owned()));
    }

    #[test]
    fn headers_that_cannot_be_sent_are_refused_without_their_value() {
        for header in [
            ("a b", "N", "s3cret"),
            ("u@a", "N", "s3cret"),
            ("", "N", "s3cret"),
            ("a", "N N", "s3cret"),
            ("a", "N", "s3cret\n"),
        ] {
            let error = credentials("", &[header]).expect_err("no header");
            assert!(error.hint.is_some() && !format!("{error:?}").contains("s3cret"), "{error:?}");
        }
    }
}
