//! Downloads from real servers on loopback, over http and https, through proxies, and from servers that misbehave.
#![allow(clippy::disallowed_methods, reason = "tests make files")]

mod support;

use flate2::{Compression, write::GzEncoder};
use kfleet::error::{Error, ErrorKind, Result};
use kfleet::http::{Client, HostHeader, Progress, Request, Response, Settings};
use rcgen::{CertifiedIssuer, KeyPair, date_time_ymd};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use support::control_plane::mk_authority;
use support::git_servers::silent_port;
use support::proxy::Proxy;
use support::web::{self, Step, WebServer, answer, head, names, server_config};

const SECRET: &str = "s3cr3t-value";

const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// A home with a netrc and an authority of its own, and short times.
struct Home {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Home {
    fn new() -> Home {
        let home = Home { folder: tempfile::tempdir().expect("a folder"), issuer: mk_authority() };
        std::fs::write(home.ca_file(), home.issuer.pem()).expect("written");
        home
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn netrc(self, text: &str) -> Home {
        std::fs::write(self.folder.path().join(".netrc"), text).expect("written");
        self
    }

    fn settings(&self, environment: &[(&str, &str)]) -> Settings {
        let mut environment: kfleet::process::Environment = environment.iter().copied().collect();
        environment.set("HOME", self.folder.path());
        environment.set("SSL_CERT_FILE", self.ca_file());
        Settings {
            connect_timeout: millis(2000),
            idle_timeout: millis(2000),
            timeout: millis(10_000),
            attempts: 3,
            first_pause: millis(4),
            longest_pause: millis(2000),
            max_bytes: 1_000_000,
            ..Settings::new(&environment)
        }
    }

    /// A server whose certificate is for 127.0.0.1 and `source.example`.
    fn https(&self, answer: impl Fn(&web::Request, usize) -> Vec<Step> + Send + Sync + 'static) -> WebServer {
        WebServer::https(server_config(&self.issuer, names(&["127.0.0.1", "source.example"])), answer)
    }
}

fn get(settings: Settings, url: &str) -> Result<Response> {
    Client::new(settings)?.get(&Request::new(url), &|_| ())
}

/// An error that keeps the rules for all of them.
fn checked(error: Error) -> (ErrorKind, String, String) {
    let hint = error.hint.clone().unwrap_or_else(|| panic!("no hint: {error}"));
    let all = format!("{error} {error:?} {hint}");
    assert!(!all.contains(SECRET), "{all}");
    assert!(!error.to_string().ends_with('.') && !hint.ends_with('.'), "{error} {hint}");
    assert!(error.to_string().starts_with("cannot download http"), "{error}");
    (error.kind, error.to_string(), hint)
}

fn fails(settings: Settings, url: &str) -> (ErrorKind, String, String) {
    checked(get(settings, url).expect_err("no answer"))
}

fn ok(body: &str) -> Vec<Step> {
    answer("200 OK", &["Content-Type: text/yaml; charset=utf-8"], body.as_bytes())
}

#[test]
fn a_file_comes_with_its_progress() {
    let home = Home::new();
    for server in [WebServer::http(|_, _| ok("a: 1\n")), home.https(|_, _| ok("a: 1\n"))] {
        let url = server.url(&format!("/x.yaml?token={SECRET}"));
        let client = Client::new(home.settings(&[])).expect("a client");
        let seen = Mutex::new(Vec::new());
        let progress = |progress: Progress<'_>| {
            if let Progress::Received { bytes, total } = progress {
                seen.lock().expect("no panic").push((bytes, total));
            }
        };
        let response = client.get(&Request::new(&url), &progress).expect("an answer");
        assert_eq!(response.bytes, b"a: 1\n");
        assert_eq!((response.status, response.content_type().as_deref()), (200, Some("text/yaml")));
        assert_eq!(response.url(), server.url("/x.yaml?token=***"));
        assert!(!format!("{client:?} {response:?}").contains(SECRET));
        assert!(!response.looks_like_web_page());
        let seen = seen.into_inner().expect("no panic");
        assert_eq!((seen.first(), seen.last()), (Some(&(0, Some(5))), Some(&(5, Some(5)))));
        // The server has closed the connection: the next one is new.
        client.get(&Request::new(&url), &|_| ()).expect("an answer");
        let requests = server.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].header("host"), server.address);
        assert!(requests[0].header("user-agent").starts_with("kfleet/"));
        assert_eq!(requests[0].query, format!("token={SECRET}"));
    }
}

