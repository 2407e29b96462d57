//! Which provider hosts a remote, where its API is, and which token is for it. Well-known hosts are known; of others the
//! environment tells, by the variables that the providers' own programs and pipelines use, or the user.

use super::{Remotes, Token};
use crate::address::Address;
use crate::error::{Error, ErrorKind, Result};
use crate::git::{Hosted, Protocol};
use crate::process::Environment;
use secrecy::SecretString;

/// Who hosts a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// GitHub, and GitHub Enterprise.
    Github,
    /// GitLab, also self-managed.
    Gitlab,
    /// Gitea and Forgejo.
    Gitea,
}

const ALL: [Provider; 3] = [Provider::Github, Provider::Gitlab, Provider::Gitea];

/// Where the API of a project is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) provider: Provider,
    pub(super) host: String,
    pub(super) api: String,
    pub(super) web: String,
    pub(super) base: String,
    pub(super) head: String,
    /// Whether the environment names this server for the provider.
    is_named: bool,
}

impl Provider {
    fn name(self) -> &'static str {
        match self {
            Provider::Github => "GitHub",
            Provider::Gitlab => "GitLab",
            Provider::Gitea => "Gitea",
        }
    }

    /// Whether everybody knows the host as this provider's.
    fn has_host(self, host: &str) -> bool {
        match self {
            Provider::Github => host == "github.com" || host.ends_with(".ghe.com"),
            Provider::Gitlab => host == "gitlab.com",
            Provider::Gitea => ["codeberg.org", "gitea.com"].contains(&host),
        }
    }

    /// The path of the API on a server, which is an origin and perhaps a path.
    fn api(self, web: &str) -> String {
        let public = web.strip_prefix("https://").filter(|host| self == Provider::Github && self.has_host(host));
        match (self, public) {
            (_, Some(host)) => format!("https://api.{host}"),
            (Provider::Github, None) => format!("{web}/api/v3"),
            (Provider::Gitlab, None) => format!("{web}/api/v4"),
            (Provider::Gitea, None) => format!("{web}/api/v1"),
        }
    }

    /// The servers that the environment names: the variable, the address of pages and that of the API.
    fn named(self, environment: &Environment) -> Vec<Named> {
        let value = |name: &str| environment.get(name)?.to_str().map(|text| text.trim_end_matches('/').to_owned());
        let value = |name: &str| value(name).filter(|text| !text.is_empty());
        let api = |name: &'static str, path: &str| {
            let api = value(name)?;
            let web = match api.strip_suffix(path) {
                Some(web) => web.to_owned(),
                // The API of a public server has a host of its own.
                None => api.replacen("://api.", "://", 1),
            };
            Named::new(name, web, api)
        };
        let web = |name: &'static str| {
            let web = value(name)?;
            let web = if web.contains("://") { web } else { format!("https://{web}") };
            let api = self.api(&web);
            Named::new(name, web, api)
        };
        let named = match self {
            // Pipelines of Gitea have these variables too.
            Provider::Github if value("GITHUB_API_URL").is_some_and(|api| api.ends_with("/api/v1")) => {
                [web("GH_HOST"), None, None]
            }
            Provider::Github => [api("GITHUB_API_URL", "/api/v3"), web("GITHUB_SERVER_URL"), web("GH_HOST")],
            Provider::Gitlab => [api("CI_API_V4_URL", "/api/v4"), web("GITLAB_HOST"), None],
            Provider::Gitea => [web("GITEA_INSTANCE_URL"), web("GITEA_URL"), web("FORGEJO_URL")],
        };
        named.into_iter().flatten().collect()
    }

    fn variables(self, host: &str) -> &'static [&'static str] {
        match self {
            Provider::Github if self.has_host(host) => &["GH_TOKEN", "GITHUB_TOKEN"],
            Provider::Github => &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
            Provider::Gitlab => &["GITLAB_TOKEN"],
            Provider::Gitea => &["GITEA_TOKEN", "FORGEJO_TOKEN"],
        }
    }
}

/// A server that a variable names.
struct Named {
    variable: &'static str,
    host: String,
    web: String,
    api: String,
}

impl Named {
    fn new(variable: &'static str, web: String, api: String) -> Option<Named> {
        let host = server(&web).ok()?.host;
        Some(Named { variable, host, web, api })
    }
}

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
    for (ssh, host) in [("ssh.github.com", "github.com"), ("altssh.gitlab.com", "gitlab.com")] {
        if hosted.host == ssh {
            host.clone_into(&mut hosted.host);
        }
    }
    Ok(hosted)
}

