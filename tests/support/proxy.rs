//! Proxies on loopback, by CONNECT or SOCKS, that send everyone to one address.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// Its address, and the requests that it got: the line with CONNECT and its headers, or `SOCKS <host>:<port>`.
pub struct Proxy {
    /// `127.0.0.1:<port>`.
    pub address: String,
    requests: Receiver<String>,
}

/// A request, and the answer to it.
type Greeting = (String, &'static [u8]);

impl Proxy {
    /// Starts one that understands CONNECT; it ends with the test program.
    pub fn start(target: &str) -> Proxy {
        Proxy::listen(target, |client| {
            let mut reader = BufReader::new(client.try_clone()?);
            let mut request = String::new();
            while reader.read_line(&mut request)? > 2 {}
            Ok((request, b"HTTP/1.1 200 OK\r\n\r\n"))
        })
    }

    /// Starts one that understands SOCKS 5 with names of hosts (RFC 1928), without a login.
    pub fn socks(target: &str) -> Proxy {
        Proxy::listen(target, |mut client| {
            let mut methods = [0; 2];
            client.read_exact(&mut methods)?;
            client.read_exact(&mut vec![0; usize::from(methods[1])])?;
            client.write_all(&[5, 0])?;
            let mut request = [0; 5];
            client.read_exact(&mut request)?;
            // Of an address there is no length: then this is not a name.
            let mut name = vec![0; usize::from(request[4]) + 2];
            client.read_exact(&mut name)?;
            let port = u16::from_be_bytes([name[name.len() - 2], name[name.len() - 1]]);
            let host = String::from_utf8_lossy(&name[..name.len() - 2]).into_owned();
            Ok((format!("SOCKS {host}:{port}"), &[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]))
        })
    }

    fn listen(target: &str, greet: fn(&TcpStream) -> std::io::Result<Greeting>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, requests) = channel();
        let target = target.to_owned();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (sender, target) = (sender.clone(), target.clone());
                std::thread::spawn(move || {
                    let (request, answer) = greet(&client)?;
                    let _ = sender.send(request);
                    tunnel(client, &target, answer)
                });
            }
        });
        Proxy { address, requests }
    }

    /// The requests since the last call.
    pub fn requests(&self) -> Vec<String> {
        self.requests.try_iter().collect()
    }
}

/// A client says nothing before it has the answer, so no reader holds back any of it.
fn tunnel(mut client: TcpStream, target: &str, answer: &[u8]) -> std::io::Result<()> {
    let mut server = TcpStream::connect(target)?;
    client.write_all(answer)?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(std::net::Shutdown::Both);
    });
    std::io::copy(&mut client, &mut server)?;
    server.shutdown(std::net::Shutdown::Write)
}
