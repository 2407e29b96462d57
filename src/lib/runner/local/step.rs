//! What the engines without images agree on: the environment that a step gets, and how its program is found.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::options::{Network, Settings};
use crate::process::Environment;

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
pub(super) fn environment(
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
        let path = environment.get("PATH").map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        environment.set("PATH", format!("{folder}:{path}"));
    }
    let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    environment.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// A `PATH` of the caller's folders that `is_visible` lets pass, then the standard ones.
pub(super) fn search_path(environment: &Environment, is_visible: impl Fn(&Path) -> bool) -> String {
    let own = environment.get("PATH").map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    let mut folders: Vec<&str> =
        own.split(':').filter(|folder| folder.starts_with('/') && is_visible(Path::new(folder))).collect();
    for folder in STANDARD {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.join(":")
}

/// Finds the program of a command line: in `path` where its name has no `/`. The error is as container runtimes word it.
pub(super) fn find_program(name: &str, path: &str) -> Result<PathBuf, String> {
    let is_program = |found: &Metadata| found.is_file() && found.permissions().mode() & 0o111 != 0;
    if name.is_empty() {
        return Err("exec: \"\": no command".to_owned());
    }
    if name.contains('/') {
        return match Path::new(name).metadata() {
            Ok(found) if is_program(&found) => Ok(PathBuf::from(name)),
            Ok(_) => Err(format!("exec: {name:?}: permission denied")),
            Err(cause) if cause.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(format!("exec: {name:?}: permission denied"))
            }
            Err(_) => Err(format!("exec: {name:?}: no such file or directory")),
        };
    }
    let found = path
        .split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| Path::new(folder).join(name))
        .find(|program| program.metadata().is_ok_and(|found| is_program(&found)));
    found.ok_or_else(|| format!("exec: {name:?}: executable file not found in $PATH"))
}

/// What an error that the system gives for a program that is there means.
pub(super) fn unstarted(program: &Path, cause: &std::io::Error) -> String {
    let shown = program.display();
    match cause.kind() {
        std::io::ErrorKind::NotFound => format!(
            "fork/exec {shown}: no such file or directory: the interpreter in its first line, or the loader it needs, is missing"
        ),
        std::io::ErrorKind::PermissionDenied => format!("fork/exec {shown}: permission denied"),
        std::io::ErrorKind::ArgumentListTooLong => format!("fork/exec {shown}: argument list too long"),
        _ => {
            let text = cause.to_string().to_lowercase();
            let text = text.split(" (os error").next().unwrap_or_default();
            format!("fork/exec {shown}: {text}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_runtimes_find_them() {
        assert_eq!(find_program("sh", "/none:/usr/bin:/bin").unwrap().file_name().unwrap(), "sh");
        assert_eq!(find_program("/bin/sh", "").unwrap(), Path::new("/bin/sh"));
        for (name, reason) in [
            ("no-such-program", "exec: \"no-such-program\": executable file not found in $PATH"),
            ("/none/x", "exec: \"/none/x\": no such file or directory"),
            ("/etc/passwd", "exec: \"/etc/passwd\": permission denied"),
            ("/usr", "exec: \"/usr\": permission denied"),
            ("", "exec: \"\": no command"),
        ] {
            assert_eq!(find_program(name, "relative:/bin").unwrap_err(), reason);
        }
    }

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
