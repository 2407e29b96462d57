//! Git servers on loopback. Their listeners are threads of the test program and end with it; each connection has one
//! process, which ends with the connection.

use super::web::{self, Request};
use rustls::{ServerConnection, StreamOwned};
use std::fs;
use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Who may read from [`HttpsServer::start`].
pub const LOGIN: (&str, &str) = ("robot", "pass word@1");

/// `git http-backend` behind TLS, with basic authentication.
pub struct HttpsServer {
    /// `127.0.0.1:<port>`.
    pub address: String,
    /// The certificate of its authority, in PEM.
    pub ca: String,
    requests: Arc<AtomicUsize>,
}

impl HttpsServer {
    /// Serves the bare repositories in a folder.
    pub fn start(folder: &Path) -> HttpsServer {
        let issuer = super::control_plane::mk_authority();
        let config = web::server_config(&issuer, web::names(&["127.0.0.1"]));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let requests = Arc::new(AtomicUsize::new(0));
        let (folder, counter) = (folder.to_owned(), Arc::clone(&requests));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (folder, counter, config) = (folder.clone(), Arc::clone(&counter), Arc::clone(&config));
                std::thread::spawn(move || -> io::Result<()> {
                    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
                    let mut stream = BufReader::new(StreamOwned::new(connection, client));
                    // Clients that do not trust the certificate end here.
                    let request = Request::read(&mut stream)?;
                    counter.fetch_add(1, Ordering::Relaxed);
                    let mut stream = stream.into_inner();
                    stream.write_all(&answer(&request, &folder)?)?;
                    stream.conn.send_close_notify();
                    stream.flush()
                });
            }
        });
        HttpsServer { address, ca: issuer.pem(), requests }
    }

    /// How many requests it has got.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// What git has to say to a request.
fn answer(request: &Request, folder: &Path) -> io::Result<Vec<u8>> {
    if request.path.starts_with("/forbidden") {
        return Ok(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec());
    }
    if !request.has_login(LOGIN) {
        return Ok(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n\
                    Content-Length: 0\r\nConnection: close\r\n\r\n"
            .to_vec());
    }
    let mut backend = git()
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", request.header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
        .env("GIT_PROTOCOL", request.header("git-protocol"))
        .env("REMOTE_USER", LOGIN.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (body, mut stdin) = (request.body.clone(), backend.stdin.take().expect("a pipe"));
    std::thread::spawn(move || stdin.write_all(&body));
    let output = backend.wait_with_output()?.stdout;
    let end = output.windows(4).position(|part| part == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let mut answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{head}\r\n\r\n").into_bytes();
    answer.extend_from_slice(output.get(end + 4..).unwrap_or_default());
    Ok(answer)
}

/// An sshd that lets one deploy key read the repositories of this machine.
pub struct SshServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    folder: PathBuf,
}

impl SshServer {
    /// Starts it, or says why that is impossible here. Its keys are files in `folder`.
    pub fn start(folder: &Path) -> Result<SshServer, String> {
        let sshd = Path::new("/usr/sbin/sshd");
        if !sshd.exists() {
            return Err("there is no /usr/sbin/sshd".to_owned());
        }
        if !Path::new("/run/sshd").exists() {
            fs::create_dir("/run/sshd").map_err(|cause| format!("sshd needs the folder /run/sshd: {cause}"))?;
        }
        for name in ["host", "key", "other"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(folder.join(name))
                .status()
                .map_err(|cause| format!("ssh-keygen: {cause}"))?;
            assert!(made.success(), "ssh-keygen: {made}");
        }
        let public = fs::read_to_string(folder.join("key.pub")).expect("a key");
        let options = "restrict,command=\"git-shell -c \\\"$SSH_ORIGINAL_COMMAND\\\"\"";
        fs::write(folder.join("authorized"), format!("{options} {public}")).expect("written");
        let config = format!(
            "HostKey {0}/host\nAuthorizedKeysFile {0}/authorized\nPidFile none\nUsePAM no\nStrictModes no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin forced-commands-only\n",
            folder.display()
        );
        fs::write(folder.join("config"), config).expect("written");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let host = fs::read_to_string(folder.join("host.pub")).expect("a key");
        fs::write(folder.join("known"), format!("[127.0.0.1]:{port} {host}")).expect("written");
        fs::write(folder.join("nobody"), "").expect("written");
        let config = folder.join("config");
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let stdin = OwnedFd::from(client.try_clone().expect("a connection"));
                let mut server = Command::new(sshd);
                server.arg("-i").arg("-f").arg(&config).stderr(Stdio::null());
                let spawned = server.stdin(stdin).stdout(OwnedFd::from(client)).spawn();
                drop(server);
                std::thread::spawn(move || spawned.map(|mut child| child.wait()));
            }
        });
        Ok(SshServer { port, folder: folder.to_owned() })
    }

    /// The ssh command of a client with one of the keys `key` and `other`, and the known hosts `known` or `nobody`.
    pub fn client(&self, key: &str, hosts: &str) -> String {
        let folder = self.folder.display();
        format!(
            "ssh -F none -i {folder}/{key} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
             -o UserKnownHostsFile={folder}/{hosts} -o GlobalKnownHostsFile=none"
        )
    }
}

