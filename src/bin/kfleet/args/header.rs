//! `--header-from-env`: a header for one host, whose value no command line shows.

use crate::context::Context;
use kfleet::error::{Error, ErrorKind};
use kfleet::http::HostHeader;
use secrecy::SecretString;

/// A header of `--header-from-env`, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderFromEnv {
    host: String,
    header: String,
    variable: String,
}

impl std::str::FromStr for HeaderFromEnv {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('=').and_then(|(host, rest)| Some((host, rest.rsplit_once(':')?)));
        match parts {
            Some((host, (header, variable))) if ![host, header, variable].contains(&"") => {
                Ok(HeaderFromEnv { host: host.to_owned(), header: header.to_owned(), variable: variable.to_owned() })
            }
            _ => Err("write HOST=HEADER:VARIABLE, such as git.example.org=Authorization:FLEET_TOKEN"),
        }
    }
}

impl HeaderFromEnv {
    /// The header, with its value out of the environment.
    ///
    /// # Errors
    /// The variable is not set ([`ErrorKind::Environment`]).
    pub(crate) fn read(&self, context: &Context) -> Result<HostHeader, Error> {
        let HeaderFromEnv { host, header: name, variable } = self;
        let Some(value) = context.environment.get(variable).and_then(|value| value.to_str()) else {
            let message = format!("cannot set the header {name} for {host}: the variable {variable} is not set");
            return Err(Error::new(ErrorKind::Environment, message).with_hint("export it before you start kfleet"));
        };
        Ok(HostHeader { host: host.clone(), name: name.clone(), value: SecretString::from(value) })
    }
}
