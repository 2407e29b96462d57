//! [`Client`]: one download, from the first try to the last.

use super::agent::agent;
use super::body;
use super::credentials::{Credentials, basic_value, secrets_of, sensitive};
use super::failure::{Failure, Trouble};
use super::response::{Response, Story};
use super::settings::Settings;
use super::url::{Url, values};
use crate::error::{self, Error, ErrorKind};
use crate::proxy;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use std::time::{Duration, Instant};
use ureq::{Agent, AsSendBody, Body, Proxy, ProxyProtocol};

/// How many redirections are followed.
const REDIRECTIONS: usize = 10;

/// How much of an answer that is not a success is kept.
const COMPLAINT_LIMIT: u64 = 256 * 1024;

/// No download takes longer, whatever the settings say.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A shorter value of a query is not a token.
const SHORTEST_TOKEN: usize = 8;

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The media type of a JSON text.
const JSON: &str = "application/json";

/// What to get.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// An https or http URL without credentials.
    pub url: &'a str,
    /// The media types that are wanted; none for all.
    pub accept: &'a [&'a str],
    /// The caller's own `Authorization`, instead of the user's, for the origin of the URL.
    pub authorization: Option<&'a SecretString>,
    /// The fields of a form to send by POST. What they hold may be secret, so the answer leads nowhere else.
    pub form: Option<&'a SecretString>,
    /// A JSON text to send by POST; the answer leads nowhere else.
    pub json: Option<&'a str>,
    /// What errors call it: `download`, or what else an answer is good for.
    pub verb: &'static str,
}

impl<'a> Request<'a> {
    /// Anything, with the user's own credentials.
    pub fn new(url: &'a str) -> Request<'a> {
        Request { url, accept: &[], authorization: None, form: None, json: None, verb: "download" }
    }
}

/// What happens during a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The body is coming. The numbers are those on the network, where it may be packed.
    Received {
        /// So far, in this try.
        bytes: u64,
        /// In all, if the server has said so.
        total: Option<u64>,
    },
    /// A try has failed in passing; the next one begins after a pause.
    Retrying {
        /// The number of the next try: 2 or more.
        attempt: u32,
        /// How many tries there are.
        attempts: u32,
        pause: Duration,
        /// Why the last one failed.
        reason: &'a str,
    },
}

/// Gets what URLs name. It can be used by several threads at a time.
#[derive(Debug)]
pub struct Client {
    settings: Settings,
    credentials: Credentials,
    agent: Agent,
}

impl Client {
    /// Reads the netrc and the certificates.
    ///
    /// # Errors
    /// One of them cannot be read, or a header for a host cannot be sent.
    pub fn new(settings: Settings) -> error::Result<Client> {
        let (credentials, agent) = (Credentials::read(&settings)?, agent(&settings)?);
        Ok(Client { settings, credentials, agent })
    }

    /// The bytes that a URL names.
    ///
    /// # Errors
    /// As [`Client::ask`] and [`Response::successful`].
    pub fn get(&self, request: &Request<'_>, progress: &(dyn Fn(Progress<'_>) + Sync)) -> error::Result<Response> {
        self.ask(request, progress)?.successful()
    }

    /// The answer of the server that a URL leads to, whatever its status. One that may be another soon, such as 503, is
    /// asked for again first. Of an answer that is not a success the body is kept up to 256 KiB.
    ///
    /// # Errors
    /// The URL or a redirection is refused, or the body is too big or packed in an unknown way ([`ErrorKind::Failed`]);
    /// the server cannot be reached or trusted, or breaks off ([`ErrorKind::Environment`]); it takes too long
    /// ([`ErrorKind::Timeout`]).
    pub fn ask(&self, request: &Request<'_>, progress: &(dyn Fn(Progress<'_>) + Sync)) -> error::Result<Response> {
        let asked = Url::parse(request.url)?;
        if request.authorization.is_some_and(|value| sensitive(value.expose_secret()).is_none()) {
            let message = format!(
                "cannot {} {}: its credentials hold a character that no header can hold",
                request.verb, asked.shown
            );
            return Err(Error::new(ErrorKind::Environment, message).with_hint("check them for line breaks"));
        }
        let deadline = Instant::now() + self.settings.timeout.min(LONGEST);
        let call = Call { client: self, request, asked, deadline, progress };
        let mut attempt = 1;
        loop {
            let outcome = call.follow();
            let passing = match &outcome {
                Ok(response) => response.passing_trouble(),
                Err(failure) => failure.passing_trouble().map(|reason| (reason, None)),
            };
            let next = passing.and_then(|(reason, wanted)| Some((reason, call.pause(attempt, wanted)?)));
            let Some((reason, pause)) = next else {
                return match outcome {
                    Ok(mut response) => {
                        response.story.attempts = attempt;
                        Ok(response)
                    }
                    Err(failure) => Err(failure.explain(request.verb, &call.asked, attempt, &self.settings)),
                };
            };
            attempt += 1;
            let attempts = self.settings.attempts;
            progress(Progress::Retrying { attempt, attempts, pause, reason: &reason });
            std::thread::sleep(pause);
        }
    }
}

