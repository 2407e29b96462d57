//! A real API server with its etcd, on loopback, for as long as a value of [`ControlPlane`] lives.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{free_port, spawn};

/// The administrator's token.
pub const ADMIN_TOKEN: &str = "admin-token";
/// The token of a user without rights.
pub const NOBODY_TOKEN: &str = "nobody-token";

/// Where etcd and kube-apiserver are, or why they are not there.
pub fn servers() -> Result<PathBuf, String> {
    super::provided(&[])
}

/// See the module.
pub struct ControlPlane {
    folder: tempfile::TempDir,
    etcd: Option<Child>,
    api_server: Option<Child>,
    port: u16,
    etcd_port: u16,
    flags: Vec<String>,
    ca: String,
    kubeconfigs: AtomicUsize,
}

impl ControlPlane {
    /// Starts both servers and waits until the API server is ready.
    pub fn start(servers: &Path) -> ControlPlane {
        ControlPlane::start_with(servers, &[])
    }

    /// The same, with more flags for the API server.
    pub fn start_with(servers: &Path, flags: &[&str]) -> ControlPlane {
        let mut plane = ControlPlane {
            folder: tempfile::tempdir().expect("a folder"),
            etcd: None,
            api_server: None,
            port: 0,
            etcd_port: 0,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ca: String::new(),
            kubeconfigs: AtomicUsize::new(0),
        };
        plane.make_keys();
        // A port may be taken between finding it and using it: then everything starts again.
        for attempt in 1..=3 {
            plane.start_servers(servers);
            match plane.wait_until_ready() {
                Ok(()) => return plane,
                Err(reason) if attempt == 3 => panic!("the control plane does not start: {reason}\n{}", plane.logs()),
                Err(_) => plane.stop(),
            }
        }
        plane
    }

    /// The API server's address.
    pub fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The API server's host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The certificate of its authority, in PEM.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// A kubeconfig file with this token.
    pub fn kubeconfig(&self, token: &str) -> PathBuf {
        self.kubeconfig_with(token, &self.server(), &self.ca)
    }

    /// A kubeconfig file with this token, server address and CA certificate (PEM).
    pub fn kubeconfig_with(&self, token: &str, server: &str, ca: &str) -> PathBuf {
        self.kubeconfig_of(&format!("token: {token}"), &format!("server: '{server}'"), ca)
    }

