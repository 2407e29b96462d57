//! A proxy on loopback that understands CONNECT and sends everyone to one address.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// Its address, and the requests that it got: the line with CONNECT and the header for it, if any.
pub struct Proxy {
    /// `127.0.0.1:<port>`.
    pub address: String,
    requests: Receiver<String>,
}

impl Proxy {
    /// Starts it; it ends with the test program.
    pub fn start(target: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, requests) = channel();
        let target = target.to_owned();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (sender, target) = (sender.clone(), target.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(client.try_clone()?);
                    let mut request = String::new();
                    while reader.read_line(&mut request)? > 2 {}
                    let _ = sender.send(request);
                    tunnel(client, &target)
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

/// A client says nothing before it has the answer to CONNECT, so no reader holds back any of it.
fn tunnel(mut client: TcpStream, target: &str) -> std::io::Result<()> {
    let mut server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(std::net::Shutdown::Both);
    });
    std::io::copy(&mut client, &mut server)?;
    server.shutdown(std::net::Shutdown::Write)
}
