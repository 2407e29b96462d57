//! Where charts are published, on loopback: a registry.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use super::git_servers::LOGIN;

/// The folder with helm and docker-registry, or why they are not there.
pub fn programs() -> Result<PathBuf, String> {
    super::provided(&["helm"])
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
