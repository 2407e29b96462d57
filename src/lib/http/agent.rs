//! Connections: the client with the user's authorities, and what it lacks for proxies and broken connections.

use super::Settings;
use crate::error::{self, Error, ErrorKind};
use rustls_native_certs::{load_certs_from_paths, load_native_certs};
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use ureq::config::{AutoHeaderValue, Config};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, RustlsConnector,
    SocksConnector, TcpConnector, Transport, TransportAdapter,
};
use ureq::{Agent, ProxyProtocol};

const USER_AGENT: &str = concat!("kfleet/", env!("CARGO_PKG_VERSION"));

/// A client that follows no redirection, takes every status as an answer, and reads no environment.
pub(super) fn agent(settings: &Settings) -> error::Result<Agent> {
    let roots = root_certificates(settings)?;
    let config = Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(USER_AGENT)
        // What the body holds is asked for, and unpacked, by the client.
        .accept_encoding(AutoHeaderValue::None)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_resolve(Some(settings.connect_timeout))
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_per_read(Some(settings.idle_timeout))
        .timeout_per_write(Some(settings.idle_timeout))
        .build();
    let connector = ForwardConnector { direct: config.clone() }
        .chain(SocksConnector::default())
        .chain(ConnectProxyConnector::default())
        .chain(TcpConnector::default())
        .chain(RustlsConnector::default())
        .chain(StrictConnector);
    Ok(Agent::with_parts(config, connector, DefaultResolver::default()))
}

/// The authorities that the settings name; else those of the system; else, where there are none, Mozilla's list.
fn root_certificates(settings: &Settings) -> error::Result<RootCerts> {
    if settings.ca_file.is_none() && settings.ca_folders.is_empty() {
        let found = load_native_certs().certs;
        return Ok(if found.is_empty() { RootCerts::WebPki } else { specific(&found) });
    }
    let mut found = Vec::new();
    let file = settings.ca_file.iter().map(|file| (Some(file.as_path()), None, file, "SSL_CERT_FILE"));
    let folders = settings.ca_folders.iter().map(|folder| (None, Some(folder.as_path()), folder, "SSL_CERT_DIR"));
    for (file, folder, path, variable) in file.chain(folders) {
        let loaded = load_certs_from_paths(file, folder);
        // A folder may hold other files too.
        if let (true, Some(cause)) = (loaded.certs.is_empty(), loaded.errors.into_iter().next()) {
            let message =
                format!("cannot read the certificates in {}, which {variable} names: {cause}", path.display());
            let hint = format!("let {variable} name a file or folder with PEM certificates, or unset it");
            return Err(Error::new(ErrorKind::Environment, message).with_hint(hint));
        }
        found.extend(loaded.certs);
    }
    if found.is_empty() {
        let message = "there is no certificate in the files that SSL_CERT_FILE and SSL_CERT_DIR name";
        return Err(
            Error::new(ErrorKind::Environment, message).with_hint("let them name PEM certificates, or unset them")
        );
    }
    Ok(specific(&found))
}

fn specific(certificates: &[impl AsRef<[u8]>]) -> RootCerts {
    let certificates = certificates.iter().map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned());
    RootCerts::Specific(Arc::new(certificates.collect()))
}

/// Asks an HTTP proxy for a plain http URL as such (RFC 9112, section 3.2.2): many proxies allow CONNECT for https only,
/// and the client knows no other way.
#[derive(Debug)]
struct ForwardConnector {
    /// For the connection to the proxy itself.
    direct: Config,
}

impl<In: Transport> Connector<In> for ForwardConnector {
    type Out = Either<In, Forward>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let proxy = details
            .config
            .proxy()
            .filter(|proxy| matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https));
        let (Some(proxy), Some("http"), None) = (proxy, details.uri.scheme_str(), &chained) else {
            return Ok(chained.map(Either::A));
        };
        let to_proxy = ConnectionDetails {
            uri: proxy.uri(),
            addrs: details.resolver.resolve(proxy.uri(), &self.direct, details.timeout)?,
            config: &self.direct,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let transport = (details.run_connector)(&to_proxy)?;
        let authority = details.uri.authority().map_or("", |authority| authority.as_str());
        Ok(Some(Either::B(Forward {
            buffers: LazyBuffers::new(self.direct.input_buffer_size(), self.direct.output_buffer_size()),
            stream: TransportAdapter::new(transport, Arc::clone(&details.current_time)),
            origin: format!("http://{authority}"),
        })))
    }
}

/// A connection to a proxy, over which requests name the whole URL.
struct Forward {
    buffers: LazyBuffers,
    stream: TransportAdapter,
    origin: String,
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forward({})", self.origin)
    }
}

impl Transport for Forward {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        // The line that begins a request has the path alone.
        let methods: [&[u8]; 2] = [b"GET ", b"POST "];
        let split = methods.into_iter().find_map(|method| Some((method, output.strip_prefix(method)?)));
        match split.filter(|(_, rest)| rest.starts_with(b"/")) {
            Some((method, rest)) => self.stream.write_all(&[method, self.origin.as_bytes(), rest].concat())?,
            None => self.stream.write_all(output)?,
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().is_open()
    }
}

/// Sees to it that a connection that breaks is an error: without it, the client takes what has come of a body without
/// length for the whole.
#[derive(Debug)]
struct StrictConnector;

impl<In: Transport> Connector<In> for StrictConnector {
    type Out = Strict<In>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(Strict))
    }
}

#[derive(Debug)]
struct Strict<T>(T);

impl<T: Transport> Transport for Strict<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.0.await_input(timeout).map_err(|error| match error {
            ureq::Error::Io(cause) if is_broken_off(&cause) => io::Error::new(io::ErrorKind::BrokenPipe, cause).into(),
            other => other,
        })
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

/// Whether the other side has left without a word.
pub(super) fn is_broken_off(cause: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    matches!(cause.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}
