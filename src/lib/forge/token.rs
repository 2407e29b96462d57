//! [`Token`]: which token is for a server, and whether it can be sent there.

use super::endpoint;
use super::provider::Endpoint;
use crate::address::Address;
use crate::error::{Error, ErrorKind, Result};
use crate::process::Environment;
use secrecy::SecretString;

/// A token, and the variable that holds it.
pub(super) struct Token {
    pub(super) variable: &'static str,
    pub(super) value: SecretString,
    /// The value of `Authorization`.
    pub(super) authorization: SecretString,
}

/// The token for a place, if it can be sent there. A token is for the servers that the environment names for the provider;
/// where it names none, for the provider's own, or the one that the user has named the provider of.
pub(super) fn find(endpoint: &Endpoint, is_asked: bool, environment: &Environment) -> Result<Token> {
    let Endpoint { provider, host, .. } = endpoint;
    let refuse = |reason: String, hint: String| {
        let message = format!("cannot open a pull request at {host}: {reason}");
        Err(Error::new(ErrorKind::Environment, message).with_hint(hint))
    };
    let variables = provider.token_variables(host);
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
    let named = endpoint::named(*provider, environment);
    let is_enterprise = variable.contains("ENTERPRISE");
    if !endpoint.is_named && !is_enterprise {
        if let Some((other_host, other)) = named.first() {
            return refuse(
                format!("the token in {variable} is for {other_host}, which {} names", other.variable),
                format!("set {} to {host}, and {variable} to a token for it", other.variable),
            );
        }
        if !provider.has_host(host) && !is_asked {
            return refuse(
                format!("{variable} is not known to be for it"),
                format!(
                    "name the server in {}, or the provider with --provider",
                    endpoint::one_of(|facts| facts.host_variable)
                ),
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
    let authorization = SecretString::from(provider.authorization(&value));
    Ok(Token { variable, value: value.into(), authorization })
}
