//! Which variables the program of a container runtime has of its own, and which it must not get from a step.

/// What the runtime's own program gets of the caller's environment.
pub(super) const OWN_VARIABLES: [&str; 13] = [
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
    "HTTP*_PROXY",
    "NO_PROXY",
    "SSL_CERT_*",
];

/// Variables that would steer the runtime's program, did it find them in its own environment: these go on its command
/// line. A step must not choose what that program loads, or which server it talks to.
const STEERING: [&str; 32] = [
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
    "OCI*",
    "PATH",
    "PODMAN*",
    "REGISTRY*",
    "RES_*",
    "RUNC*",
];
const STEERING_TOO: [&str; 14] = [
    "HTTP*",
    "http*",
    "NO_PROXY",
    "no_proxy",
    "SSH_*",
    "SSL_*",
    "STORAGE*",
    "TEMP",
    "TMP*",
    "TZ*",
    "USER",
    "XDG_*",
    "_*",
    "HOSTALIASES",
];

/// Whether a variable can have this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0', '\n'])
}

/// Whether a variable must not be in the environment of the runtime's program.
pub(super) fn steers(name: &str) -> bool {
    STEERING.iter().chain(&STEERING_TOO).any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}
