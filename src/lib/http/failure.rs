//! Why there is no answer, and what that means to the person who must act.

use super::agent::is_broken_off;
use super::settings::Settings;
use super::url::Url;
use crate::error::{Error, ErrorKind};
use crate::text::{plain, seconds, shortened};
use rustls::CertificateError;
use std::error::Error as StdError;
use std::io;
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
    fn kind(&self) -> ErrorKind {
        match self {
            Trouble::NotConnectedInTime | Trouble::Idle(_) | Trouble::NotDoneInTime(_) => ErrorKind::Timeout,
            Trouble::Location(_) | Trouble::Downgrade { .. } | Trouble::TooManyRedirections { .. } => ErrorKind::Failed,
            Trouble::TooBig { .. } | Trouble::Encoding | Trouble::Gzip => ErrorKind::Failed,
            _ => ErrorKind::Environment,
        }
    }

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
        let kind = self.trouble.kind();
        let (reason, hint) = match self.trouble {
            Trouble::Refusal(error) => return Error { message: format!("{doing}: {}", error.message), ..error },
            Trouble::Location(reason) => {
                (format!("the server leads to a url that cannot be used: {reason}"), "use the url of the file itself")
            }
            Trouble::HostUnknown { .. } if self.proxy.is_some() => {
                ("no such host is known".to_owned(), "check HTTPS_PROXY, HTTP_PROXY and the name server")
            }
            Trouble::HostUnknown { .. } => {
                (format!("no host {host} is known"), "check the spelling of the host, the network and the name server")
            }
            Trouble::Refused => {
                ("the connection is refused".to_owned(), "check the host and the port; the server may be down")
            }
            Trouble::Unreachable(reason) => (reason, elsewhere),
            Trouble::Proxy(reason) => (
                format!("the proxy does not connect: {reason}"),
                if reason.contains("407") {
                    "write the login into the proxy's address: http://USER:PASSWORD@HOST:PORT"
                } else {
                    "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY; the proxy may not allow this host or port"
                },
            ),
            Trouble::Tls(cause) => {
                let (reason, hint) = untrusted(&cause);
                (format!("cannot trust {host}: {reason}"), hint)
            }
            Trouble::NotConnectedInTime => {
                (format!("there is no connection within {}", seconds(settings.connect_timeout)), elsewhere)
            }
            Trouble::Idle(part) => {
                let after = part.map(|part| format!(" after {}", part.shown())).unwrap_or_default();
                (format!("nothing came for {}{after}", seconds(settings.idle_timeout)), slow)
            }
            Trouble::NotDoneInTime(part) => {
                let after = part.map(|part| format!("; {} came", part.shown())).unwrap_or_default();
                (format!("it takes longer than {}{after}", seconds(settings.timeout)), slow)
            }
            Trouble::NoAnswer => (
                "the connection ends without an answer".to_owned(),
                "check the host and the port, whether it is https or http, and the proxy",
            ),
            Trouble::Truncated(part) => (
                format!("the body breaks off after {}", part.shown()),
                "run the command again; if that does not help, check the proxy and the server",
            ),
            Trouble::NotHttp(reason) => (
                format!("the answer is not HTTP: {reason}"),
                "check the host and the port, and whether it is https or http",
            ),
            Trouble::TooBig { limit } => (format!("it holds more than {limit} bytes"), "is this the right url?"),
            Trouble::Encoding => (
                "it is packed in a way that was not asked for".to_owned(),
                "check the server: it must send the file as it is, or packed by gzip",
            ),
            Trouble::Gzip => (
                "it is called packed by gzip, and is not".to_owned(),
                "check the server: its Content-Encoding is wrong",
            ),
            Trouble::Downgrade { to } => (
                format!("the server leads from https to http: {to}"),
                "anyone on the way could change what http gives: use another url",
            ),
            Trouble::TooManyRedirections { followed } => {
                (format!("the server leads elsewhere more than {followed} times"), "use the url of the file itself")
            }
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

/// Why TLS did not come about, and what to do.
fn untrusted(cause: &rustls::Error) -> (String, &'static str) {
    let clock = "the server's owner must renew it; check the clock of this machine too";
    let name = "check the spelling of the host; a proxy or a login page of the network may stand in between";
    let certificate = match cause {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => {
            return ("it does not speak TLS".to_owned(), "check the port, and whether it is https or http");
        }
        other => {
            let hint = "the server may be too old, or ask for a client certificate";
            return (shortened(&plain(&other.to_string())), hint);
        }
    };
    match certificate {
        // Another authority of the same name looks like a bad signature.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            "its certificate is signed by nobody who is known here".to_owned(),
            "let SSL_CERT_FILE name a file with the certificate of the authority that signed it, and the usual ones",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("its certificate has expired".to_owned(), clock)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("its certificate is not valid yet".to_owned(), clock)
        }
        CertificateError::NotValidForName => ("its certificate is for other hosts".to_owned(), name),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = presented.iter().take(3).map(|name| plain(name.split('"').nth(1).unwrap_or(name)));
            let names: Vec<String> = names.collect();
            (shortened(&format!("its certificate is for other hosts ({})", names.join(", "))), name)
        }
        other => (
            shortened(&plain(&format!("its certificate cannot be used: {other}"))),
            "the server's owner must replace it",
        ),
    }
}