#[test]
fn several_threads_share_a_client() {
    let server = WebServer::http(|request, _| ok(&request.path));
    let client = Client::new(Home::new().settings(&[])).expect("a client");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (client, url) = (&client, server.url(&format!("/{number}")));
            scope.spawn(move || {
                let response = client.get(&Request::new(&url), &|_| ()).expect("an answer");
                assert_eq!(response.bytes, format!("/{number}").as_bytes());
            });
        }
    });
}

#[test]
fn each_status_has_its_error() {
    let server = WebServer::http(|request, _| {
        let text = format!("no {SECRET} here\nmore");
        answer(&format!("{} Some", &request.path[1..]), &["Content-Type: text/plain"], text.as_bytes())
    });
    let home = Home::new();
    for (status, kind, expected, requests) in [
        (404, ErrorKind::Failed, "there is no such file (404): no *** here", 1),
        (401, ErrorKind::Environment, "the server asks for a login (401): no *** here", 1),
        (403, ErrorKind::Environment, "the server does not allow it (403): no *** here", 1),
        (206, ErrorKind::Failed, "the server does not give it (206): no *** here", 1),
        (501, ErrorKind::Failed, "the server does not give it (501): no *** here", 1),
        (500, ErrorKind::Environment, "the server fails (500), 3 times: no *** here", 3),
        (408, ErrorKind::Environment, "the server fails (408), 3 times: no *** here", 3),
        (429, ErrorKind::Environment, "the server has had too many requests (429), 3 times: no *** here", 3),
        (302, ErrorKind::Failed, "the server leads elsewhere, but does not say where (302): no *** here", 1),
    ] {
        let before = server.requests().len();
        let url = server.url(&format!("/{status}?token={SECRET}"));
        let (is, message, _) = fails(home.settings(&[]), &url);
        assert_eq!(
            (is, message),
            (kind, format!("cannot download {}: {expected}", server.url(&format!("/{status}?token=***"))))
        );
        assert_eq!(server.requests().len() - before, requests, "{status}");
    }
}

#[test]
fn the_netrc_logs_in() {
    let home = Home::new().netrc(&format!(
        "# mine\nmachine 127.0.0.1\n  login robot\n  password \"{SECRET} \\\"x\"\nmachine other login x password y\n"
    ));
    let server = home.https(|request, _| {
        // robot:s3cr3t-value "x
        if request.header("authorization") == "Basic cm9ib3Q6czNjcjN0LXZhbHVlICJ4" {
            ok("a: 1\n")
        } else {
            answer("401 No", &["WWW-Authenticate: Basic realm=\"x\"", "Content-Type: text/plain"], b"")
        }
    });
    let nobody = Settings { netrc: None, ..home.settings(&[]) };
    let (kind, message, hint) = fails(nobody.clone(), &server.url("/x"));
    assert_eq!(
        (kind, message.ends_with("the server asks for a login (401)")),
        (ErrorKind::Environment, true),
        "{message}"
    );
    assert!(hint.contains("~/.netrc") && hint.contains("--header-from-env 127.0.0.1="), "{hint}");
    assert_eq!(get(home.settings(&[]), &server.url("/x")).expect("an answer").bytes, b"a: 1\n");
    // NETRC names another file.
    let other = home.folder.path().join("other");
    std::fs::write(&other, "default login robot password wr0ng").expect("written");
    let (_, message, _) = fails(home.settings(&[("NETRC", other.to_str().expect("text"))]), &server.url("/x"));
    assert!(message.ends_with("the server does not accept the credentials (401)"), "{message}");
    // The caller's own credentials come first.
    let own = format!("Bearer {SECRET}").into();
    let url = server.url("/x");
    let request = Request { authorization: Some(&own), accept: &["a/b", "c/d"], ..Request::new(&url) };
    let response = Client::new(home.settings(&[])).expect("a client").ask(&request, &|_| ()).expect("an answer");
    assert_eq!((response.status, response.header("www-authenticate")), (401, Some("Basic realm=\"x\"")));
    checked(response.successful().expect_err("401"));
    let last = server.requests().pop().expect("a request");
    assert_eq!(last.header("authorization"), format!("Bearer {SECRET}"));
    assert_eq!(last.header("accept"), "a/b, c/d");
}