/// A port whose connections nobody answers.
pub fn silent_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let _open: Vec<TcpStream> = listener.incoming().flatten().collect();
    });
    port
}

/// Git without anyone's settings.
pub fn git() -> Command {
    let mut git = Command::new("git");
    git.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/nonexistent");
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "safe.directory"),
        ("GIT_CONFIG_VALUE_0", "*"),
    ] {
        git.env(name, value);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "T").env(format!("GIT_{role}_EMAIL"), "t@example.com");
        git.env(format!("GIT_{role}_DATE"), "2026-01-02T03:04:05Z");
    }
    git
}

/// A bare repository for the tests, and its commits in order.
pub struct Origin {
    /// The folder above it.
    pub folder: tempfile::TempDir,
    /// Four: `v1.0.0` (annotated) is at the first, nothing at the second, `feature/x` and `light` at the third, and `main`
    /// at the last.
    pub commits: Vec<String>,
}

impl Origin {
    /// Makes it as `fleet.git`.
    pub fn new() -> Origin {
        let origin = Origin { folder: tempfile::tempdir().expect("a folder"), commits: Vec::new() };
        origin.git(&["init", "-q", "-b", "main", "."]);
        origin.filled()
    }

    fn filled(mut self) -> Origin {
        for (number, path) in ["base/a.yaml", "base/sub/b.yaml", "other/c.yaml", "base/d.yaml"].iter().enumerate() {
            let file = self.folder.path().join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, format!("file: {number}\n")).expect("written");
            if number == 3 {
                std::os::unix::fs::symlink("a.yaml", self.folder.path().join("base/link.yaml")).expect("a link");
            }
            self.git(&["add", "base", "other"][..if number < 2 { 2 } else { 3 }]);
            if number == 3 {
                let module = format!("160000,{},base/module", self.commits[0]);
                self.git(&["update-index", "--add", "--cacheinfo", &module]);
            }
            self.git(&["commit", "-q", "-m", &format!("{number}")]);
            let commit = self.git(&["rev-parse", "HEAD"]);
            self.commits.push(commit);
            match number {
                0 => drop(self.git(&["tag", "-a", "-m", "first", "v1.0.0"])),
                2 => {
                    self.git(&["tag", "light"]);
                    self.git(&["branch", "feature/x"]);
                    let blob = self.git(&["rev-parse", "HEAD:other/c.yaml"]);
                    self.git(&["tag", "blob", &blob]);
                }
                _ => {}
            }
        }
        self.git(&["clone", "-q", "--bare", ".", "fleet.git"]);
        self
    }

    /// Runs git in the folder above.
    pub fn git(&self, args: &[&str]) -> String {
        let output = git().args(args).current_dir(self.folder.path()).output().expect("git runs");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("fleet.git")
    }

    /// Its URL on this machine.
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }
}
