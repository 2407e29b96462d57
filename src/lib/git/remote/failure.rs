//! What git's complaints mean to the person who must act. They are read in the C locale; where none of the known texts
//! is in one, its last lines are shown as they are.

use crate::error::{Error, ErrorKind};
use crate::process::Output;

/// Why a remote repository gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    HostUnknown,
    Proxy,
    Refused,
    Unreachable,
    Certificate,
    HostKey,
    Login,
    Forbidden,
    NoRepository,
    NoReference,
    CommitNotServed,
    NotAllowed,
    NoSpace,
    TooLong,
    Sha256,
    Other,
}

/// The first that fits counts: what is certain comes before what git adds to every failure.
const TEXTS: &[(Trouble, &[&str])] = &[
    (Trouble::NoSpace, &["no space left on device", "disk quota exceeded"]),
    (Trouble::TooLong, &["file too large"]),
    (Trouble::Sha256, &["mismatched algorithms"]),
    (Trouble::NotAllowed, &["transport '", "protocol '"]),
    (Trouble::NoReference, &["couldn't find remote ref", "could not find remote ref"]),
    (Trouble::CommitNotServed, &["not our ref", "request for unadvertised object", "tf401035"]),
    (Trouble::NoRepository, &["repository not exported"]),
    (Trouble::Proxy, &["resolve proxy", "from proxy after connect", "connect tunnel failed", "proxy connect aborted"]),
    (Trouble::HostKey, &["host key verification failed", "remote host identification has changed"]),
    (Trouble::HostUnknown, &["could not resolve host", "name or service not known", "nodename nor servname"]),
    (
        Trouble::Certificate,
        &["ssl certificate", "certificate verif", "setting certificate", "certificate subject name"],
    ),
    (
        Trouble::Certificate,
        &[
            "problem with the ssl ca cert",
            "self-signed certificate",
            "self signed certificate",
            "ssl_error",
            "tls connect error",
        ],
    ),
    (Trouble::Refused, &["connection refused"]),
    (
        Trouble::Unreachable,
        &["failed to connect", "couldn't connect", "timed out", "is unreachable", "no route to host"],
    ),
    (Trouble::Login, &["authentication failed", "could not read username", "could not read password"]),
    (Trouble::Login, &["terminal prompts disabled", "permission denied (", "access denied", "returned error: 401"]),
    (Trouble::Login, &["invalid credentials", "too many authentication failures", "no supported authentication"]),
    (Trouble::Forbidden, &["returned error: 403"]),
    (Trouble::NoRepository, &["repository not found", "does not appear to be a git repo", "returned error: 404"]),
    (Trouble::NoRepository, &["' not found", "does not exist", "not a git repository", "could not be found"]),
    // The words of Gerrit and others: want 0123.. not valid.
    (Trouble::CommitNotServed, &[" not valid"]),
];

impl Trouble {
    /// What a git that has failed says.
    pub(super) fn of_output(output: &Output) -> Trouble {
        Trouble::of(&String::from_utf8_lossy(&output.stderr))
    }

    fn of(complaint: &str) -> Trouble {
        let complaint = complaint.to_ascii_lowercase();
        let fits = |texts: &[&str]| texts.iter().any(|text| complaint.contains(text));
        TEXTS.iter().find(|(_, texts)| fits(texts)).map_or(Trouble::Other, |(trouble, _)| *trouble)
    }

