//! What helm's complaints mean to the person who must act, and which of its other lines are worth passing on.

use crate::error::{Error, ErrorKind};
use crate::process::Output;

/// How many lines of helm's error are repeated.
const SHOWN_LINES: usize = 12;

/// How many characters of a line are repeated: the reason of a template's error stands at its end.
const SHOWN_CHARACTERS: usize = 1000;

/// A complaint that is known.
pub(super) struct Known {
    /// Texts of helm, in lower case: one of them shows it.
    texts: &'static [&'static str],
    kind: ErrorKind,
    /// What it means; helm's own words follow where it ends in a colon.
    reason: &'static str,
    hint: &'static str,
}

const fn environment(texts: &'static [&'static str], reason: &'static str, hint: &'static str) -> Known {
    Known { texts, kind: ErrorKind::Environment, reason, hint }
}

const fn failed(texts: &'static [&'static str], reason: &'static str, hint: &'static str) -> Known {
    Known { texts, kind: ErrorKind::Failed, reason, hint }
}

const NETWORK: &str = "check the network, the host and the port, and whether a proxy is needed";

/// Complaints about fetching. The first that fits counts: what is certain comes first.
pub(super) const FETCHING: &[Known] = &[
    environment(
        &["no space left on device", "disk quota exceeded"],
        "no space left for temporary files",
        "free some space, or name another folder in TMPDIR",
    ),
    environment(&["proxyconnect"], "the proxy does not connect:", "check HTTPS_PROXY and NO_PROXY in the environment"),
    environment(
        &["no such host", "server misbehaving", "failure in name resolution"],
        "no such host is known",
        "check the spelling of the host, the network, and the name server",
    ),
    environment(
        &["connection refused"],
        "the connection is refused",
        "check the host and the port; the server may be down",
    ),
    environment(
        &["server gave http response to https client", "does not look like a tls handshake"],
        "the server does not speak https",
        "check the port; plain http is spoken with servers of this machine only, at http:// and oci:// addresses",
    ),
    environment(
        &["x509:", "tls: "],
        "the server's certificate cannot be trusted:",
        "name the authority that signed it in SSL_CERT_FILE, or to `helm repo add --ca-file`",
    ),
    environment(
        &[
            "401 unauthorized",
            "status code 401",
            "unauthorized:",
            "authentication required",
            "basic credential not found",
        ],
        "the server does not accept the credentials, or wants some",
        "log in with `helm registry login HOST`; for an https repository with `helm repo add --username NAME --password-stdin`",
    ),
    environment(
        &["403 forbidden", "status code 403", "denied:"],
        "the server does not allow it to these credentials",
        "use an account or a token that may read the chart",
    ),
    environment(
        &[
            "i/o timeout",
            "deadline exceeded",
            "timeout exceeded",
            "is unreachable",
            "no route to host",
            "connection reset",
        ],
        "the server cannot be reached",
        NETWORK,
    ),
    environment(&[": eof", "unexpected eof"], "the server has closed the connection", NETWORK),
    failed(
        &["converting yaml to json", "unmarshaling json", "no api version specified", "cannot unmarshal"],
        "what the server gives is not an index of a chart repository:",
        "check the url: below it must be an index.yaml that `helm repo index` has made",
    ),
    failed(
        &["404 ", ": not found", "name unknown", "manifest unknown"],
        "there is no such chart repository, or these credentials do not show it",
        "check the spelling of the url: https for a repository with an index.yaml, oci for a registry",
    ),
    failed(
        &["invalid reference"],
        "a registry cannot have such a name:",
        "use lower-case letters, digits, dashes, dots and underlines for folders and charts",
    ),
    failed(
        &["could not load config with mediatype", "does not contain a layer", "minimum number of descriptors"],
        "what the registry has there is no chart:",
        "check that `helm push` has put it there",
    ),
];

/// Complaints about rendering.
pub(super) const RENDERING: &[Known] = &[
    failed(
        &["missing in charts/ directory", "missing in charts directory"],
        "dependencies are not in the chart:",
        "run `helm dependency build` on the chart's folder and commit its charts folder; kfleet fetches none",
    ),
    failed(
        &["proxyconnect"],
        "the chart wants something from the network while it is rendered:",
        "keep a copy of the chart in the repository whose values.schema.json refers to no url, and name it with `path`",
    ),
    failed(
        &["meet the specifications of the schema"],
        "the values do not fit the chart's schema:",
        "correct `values` or `valuesFiles`; the chart's values.schema.json shows what it takes",
    ),
    failed(
        &["which is incompatible with kubernetes"],
        "the chart is not for this Kubernetes version:",
        "set `kubeVersion` to the version of your clusters, or take another version of the chart",
    ),
    failed(&["failed to parse kfleet-values-"], "the values cannot be read:", "correct the YAML of that file"),
    failed(
        &["charts are not installable"],
        "this is a library chart, which renders nothing by itself:",
        "name a chart of the type application",
    ),
    failed(
        &["yaml parse error on"],
        "a template gives no valid YAML:",
        "check the values that go into it; `helm template --debug` shows what it gives",
    ),
    failed(
        &["/templates/", "execution error at", "parse error at", "template:"],
        "a template of the chart fails:",
        "check the values that it uses; if they are right, the chart has a defect",
    ),
    failed(
        &["chart.yaml", "gzip", "archive", "chart.metadata", "tar:", "unexpected eof"],
        "this is not a chart:",
        "name a folder with a Chart.yaml, or an archive that `helm package` has made",
    ),
    environment(
        &["unknown flag"],
        "this helm is too old:",
        "install a newer helm (https://helm.sh/docs/intro/install)",
    ),
];

