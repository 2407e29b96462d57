//! A kind as a cluster serves it: group, version, kind, plural and scope. It knows no connection.

/// A kind as a cluster serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServedKind {
    /// The API group; empty for the core group.
    pub group: String,
    pub version: String,
    pub kind: String,
    /// The plural in the API's paths.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl ServedKind {
    /// The value of `apiVersion`.
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }
}

/// Whether a group and a version have the form that Kubernetes demands: a DNS subdomain (or nothing, for the core
/// group) and a DNS label. A cluster cannot serve another, such as a template that was not rendered.
pub fn can_be_served(group: &str, version: &str) -> bool {
    let is_label = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && (1..=63).contains(&text.len())
    };
    is_label(version) && (group.is_empty() || (group.len() <= 253 && group.split('.').all(is_label)))
}

pub(super) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

#[cfg(test)]
mod tests {
    use super::can_be_served;

    #[test]
    fn only_names_that_kubernetes_allows_can_be_served() {
        for (group, version) in [("", "v1"), ("apps", "v1"), ("cert-manager.io", "v1alpha2"), ("k3s.cattle.io", "2")] {
            assert!(can_be_served(group, version), "{group}/{version}");
        }
        for (group, version) in [
            ("", "{{ .x }}"),
            ("", ""),
            ("", "v1/.."),
            ("..", "v1"),
            ("a b", "v1"),
            ("apps", "v 1"),
            ("Apps", "v1"),
            ("a.", "v1"),
            ("-a", "v1"),
            ("apps", "v1?x"),
            ("apps", "v1%2f"),
        ] {
            assert!(!can_be_served(group, version), "{group}/{version}");
        }
    }
}