    /// `doing` begins the message: `cannot fetch main from https://..`.
    pub(super) fn explain(self, doing: &str, complaint: &str) -> Error {
        let complain = |text: &str| format!("{text}: {complaint}");
        let ask = "nobody can answer a question here: see that `git ls-remote` works without one";
        let (reason, hint) = match self {
            Trouble::HostUnknown => {
                ("no such host is known".to_owned(), "check the spelling of the host, the network, and the name server")
            }
            Trouble::Proxy => (
                complain("the proxy does not connect"),
                "check http.proxy in git's settings, and HTTPS_PROXY and NO_PROXY in the environment",
            ),
            Trouble::Refused => {
                ("the connection is refused".to_owned(), "check the host and the port; the server may be down")
            }
            Trouble::Unreachable => (
                "the server cannot be reached".to_owned(),
                "check the network, the host and the port, and whether a proxy is needed",
            ),
            Trouble::Certificate => (
                complain("the server's certificate cannot be trusted"),
                "name the authority that signed it in git's http.sslCAInfo, or in GIT_SSL_CAINFO",
            ),
            Trouble::HostKey => (
                "the host key of the server is not known, or has changed".to_owned(),
                "compare the key with what the server's owner publishes, and add it to ~/.ssh/known_hosts",
            ),
            Trouble::Login => ("the server does not accept the credentials".to_owned(), ask),
            Trouble::Forbidden => (
                "the server does not allow it to these credentials (403)".to_owned(),
                "use an account, a token or a deploy key that may read the repository",
            ),
            Trouble::NoRepository => (
                "there is no such repository, or these credentials do not show it".to_owned(),
                "check the spelling of the url, and that the credentials may read the repository",
            ),
            Trouble::NotAllowed => (
                "git was led to a protocol that is not allowed".to_owned(),
                "check for redirections, and for insteadOf in git's settings",
            ),
            Trouble::NoSpace => {
                ("no space left for the cache".to_owned(), "free some space and run the same command again")
            }
            Trouble::TooLong => ("it is longer than a file may be here".to_owned(), "see what `ulimit -f` says"),
            Trouble::Sha256 => (
                "the repository names its objects by SHA-256".to_owned(),
                "only repositories with SHA-1 names can be read",
            ),
            Trouble::NoReference | Trouble::CommitNotServed => (
                "the repository does not have it".to_owned(),
                "check the spelling; a commit must have been pushed, and be named with all of its 40 digits",
            ),
            Trouble::Other => (
                if complaint.is_empty() { "git failed without a word".to_owned() } else { complain("git failed") },
                "run `git ls-remote` with the same url to see more",
            ),
        };
        let kind = match self {
            Trouble::NotAllowed | Trouble::TooLong | Trouble::Sha256 => ErrorKind::Failed,
            Trouble::NoReference | Trouble::CommitNotServed => ErrorKind::Failed,
            _ => ErrorKind::Environment,
        };
        Error::new(kind, format!("{doing}: {reason}")).with_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_told_apart() {
        for (complaint, expected) in [
            ("fatal: unable to access 'https://x/': Could not resolve host: x", Trouble::HostUnknown),
            ("ssh: Could not resolve hostname x: Name or service not known", Trouble::HostUnknown),
            ("Failed to connect to x port 443 after 2 ms: Connection refused", Trouble::Refused),
            ("Failed to connect to x port 443 after 2 ms: Couldn't connect to server", Trouble::Unreachable),
            ("server certificate verification failed. CAfile: none CRLfile: none", Trouble::Certificate),
            ("SSL certificate problem: unable to get local issuer certificate", Trouble::Certificate),
            ("fatal: could not read Username for 'https://x': terminal prompts disabled", Trouble::Login),
            ("fatal: Authentication failed for 'https://x/'", Trouble::Login),
            ("git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.", Trouble::Login),
            ("Host key verification failed.\nfatal: Could not read from remote repository.", Trouble::HostKey),
            ("remote: Repository not found.\nfatal: repository 'https://x/' not found", Trouble::NoRepository),
            ("fatal: '/x' does not appear to be a git repository", Trouble::NoRepository),
            ("fatal: couldn't find remote ref refs/heads/x", Trouble::NoReference),
            ("fatal: remote error: upload-pack: not our ref 01", Trouble::CommitNotServed),
            ("error: Server does not allow request for unadvertised object 01", Trouble::CommitNotServed),
            ("fatal: transport 'http' not allowed", Trouble::NotAllowed),
            ("fatal: mismatched algorithms: client sha1; server sha256", Trouble::Sha256),
            ("fatal: remote error: access denied or repository not exported: /x", Trouble::NoRepository),
            ("fatal: remote error: want 01 not valid", Trouble::CommitNotServed),
            ("fatal: write error: File too large\nfatal: fetch-pack: invalid index-pack output", Trouble::TooLong),
            ("fatal: something else", Trouble::Other),
        ] {
            assert_eq!(Trouble::of(complaint), expected, "{complaint}");
        }
    }
}
