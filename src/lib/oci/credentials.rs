//! The user's logins for registries: those that docker, podman and helm keep.

use super::reference::Reference;
use super::settings::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::process::Program;
use crate::text::{plain, shortened};
use crate::tree::read_named;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How much a file with logins may hold.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// How much a credential helper may print.
const HELPER_LIMIT: usize = 1024 * 1024;

/// The user name of a helper whose secret is a refresh token.
const TOKEN_USER: &str = "<token>";

/// What a helper says of a server that it does not know.
const UNKNOWN_TO_HELPER: &str = "credentials not found";

#[derive(Debug, Clone)]
pub(super) enum Login {
    Password {
        user: String,
        password: SecretString,
    },
    /// A token server gives a token for it.
    Refresh(SecretString),
    /// Goes to the registry as it is.
    Token(SecretString),
}

/// What the user has for a registry.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) login: Option<Login>,
    /// Where the login is kept, for people.
    pub(super) place: String,
    /// Why there may be a login that could not be had.
    pub(super) trouble: Option<Error>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: Option<BTreeMap<String, Option<Entry>>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    identitytoken: Option<SecretString>,
    registrytoken: Option<SecretString>,
}

/// What a helper prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    username: String,
    secret: SecretString,
}

/// Looks for a login. What a helper has to complain of is kept for the case that the registry wants one.
///
/// # Errors
/// A file with logins cannot be read ([`ErrorKind::Environment`]).
pub(super) fn find(reference: &Reference, settings: &Settings) -> Result<Found> {
    let mut trouble = None;
    for path in files(settings) {
        let Some(bytes) = read_named(&path, FILE_LIMIT)? else { continue };
        let place = path.display().to_string();
        let config: Config = serde_json::from_slice(&bytes).map_err(|cause| {
            // What the parser says may quote a secret.
            let what = format!("line {}: it is not the JSON of docker", cause.line());
            Error::new(ErrorKind::Environment, format!("cannot read the logins in {place}: {what}"))
                .with_hint("repair it, or move it away and log in again with `docker login`")
        })?;
        for (helper, server) in helpers(&config, reference) {
            match ask_helper(&helper, &server, settings) {
                Ok(Some(login)) => {
                    return Ok(Found { login: Some(login), place: format!("docker-credential-{helper}"), trouble });
                }
                Ok(None) => {}
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        if let Some(entry) = entry_of(&config, reference) {
            match login_of(entry) {
                Ok(Some(login)) => return Ok(Found { login: Some(login), place, trouble }),
                Ok(None) => {}
                Err(reason) => {
                    let message = format!("cannot use the login for {} in {place}: {reason}", reference.registry);
                    let hint = format!("log in again: docker login {}", reference.registry);
                    return Err(Error::new(ErrorKind::Environment, message).with_hint(hint));
                }
            }
        }
    }
    Ok(Found { trouble, ..Found::default() })
}

/// Where logins are kept: docker's file counts before that of podman.
fn files(settings: &Settings) -> Vec<PathBuf> {
    let folder = |name: &str| settings.environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let docker = folder("DOCKER_CONFIG").or_else(|| folder("HOME").map(|home| home.join(".docker")));
    let podman = folder("XDG_RUNTIME_DIR").map(|run| run.join("containers/auth.json"));
    docker.map(|docker| docker.join("config.json")).into_iter().chain(podman).collect()
}

/// The helpers to ask, each with the server's name: the registry's own counts before the one for all.
fn helpers(config: &Config, reference: &Reference) -> Vec<(String, String)> {
    let names = reference.login_names();
    let mut asked = Vec::new();
    if let Some(own) = &config.cred_helpers {
        let found = names.iter().find_map(|name| Some((own.get(name).or_else(|| own.get(bare(name)))?, name)));
        asked.extend(found.map(|(helper, name)| (helper.clone(), name.clone())));
    }
    if let Some(store) = &config.creds_store {
        let server = if reference.is_docker_hub() { names.first() } else { names.last() };
        asked.extend(server.map(|server| (store.clone(), server.clone())));
    }
    asked.retain(|(helper, _)| !helper.is_empty());
    asked
}

/// The entry of the name that is nearest to the repository.
fn entry_of<'a>(config: &'a Config, reference: &Reference) -> Option<&'a Entry> {
    let auths = config.auths.as_ref()?;
    let names = reference.login_names();
    let exact = names.iter().find_map(|name| auths.get(name)?.as_ref());
    // Some programs write the URL of the registry.
    let of_url = || auths.iter().find(|(key, _)| names.iter().any(|name| name == bare(key)))?.1.as_ref();
    exact.or_else(of_url)
}

/// The host of a server's name, which may be a URL.
fn bare(name: &str) -> &str {
    match name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")) {
        Some(rest) => rest.split('/').next().unwrap_or_default(),
        None => name.trim_end_matches('/'),
    }
}

fn login_of(entry: &Entry) -> std::result::Result<Option<Login>, &'static str> {
    let given = |secret: &Option<SecretString>| secret.clone().filter(|secret| !secret.expose_secret().is_empty());
    if let Some(token) = given(&entry.registrytoken) {
        return Ok(Some(Login::Token(token)));
    }
    if let Some(token) = given(&entry.identitytoken) {
        return Ok(Some(Login::Refresh(token)));
    }
    if let Some(auth) = given(&entry.auth) {
        let decoded = STANDARD.decode(auth.expose_secret().trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(decoded) = decoded.map(SecretString::from) else { return Err("`auth` is not base64 of text") };
        let Some((user, password)) = decoded.expose_secret().split_once(':') else {
            return Err("`auth` is not USER:PASSWORD in base64");
        };
        let password = SecretString::from(password.trim_end_matches('\0'));
        return Ok(Some(Login::Password { user: user.to_owned(), password }));
    }
    let user = entry.username.clone().filter(|user| !user.is_empty());
    Ok(user.zip(given(&entry.password)).map(|(user, password)| Login::Password { user, password }))
}