#[test]
fn an_url_with_a_password_is_refused() {
    let error = get(Home::new().settings(&[]), &format!("https://u:{SECRET}@127.0.0.1:1/x")).expect_err("refused");
    assert!(!format!("{error:?}").contains(SECRET) && error.hint.is_some_and(|hint| hint.contains("netrc")));
}

#[test]
fn credentials_stay_with_their_host() {
    let home = Home::new().netrc(&format!("machine 127.0.0.1 login robot password {SECRET}"));
    let other = WebServer::http(|_, _| ok("a: 1\n"));
    let (by_port, by_name) = (other.url("/x"), other.localhost("/x"));
    let server = WebServer::http(move |request, _| {
        let to = if request.path == "/port" { &by_port } else { &by_name };
        answer("302 Found", &[&format!("Location: {to}")], b"")
    });
    let mut settings = home.settings(&[]);
    let header = |host: &str, name: &str| HostHeader { host: host.into(), name: name.into(), value: SECRET.into() };
    settings.headers = vec![header("127.0.0.1", "X-Token"), header("elsewhere", "X-Other")];
    let own = format!("Bearer {SECRET}").into();
    let client = Client::new(settings).expect("a client");
    assert!(!format!("{client:?}").contains(SECRET), "{client:?}");
    for (path, own) in [("/port", None), ("/name", None), ("/name", Some(&own))] {
        let url = server.url(path);
        let request = Request { authorization: own, ..Request::new(&url) };
        let response = client.get(&request, &|_| ()).expect("an answer");
        assert!(response.url().starts_with("http") && response.url() != url);
        let first = server.requests().pop().expect("a request");
        assert_eq!((first.header("x-token"), first.header("x-other")), (SECRET, ""));
        assert!(!first.header("authorization").is_empty());
        let second = other.requests().pop().expect("a request");
        for name in ["x-token", "x-other", "authorization"] {
            assert_eq!(second.header(name), "", "{path} {name}");
        }
    }
    assert_eq!(other.requests().len(), 3);
}

