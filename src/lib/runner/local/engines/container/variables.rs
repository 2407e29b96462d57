//! Which variables the program of a container runtime has of its own, and how those of a step get into a container.

/// What the runtime's own program gets of the caller's environment.
pub(super) const OWN_VARIABLES: [&str; 18] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "TMPDIR",
    "XDG_*",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_*",
    "CONTAINER_*",
    "CONTAINERS_*",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSH_AUTH_SOCK",
    "SSL_CERT_*",
];

/// Variables that would steer the runtime's program, did it find them in its own environment. A step must not choose what
/// that program loads, or which server it talks to.
const STEERING: [&str; 46] = [
    "AARDVARK*",
    "ALL_PROXY",
    "all_proxy",
    "BASH*",
    "BUILDAH*",
    "CNI*",
    "CONTAINER*",
    "CRUN*",
    "DBUS*",
    "DOCKER*",
    "GCONV*",
    "GETCONF*",
    "GLIBC*",
    "GO*",
    "GPG*",
    "HOME",
    "HOSTALIASES",
    "HTTP*",
    "http*",
    "LANG*",
    "LC_*",
    "LD_*",
    "LIBCRUN*",
    "LISTEN*",
    "LOC*",
    "MALLOC*",
    "NETAVARK*",
    "NLSPATH",
    "NOTIFY*",
    "NO_PROXY",
    "no_proxy",
    "OCI*",
    "PATH",
    "PODMAN*",
    "REGISTR*",
    "RES_*",
    "RUNC*",
    "SSH_*",
    "SSL_*",
    "STORAGE*",
    "TEMP",
    "TMP*",
    "TZ*",
    "USER",
    "XDG_*",
    "_*",
];

/// How a variable gets into a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By the environment of the runtime, which passes it on.
    Environment,
    /// By a file of variables: it would steer the runtime.
    File,
    /// By the command line, where others on this machine can read it: no file of variables can hold it.
    CommandLine,
}

/// Whether a variable can have this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0', '\n'])
}

/// How a variable gets into a container.
pub(super) fn way_of(name: &str, value: &str) -> Way {
    // With a star at its end, a name stands for all variables of the runtime that begin so.
    if !steers(name) && !name.contains('*') {
        return Way::Environment;
    }
    // Some versions take quotes and backslashes for syntax, and lines have a limit.
    let is_plain = |letter: char| !letter.is_control() && !"\"'`\\".contains(letter);
    let is_word = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-*".contains(letter));
    if is_word && value.chars().all(is_plain) && value.len() < 32 << 10 { Way::File } else { Way::CommandLine }
}

/// Whether a variable must not be in the environment of the runtime's program.
fn steers(name: &str) -> bool {
    STEERING.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_the_runtime_stays_out_of_its_environment() {
        for name in [
            "LD_PRELOAD",
            "PATH",
            "HOME",
            "DOCKER_HOST",
            "CONTAINER_HOST",
            "CONTAINERS_CONF",
            "XDG_RUNTIME_DIR",
            "GODEBUG",
            "REGISTRIES_CONFIG_PATH",
            "A*",
        ] {
            assert_eq!(way_of(name, "plain $HOME # x"), Way::File, "{name}");
            assert_eq!(way_of(name, "two\nlines"), Way::CommandLine, "{name}");
        }
        for name in ["TOKEN", "PULL_NUMBER", "MY_PATH"] {
            assert_eq!(way_of(name, "two\nlines"), Way::Environment, "{name}");
        }
        for value in ["\"quoted\"", "'", "a\\b", &"x".repeat(1 << 20)] {
            assert_eq!(way_of("DOCKER_X", value), Way::CommandLine, "{value:.9}");
        }
        assert_eq!(way_of("#HOME*", "x"), Way::CommandLine);
    }
}