/// Asks a credential helper. It prints nothing that is not a secret, so nothing of its output is shown.
fn ask_helper(helper: &str, server: &str, settings: &Settings) -> Result<Option<Login>> {
    let doing = format!("cannot get the login for {server} from docker-credential-{}", shortened(&plain(helper)));
    let fail = |reason: &str, hint: &str| {
        Err(Error::new(ErrorKind::Environment, format!("{doing}: {reason}")).with_hint(hint))
    };
    if !helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return fail("this is not a name of a program", "check `credsStore` and `credHelpers` in docker's config.json");
    }
    let program = format!("docker-credential-{helper}");
    let see = format!("see what it says: echo {server} | {program} get");
    let output = Program::new(&program)
        .install_hint(format!("install {program}, or take it out of docker's config.json"))
        .envs(&settings.environment)
        .arg("get")
        .stdin(format!("{server}\n"))
        .output_limit(HELPER_LIMIT)
        .timeout(settings.helper_timeout)
        .run()
        .map_err(|error| {
            let hint = error.hint.clone().unwrap_or_else(|| see.clone());
            Error { message: format!("{doing}: {}", error.message), ..error }.with_hint(hint)
        })?;
    if !output.is_success() {
        // Helpers complain on stdout.
        let printed = String::from_utf8_lossy(&output.stdout).to_ascii_lowercase();
        if printed.contains(UNKNOWN_TO_HELPER) {
            return Ok(None);
        }
        let complaint = output.complaint();
        let said = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
        return fail(&format!("it failed ({}){said}", output.status), &see);
    }
    let Ok(printed) = serde_json::from_slice::<Printed>(&output.stdout) else {
        return fail("it printed no login", "check that the program is a credential helper of docker");
    };
    Ok(match printed {
        Printed { secret, .. } if secret.expose_secret().is_empty() => None,
        Printed { username, secret } if username == TOKEN_USER => Some(Login::Refresh(secret)),
        Printed { username, secret } => Some(Login::Password { user: username, password: secret }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Environment;
    use crate::tree::Store;

    /// A login, in short.
    fn found(config: &str, url: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        crate::tree::Root::open(folder.path()).unwrap().write("config.json", config.as_bytes()).unwrap();
        let mut environment = Environment::default();
        environment.set("DOCKER_CONFIG", folder.path());
        let settings = Settings::new(environment, Store::new(folder.path().join("store")));
        let reference = Reference::parse(url, "1").unwrap();
        match find(&reference, &settings) {
            Err(error) => {
                assert!(error.hint.is_some() && !format!("{error:?}").contains("s3cr"), "{error:?}");
                error.message.replace(&*folder.path().to_string_lossy(), "")
            }
            Ok(found) => {
                assert!(!format!("{found:?}").contains("s3cr"), "{found:?}");
                match found.login {
                    None => String::new(),
                    Some(Login::Password { user, password }) => format!("{user}:{}", password.expose_secret()),
                    Some(Login::Refresh(token)) => format!("refresh {}", token.expose_secret()),
                    Some(Login::Token(token)) => format!("token {}", token.expose_secret()),
                }
            }
        }
    }

    fn auths(entries: &str) -> String {
        format!(r#"{{"auths": {{{entries}}}}}"#)
    }

    #[test]
    fn logins_are_found_as_docker_and_podman_keep_them() {
        let auth = |login: &str| format!(r#"{{"auth": "{}"}}"#, STANDARD.encode(login));
        let many = auths(&format!(
            r#""h:5000": {}, "h:5000/team": {}, "https://hub.example/v1/": {}, "https://index.docker.io/v1/": {}, "empty": {{}}, "null": null"#,
            auth("u:s3cret"),
            auth("t:s3cr:et"),
            auth("v:s3cret2"),
            auth("d:s3cret3")
        ));
        for (config, url, expected) in [
            (many.as_str(), "oci://h:5000/a", "u:s3cret"),
            (&many, "oci://h:5000/team/a", "t:s3cr:et"),
            (&many, "oci://h:5000/teams/a", "u:s3cret"),
            (&many, "oci://h/a", ""),
            (&many, "oci://hub.example/a", "v:s3cret2"),
            (&many, "oci://docker.io/a", "d:s3cret3"),
            (&many, "oci://empty/a", ""),
            (&many, "oci://null/a", ""),
            ("{}", "oci://h/a", ""),
            (&auths(r#""h": {"auth": "eDp5", "identitytoken": "s3cret"}"#), "oci://h/a", "refresh s3cret"),
            (&auths(r#""h": {"registrytoken": "s3cret"}"#), "oci://h/a", "token s3cret"),
            (&auths(r#""h": {"username": "u", "password": "s3cret"}"#), "oci://h/a", "u:s3cret"),
        ] {
            assert_eq!(found(config, url), expected, "{url} in {config}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_told_without_its_secrets() {
        for (config, expected) in [
            (r#"{"auths": {"h": {"auth": 1, "password": "s3cret"}}}"#, "line 1"),
            (r#"{"auths": "s3cret"}"#, "line 1"),
            ("{\n\"s3cret", "line 2"),
            (r#"{"auths": {"h": {"auth": "s3cret!"}}}"#, "not base64"),
            (r#"{"auths": {"h": {"auth": "czNjcmV0"}}}"#, "USER:PASSWORD"),
        ] {
            assert!(found(config, "oci://h/a").contains(expected), "{config}: {}", found(config, "oci://h/a"));
        }
    }
}