/// One call of [`Client::ask`].
struct Call<'a> {
    client: &'a Client,
    request: &'a Request<'a>,
    asked: Url,
    deadline: Instant,
    progress: &'a (dyn Fn(Progress<'_>) + Sync),
}

impl Call<'_> {
    /// How long to wait after a try: nothing if it was the last one. `wanted` is what the server asks for.
    fn pause(&self, attempt: u32, wanted: Option<Duration>) -> Option<Duration> {
        let settings = &self.client.settings;
        if attempt >= settings.attempts {
            return None;
        }
        let doubled = settings.first_pause.saturating_mul(1 << (attempt - 1).min(16)).min(settings.longest_pause);
        // Many that were turned away together do not come back together.
        let pause = wanted.unwrap_or_else(|| doubled.mul_f64(0.5 + fastrand::f64() / 2.0));
        let is_in_time = pause <= settings.longest_pause && Instant::now() + pause < self.deadline;
        is_in_time.then_some(pause)
    }

    /// One try: from the URL through all redirections to an answer.
    fn follow(&self) -> Result<Response, Box<Failure>> {
        let mut hop = self.asked.clone();
        for _ in 0..=REDIRECTIONS {
            let exchange = self.exchange(&hop)?;
            let is_redirection = matches!(exchange.answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            let is_followed = is_redirection && self.request.form.is_none() && self.request.json.is_none();
            let Some(location) = exchange.answer.headers().get(LOCATION).filter(|_| is_followed) else {
                return self.receive(hop, exchange);
            };
            let next = hop
                .join(location.as_bytes())
                .map_err(|error| Failure::at(&hop, None, Trouble::Location(error.reason)))?;
            if hop.origin().is_https && !next.origin().is_https {
                return Err(Failure::at(&hop, None, Trouble::Downgrade { to: next.shown }));
            }
            hop = next;
        }
        Err(Failure::at(&hop, None, Trouble::TooManyRedirections { followed: REDIRECTIONS }))
    }

    /// One request, up to the head of its answer.
    fn exchange(&self, hop: &Url) -> Result<Exchange, Box<Failure>> {
        let settings = &self.client.settings;
        let refuse = |error| Failure::at(hop, None, Trouble::Refusal(error));
        let sent = self.client.credentials.sent(&self.asked, hop, self.request.authorization);
        let mut request = http::Request::builder().uri(hop.uri().clone()).header(ACCEPT_ENCODING, "gzip");
        if !self.request.accept.is_empty() {
            request = request.header(ACCEPT, self.request.accept.join(", "));
        }
        let mut has_credentials = false;
        for (name, value) in sent.headers {
            has_credentials = true;
            request = request.header(name, value);
        }
        let address = settings.proxies.choose(hop.uri()).map_err(refuse)?;
        let mut shown_proxy = None;
        let mut chosen = None;
        if let Some(address) = address {
            let (proxy, login) = proxy_of(&address).map_err(refuse)?;
            shown_proxy = Some(proxy::shown(proxy.uri()));
            // Through a tunnel the client itself logs in, and a SOCKS proxy reads no header.
            let reads_request = matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https);
            if let Some(login) = login.filter(|_| reads_request && !hop.origin().is_https) {
                request = request.header(PROXY_AUTHORIZATION, login);
            }
            chosen = Some(proxy);
        }
        let form = self.request.form.map(|form| (FORM, form.expose_secret()));
        let answer = match form.or(self.request.json.map(|json| (JSON, json))) {
            None => self.send(request, (), chosen),
            Some((kind, body)) => self.send(request.method(Method::POST).header(CONTENT_TYPE, kind), body, chosen),
        };
        let answer = answer.map_err(|error| Failure::at(hop, shown_proxy.as_deref(), Trouble::of(error)))?;
        Ok(Exchange { answer, proxy: shown_proxy, has_credentials, are_withheld: sent.are_withheld })
    }

    fn send(
        &self,
        request: http::request::Builder,
        body: impl AsSendBody,
        proxy: Option<Proxy>,
    ) -> Result<http::Response<Body>, ureq::Error> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let request = self.client.agent.configure_request(request.body(body)?);
        self.client.agent.run(request.timeout_global(Some(left)).proxy(proxy).build())
    }

    /// The rest of an answer.
    fn receive(&self, hop: Url, exchange: Exchange) -> Result<Response, Box<Failure>> {
        let (head, mut content) = exchange.answer.into_parts();
        let fail = |trouble: Trouble| Failure::at(&hop, exchange.proxy.as_deref(), trouble);
        let text = |name: http::HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        let (encoding, content_type) = (text(CONTENT_ENCODING).unwrap_or_default(), text(CONTENT_TYPE));
        let bytes = if head.status.is_success() {
            let limit = self.client.settings.max_bytes;
            let received = |bytes, total| (self.progress)(Progress::Received { bytes, total });
            let bytes = body::read(&mut content, limit, &received).map_err(fail)?;
            body::unpack(bytes, encoding, content_type.unwrap_or_default(), limit).map_err(fail)?
        } else {
            // What a server has to say on an error is worth no other error.
            let bytes = body::read(&mut content, COMPLAINT_LIMIT, &|_, _| ()).unwrap_or_default();
            body::unpack(bytes, encoding, "", COMPLAINT_LIMIT).unwrap_or_default()
        };
        let mut secrets = self.client.credentials.secrets();
        secrets.extend(self.request.authorization.into_iter().flat_map(secrets_of));
        let in_form = values(self.request.form.map_or("", ExposeSecret::expose_secret));
        let sent = [&self.asked, &hop]
            .into_iter()
            .flat_map(|url| values(url.uri().query().unwrap_or_default()))
            .chain(in_form);
        secrets.extend(sent.filter(|value| value.len() >= SHORTEST_TOKEN).map(str::to_owned));
        let story = Story {
            verb: self.request.verb,
            asked: self.asked.clone(),
            hop,
            attempts: 1,
            has_credentials: exchange.has_credentials,
            are_withheld: exchange.are_withheld,
        };
        let mut response = Response { status: head.status.as_u16(), bytes, headers: head.headers, story };
        response.mask(&secrets);
        Ok(response)
    }
}

/// The head of an answer, and how it came.
struct Exchange {
    answer: http::Response<Body>,
    proxy: Option<String>,
    has_credentials: bool,
    are_withheld: bool,
}

/// The proxy at an address, and its login.
fn proxy_of(address: &str) -> error::Result<(Proxy, Option<HeaderValue>)> {
    // The proxy looks the host up.
    let address =
        address.strip_prefix("socks5://").map_or_else(|| address.to_owned(), |rest| format!("socks5h://{rest}"));
    let proxy = Proxy::new(&address).map_err(|_| {
        Error::new(ErrorKind::Environment, "cannot use the proxy of the environment: its address cannot be understood")
            .with_hint("check HTTPS_PROXY and HTTP_PROXY; special letters of a password are written as %XX")
    })?;
    let login = match (proxy.username(), proxy.password()) {
        (None, None) => None,
        (user, password) => basic_value(user.unwrap_or_default(), password.unwrap_or_default()),
    };
    Ok((proxy, login))
}
