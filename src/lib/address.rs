//! The address of a server in a URL: as much of it as must be right before anything is asked of the server.

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
    /// It is no URL, or it holds what belongs into no file: a user or a password, a query (where tokens are) or a fragment.
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
            return refuse("has a query or a fragment", "remove what stands behind `?` or `#`");
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
}
