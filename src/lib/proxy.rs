//! Through which proxy a server is reached: the environment's for the server's scheme, unless the server is this machine
//! or `NO_PROXY` names it (rules of Go's `httpproxy`). This module opens no connection, and reads no environment.

use crate::error::{Error, ErrorKind, Result};
use crate::process::Environment;
use hyper_util::client::proxy::matcher::Matcher;
use std::fmt;
use std::net::IpAddr;

/// The proxies that the environment names, each in its own form: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For servers with https.
    pub https: Option<String>,
    /// For servers with http.
    pub http: Option<String>,
    /// The servers that are reached without one, separated by commas.
    pub no: Option<String>,
}

/// A proxy's address may hold a password.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |proxy: &Option<String>| proxy.as_ref().map(|_| "..");
        f.debug_struct("Proxies")
            .field("https", &shown(&self.https))
            .field("http", &shown(&self.http))
            .field("no", &self.no)
            .finish()
    }
}

impl Proxies {
    /// Takes each variable in capitals or in small letters, the first that is set to something, as Go does.
    pub fn from_environment(environment: &Environment) -> Proxies {
        let first_set = |names: [&str; 2]| {
            let values = names.iter().filter_map(|name| environment.get(name).and_then(|value| value.to_str()));
            values.map(str::to_owned).find(|value| !value.is_empty())
        };
        Proxies {
            https: first_set(["HTTPS_PROXY", "https_proxy"]),
            http: first_set(["HTTP_PROXY", "http_proxy"]),
            no: first_set(["NO_PROXY", "no_proxy"]),
        }
    }

    /// The address of the server's proxy, as [`address`] writes it, or none.
    ///
    /// # Errors
    /// The variable holds no address ([`ErrorKind::Environment`]).
    pub fn choose(&self, server: &http::Uri) -> Result<Option<String>> {
        let (proxy, variable) = match server.scheme_str() {
            Some("https") => (&self.https, "HTTPS_PROXY"),
            _ => (&self.http, "HTTP_PROXY"),
        };
        match proxy {
            Some(proxy) if !proxy.is_empty() && !is_direct(server, self.no.as_deref().unwrap_or_default()) => {
                address(proxy, variable).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Whether no proxy of the environment applies.
fn is_direct(server: &http::Uri, no_proxy: &str) -> bool {
    let Some(host) = server.host() else { return true };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
        return true;
    }
    let default = if server.scheme_str() == Some("https") { 443 } else { 80 };
    let port = server.port_u16().unwrap_or(default);
    // An entry may name one port; the matcher knows hosts only.
    let entries = no_proxy.split(',').filter_map(|entry| {
        let entry = entry.trim();
        let entry = entry.strip_prefix("*.").map_or_else(|| entry.to_owned(), |domain| format!(".{domain}"));
        match entry.rsplit_once(':') {
            Some((host, wanted)) if !host.contains(':') || host.ends_with(']') => {
                (wanted.parse() == Ok(port)).then(|| host.to_owned())
            }
            _ => Some(entry),
        }
    });
    let entries: Vec<String> = entries.collect();
    let matcher = Matcher::builder().all("http://proxy.invalid").no(entries.join(",")).build();
    matcher.intercept(server).is_none()
}

/// Checks a proxy's address, and writes it with a scheme: `http`, `https` or `socks5`. Nothing of it is quoted in an error.
///
/// # Errors
/// It is not an address ([`ErrorKind::Environment`]); `place` shows the user where it stands.
pub fn address(text: &str, place: &str) -> Result<String> {
    let unusable = |reason: &str| -> Error {
        Error::new(ErrorKind::Environment, format!("cannot use the proxy of {place}: {reason}"))
            .with_hint("its form is http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT")
    };
    let text = text.trim();
    let text = match text.split_once("://") {
        None => format!("http://{text}"),
        // The proxy looks hosts up with either.
        Some(("socks5" | "socks5h", rest)) => format!("socks5://{rest}"),
        Some(("http" | "https", _)) => text.to_owned(),
        Some(_) => return Err(unusable("its scheme is not known")),
    };
    match text.parse::<http::Uri>() {
        Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) => Ok(text),
        _ => Err(unusable("it is not a URL")),
    }
}

/// An address without credentials.
pub fn shown(uri: &http::Uri) -> String {
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{}://{host}{}", uri.scheme_str().unwrap_or_default(), uri.path().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(no: &str) -> Proxies {
        Proxies { https: Some("proxy:3128".into()), http: Some("http://plain:80".into()), no: Some(no.into()) }
    }

    fn chosen(no: &str, server: &str) -> Option<String> {
        proxies(no).choose(&server.parse().expect("a URL")).expect("a choice")
    }

    #[test]
    fn the_environment_names_one_proxy_per_scheme() {
        assert_eq!(chosen("", "https://c.example").as_deref(), Some("http://proxy:3128"));
        assert_eq!(chosen("", "http://c.example").as_deref(), Some("http://plain:80"));
        assert_eq!(Proxies::default().choose(&"https://c.example".parse().expect("a URL")).expect("none"), None);
        let environment = [("https_proxy", "small"), ("HTTP_PROXY", ""), ("http_proxy", "b"), ("NO_PROXY", "x")];
        let proxies = Proxies::from_environment(&environment.into_iter().collect());
        assert_eq!(proxies.https.as_deref(), Some("small"));
        assert_eq!((proxies.http.as_deref(), proxies.no.as_deref()), (Some("b"), Some("x")));
    }

    #[test]
    fn no_proxy_is_held_against_the_server() {
        for (no, server) in [
            ("*", "https://c.example"),
            ("example", "https://c.example"),
            (".example", "https://c.example"),
            ("*.example", "https://c.example"),
            ("other, c.example,", "https://c.example:6443"),
            ("c.example:6443", "https://c.example:6443"),
            ("10.0.0.0/8", "https://10.1.2.3:6443"),
            ("10.1.2.3:6443", "https://10.1.2.3:6443"),
            ("fd00::/8", "https://[fd00::1]:6443"),
            ("", "https://localhost:6443"),
            ("", "https://127.0.0.1:6443"),
            ("", "https://[::1]:6443"),
        ] {
            assert_eq!(chosen(no, server), None, "{no} {server}");
        }
        for (no, server) in [
            ("proxy", "https://c.example"),
            ("c.example:443", "https://c.example:6443"),
            ("ample", "https://c.example"),
            ("10.0.0.0/8", "https://11.1.2.3"),
            (",,", "https://c.example"),
        ] {
            assert!(chosen(no, server).is_some(), "{no} {server}");
        }
    }

    #[test]
    fn an_unusable_proxy_is_not_quoted() {
        for text in ["ftp://u:secret@x", "http://u:secret@ x", "http://"] {
            let error = address(text, "HTTPS_PROXY").expect_err(text);
            assert!(error.message.starts_with("cannot use the proxy of HTTPS_PROXY: "), "{error}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert!(
            !format!("{:?}", Proxies { https: Some("http://u:secret@x".into()), ..proxies("") }).contains("secret")
        );
    }

    #[test]
    fn socks_proxies_look_hosts_up() {
        assert_eq!(address("socks5h://u:p@s:1080", "HTTPS_PROXY").expect("an address"), "socks5://u:p@s:1080");
    }

    #[test]
    fn addresses_are_shown_without_credentials() {
        for (uri, expected) in [
            ("https://u:p@c.example:6443/", "https://c.example:6443"),
            ("https://c.example/k8s/clusters/x", "https://c.example/k8s/clusters/x"),
        ] {
            assert_eq!(shown(&uri.parse().expect("a URL")), expected);
        }
    }
}
