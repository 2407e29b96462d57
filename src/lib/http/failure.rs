//! Why there is no answer, and what that means to the person who must act.

use super::agent::is_broken_off;
use super::settings::Settings;
use super::url::Url;
use crate::error::{Error, ErrorKind};
use crate::text::{plain, shortened};
use rustls::CertificateError;
use std::error::Error as StdError;
use std::io;
use std::time::Duration;
use ureq::Timeout;

/// What went wrong with one request.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It was not made: the error says why.
    Refusal(Error),
    HostUnknown {
        for_now: bool,
    },
    Refused,
    Unreachable(String),
    Proxy(String),
    Tls(rustls::Error),
    NotConnectedInTime,
    /// Nothing came for too long; of a body, so many bytes before.
    Idle(Option<Part>),
    NotDoneInTime(Option<Part>),
    /// The connection ended before there was an answer.
    NoAnswer,
    /// The body ended early.
    Truncated(Part),
    /// The answer is not what HTTP has there.
    NotHttp(String),
    TooBig {
        limit: u64,
    },
    Encoding,
    Gzip,
    /// The server leads to a URL that cannot be used.
    Location(&'static str),
    Downgrade {
        to: String,
    },
    TooManyRedirections {
        followed: usize,
    },
}

/// How much of a body there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    received: u64,
    total: Option<u64>,
}

impl Part {
    fn shown(self) -> String {
        match self.total {
            Some(total) => format!("{} of {total} bytes", self.received),
            None => format!("{} bytes", self.received),
        }
    }
}

impl Trouble {
    /// Before there is a body.
    pub(super) fn of(error: ureq::Error) -> Trouble {
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => Trouble::NotConnectedInTime,
            ureq::Error::Timeout(Timeout::Global | Timeout::PerCall) => Trouble::NotDoneInTime(None),
            ureq::Error::Timeout(_) => Trouble::Idle(None),
            ureq::Error::HostNotFound => Trouble::HostUnknown { for_now: false },
            ureq::Error::ConnectProxyFailed(reason) => Trouble::Proxy(plain(&reason)),
            ureq::Error::Rustls(cause) => Trouble::Tls(cause),
            ureq::Error::Io(cause) => Trouble::of_io(&cause),
            ureq::Error::Protocol(cause) => Trouble::NotHttp(shortened(&plain(&cause.to_string()))),
            ureq::Error::LargeResponseHeader(..) => Trouble::NotHttp("its headers are too long".to_owned()),
            // These repeat the URL.
            ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => {
                Trouble::Unreachable("its url is unusable".into())
            }
            other => Trouble::Unreachable(shortened(&plain(&other.to_string()))),
        }
    }

    /// In the middle of a body.
    pub(super) fn of_body(error: ureq::Error, received: u64, total: Option<u64>) -> Trouble {
        let part = Part { received, total };
        match error {
            ureq::Error::Timeout(Timeout::Global | Timeout::PerCall) => Trouble::NotDoneInTime(Some(part)),
            ureq::Error::Timeout(_) => Trouble::Idle(Some(part)),
            _ => Trouble::Truncated(part),
        }
    }

    fn of_io(cause: &io::Error) -> Trouble {
        let mut inner = cause.get_ref().map(|inner| inner as &(dyn StdError + 'static));
        while let Some(error) = inner {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Trouble::Tls(tls.clone());
            }
            // An io::Error passes over what it holds itself.
            inner = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(held) => Some(held),
                None => error.source(),
            };
        }
        let text = shortened(&plain(&cause.to_string()));
        match cause.kind() {
            io::ErrorKind::ConnectionRefused => Trouble::Refused,
            io::ErrorKind::TimedOut => Trouble::NotConnectedInTime,
            _ if is_broken_off(cause) => Trouble::NoAnswer,
            // The standard library has no kind for this; the second part is the system's.
            _ if text.contains("failed to lookup address") => {
                Trouble::HostUnknown { for_now: text.contains("Temporary failure") || text.contains("Try again") }
            }
            _ => Trouble::Unreachable(text),
        }
    }
}

