//! A man in the middle of a client and a real API server: plain http on one side, TLS on the other. A test says of each
//! request whether it passes, is answered here, or ends in a broken connection.

use super::web::Request;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Play {
    /// The server gets it, and the client its answer.
    Pass,
    /// The client gets this status line and these headers, and the server nothing.
    Answer(&'static str, &'static [&'static str]),
    /// The connection is reset before the server gets anything.
    Reset,
    /// The server gets it, and the client a reset in place of the answer.
    Swallow,
    /// The answer is cut after this text.
    CutAfter(&'static str),
}

/// See the module. It ends with the test program.
pub struct Interposer {
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Interposer {
    /// Stands before the server at this address, whose authority signed with `ca` (PEM). `play` gets each request, and
    /// how many there were before.
    pub fn start(server: &str, ca: &str, play: impl Fn(&Request, usize) -> Play + Send + Sync + 'static) -> Interposer {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("PEM")).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (server, config, play) = (server.to_owned(), Arc::new(config), Arc::new(play));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, config, play, kept) =
                    (server.clone(), Arc::clone(&config), Arc::clone(&play), Arc::clone(&kept));
                std::thread::spawn(move || {
                    let request = Request::read(&mut BufReader::new(&client))?;
                    let before = {
                        let mut kept = kept.lock().expect("no panic");
                        kept.push(format!("{} {}?{}", request.method, request.path, request.query));
                        kept.len() - 1
                    };
                    serve(client, &request, play(&request, before), &server, config)
                });
            }
        });
        Interposer { url, requests }
    }

    /// The requests so far: method, path and query.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

fn serve(
    mut client: TcpStream,
    request: &Request,
    play: Play,
    server: &str,
    config: Arc<ClientConfig>,
) -> io::Result<()> {
    // Closing it then resets it.
    let reset = |client: &TcpStream| socket2::SockRef::from(client).set_linger(Some(Duration::ZERO));
    let cut = match play {
        Play::Answer(status, headers) => {
            let lines: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
            let head = format!("HTTP/1.1 {status}\r\n{lines}Content-Length: 0\r\nConnection: close\r\n\r\n");
            return client.write_all(head.as_bytes());
        }
        Play::Reset => return reset(&client),
        Play::Pass | Play::Swallow => None,
        Play::CutAfter(text) => Some(text.as_bytes()),
    };
    let name = "127.0.0.1".try_into().map_err(io::Error::other)?;
    let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut upstream = StreamOwned::new(connection, TcpStream::connect(server)?);
    let mut head = format!("{} {}?{} HTTP/1.1\r\nconnection: close\r\n", request.method, request.path, request.query);
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "transfer-encoding") {
        head += &format!("{name}: {value}\r\n");
    }
    if request.header("content-length").is_empty() {
        head += &format!("content-length: {}\r\n", request.body.len());
    }
    upstream.write_all(format!("{head}\r\n").as_bytes())?;
    upstream.write_all(&request.body)?;
    upstream.flush()?;
    let mut sent: Vec<u8> = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        let length = upstream.read(&mut buffer).unwrap_or(0);
        if length == 0 {
            return Ok(());
        }
        if matches!(play, Play::Swallow) {
            return reset(&client);
        }
        let before = sent.len();
        sent.extend(&buffer[..length]);
        let place = cut.and_then(|cut| sent.windows(cut.len()).position(|part| part == cut).map(|at| at + cut.len()));
        client.write_all(&sent[before..place.unwrap_or(sent.len()).max(before)])?;
        if place.is_some() {
            // What was sent must arrive: a reset would discard it.
            return Ok(());
        }
    }
}