#[test]
fn a_body_that_ends_early_is_an_error() {
    let home = Home::new();
    let cut = |head: Step, part: &'static [u8], end: Option<Step>| {
        let steps: Vec<Step> = [head, Step::Send(part.to_vec())].into_iter().chain(end).collect();
        move |_: &web::Request, _| steps.clone()
    };
    let length = || head("200 OK", &["Content-Length: 100"]);
    let chunked = || head("200 OK", &["Transfer-Encoding: chunked"]);
    let neither = || head("200 OK", &[]);
    let wait = Step::Wait(millis(50));
    for (server, expected) in [
        (WebServer::http(cut(length(), b"0123456789", None)), "10 of 100 bytes"),
        (home.https(cut(length(), b"0123456789", None)), "10 of 100 bytes"),
        (home.https(cut(length(), b"0123456789", Some(Step::Break))), "10 of 100 bytes"),
        (WebServer::http(cut(chunked(), b"a\r\n0123456789\r\n", None)), "10 bytes"),
        (WebServer::http(cut(chunked(), b"14\r\n0123456789", None)), "10 bytes"),
        (home.https(cut(neither(), b"0123456789", Some(Step::Break))), "10 bytes"),
        (
            WebServer::http(move |_, _| vec![neither(), Step::Send(vec![b'x'; 10]), wait.clone(), Step::Break]),
            "10 bytes",
        ),
        (WebServer::http(cut(chunked(), b"zz\r\n0123456789", None)), "0 bytes"),
    ] {
        let (kind, message, _) = fails(home.settings(&[]), &server.url("/x"));
        assert_eq!(kind, ErrorKind::Environment, "{message}");
        assert_eq!(
            message,
            format!("cannot download {}: the body breaks off after {expected}, 3 times", server.url("/x"))
        );
        assert_eq!(server.requests().len(), 3);
    }
    // Without a length, the end of the connection is the end of the body.
    for server in [WebServer::http(cut(neither(), b"a: 1", None)), home.https(cut(neither(), b"a: 1", None))] {
        assert_eq!(get(home.settings(&[]), &server.url("/x")).expect("an answer").bytes, b"a: 1");
    }
    let parts = b"3\r\na: \r\n1\r\n1\r\n0\r\n\r\n";
    let server = WebServer::http(cut(chunked(), parts, None));
    assert_eq!(get(home.settings(&[]), &server.url("/x")).expect("an answer").bytes, b"a: 1");
}

#[test]
fn a_try_that_fails_in_passing_is_repeated() {
    let home = Home::new();
    let server = WebServer::http(|_, before| match before {
        0 => answer("503 Busy", &[], b""),
        1 => vec![head("200 OK", &["Content-Length: 9"]), Step::Send(b"a".to_vec())],
        2 => vec![Step::Break],
        _ => ok("a: 1\n"),
    });
    let seen = Mutex::new(Vec::new());
    let progress = |progress: Progress<'_>| match progress {
        Progress::Received { bytes, total } => seen.lock().expect("no panic").push(format!("{bytes} {total:?}")),
        Progress::Retrying { attempt, attempts, pause, reason } => {
            assert!(pause <= millis(50), "{pause:?}");
            seen.lock().expect("no panic").push(format!("{attempt} of {attempts}: {reason}"));
        }
    };
    let settings = Settings { attempts: 4, ..home.settings(&[]) };
    let client = Client::new(settings).expect("a client");
    let response = client.get(&Request::new(&server.url("/x")), &progress).expect("an answer");
    assert_eq!(response.bytes, b"a: 1\n");
    let expected = [
        "2 of 4: the server answers with 503",
        "0 Some(9)",
        "1 Some(9)",
        "3 of 4: the body breaks off after 1 of 9 bytes",
        "4 of 4: the connection ends without an answer",
        "0 Some(5)",
        "5 Some(5)",
    ];
    assert_eq!(seen.into_inner().expect("no panic"), expected);
}

#[test]
fn a_server_says_when_to_come_back() {
    let home = Home::new();
    let server = WebServer::http(|request, before| match (request.path.as_str(), before) {
        ("/soon", 0) => answer("429 Slow", &["Retry-After: 1"], b""),
        ("/soon", _) => ok("a: 1\n"),
        _ => answer("503 Slow", &["Retry-After: 3600"], b""),
    });
    let start = Instant::now();
    assert!(get(home.settings(&[]), &server.url("/soon")).is_ok());
    assert!(start.elapsed() >= Duration::from_secs(1));
    // Too long to wait for.
    let (kind, message, hint) = fails(home.settings(&[]), &server.url("/late"));
    assert_eq!((kind, server.requests().len()), (ErrorKind::Environment, 3), "{message}");
    assert!(message.ends_with("the server fails (503)"), "{message}");
    assert!(hint.contains("3600 seconds"), "{hint}");
}