    /// A kubeconfig file with what a user and a cluster hold (the inside of YAML braces), and a CA certificate (PEM).
    pub fn kubeconfig_of(&self, user: &str, cluster: &str, ca: &str) -> PathBuf {
        use base64::Engine;
        let ca = base64::engine::general_purpose::STANDARD.encode(ca);
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters:\n- name: test\n  cluster: {{{cluster}, certificate-authority-data: {ca}}}\n\
             users:\n- name: test\n  user: {{{user}}}\n\
             contexts:\n- name: test\n  context: {{cluster: test, user: test}}\n"
        );
        let path = self.path(&format!("kubeconfig-{}", self.kubeconfigs.fetch_add(1, Ordering::Relaxed)));
        fs::write(&path, text).expect("a kubeconfig");
        path
    }

    /// Makes etcd forget everything before this revision, which is a resource version.
    pub fn compact(&self, revision: &str) {
        compact(self.etcd_port, revision);
    }

    /// The port of etcd, for [`compact`].
    pub fn etcd_port(&self) -> u16 {
        self.etcd_port
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn make_keys(&mut self) {
        let issuer = mk_authority();
        let names = ["localhost".to_owned(), "kubernetes.default.svc".to_owned()];
        let mut server = CertificateParams::new(names).expect("names");
        for address in ["127.0.0.1", "10.0.0.1"] {
            server.subject_alt_names.push(SanType::IpAddress(address.parse().expect("an address")));
        }
        server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        let key = KeyPair::generate().expect("a key");
        let certificate = server.signed_by(&key, &issuer).expect("a certificate");
        self.ca = issuer.pem();
        fs::write(self.path("ca.crt"), &self.ca).expect("written");
        fs::write(self.path("srv.crt"), certificate.pem()).expect("written");
        fs::write(self.path("srv.key"), key.serialize_pem()).expect("written");
        let accounts = KeyPair::generate().expect("a key");
        fs::write(self.path("sa.key"), accounts.serialize_pem()).expect("written");
        fs::write(self.path("sa.pub"), accounts.public_key_pem()).expect("written");
        let tokens = format!("{ADMIN_TOKEN},admin,1,\"system:masters\"\n{NOBODY_TOKEN},nobody,2,\"nobodies\"\n");
        fs::write(self.path("tokens.csv"), tokens).expect("written");
    }

    fn start_servers(&mut self, servers: &Path) {
        let (etcd_port, port) = (free_port(), free_port());
        (self.port, self.etcd_port) = (port, etcd_port);
        let etcd_url = format!("http://127.0.0.1:{etcd_port}");
        let etcd = vec![
            "--name=d".to_owned(),
            format!("--data-dir={}", self.path(&format!("etcd-{etcd_port}")).display()),
            "--unsafe-no-fsync".to_owned(),
            format!("--listen-client-urls={etcd_url}"),
            format!("--advertise-client-urls={etcd_url}"),
            "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
            "--initial-advertise-peer-urls=http://127.0.0.1:0".to_owned(),
            "--initial-cluster=d=http://127.0.0.1:0".to_owned(),
        ];
        self.etcd = Some(spawn(&servers.join("etcd"), &etcd, self.folder.path()));
        let file = |name: &str| self.path(name).display().to_string();
        let mut api_server = vec![
            format!("--etcd-servers={etcd_url}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            format!("--cert-dir={}", file("certs")),
            format!("--tls-cert-file={}", file("srv.crt")),
            format!("--tls-private-key-file={}", file("srv.key")),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            "--allow-privileged=true".to_owned(),
            format!("--service-account-issuer=https://127.0.0.1:{port}/"),
            format!("--service-account-key-file={}", file("sa.pub")),
            format!("--service-account-signing-key-file={}", file("sa.key")),
            "--endpoint-reconciler-type=none".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
        ];
        api_server.extend(self.flags.iter().cloned());
        self.api_server = Some(spawn(&servers.join("kube-apiserver"), &api_server, self.folder.path()));
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let start = Instant::now();
        let kubeconfig = self.kubeconfig(ADMIN_TOKEN);
        loop {
            for server in [&mut self.etcd, &mut self.api_server].into_iter().flatten() {
                if let Ok(Some(status)) = server.try_wait() {
                    return Err(format!("a server ended: {status}"));
                }
            }
            let last = match get(&kubeconfig, "/readyz") {
                Ok(_) => return get(&kubeconfig, "/openapi/v2").map(drop),
                Err(reason) => reason,
            };
            if start.elapsed() > Duration::from_secs(90) {
                return Err(format!("not ready after 90 seconds: {last}"));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn logs(&self) -> String {
        ["etcd.log", "kube-apiserver.log"]
            .iter()
            .map(|name| {
                let text = fs::read_to_string(self.path(name)).unwrap_or_default();
                let lines: Vec<&str> = text.lines().rev().take(20).collect();
                format!("--- {name}\n{}\n", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
            })
            .collect()
    }

    /// The API server first: it has much to say to an etcd that is removed.
    fn stop(&mut self) {
        for mut server in [self.api_server.take(), self.etcd.take()].into_iter().flatten() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.stop();
    }
}

/// As [`ControlPlane::compact`].
pub fn compact(etcd_port: u16, revision: &str) {
    let body = format!("{{\"revision\": \"{revision}\", \"physical\": true}}");
    let mut stream = TcpStream::connect(("127.0.0.1", etcd_port)).expect("etcd");
    let head =
        format!("POST /v3/kv/compaction HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\nContent-Length: {}", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// An authority that can sign certificates.
pub fn mk_authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(DnType::CommonName, "kfleet test CA");
    CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("a CA")
}

/// The certificate of an authority that signed nothing, in PEM.
pub fn other_ca() -> String {
    mk_authority().pem()
}

/// GETs a path of the API server.
pub fn get(kubeconfig: &Path, path: &str) -> Result<String, String> {
    let request = http::Request::get(path).body(Vec::new()).map_err(|error| error.to_string())?;
    call(kubeconfig, request)
}

/// POSTs JSON to a path of the API server.
pub fn post(kubeconfig: &Path, path: &str, json: &str) -> Result<String, String> {
    let request = http::Request::post(path).header("content-type", "application/json").body(json.as_bytes().to_vec());
    call(kubeconfig, request.map_err(|error| error.to_string())?)
}

/// PATCHes a path of the API server with a document of this type.
pub fn patch(kubeconfig: &Path, path: &str, content_type: &str, document: &str) -> Result<String, String> {
    let request = http::Request::patch(path).header("content-type", content_type).body(document.as_bytes().to_vec());
    call(kubeconfig, request.map_err(|error| error.to_string())?)
}

/// DELETEs a path of the API server.
pub fn delete(kubeconfig: &Path, path: &str) -> Result<String, String> {
    let request = http::Request::delete(path).body(Vec::new()).map_err(|error| error.to_string())?;
    call(kubeconfig, request)
}

fn call(kubeconfig: &Path, request: http::Request<Vec<u8>>) -> Result<String, String> {
    let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig).map_err(|error| error.to_string())?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|e| e.to_string())?;
        let client = kube::Client::try_from(config).map_err(|error| error.to_string())?;
        client.request_text(request).await.map_err(|error| error.to_string())
    })
}