/// Finds the server and the projects.
pub(super) fn find(remotes: Remotes<'_>, told: Option<Provider>, environment: &Environment) -> Result<Endpoint> {
    let (base, head) = (server(remotes.base)?, server(remotes.head)?);
    if base.host != head.host {
        let message = format!(
            "cannot open a pull request: the branch is pushed to {}, and shall get into one at {}",
            head.host, base.host
        );
        return Err(Error::new(ErrorKind::Usage, message).with_hint("push to a fork on the same server"));
    }
    let names = |provider: Provider| provider.named(environment).into_iter().find(|named| named.host == base.host);
    let known = told
        .or_else(|| ALL.into_iter().find(|provider| provider.has_host(&base.host)))
        .or_else(|| ALL.into_iter().find(|provider| names(*provider).is_some()));
    let Some(provider) = known else {
        let message = format!("cannot open a pull request: it is not known which provider {} is", base.host);
        return Err(Error::new(ErrorKind::Usage, message).with_hint(
            "name it with --provider github, gitlab or gitea; or set GH_HOST, GITLAB_HOST or GITEA_INSTANCE_URL to this \
             server",
        ));
    };
    let named = names(provider);
    let (web, api) = match &named {
        Some(named) => (named.web.clone(), named.api.clone()),
        None => {
            let web = origin(&base);
            (web.clone(), provider.api(&web))
        }
    };
    let (base_project, head_project) = (project(provider, &base, &web)?, project(provider, &head, &web)?);
    Ok(Endpoint {
        provider,
        host: base.host,
        is_named: named.is_some(),
        api,
        web,
        base: base_project,
        head: head_project,
    })
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
fn project(provider: Provider, remote: &Hosted, web: &str) -> Result<String> {
    let path = remote.path.strip_suffix(".git").unwrap_or(&remote.path).trim_matches('/');
    let below = server(web).map(|server| server.path).unwrap_or_default();
    let path = path.strip_prefix(&below).filter(|_| !below.is_empty()).unwrap_or(path).trim_matches('/');
    let parts = path.split('/').count();
    let fits = match provider {
        Provider::Gitlab => parts >= 2,
        Provider::Github | Provider::Gitea => parts == 2,
    };
    if fits && path.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return Ok(path.to_owned());
    }
    let message = format!(
        "cannot open a pull request: the remote's path {} is no project of {}",
        path.escape_debug(),
        provider.name()
    );
    Err(Error::new(ErrorKind::Usage, message).with_hint(
        "a project is OWNER/NAME; where the server is below a path, set GITEA_INSTANCE_URL or CI_API_V4_URL",
    ))
}

/// The token for a place, if it can be sent there. A token is for the servers that the environment names for the provider;
/// where it names none, for the provider's own, or the one that the user has named the provider of.
pub(super) fn token(endpoint: &Endpoint, is_told: bool, environment: &Environment) -> Result<Token> {
    let Endpoint { provider, host, .. } = endpoint;
    let refuse = |reason: String, hint: String| {
        let message = format!("cannot open a pull request at {host}: {reason}");
        Err(Error::new(ErrorKind::Environment, message).with_hint(hint))
    };
    let variables = provider.variables(host);
    let found = variables.iter().find_map(|variable| {
        let value = environment.get(variable)?.to_str()?.trim();
        (!value.is_empty()).then(|| (*variable, value.to_owned()))
    });
    let Some((variable, value)) = found else {
        return refuse(
            "there is no token for it".to_owned(),
            format!("set {} to a token that may open pull requests there", variables.join(" or ")),
        );
    };
    let named = provider.named(environment);
    let is_enterprise = variable.contains("ENTERPRISE");
    if !endpoint.is_named && !is_enterprise {
        if let Some(other) = named.first() {
            return refuse(
                format!("the token in {variable} is for {}, which {} names", other.host, other.variable),
                format!("set {} to {host}, and {variable} to a token for it", other.variable),
            );
        }
        if !provider.has_host(host) && !is_told {
            return refuse(
                format!("{variable} is not known to be for it"),
                "name the server in GH_HOST, GITLAB_HOST or GITEA_INSTANCE_URL, or the provider with --provider"
                    .to_owned(),
            );
        }
    }
    let is_safe =
        endpoint.api.starts_with("https://") || Address::parse(&endpoint.api).is_ok_and(|api| api.is_loopback());
    if !is_safe {
        return refuse(
            format!("a token is sent over https only, and the API is at {}", endpoint.api),
            "give the remote an https or ssh url".to_owned(),
        );
    }
    let scheme = if *provider == Provider::Gitea { "token" } else { "Bearer" };
    let authorization = SecretString::from(format!("{scheme} {value}"));
    Ok(Token { variable, value: value.into(), authorization })
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
