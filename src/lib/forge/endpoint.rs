//! Finds which provider hosts a remote, and where its API is. Well-known hosts are known; of others the environment shows it, by
//! the variables that the providers' own programs and pipelines use, or the user.

use super::provider::{Endpoint, Facts, Provider, Server};
use super::providers::PROVIDERS;
use crate::error::{Error, ErrorKind, Result};
use crate::git::{Hosted, Protocol};
use crate::process::Environment;

/// The server of a URL; ssh may have a host of its own.
fn server(url: &str) -> Result<Hosted> {
    let none = || {
        Error::new(
            ErrorKind::Usage,
            "cannot open a pull request: the remote is a folder of this machine, and no server",
        )
        .with_hint("push it with --push, or give the remote the url of its server: `git remote set-url`")
    };
    let mut hosted = Hosted::parse(url)?.ok_or_else(none)?;
    let mut ssh_hosts = PROVIDERS.iter().flat_map(|provider| provider.facts().ssh_hosts);
    if let Some((_, host)) = ssh_hosts.find(|(ssh, _)| *ssh == hosted.host) {
        (*host).clone_into(&mut hosted.host);
    }
    Ok(hosted)
}

/// A server that the environment names, with its host.
pub(super) fn named(provider: &dyn Provider, environment: &Environment) -> Vec<(String, Server)> {
    let servers = provider.servers(environment).into_iter();
    servers.filter_map(|named| Some((server(&named.web).ok()?.host, named))).collect()
}

/// The remotes, by their URLs.
#[derive(Debug, Clone, Copy)]
pub struct Remotes<'a> {
    /// That of the branch that the commits are to be merged into.
    pub base: &'a str,
    /// That of the branch with the commits: the same one, or a fork's.
    pub head: &'a str,
}

/// Finds the server and the projects. `asked`: the provider that the user names.
pub(super) fn find(
    remotes: Remotes<'_>,
    asked: Option<&'static dyn Provider>,
    environment: &Environment,
) -> Result<Endpoint> {
    let (base, head) = (server(remotes.base)?, server(remotes.head)?);
    if base.host != head.host {
        let message = format!(
            "cannot open a pull request: the branch is pushed to {}, and go into one at {}",
            head.host, base.host
        );
        return Err(Error::new(ErrorKind::Usage, message).with_hint("push to a fork on the same server"));
    }
    let named = |provider: &dyn Provider| {
        named(provider, environment).into_iter().find(|(host, _)| *host == base.host).map(|(_, server)| server)
    };
    let known = asked
        .or_else(|| PROVIDERS.into_iter().find(|provider| provider.has_host(&base.host)))
        .or_else(|| PROVIDERS.into_iter().find(|provider| named(*provider).is_some()));
    let Some(provider) = known else {
        let message = format!("cannot open a pull request: it is not known which provider {} is", base.host);
        return Err(Error::new(ErrorKind::Usage, message).with_hint(format!(
            "name it with --provider {}; or set {} to this server",
            one_of(|facts| facts.key),
            one_of(|facts| facts.host_variable)
        )));
    };
    let named = named(provider);
    let is_named = named.is_some();
    let (web, api) = named.map(|named| (named.web, named.api)).unwrap_or_else(|| {
        let web = origin(&base);
        (web.clone(), provider.api(&web))
    });
    let (base_project, head_project) = (project(provider, &base, &web)?, project(provider, &head, &web)?);
    Ok(Endpoint { provider, host: base.host, api, web, base: base_project, head: head_project, is_named })
}

/// `github, gitlab or gitea`: something of all providers.
pub(super) fn one_of(what: fn(&Facts) -> &'static str) -> String {
    let names: Vec<&str> = PROVIDERS.iter().map(|provider| what(provider.facts())).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// Where the pages of a remote's server are.
fn origin(remote: &Hosted) -> String {
    let is_web = matches!(remote.protocol, Protocol::Https | Protocol::Http);
    let scheme = if remote.protocol == Protocol::Http { "http" } else { "https" };
    // The port of ssh says nothing of that of https.
    let port = remote.port.filter(|_| is_web).map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}", remote.host)
}

/// The name of a project: without the path below which the server is.
fn project(provider: &dyn Provider, remote: &Hosted, web: &str) -> Result<String> {
    let path = remote.path.strip_suffix(".git").unwrap_or(&remote.path).trim_matches('/');
    let below = server(web).map(|server| server.path).unwrap_or_default();
    let path = path.strip_prefix(&below).filter(|_| !below.is_empty()).unwrap_or(path).trim_matches('/');
    if provider.is_project(path.split('/').count()) && path.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return Ok(path.to_owned());
    }
    let message = format!(
        "cannot open a pull request: the remote's path {} is not a project of {}",
        path.escape_debug(),
        provider.facts().name
    );
    Err(Error::new(ErrorKind::Usage, message).with_hint(
        "a project is OWNER/NAME; where the server is below a path, set GITEA_INSTANCE_URL or CI_API_V4_URL",
    ))
}
