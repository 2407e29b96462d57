//! From kubeconfig files to a client configuration, as kubectl reads them. kube's own way from one to the other reads
//! the proxies of the environment, and holds `NO_PROXY` against the address of the proxy; so the last step is here.
//! Nothing that a kubeconfig holds is quoted in an error, except names, addresses and paths: the rest may be secret.

use super::failure::{Failure, Names, Reason, login};
use crate::error::Error;
use crate::proxy::{self, Proxies};
use http::HeaderValue;
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, ExecInteractiveMode, Kubeconfig, KubeconfigError};
use secrecy::ExposeSecret;
use std::path::PathBuf;

const CHECK: &str = "check it with `kubectl config view`";

type Result<T> = std::result::Result<T, Failure>;

/// How to reach a cluster, and what may be said about it.
pub(super) struct Target {
    /// For the client.
    pub config: kube::Config,
    /// For messages.
    pub names: Names,
}

/// Reads the files that exist, and merges them in order.
pub(super) fn read(paths: &[PathBuf]) -> Result<Kubeconfig> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths {
        if !path.exists() {
            continue;
        }
        let unusable = |cause: KubeconfigError| {
            let message = format!("cannot use the kubeconfig {}: {}", path.display(), reason(&cause));
            Failure::new(Reason::Kubeconfig, message).with_hint(CHECK)
        };
        let next = Kubeconfig::read_from(path).map_err(unusable)?;
        merged = Some(match merged {
            None => next,
            Some(first) => first.merge(next).map_err(unusable)?,
        });
    }
    merged.ok_or_else(|| {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let message = format!("cannot ask a cluster: there is no kubeconfig at {}", names.join(", "));
        Failure::new(Reason::NoKubeconfig, message).with_hint("set KUBECONFIG to one")
    })
}

/// Why a kubeconfig cannot be used. The parser's own words may quote the file, so only the place is reported.
fn reason(cause: &KubeconfigError) -> String {
    match cause {
        KubeconfigError::Parse(cause) => match cause.location() {
            Some(at) => format!("line {}, column {} is not what a kubeconfig has there", at.line(), at.column()),
            None => "it is not what a kubeconfig is".to_owned(),
        },
        KubeconfigError::ReadConfig(cause, _) => cause.to_string(),
        KubeconfigError::LoadCertificateAuthority(_) => "the certificate authority cannot be read".to_owned(),
        KubeconfigError::LoadClientCertificate(_) => "the client certificate cannot be read".to_owned(),
        KubeconfigError::LoadClientKey(_) => "the client key cannot be read".to_owned(),
        KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => cause.to_string(),
        _ => "it cannot be understood".to_owned(),
    }
}

/// Picks the context, or the current one, and what it names.
pub(super) fn select(kubeconfig: Kubeconfig, context: Option<&str>, proxies: &Proxies) -> Result<Target> {
    let (cluster, mut user) = pick(kubeconfig, context)?;
    // The client's own check is a panic.
    if user.token.as_ref().is_some_and(|token| HeaderValue::from_str(token.expose_secret()).is_err()) {
        return Err(unusable("the user's token holds a character that no header can hold, such as a line break"));
    }
    let names = Names { server: String::new(), proxy: None, ..prepare_login(&mut user, &cluster)? };
    let server = cluster.server.as_deref().unwrap_or_default();
    let url = server.parse().map_err(|_| unusable("the server's address is not a URL"))?;
    let mut config = kube::Config::new(url);
    // Without a scheme or a host there is nothing to connect to.
    if config.cluster_url.scheme().is_none() || config.cluster_url.host().is_none() {
        return Err(unusable("the server's address is not a URL with scheme and host"));
    }
    config.root_cert = root_certificates(&cluster)?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.disable_compression = cluster.disable_compression.unwrap_or(false);
    config.tls_server_name.clone_from(&cluster.tls_server_name);
    config.auth_info = user;
    // Each answer is reported at once: a 503 means that the API server of the group is away, and stays so.
    config.default_retry = false;
    // As kubectl: the kubeconfig has the first word, and NO_PROXY does not concern it.
    let proxy = match cluster.proxy_url.as_deref().filter(|own| !own.is_empty()) {
        Some(own) => Some(proxy::address(own, "the kubeconfig's proxy-url").map_err(of_proxy)?),
        None => proxies.choose(&config.cluster_url).map_err(of_proxy)?,
    };
    let mut names = Names { server: proxy::shown(&config.cluster_url), ..names };
    if let Some(text) = proxy {
        let url = text.parse().map_err(|_| unusable("the proxy's address is not a URL"))?;
        names.proxy = Some(proxy::shown(&url));
        config.proxy_url = Some(url);
    }
    Ok(Target { config, names })
}

