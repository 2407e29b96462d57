//! The environment that a step gets of an engine without images.

use std::path::Path;

use crate::process::Environment;
use crate::runner::local::settings::{Network, Settings};

/// Where programs are, on any system.
const STANDARD: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What steps inherit of the caller's environment: neither keys nor agents nor configuration.
pub fn inherited(environment: &Environment, network: Network) -> Environment {
    const ALWAYS: [&str; 4] = ["LANG", "LC_*", "TERM", "TZ"];
    const PROXIES: [&str; 8] =
        ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"];
    match network {
        Network::None => environment.only(&ALWAYS),
        Network::Host => environment.only(&[&ALWAYS[..], &PROXIES[..]].concat()),
    }
}

/// The environment of a step: what it inherits, `defaults` (with the `PATH` that it has by itself), and its own, which
/// wins. The folder of stand-ins, where there is one, is first in `PATH` even where the step has one of its own.
pub(crate) fn environment(
    settings: &Settings,
    own: &[(String, String)],
    defaults: &[(&str, &str)],
    stand_ins: Option<&str>,
) -> Vec<(String, String)> {
    let mut environment = inherited(&settings.environment, settings.network);
    for (name, value) in defaults {
        environment.set(*name, *value);
    }
    for (name, value) in own {
        // What no program could be given.
        if !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0') {
            environment.set(name.as_str(), value.as_str());
        }
    }
    if let Some(folder) = stand_ins {
        let path = environment.text("PATH").unwrap_or_default();
        environment.set("PATH", format!("{folder}:{path}"));
    }
    let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    environment.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// A `PATH` of the caller's folders that `is_visible` lets pass, then the standard ones.
pub(crate) fn search_path(environment: &Environment, is_visible: impl Fn(&Path) -> bool) -> String {
    let own = environment.text("PATH").unwrap_or_default();
    let mut folders: Vec<&str> =
        own.split(':').filter(|folder| folder.starts_with('/') && is_visible(Path::new(folder))).collect();
    for folder in STANDARD {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_inherit_neither_keys_nor_agents() {
        let all =
            [("LANG", "C"), ("SSH_AUTH_SOCK", "/x"), ("HTTPS_PROXY", "p"), ("AWS_SECRET_KEY", "k"), ("HOME", "/h")];
        let names = |network| {
            let kept = inherited(&all.into_iter().collect(), network);
            kept.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(Network::None), ["LANG"]);
        assert_eq!(names(Network::Host), ["HTTPS_PROXY", "LANG"]);
    }

    #[test]
    fn the_search_path_has_what_is_visible() {
        let environment = [("PATH", "/home/me/bin:/usr/local/go/bin:.:/usr/bin")].into_iter().collect();
        let path = search_path(&environment, |folder| folder.starts_with("/usr"));
        assert_eq!(path, "/usr/local/go/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin");
    }
}
