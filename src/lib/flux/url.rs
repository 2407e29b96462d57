//! URLs of sources as texts: which repository they mean, and whether a password stands in them.

/// What two URLs of one repository have in common: host and path.
pub fn repository_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let is_short = !url.contains("://");
    let rest = rest.split_once('@').filter(|(login, _)| !login.contains('/')).map_or(rest, |(_, rest)| rest);
    let (host, path) = match rest.split_once(if is_short { ':' } else { '/' }) {
        Some((host, path)) => (host, path),
        None => rest.split_once('/').unwrap_or((rest, "")),
    };
    let host = host.split(':').next().unwrap_or(host).to_lowercase();
    let path = path.trim_matches('/');
    format!("{host}/{}", path.strip_suffix(".git").unwrap_or(path))
}

/// The login of a URL, before `@`.
fn login_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    authority.rsplit_once('@').map(|(login, _)| login)
}

/// Whether a password stands in a URL. Words for a password that is put in later are none.
pub fn has_password(url: &str) -> bool {
    // Signs that RFC 3986 does not allow are those of regular expressions that look for URLs.
    let is_login = |login: &&str| !login.contains(|sign: char| "\\^|[]{}\"`".contains(sign) || sign.is_whitespace());
    let login = login_of(url).filter(is_login);
    let password = login.and_then(|login| login.split_once(':')).map_or("", |(_, password)| password);
    !password.is_empty() && !password.starts_with(['$', '<', '*', '{', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_one_repository_are_told() {
        for url in
            ["ssh://git@Git.example.org:22/a/b.git", "https://git.example.org/a/b", "git@git.example.org:a/b.git"]
        {
            assert_eq!(repository_of(url), "git.example.org/a/b", "{url}");
        }
        assert!(has_password("https://ann:s3@git.example.org/a") && !has_password("https://ann@git.example.org/a:b@c"));
        assert!(!has_password("https://ann:${TOKEN}@git.example.org/a"));
    }
}