/// A trouble, and where it was met.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) hop: Url,
    /// The proxy on the way, without its credentials.
    pub(super) proxy: Option<String>,
    pub(super) trouble: Trouble,
}

impl Failure {
    /// Boxed, because it is bigger than what succeeds.
    pub(super) fn at(hop: &Url, proxy: Option<&str>, trouble: Trouble) -> Box<Failure> {
        Box::new(Failure { hop: hop.clone(), proxy: proxy.map(str::to_owned), trouble })
    }

    /// Why another try may succeed.
    pub(super) fn passing_trouble(&self) -> Option<String> {
        let reason = match &self.trouble {
            Trouble::HostUnknown { for_now: true } => "the name server does not answer".to_owned(),
            Trouble::Refused => "the connection is refused".to_owned(),
            Trouble::NoAnswer => "the connection ends without an answer".to_owned(),
            Trouble::NotConnectedInTime => "there is no connection in time".to_owned(),
            Trouble::Idle(_) => "nothing comes any more".to_owned(),
            Trouble::Truncated(part) => format!("the body breaks off after {}", part.shown()),
            _ => return None,
        };
        Some(reason)
    }

    /// The error after the last try.
    pub(super) fn explain(self, verb: &str, asked: &Url, attempts: u32, settings: &Settings) -> Error {
        let doing = doing(verb, asked, &self.hop);
        let through = self.proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        let tries = tries(attempts);
        let origin = self.hop.origin();
        let host = &origin.host;
        let elsewhere = "check the network, the host and the port, and whether a proxy is needed (HTTPS_PROXY)";
        let slow = "check the network and the proxy; the server may be overloaded";
        let (kind, reason, hint) = match self.trouble {
            Trouble::Refusal(error) => return Error { message: format!("{doing}: {}", error.message), ..error },
            Trouble::Location(reason) => (
                ErrorKind::Failed,
                format!("the server leads to a url that cannot be used: {reason}"),
                "use the url of the file itself".into(),
            ),
            Trouble::HostUnknown { .. } if self.proxy.is_some() => (
                ErrorKind::Environment,
                "no such host is known".into(),
                "check HTTPS_PROXY, HTTP_PROXY and the name server".into(),
            ),
            Trouble::HostUnknown { .. } => (
                ErrorKind::Environment,
                format!("no host {host} is known"),
                "check the spelling of the host, the network and the name server".into(),
            ),
            Trouble::Refused => (
                ErrorKind::Environment,
                "the connection is refused".into(),
                "check the host and the port; the server may be down".into(),
            ),
            Trouble::Unreachable(reason) => (ErrorKind::Environment, reason, elsewhere.to_owned()),
            Trouble::Proxy(reason) => (
                ErrorKind::Environment,
                format!("the proxy does not connect: {reason}"),
                if reason.contains("407") {
                    "write the login into the proxy's address: http://USER:PASSWORD@HOST:PORT".into()
                } else {
                    "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY; the proxy may not allow this host or port".into()
                },
            ),
            Trouble::Tls(cause) => {
                let (reason, hint) = untrusted(&cause);
                (ErrorKind::Environment, format!("cannot trust {host}: {reason}"), hint.to_owned())
            }
            Trouble::NotConnectedInTime => (
                ErrorKind::Timeout,
                format!("there is no connection within {}", seconds(settings.connect_timeout)),
                elsewhere.to_owned(),
            ),
            Trouble::Idle(part) => {
                let after = part.map(|part| format!(" after {}", part.shown())).unwrap_or_default();
                (
                    ErrorKind::Timeout,
                    format!("nothing came for {}{after}", seconds(settings.idle_timeout)),
                    slow.to_owned(),
                )
            }
            Trouble::NotDoneInTime(part) => {
                let after = part.map(|part| format!("; {} came", part.shown())).unwrap_or_default();
                (
                    ErrorKind::Timeout,
                    format!("it takes longer than {}{after}", seconds(settings.timeout)),
                    slow.to_owned(),
                )
            }
            Trouble::NoAnswer => (
                ErrorKind::Environment,
                "the connection ends without an answer".into(),
                "check the host and the port, whether it is https or http, and the proxy".into(),
            ),
            Trouble::Truncated(part) => (
                ErrorKind::Environment,
                format!("the body breaks off after {}", part.shown()),
                "run the command again; if that does not help, check the proxy and the server".into(),
            ),
            Trouble::NotHttp(reason) => (
                ErrorKind::Environment,
                format!("the answer is not HTTP: {reason}"),
                "check the host and the port, and whether it is https or http".into(),
            ),
            Trouble::TooBig { limit } => {
                (ErrorKind::Failed, format!("it holds more than {limit} bytes"), "is this the right url?".into())
            }
            Trouble::Encoding => (
                ErrorKind::Failed,
                "it is packed in a way that was not asked for".into(),
                "check the server: it must send the file as it is, or packed by gzip".into(),
            ),
            Trouble::Gzip => (
                ErrorKind::Failed,
                "it is called packed by gzip, and is not".into(),
                "check the server: its Content-Encoding is wrong".into(),
            ),
            Trouble::Downgrade { to } => (
                ErrorKind::Failed,
                format!("the server leads from https to http: {to}"),
                "anyone on the way could change what http gives: use another url".into(),
            ),
            Trouble::TooManyRedirections { followed } => (
                ErrorKind::Failed,
                format!("the server leads elsewhere more than {followed} times"),
                "use the url of the file itself".into(),
            ),
        };
        Error::new(kind, format!("{doing}{through}: {reason}{tries}")).with_hint(hint)
    }
}

