//! A web server on loopback that answers as a test wants it, over http or https. It is a thread of the test program and
//! ends with it; each connection has a thread, one request and one answer.

use base64::Engine;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, SanType};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A part of an answer.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends this.
    Send(Vec<u8>),
    /// Sends nothing for so long.
    Wait(Duration),
    /// Sends this again and again, with pauses, until the client has gone.
    Repeat(Vec<u8>, Duration),
    /// Breaks the connection: over https without a word, over http by a reset.
    Break,
}

/// An answer with a body and its length.
pub fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<Step> {
    let length = format!("Content-Length: {}", body.len());
    let lines: Vec<&str> = headers.iter().copied().chain([length.as_str()]).collect();
    vec![head(status, &lines), Step::Send(body.to_vec())]
}

/// The beginning of an answer.
pub fn head(status: &str, headers: &[&str]) -> Step {
    let lines: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    Step::Send(format!("HTTP/1.1 {status}\r\n{lines}\r\n").into_bytes())
}

/// Serves the files of a folder over http; those in its folder `private` to this login only.
pub fn serve_files(folder: &Path, login: (&'static str, &'static str)) -> WebServer {
    let folder = folder.to_owned();
    WebServer::http(move |request, _| {
        if request.path.starts_with("/private/") && !request.has_login(login) {
            return answer("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"files\""], b"");
        }
        match std::fs::read(folder.join(request.path.trim_start_matches('/'))) {
            Ok(body) => answer("200 OK", &[], &body),
            Err(_) => answer("404 Not Found", &[], b""),
        }
    })
}

/// See the module.
pub struct WebServer {
    /// `127.0.0.1:<port>`.
    pub address: String,
    scheme: &'static str,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl WebServer {
    /// Over http. `answer` gets the request and how many there were before.
    pub fn http(answer: impl Fn(&Request, usize) -> Vec<Step> + Send + Sync + 'static) -> WebServer {
        WebServer::start(None, answer)
    }

    /// Over https.
    pub fn https(
        config: Arc<ServerConfig>,
        answer: impl Fn(&Request, usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> WebServer {
        WebServer::start(Some(config), answer)
    }

    fn start(
        config: Option<Arc<ServerConfig>>,
        answer: impl Fn(&Request, usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> WebServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let scheme = if config.is_some() { "https" } else { "http" };
        let (answer, kept) = (Arc::new(answer), Arc::clone(&requests));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, kept, config) = (Arc::clone(&answer), Arc::clone(&kept), config.clone());
                let answer = move |request: Request| {
                    let mut kept = kept.lock().expect("no panic");
                    kept.push(request.clone());
                    let before = kept.len() - 1;
                    drop(kept);
                    answer(&request, before)
                };
                std::thread::spawn(move || match config {
                    None => serve_plain(&client, answer),
                    Some(config) => serve_tls(client, config, answer),
                });
            }
        });
        WebServer { address, scheme, requests }
    }

    /// The URL of a path that begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The same by the name `localhost`.
    pub fn localhost(&self, path: &str) -> String {
        self.url(path).replace("127.0.0.1", "localhost")
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

fn serve_plain(client: &TcpStream, answer: impl FnOnce(Request) -> Vec<Step>) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let mut stream = client;
    let Ok(request) = Request::read(&mut reader) else {
        return stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    };
    for step in answer(request) {
        if !take(&mut stream, step)? {
            // Closing it now resets it.
            return socket2::SockRef::from(client).set_linger(Some(Duration::ZERO));
        }
    }
    client.shutdown(Shutdown::Write)
}

fn serve_tls(
    client: TcpStream,
    config: Arc<ServerConfig>,
    answer: impl FnOnce(Request) -> Vec<Step>,
) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, client));
    // Clients that do not trust the certificate end here.
    let request = Request::read(&mut reader)?;
    let mut stream = reader.into_inner();
    for step in answer(request) {
        if !take(&mut stream, step)? {
            return Ok(());
        }
    }
    stream.conn.send_close_notify();
    stream.flush()
}

/// Whether the connection goes on.
fn take(stream: &mut impl Write, step: Step) -> io::Result<bool> {
    match step {
        Step::Send(bytes) => stream.write_all(&bytes)?,
        Step::Wait(time) => std::thread::sleep(time),
        Step::Repeat(bytes, pause) => loop {
            stream.write_all(&bytes)?;
            stream.flush()?;
            std::thread::sleep(pause);
        },
        Step::Break => return Ok(false),
    }
    stream.flush()?;
    Ok(true)
}

/// What a certificate for these names and addresses says.
pub fn names(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    for name in names {
        params.subject_alt_names.push(match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().expect("a name")),
        });
    }
    params
}

/// A TLS server with a new certificate.
pub fn server_config(issuer: &CertifiedIssuer<'static, KeyPair>, params: CertificateParams) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a server");
    Arc::new(config)
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Without the query; what a proxy gets is a whole URL.
    pub path: String,
    /// What is after the question mark.
    pub query: String,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads one to its end.
    pub fn read(stream: &mut impl BufRead) -> io::Result<Request> {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        let mut request = Request { method, path, query, headers: Vec::new(), body: Vec::new() };
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if request.header("transfer-encoding") == "chunked" {
            loop {
                let mut line = String::new();
                stream.read_line(&mut line)?;
                let length = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
                stream.by_ref().take(length).read_to_end(&mut request.body)?;
                stream.read_line(&mut line)?;
                if length == 0 {
                    break;
                }
            }
        } else {
            let length = request.header("content-length").parse().unwrap_or(0);
            stream.take(length).read_to_end(&mut request.body)?;
        }
        Ok(request)
    }

    /// Whether it comes with this user and password.
    pub fn has_login(&self, (user, password): (&str, &str)) -> bool {
        let login = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization") == format!("Basic {login}")
    }

    /// The value of a header; empty without it.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}