#[test]
fn slow_servers_end_with_a_timeout() {
    let home = Home::new();
    let long = Duration::from_secs(10);
    let settings = |idle: u64, whole: u64| Settings {
        idle_timeout: millis(idle),
        timeout: millis(whole),
        attempts: 1,
        ..home.settings(&[])
    };
    let length = || head("200 OK", &["Content-Length: 1000"]);
    let silent_head = WebServer::http(move |_, _| vec![Step::Wait(long)]);
    let silent_body = home.https(move |_, _| vec![length(), Step::Send(vec![b'x'; 7]), Step::Wait(long)]);
    let slow_body = WebServer::http(move |_, _| vec![length(), Step::Repeat(vec![b'x'], millis(20))]);
    let slow_head = WebServer::http(move |_, _| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), Step::Repeat(vec![b'x'], millis(20))]
    });
    for (server, idle, whole, expected) in [
        (&silent_head, 200, 5000, "nothing came for 0.2 seconds"),
        (&silent_body, 200, 5000, "nothing came for 0.2 seconds after 7 of 1000 bytes"),
        (&slow_body, 1000, 300, "it takes longer than 0.3 seconds; "),
        (&slow_head, 1000, 300, "it takes longer than 0.3 seconds"),
        (&silent_head, 5000, 300, "it takes longer than 0.3 seconds"),
    ] {
        let start = Instant::now();
        let (kind, message, _) = fails(settings(idle, whole), &server.url("/x"));
        assert_eq!(kind, ErrorKind::Timeout, "{message}");
        assert!(message.contains(expected), "{message}");
        assert!(start.elapsed() < Duration::from_secs(8), "{message}: {:?}", start.elapsed());
    }
    // A server that accepts connections and never says anything.
    let settings = Settings { connect_timeout: millis(200), attempts: 2, ..home.settings(&[]) };
    let (kind, message, _) = fails(settings, &format!("https://127.0.0.1:{}/x", silent_port()));
    assert_eq!(kind, ErrorKind::Timeout);
    assert!(message.ends_with("there is no connection within 0.2 seconds, 2 times"), "{message}");
}

#[test]
fn a_body_has_a_limit() {
    let home = Home::new();
    let packed = packed(&vec![b'a'; 200_000]);
    let endless = || Step::Repeat(vec![b'x'; 10_000], Duration::ZERO);
    let bomb = packed.clone();
    for server in [
        WebServer::http(move |_, _| vec![head("200 OK", &[]), endless()]),
        WebServer::http(move |_, _| vec![head("200 OK", &["Content-Length: 99999999999"]), endless()]),
        WebServer::http(move |_, _| answer("200 OK", &["Content-Encoding: gzip"], &bomb)),
    ] {
        let settings = Settings { max_bytes: 100_000, ..home.settings(&[]) };
        let (kind, message, _) = fails(settings, &server.url("/x"));
        assert_eq!(kind, ErrorKind::Failed, "{message}");
        assert!(message.ends_with("it holds more than 100000 bytes"), "{message}");
        assert_eq!(server.requests().len(), 1);
    }
    let server = WebServer::http(move |_, _| answer("200 OK", &["Content-Encoding: gzip"], &packed));
    assert_eq!(get(home.settings(&[]), &server.url("/x")).expect("an answer").bytes, vec![b'a'; 200_000]);
    assert_eq!(server.requests()[0].header("accept-encoding"), "gzip");
    let server = WebServer::http(move |_, _| answer("200 OK", &["Content-Encoding: br"], b"x"));
    assert_eq!(fails(home.settings(&[]), &server.url("/x")).0, ErrorKind::Failed);
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text).expect("packed");
    packer.finish().expect("packed")
}

