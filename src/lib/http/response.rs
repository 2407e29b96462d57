//! [`Response`]: what a server has answered, and what an answer that is not a success means.

use super::failure::{doing, tries};
use super::url::Url;
use crate::error::{Error, ErrorKind, Result};
use crate::text::{masked, plain, shortened};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use std::fmt;
use std::time::Duration;

/// How many of its first bytes show whether it is a web page.
const PAGE_START: usize = 1024;

/// An answer, whatever its status.
#[derive(Clone)]
pub struct Response {
    /// The status, such as 200.
    pub status: u16,
    /// The body, unpacked.
    pub bytes: Vec<u8>,
    pub(super) headers: HeaderMap,
    pub(super) story: Story,
}

/// How an answer came about.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) verb: &'static str,
    pub(super) asked: Url,
    pub(super) hop: Url,
    pub(super) attempts: u32,
    pub(super) has_credentials: bool,
    pub(super) are_withheld: bool,
}

/// Headers may hold secrets, and bytes may be many.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("bytes", &self.bytes.len())
            .field("url", &self.story.hop.shown)
            .finish_non_exhaustive()
    }
}

impl Response {
    /// The first header of a name that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// All headers of a name that are text.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
    }

    /// The media type of the body, in small letters and without parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.header(CONTENT_TYPE.as_str())?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The URL that has answered, after all redirections, as it may be shown: without the values of its query.
    pub fn url(&self) -> &str {
        &self.story.hop.shown
    }

    /// Whether the body is what was asked for, whole: not so with 204 or 206.
    pub fn is_success(&self) -> bool {
        matches!(self.status, 200 | 203)
    }

    /// Whether this is a page for people, such as a form to log in, and no file.
    pub fn looks_like_web_page(&self) -> bool {
        if matches!(self.content_type().as_deref(), Some("text/html" | "application/xhtml+xml")) {
            return true;
        }
        let start = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes).trim_ascii_start();
        let start = start[..start.len().min(PAGE_START)].to_ascii_lowercase();
        start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
    }

    /// What to say of a web page where a file was expected.
    pub fn web_page_error(&self) -> Error {
        let message = format!("{}: it is a web page", self.doing());
        Error::new(ErrorKind::Failed, message).with_hint("is this the url of the raw file? does it need a login?")
    }

    /// The answer, if its status is a success.
    ///
    /// # Errors
    /// There is no such file ([`ErrorKind::Failed`]), or the server gives none, for want of a login or for now
    /// ([`ErrorKind::Environment`]).
    pub fn successful(self) -> Result<Response> {
        if self.is_success() { Ok(self) } else { Err(self.status_error()) }
    }

    /// Why another try may succeed, and how long the server wants to be left alone before.
    pub(super) fn passing_trouble(&self) -> Option<(String, Option<Duration>)> {
        let is_passing = matches!(self.status, 408 | 425 | 429) || (self.status >= 500 && self.status != 501);
        is_passing.then(|| (format!("the server answers with {}", self.status), self.retry_after()))
    }

    /// How long the server wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header(RETRY_AFTER.as_str())?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
        // A time that is over.
        Some(Duration::try_from(until.duration_since(jiff::Timestamp::now())).unwrap_or_default())
    }

    fn doing(&self) -> String {
        doing(self.story.verb, &self.story.asked, &self.story.hop)
    }

    fn status_error(&self) -> Error {
        let Story { has_credentials, are_withheld, .. } = self.story;
        let host = self.story.hop.uri().host().unwrap_or_default();
        let login = if are_withheld {
            format!("the credentials for {host} are sent over https only: use an https url")
        } else if has_credentials {
            format!("check the credentials for {host}: its entry in ~/.netrc, or the variable of --header-from-env")
        } else {
            format!(
                "give credentials for {host}: an entry in ~/.netrc, or --header-from-env {host}=Authorization:VARIABLE"
            )
        };
        let kind = match self.status {
            401 | 403 | 407 | 408 | 425 | 429 | 500 | 502..=599 => ErrorKind::Environment,
            _ => ErrorKind::Failed,
        };
        let (reason, hint) = match self.status {
            401 if has_credentials => ("the server does not accept the credentials", login),
            401 => ("the server asks for a login", login),
            403 => ("the server does not allow it", login),
            407 => (
                "the proxy asks for a login",
                "write it into the proxy's address: http://USER:PASSWORD@HOST:PORT".to_owned(),
            ),
            404 | 410 => (
                "there is no such file",
                "check the url, and the version in it; some servers answer so when a login is missing".to_owned(),
            ),
            429 => ("the server has had too many requests", self.later()),
            408 | 425 | 500 | 502..=599 => ("the server fails", self.later()),
            300..=399 => {
                ("the server leads elsewhere, but does not say where", "use the url of the file itself".to_owned())
            }
            _ => ("the server does not give it", "check the url".to_owned()),
        };
        let complaint = self.complaint().map(|line| format!(": {line}")).unwrap_or_default();
        let tries = tries(self.story.attempts);
        Error::new(kind, format!("{}: {reason} ({}){tries}{complaint}", self.doing(), self.status)).with_hint(hint)
    }

    fn later(&self) -> String {
        match self.retry_after().map(|pause| pause.as_secs()).filter(|seconds| *seconds > 0) {
            Some(seconds) => format!("the server asks to wait {seconds} seconds: run the command again after that"),
            None => "run the command again later".to_owned(),
        }
    }

    /// The first line of what a server says in plain text.
    fn complaint(&self) -> Option<String> {
        if self.content_type().as_deref() != Some("text/plain") {
            return None;
        }
        let text = String::from_utf8_lossy(&self.bytes);
        let line = text.lines().map(plain).find(|line| !line.trim().is_empty())?;
        Some(shortened(line.trim()))
    }

    /// Takes out of a complaint what a server repeats of a request's secrets.
    pub(super) fn mask(&mut self, secrets: &[String]) {
        if !self.is_success() && self.content_type().as_deref() == Some("text/plain") {
            self.bytes = masked(&String::from_utf8_lossy(&self.bytes), secrets).into_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let url = Url::parse("https://a.example/x").expect("a url");
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().expect("a name");
            map.append(name, value.parse().expect("a value"));
        }
        let story = Story {
            verb: "download",
            asked: url.clone(),
            hop: url,
            attempts: 1,
            has_credentials: false,
            are_withheld: false,
        };
        Response { status, bytes: body.as_bytes().to_vec(), headers: map, story }
    }

    #[test]
    fn web_pages_are_told() {
        for (content_type, body, is_page) in [
            ("text/html; charset=utf-8", "a: 1", true),
            ("text/plain", "\u{feff}\n <!DOCTYPE html><html>", true),
            ("", "<HTML lang=en>", true),
            ("text/yaml", "a: <html>", false),
            ("", "", false),
            ("application/xml", "<?xml version=\"1.0\"?>", false),
        ] {
            assert_eq!(response(200, &[("content-type", content_type)], body).looks_like_web_page(), is_page, "{body}");
        }
    }

    #[test]
    fn a_pause_is_a_number_or_a_date() {
        let wanted = |text: &str| response(503, &[("retry-after", text)], "").passing_trouble().expect("it passes").1;
        assert_eq!(wanted("7"), Some(Duration::from_secs(7)));
        assert_eq!(wanted("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(wanted("Fri, 31 Dec 2199 23:59:59 GMT").is_some_and(|pause| pause > Duration::from_secs(60)));
        assert_eq!(wanted("soon"), None);
        for status in [200, 400, 404, 501] {
            assert_eq!(response(status, &[], "").passing_trouble(), None, "{status}");
        }
    }

    #[test]
    fn a_complaint_is_one_short_plain_line() {
        let plain = [("content-type", "text/plain; charset=utf-8")];
        let mut answer = response(403, &plain, "\n\u{1b}[31mno s3cret\u{7}\nmore");
        answer.mask(&["s3cret".to_owned()]);
        assert_eq!(
            answer.successful().expect_err("403").to_string(),
            "cannot download https://a.example/x: the server does not allow it (403): no ***"
        );
        let long = response(403, &plain, &"x".repeat(400)).successful().expect_err("403");
        assert!(long.to_string().ends_with("x..") && long.to_string().len() < 400, "{long}");
        let page = response(403, &[("content-type", "text/html")], "<html>").successful().expect_err("403");
        assert!(page.to_string().ends_with("(403)"), "{page}");
    }

    #[test]
    fn every_status_has_a_hint() {
        for status in
            [100, 204, 206, 300, 304, 400, 401, 403, 404, 407, 408, 410, 418, 425, 429, 500, 501, 502, 503, 599, 999]
        {
            let error = response(status, &[], "").successful().expect_err("no success");
            assert!(error.hint.is_some() && error.to_string().contains(&status.to_string()), "{error}");
        }
    }
}
