//! Group, version and kind: what sort of object a manifest describes. Read from `apiVersion` and `kind` as
//! Kubernetes' `schema.ParseGroupVersion` reads them; shown as `schema.GroupVersionKind` shows itself.

use std::fmt;
use std::sync::Arc;

/// The sort of an object. Cheap to clone; ordered by group, then version, then kind, as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// The API group; empty for the core group.
    pub group: Arc<str>,
    /// The version within the group, such as `v1beta1`; never empty when parsed.
    pub version: Arc<str>,
    /// The kind, in its own spelling; never empty when parsed.
    pub kind: Arc<str>,
}

/// Why an `apiVersion` and a `kind` name no sort of object. The texts are kfmt's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GvkError {
    EmptyKind,
    EmptyApiVersion,
    /// The apiVersion has more than one slash, or no version.
    Malformed(String),
}

impl Gvk {
    /// A value from its three parts, taken as they are.
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Reads the `apiVersion` and `kind` of a manifest. Both are the decoded scalars.
    pub fn parse(api_version: &str, kind: &str) -> Result<Self, GvkError> {
        if kind.is_empty() {
            return Err(GvkError::EmptyKind);
        }
        let (group, version) = parse_api_version(api_version)?;
        Ok(Gvk::new(group, version, kind))
    }

    /// The value of `apiVersion`: `group/version`, or only the version in the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Splits an `apiVersion` into group and version; the group is empty for `v1` (and for `/v1`, which Kubernetes reads
/// the same way).
pub fn parse_api_version(text: &str) -> Result<(&str, &str), GvkError> {
    if text.is_empty() {
        return Err(GvkError::EmptyApiVersion);
    }
    let (group, version) = text.split_once('/').unwrap_or(("", text));
    if version.is_empty() || version.contains('/') {
        return Err(GvkError::Malformed(text.to_owned()));
    }
    Ok((group, version))
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}, Kind={}", self.group, self.version, self.kind)
    }
}

impl fmt::Display for GvkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GvkError::EmptyKind => f.write_str("kind is empty"),
            GvkError::EmptyApiVersion => f.write_str("apiVersion is empty"),
            GvkError::Malformed(text) => write!(f, "unexpected GroupVersion string: {}", text.escape_debug()),
        }
    }
}

impl std::error::Error for GvkError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_shows() {
        let cases = [
            ("v1", "Pod", "/v1, Kind=Pod", "v1"),
            ("/v1", "Pod", "/v1, Kind=Pod", "v1"),
            ("test.io/v1", "Tester", "test.io/v1, Kind=Tester", "test.io/v1"),
        ];
        for (api_version, kind, shown, written) in cases {
            let gvk = Gvk::parse(api_version, kind).unwrap();
            assert_eq!(gvk.to_string(), shown);
            assert_eq!(gvk.api_version(), written);
        }
    }

    #[test]
    fn refuses() {
        let cases = [
            ("v1", "", "kind is empty"),
            ("", "", "kind is empty"),
            ("", "Pod", "apiVersion is empty"),
            ("a/b/c", "Pod", "unexpected GroupVersion string: a/b/c"),
            ("apps/", "Pod", "unexpected GroupVersion string: apps/"),
            ("/", "Pod", "unexpected GroupVersion string: /"),
            ("a\u{1b}/b/c", "Pod", "unexpected GroupVersion string: a\\u{1b}/b/c"),
        ];
        for (api_version, kind, message) in cases {
            assert_eq!(Gvk::parse(api_version, kind).unwrap_err().to_string(), message);
        }
    }
}
