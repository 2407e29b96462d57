//! Names as Kubernetes takes them. It knows no kinds.

/// Whether a name can be a folder's and a Kubernetes object's (RFC 1123 subdomain).
pub fn is_name(name: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.len() <= 253
        && edge(name.bytes().next())
        && edge(name.bytes().next_back())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
        && !name.contains("..")
}

/// Whether a name can be a namespace's (RFC 1123 label).
pub fn is_label(name: &str) -> bool {
    is_name(name) && name.len() <= 63 && !name.contains('.')
}

/// A name as a regular expression that matches it and nothing else, in Go's syntax.
pub fn as_pattern(name: &str) -> String {
    let special = |character: char| "\\.+*?()|[]{}^$".contains(character);
    name.chars().flat_map(|one| special(one).then_some('\\').into_iter().chain([one])).collect()
}
