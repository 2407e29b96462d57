//! Through which proxy a cluster is reached, as kubectl decides it: the kubeconfig's `proxy-url`, always; else the
//! environment's proxy for the server's scheme, unless the server is this machine or `NO_PROXY` names it (rules of
//! Go's `httpproxy`). The environment is read by the caller.

use super::failure::environment;
use crate::error::{Error, Result};
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

/// The proxy's address in a form that the client takes, or none.
pub(super) fn choose(own: Option<&str>, proxies: &Proxies, server: &http::Uri) -> Result<Option<String>> {
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return address(own, "the kubeconfig's proxy-url").map(Some);
    }
    let (proxy, variable) = match server.scheme_str() {
        Some("https") => (&proxies.https, "HTTPS_PROXY"),
        _ => (&proxies.http, "HTTP_PROXY"),
    };
    match proxy {
        Some(proxy) if !proxy.is_empty() && !is_direct(server, proxies.no.as_deref().unwrap_or_default()) => {
            address(proxy, variable).map(Some)
        }
        _ => Ok(None),
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

/// Checks a proxy's address, and writes it as the client wants it. Nothing of it is quoted in an error.
fn address(text: &str, place: &str) -> Result<String> {
    let unusable = |reason: &str| -> Error {
        environment(format!("cannot use the proxy of {place}: {reason}"))
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
        _ => Err(unusable("it is no URL")),
    }
}

/// An address without credentials.
pub(super) fn shown(uri: &http::Uri) -> String {
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

    fn chosen(own: Option<&str>, no: &str, server: &str) -> Option<String> {
        choose(own, &proxies(no), &server.parse().expect("a URL")).expect("a choice")
    }

    #[test]
    fn the_environment_names_one_proxy_per_scheme() {
        assert_eq!(chosen(None, "", "https://c.example").as_deref(), Some("http://proxy:3128"));
        assert_eq!(chosen(None, "", "http://c.example").as_deref(), Some("http://plain:80"));
        assert_eq!(
            choose(None, &Proxies::default(), &"https://c.example".parse().expect("a URL")).expect("none"),
            None
        );
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
            assert_eq!(chosen(None, no, server), None, "{no} {server}");
        }
        for (no, server) in [
            ("proxy", "https://c.example"),
            ("c.example:443", "https://c.example:6443"),
            ("ample", "https://c.example"),
            ("10.0.0.0/8", "https://11.1.2.3"),
            (",,", "https://c.example"),
        ] {
            assert!(chosen(None, no, server).is_some(), "{no} {server}");
        }
    }

    #[test]
    fn the_kubeconfig_has_the_first_and_last_word() {
        let own = Some("socks5h://u:p@s:1080");
        assert_eq!(chosen(own, "*", "https://127.0.0.1").as_deref(), Some("socks5://u:p@s:1080"));
        assert_eq!(chosen(Some(""), "*", "https://c.example"), None);
    }

    #[test]
    fn an_unusable_proxy_is_not_quoted() {
        for own in ["ftp://u:secret@x", "http://u:secret@ x", "http://"] {
            let error = choose(Some(own), &Proxies::default(), &"https://c".parse().expect("a URL")).expect_err(own);
            assert!(error.message.starts_with("cannot use the proxy of the kubeconfig's proxy-url: "), "{error}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert!(
            !format!("{:?}", Proxies { https: Some("http://u:secret@x".into()), ..proxies("") }).contains("secret")
        );
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