/// The error for a complaint. `doing` begins its message: `cannot render the chart x`.
pub(super) fn explain(known: &[Known], doing: &str, complaint: &str) -> Error {
    let text = complaint.to_ascii_lowercase();
    let fitting = known.iter().find(|known| known.texts.iter().any(|known| text.contains(known)));
    match fitting {
        Some(known) => {
            let said = if known.reason.ends_with(':') { format!(" {complaint}") } else { String::new() };
            Error::new(known.kind, format!("{doing}: {}{said}", known.reason)).with_hint(known.hint)
        }
        None => {
            let said = if complaint.is_empty() { " without a word" } else { &format!(": {complaint}") };
            let hint = "run the same with helm itself to see more";
            Error::new(ErrorKind::Failed, format!("{doing}: helm failed{said}")).with_hint(hint)
        }
    }
}

/// Helm's error on one line: from `Error:` on, without its advice about helm's own flags.
pub(super) fn complaint(output: &Output) -> String {
    let lines = output.lines();
    let start = lines.iter().rposition(|line| line.starts_with("Error: ")).unwrap_or(0);
    let told = lines.iter().skip(start).filter(|line| !line.starts_with("Use --debug flag"));
    let told = told.take(SHOWN_LINES).map(|line| {
        let line = line.trim_start_matches("Error: ");
        match line.char_indices().nth(SHOWN_CHARACTERS) {
            Some((end, _)) => format!("{}..", &line[..end]),
            None => line.to_owned(),
        }
    });
    // A line that ends in a colon goes on in the next one.
    told.reduce(|text, line| format!("{text}{}{line}", if text.ends_with(':') { " " } else { "; " }))
        .unwrap_or_default()
}

/// What helm warns of although it succeeds. It says other things too: what it has pulled, how registries name versions.
pub(super) fn warnings(output: &Output) -> Vec<String> {
    let is_warning = |line: &String| line.to_ascii_lowercase().contains("warn");
    output.lines().into_iter().filter(is_warning).map(|line| message_of(&line)).collect()
}

/// The text of a line of helm's log: `level=WARN msg="this chart is deprecated"`.
fn message_of(line: &str) -> String {
    let Some((level, rest)) = line.strip_prefix("level=").and_then(|rest| rest.split_once(" msg=")) else {
        return line.to_owned();
    };
    if level.contains(' ') {
        return line.to_owned();
    }
    match rest.strip_prefix('"').and_then(|rest| rest.rsplit_once('"')) {
        Some((text, more)) if !text.contains('"') && more.is_empty() => text.to_owned(),
        _ => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_told_apart() {
        for (known, complaint, expected) in [
            (FETCHING, "dial tcp: lookup x.invalid on 10.0.0.1:53: no such host", "no such host is known"),
            (FETCHING, "dial tcp 127.0.0.1:1: connect: connection refused", "the connection is refused"),
            (FETCHING, "tls: failed to verify certificate: x509: certificate signed by unknown authority", "trusted"),
            (FETCHING, "http: server gave HTTP response to HTTPS client", "does not speak https"),
            (FETCHING, "failed to fetch https://x/index.yaml : 401 Unauthorized", "does not accept"),
            (FETCHING, "failed to fetch https://x/index.yaml : 403 Forbidden", "does not allow"),
            (FETCHING, "failed to fetch https://x/index.yaml : 404 Not Found", "no such chart repository"),
            (FETCHING, "GET \"https://x/v2/\": response status code 401: unauthorized", "does not accept"),
            (FETCHING, "something else", "helm failed: something else"),
            (FETCHING, "", "helm failed without a word"),
            (
                RENDERING,
                "found in Chart.yaml, but missing in charts/ directory: a",
                "dependencies are not in the chart",
            ),
            (
                RENDERING,
                "chart/templates/x.yaml:1:3: no name",
                "a template of the chart fails: chart/templates/x.yaml:1:3",
            ),
            (RENDERING, "unknown flag: --skip-tests", "too old"),
        ] {
            let error = explain(known, "cannot do it", complaint);
            assert!(error.to_string().contains(expected), "{complaint}: {error}");
            assert!(error.hint.is_some());
        }
    }

    #[test]
    fn lines_of_a_log_are_shown_as_text() {
        for (line, expected) in [
            ("level=WARN msg=\"this chart is deprecated\"", "this chart is deprecated"),
            ("level=INFO msg=\"found a link\" path=/x", "\"found a link\" path=/x"),
            ("WARNING: This chart is deprecated", "WARNING: This chart is deprecated"),
        ] {
            assert_eq!(message_of(line), expected);
        }
    }
}