/// How a message begins.
pub(super) fn doing(verb: &str, asked: &Url, hop: &Url) -> String {
    if asked == hop {
        format!("cannot {verb} {}", asked.shown)
    } else {
        format!("cannot {verb} {}, which leads to {}", asked.shown, hop.shown)
    }
}

/// Says that there was more than one try.
pub(super) fn tries(attempts: u32) -> String {
    if attempts > 1 { format!(", {attempts} times") } else { String::new() }
}

fn seconds(duration: Duration) -> String {
    let unit = if duration == Duration::from_secs(1) { "second" } else { "seconds" };
    format!("{} {unit}", duration.as_secs_f64())
}

/// Why TLS did not come about, and what to do.
fn untrusted(cause: &rustls::Error) -> (String, &'static str) {
    let clock = "the server's owner must renew it; check the clock of this machine too";
    let name = "check the spelling of the host; a proxy or a login page of the network may stand in between";
    match cause {
        // Another authority of the same name looks like a bad signature.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => (
            "its certificate is signed by nobody who is known here".to_owned(),
            "let SSL_CERT_FILE name a file with the certificate of the authority that signed it, and the usual ones",
        ),
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            ("its certificate has expired".to_owned(), clock)
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => ("its certificate is not valid yet".to_owned(), clock),
        rustls::Error::InvalidCertificate(CertificateError::NotValidForName) => {
            ("its certificate is for other hosts".to_owned(), name)
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
            let names = presented.iter().take(3).map(|name| plain(name.split('"').nth(1).unwrap_or(name)));
            let names: Vec<String> = names.collect();
            (shortened(&format!("its certificate is for other hosts ({})", names.join(", "))), name)
        }
        rustls::Error::InvalidCertificate(other) => (
            shortened(&plain(&format!("its certificate cannot be used: {other}"))),
            "the server's owner must replace it",
        ),
        rustls::Error::InvalidMessage(_) => {
            ("it does not speak TLS".to_owned(), "check the port, and whether it is https or http")
        }
        other => (shortened(&plain(&other.to_string())), "the server may be too old, or ask for a client certificate"),
    }
}