#[test]
fn redirections_are_followed_within_bounds() {
    let home = Home::new();
    let plain = WebServer::http(|_, _| ok("plain\n"));
    let to_plain = plain.url(&format!("/y?token={SECRET}"));
    let server = home.https(move |request, _| {
        let to = match request.path.as_str() {
            "/1" => "a/2",
            "/a/2" => "../3?x=1",
            "/3" => "/4",
            "/loop" => "/loop",
            "/plain" => &to_plain,
            "/ftp" => "ftp://127.0.0.1/x",
            "/bad" => "https://u:s3cr3t-value@127.0.0.1/",
            path => return ok(path),
        };
        let status = if request.path == "/3" { "308 There" } else { "301 There" };
        answer(status, &[&format!("Location: {to}")], b"a page")
    });
    let response = get(home.settings(&[]), &server.url("/1")).expect("an answer");
    assert_eq!((response.bytes.as_slice(), response.url()), (&b"/4"[..], server.url("/4").as_str()));
    let before = server.requests().len();
    let (_, message, _) = fails(home.settings(&[]), &server.url("/loop"));
    assert!(message.ends_with("the server leads elsewhere more than 10 times"), "{message}");
    assert_eq!(server.requests().len() - before, 11);
    for (path, expected) in [
        ("/plain", format!("the server leads from https to http: {}", plain.url("/y?token=***"))),
        ("/ftp", "it is neither https nor http".to_owned()),
        ("/bad", "it holds a user or a password".to_owned()),
    ] {
        let (kind, message, _) = fails(home.settings(&[]), &server.url(path));
        assert_eq!(kind, ErrorKind::Failed);
        assert!(message.ends_with(&expected), "{message}");
    }
    assert!(plain.requests().is_empty());
    // From http to https it goes; and errors say where it led.
    let to = server.url("/gone");
    let upgrade = WebServer::http(move |_, _| answer("307 There", &[&format!("Location: {to}")], b""));
    assert_eq!(get(home.settings(&[]), &upgrade.url("/x")).expect("an answer").bytes, b"/gone");
    let to = format!("http://127.0.0.1:1/x?y={SECRET}");
    let down = WebServer::http(move |_, _| answer("302 There", &[&format!("Location: {to}")], b""));
    let (kind, message, _) = fails(home.settings(&[]), &down.url("/x"));
    assert_eq!(kind, ErrorKind::Environment);
    let expected = "which leads to http://127.0.0.1:1/x?y=***: the connection is refused, 3 times";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn certificates_are_checked() {
    let home = Home::new();
    let serve = |_: &web::Request, _| ok("a: 1\n");
    let mut expired = names(&["127.0.0.1"]);
    (expired.not_before, expired.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
    let mut early = names(&["127.0.0.1"]);
    (early.not_before, early.not_after) = (date_time_ymd(2199, 1, 1), date_time_ymd(2200, 1, 1));
    let unknown = WebServer::https(server_config(&mk_authority(), names(&["127.0.0.1"])), serve);
    let plain = WebServer::http(serve);
    for (url, expected, hinted) in [
        (unknown.url("/x"), "its certificate is signed by nobody who is known here", "SSL_CERT_FILE"),
        (home.https(serve).localhost("/x"), "its certificate is for other hosts (", "spelling"),
        (
            WebServer::https(server_config(&home.issuer, expired), serve).url("/x"),
            "its certificate has expired",
            "renew",
        ),
        (WebServer::https(server_config(&home.issuer, early), serve).url("/x"), "is not valid yet", "clock"),
        (plain.url("/x").replace("http:", "https:"), "it does not speak TLS", "https or http"),
    ] {
        let (kind, message, hint) = fails(home.settings(&[]), &url);
        assert_eq!(kind, ErrorKind::Environment, "{message}");
        let host = if url.contains("localhost") { "localhost" } else { "127.0.0.1" };
        assert!(message.contains(&format!(": cannot trust {host}: ")) && message.contains(expected), "{message}");
        assert!(hint.contains(hinted), "{hint}");
    }
    // The authorities in a folder, and files that hold none.
    let mut settings = home.settings(&[]);
    settings.ca_file = None;
    settings.ca_folders = vec![home.folder.path().to_owned()];
    assert!(get(settings.clone(), &home.https(serve).url("/x")).is_ok());
    settings.ca_folders = vec![home.folder.path().join("missing")];
    let error = Client::new(settings).expect_err("no folder");
    assert!(error.hint.is_some_and(|hint| hint.contains("SSL_CERT_DIR")));
    let empty = home.folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").expect("written");
    let error = Client::new(Settings { ca_file: Some(empty), ..home.settings(&[]) }).expect_err("no certificate");
    assert_eq!(error.kind, ErrorKind::Environment);
    // A server that speaks https only.
    let (kind, message, _) = fails(home.settings(&[]), &home.https(serve).url("/x").replace("https:", "http:"));
    assert_eq!(kind, ErrorKind::Environment, "{message}");
}

#[test]
fn proxies_are_used_as_the_environment_says() {
    let home = Home::new().netrc(&format!("machine source.example login u password {SECRET}"));
    // Over http a proxy gets the whole URL.
    let forward = WebServer::http(|_, _| ok("from the proxy\n"));
    let proxy = format!("http://us%40er:{SECRET}@{}", forward.address);
    let url = "http://source.example/x.yaml?y=1";
    let settings = home.settings(&[("http_proxy", &proxy), ("HTTPS_PROXY", "http://127.0.0.1:1")]);
    assert_eq!(get(settings.clone(), url).expect("an answer").bytes, b"from the proxy\n");
    let request = forward.requests().pop().expect("a request");
    assert_eq!((request.path.as_str(), request.query.as_str()), ("http://source.example/x.yaml", "y=1"));
    assert_eq!(request.header("host"), "source.example");
    // us@er:s3cr3t-value
    assert_eq!(request.header("proxy-authorization"), "Basic dXNAZXI6czNjcjN0LXZhbHVl");
    // Anyone could read a login that is sent over http.
    assert_eq!(request.header("authorization"), "");
    // This machine, and what NO_PROXY names, is reached without.
    let direct = WebServer::http(|_, _| ok("direct\n"));
    assert_eq!(get(settings, &direct.url("/x")).expect("an answer").bytes, b"direct\n");
    assert_eq!(direct.requests()[0].header("proxy-authorization"), "");
    let settings = home.settings(&[("http_proxy", &proxy), ("NO_PROXY", ".invalid,source.invalid")]);
    // However long it takes to learn that there is no such host.
    let settings = Settings { attempts: 1, connect_timeout: millis(500), ..settings };
    let (_, message, _) = fails(settings, "http://source.invalid/x");
    assert!(!message.contains("through the proxy"), "{message}");
    assert_eq!(forward.requests().len(), 1);

    // Over https it makes a tunnel.
    let server = home.https(|_, _| ok("tunnelled\n"));
    let tunnel = Proxy::start(&server.address);
    let settings = home.settings(&[("HTTPS_PROXY", &format!("u:{SECRET}@{}", tunnel.address))]);
    assert_eq!(get(settings, "https://source.example/x").expect("an answer").bytes, b"tunnelled\n");
    let asked = tunnel.requests().join("");
    assert!(asked.starts_with("CONNECT source.example:443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic dTpzM2NyM3QtdmFsdWU=\r\n"), "{asked}");
    let request = server.requests().pop().expect("a request");
    assert_eq!((request.path.as_str(), request.header("proxy-authorization")), ("/x", ""));
    assert_eq!(request.header("authorization"), "Basic dTpzM2NyM3QtdmFsdWU=");

    // A SOCKS proxy looks hosts up, and sees no login for another.
    for (server, url) in [(&server, "https://source.example/x"), (&direct, "http://source.example/x")] {
        let socks = Proxy::socks(&server.address);
        let proxy = format!("socks5://{}", socks.address);
        let settings = home.settings(&[("HTTPS_PROXY", &proxy), ("HTTP_PROXY", &proxy)]);
        assert!(get(settings, url).is_ok(), "{url}");
        let port = if url.starts_with("https") { 443 } else { 80 };
        assert_eq!(socks.requests(), [format!("SOCKS source.example:{port}")]);
        assert_eq!(server.requests().pop().expect("a request").path, "/x");
    }
}

#[test]
fn a_proxy_that_fails_is_named() {
    let home = Home::new();
    let denies = WebServer::http(|_, _| answer("407 Login", &[], b""));
    for (proxy, url, expected) in [
        ("127.0.0.1:1", "https://source.example/x", "the proxy http://127.0.0.1:1: the connection is refused"),
        ("127.0.0.1:1", "http://source.example/x", "the proxy http://127.0.0.1:1: the connection is refused"),
        (&denies.address, "https://source.example/x", "the proxy does not connect: "),
        (&denies.address, "http://source.example/x", "the proxy asks for a login (407)"),
    ] {
        let proxy = format!("http://u:{SECRET}@{proxy}");
        let (kind, message, _) = fails(home.settings(&[("HTTPS_PROXY", &proxy), ("HTTP_PROXY", &proxy)]), url);
        assert_eq!(kind, ErrorKind::Environment, "{message}");
        assert!(message.contains(expected), "{message}");
    }
    let (_, message, _) =
        fails(home.settings(&[("HTTPS_PROXY", &format!("gopher://{SECRET}"))]), "https://source.example/x");
    assert!(message.contains("cannot use the proxy of HTTPS_PROXY"), "{message}");
}

#[test]
fn web_pages_and_other_answers_are_told_apart() {
    let home = Home::new();
    let server = WebServer::http(|request, _| match request.path.as_str() {
        "/page" => answer("200 OK", &["Content-Type: text/plain"], b"<!DOCTYPE html>\n<html>"),
        _ => vec![Step::Send(b"SSH-2.0-x\r\n\r\n".to_vec())],
    });
    let page = get(home.settings(&[]), &server.url("/page")).expect("an answer");
    assert!(page.looks_like_web_page());
    let (kind, message, _) = checked(page.web_page_error());
    assert_eq!((kind, message.ends_with("it is a web page")), (ErrorKind::Failed, true));
    let (kind, message, _) = fails(home.settings(&[]), &server.url("/ssh"));
    assert_eq!(kind, ErrorKind::Environment);
    assert!(message.contains("the answer is not HTTP"), "{message}");
}

#[test]
fn a_form_is_sent_once_and_led_nowhere_else() {
    let home = Home::new();
    let other = WebServer::http(|_, _| ok("a: 1\n"));
    let location = format!("Location: {}", other.url("/"));
    let server = WebServer::http(move |request, _| match request.path.as_str() {
        "/" => ok("a: 1\n"),
        _ => answer("307 Temporary Redirect", &[&location], b""),
    });
    let form = secrecy::SecretString::from(format!("a=b&token={SECRET}"));
    let client = Client::new(home.settings(&[])).expect("a client");
    let send = |url: &str| client.ask(&Request { form: Some(&form), ..Request::new(url) }, &|_| ());
    assert_eq!(send(&server.url("/")).expect("an answer").status, 200);
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.body.as_slice()), ("POST", format!("a=b&token={SECRET}").as_bytes()));
    let response = send(&server.url("/elsewhere")).expect("an answer");
    assert_eq!((response.status, other.requests().len()), (307, 0));
    assert!(!format!("{:?}", Request { form: Some(&form), ..Request::new("https://a.example") }).contains(SECRET));
    // A proxy gets it too.
    let proxy = WebServer::http(|_, _| ok("a: 1\n"));
    let client = Client::new(home.settings(&[("http_proxy", &proxy.url("")), ("HTTP_PROXY", &proxy.url(""))]));
    let request = Request { form: Some(&form), ..Request::new("http://source.example/x") };
    assert_eq!(client.expect("a client").ask(&request, &|_| ()).expect("an answer").status, 200);
    assert_eq!(
        (proxy.requests()[0].method.as_str(), proxy.requests()[0].path.as_str()),
        ("POST", "http://source.example/x")
    );
}
