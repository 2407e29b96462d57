//! Where charts are published, on loopback: a chart repository (plain files over http) and a registry.

use std::fs;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use super::git_servers::{LOGIN, Request};

/// The folder with helm and docker-registry, or why they are not there.
pub fn programs() -> Result<PathBuf, String> {
    super::provided(&["helm"])
}

/// Serves the files of a folder over http; those in its folder `private` to [`LOGIN`] only. Returns its URL. The listener
/// is a thread of the test program and ends with it.
pub fn serve_files(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let folder = folder.clone();
            std::thread::spawn(move || answer(&client, &folder));
        }
    });
    url
}

fn answer(mut client: &TcpStream, folder: &Path) -> std::io::Result<()> {
    let request = Request::read(&mut BufReader::new(client))?;
    let (status, body) = if request.path.starts_with("/private/") && !request.has_login() {
        ("401 Unauthorized", Vec::new())
    } else {
        match fs::read(folder.join(request.path.trim_start_matches('/'))) {
            Ok(body) => ("200 OK", body),
            Err(_) => ("404 Not Found", Vec::new()),
        }
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    client.write_all(head.as_bytes())?;
    client.write_all(&body)
}

/// A registry, for as long as its value lives.
pub struct Registry {
    /// `127.0.0.1:<port>`.
    pub address: String,
    server: Child,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// Starts one that is open to all.
    pub fn start(programs: &Path) -> Registry {
        Registry::start_with(programs, "")
    }

    /// Starts one for [`LOGIN`] only.
    pub fn start_private(programs: &Path) -> Registry {
        Registry::start_with(programs, "auth: {htpasswd: {realm: test, path: logins}}\n")
    }

    fn start_with(programs: &Path, settings: &str) -> Registry {
        // A port may be taken between finding it and using it: then everything starts again.
        for _ in 0..3 {
            let folder = tempfile::tempdir().expect("a folder");
            let address = format!("127.0.0.1:{}", super::free_port());
            let text = format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: data}}}}\n\
                 http: {{addr: '{address}', secret: test}}\n{settings}"
            );
            fs::write(folder.path().join("config.yaml"), text).expect("written");
            // The bcrypt digest of the password in LOGIN.
            let login = format!("{}:$2b$05$abcdefghijklmnopqrstuuqZNQh5QCj0Fl2BpdhDwGX8vPJ/SQUS6\n", LOGIN.0);
            fs::write(folder.path().join("logins"), login).expect("written");
            let arguments = ["serve".to_owned(), "config.yaml".to_owned()];
            let server = super::spawn(&programs.join("docker-registry"), &arguments, folder.path());
            let mut registry = Registry { address, server, _folder: folder };
            if registry.is_ready() {
                return registry;
            }
        }
        panic!("the registry does not start");
    }

    fn is_ready(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) && matches!(self.server.try_wait(), Ok(None)) {
            if TcpStream::connect(&self.address).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