fn of_proxy(error: Error) -> Failure {
    Failure { reason: Reason::Environment, message: error.message, hint: error.hint }
}

fn unusable(reason: &str) -> Failure {
    Failure::new(Reason::Kubeconfig, format!("cannot use the kubeconfig: {reason}")).with_hint(CHECK)
}

fn pick(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<(Cluster, AuthInfo)> {
    let without = |what: &str| {
        let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
        let failure = unusable(what);
        if known.is_empty() {
            return failure;
        }
        let hint = format!("its contexts are {}", known.join(", "));
        Failure { reason: Reason::Context(known), ..failure.with_hint(hint) }
    };
    let current = kubeconfig.current_context.as_deref().filter(|name| !name.is_empty());
    let Some(name) = context.or(current) else {
        return Err(without("it has no current context"));
    };
    let found = kubeconfig.contexts.iter().find(|context| context.name == name);
    let Some(context) = found.and_then(|context| context.context.as_ref()) else {
        return Err(without(&format!("it has no context {name}")));
    };
    let found = kubeconfig.clusters.iter().find(|cluster| cluster.name == context.cluster);
    let Some(cluster) = found.and_then(|cluster| cluster.cluster.clone()) else {
        return Err(unusable(&format!("it has no cluster {}, which the context {name} names", context.cluster)));
    };
    // Like kubectl: a user that is not there is nobody.
    let user = kubeconfig.auth_infos.iter().find(|user| Some(&user.name) == context.user.as_ref());
    Ok((cluster, user.and_then(|user| user.auth_info.clone()).unwrap_or_default()))
}

/// Sees to it that a login command never waits for a person: its standard input is closed, and it is informed of that.
fn prepare_login(user: &mut AuthInfo, cluster: &Cluster) -> Result<Names> {
    let mut names = Names::default();
    if let Some(provider) = &user.auth_provider {
        names.login = Some(provider.config.get("cmd-path").unwrap_or(&provider.name).clone());
        return Ok(names);
    }
    // The order in which the client looks for credentials.
    let has_other = (user.username.is_some() && user.password.is_some()) || user.token.is_some();
    if has_other || user.token_file.is_some() {
        return Ok(names);
    }
    let Some(exec) = &mut user.exec else { return Ok(names) };
    let command = exec.command.clone().unwrap_or_default();
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(login(format!("the login command {command} asks for a terminal, and gets none from here"))
            .with_hint("use a context whose login needs nobody to answer"));
    }
    exec.interactive_mode = Some(ExecInteractiveMode::Never);
    if exec.provide_cluster_info {
        exec.cluster = Some(ExecAuthCluster::try_from(cluster).map_err(|cause| unusable(&reason(&cause)))?);
    }
    names.install_hint = exec.install_hint.clone().filter(|hint| !hint.trim().is_empty());
    names.login = Some(command);
    Ok(names)
}

/// The certificates of the cluster's authority, in DER. A file is read by kube, through its way to hand the bytes on
/// to login commands.
fn root_certificates(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>> {
    let loaded = ExecAuthCluster::try_from(cluster).map_err(|cause| unusable(&reason(&cause)))?;
    let Some(text) = loaded.certificate_authority_data else { return Ok(None) };
    let blocks = pem::parse_many(text).map_err(|_| unusable("the certificate authority is not a PEM text"))?;
    let certificates: Vec<Vec<u8>> =
        blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE").map(pem::Pem::into_contents).collect();
    if certificates.is_empty() {
        return Err(unusable("the certificate authority holds no certificate"));
    }
    Ok(Some(certificates))
}
