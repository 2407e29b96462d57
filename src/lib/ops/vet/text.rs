//! Small readers of text that several rules share: hashes, URLs, durations, versions.

use crate::yaml::emit::{Frame, Style, emit};
use crate::yaml::engine::Engine;
use crate::yaml::input::Text;
use crate::yaml::tape::Tape;
use serde_json::Value;

/// Whether a name looks like an abbreviated or full hash: 7 to 40 hexadecimal digits. Words of letters only are names.
pub(super) fn is_like_a_commit(text: &str) -> bool {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (7..=40).contains(&text.len()) && is_hex && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The hash in what `git describe` prints, as in `v1-3-gabc1234`.
pub(super) fn described_commit(text: &str) -> Option<&str> {
    let (rest, hash) = text.rsplit_once("-g")?;
    let (name, count) = rest.rsplit_once('-')?;
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = (4..=40).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!name.is_empty() && is_count && is_hash).then_some(hash)
}

/// Whether a text is a commit as Flux takes it: 40 hexadecimal digits in lower case.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// What two URLs of one repository have in common: host and path.
pub(super) fn repository_of(url: &str) -> String {
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
pub(super) fn has_password(url: &str) -> bool {
    let password = login_of(url).and_then(|login| login.split_once(':')).map_or("", |(_, password)| password);
    !password.is_empty() && !password.starts_with(['$', '<', '*', '{'])
}

/// The seconds of a duration in Go's form, such as `1h30m`.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let behind = &rest[end..];
        let until = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        total += number
            * match &behind[..until] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &behind[until..];
    }
    (!text.is_empty()).then_some(total)
}

/// Major and minor of a version such as `v2.7.0` or `1.36`.
pub(super) fn minor_of(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix('v').unwrap_or(version).split('.');
    let major = parts.next()?.parse().ok()?;
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    Some((major, minor.parse().ok()?))
}

/// A value as YAML.
pub(super) fn yaml_of(value: &Value) -> Option<String> {
    let json = serde_json::to_vec(&serde_json::json!({ "value": value })).ok()?;
    let text = Text::new(&json).ok()?;
    let span = text.documents().into_iter().next()?;
    let mut tape = Tape::default();
    Engine::default().parse(&text, span, &mut tape, &mut Vec::new()).ok()?;
    let node = tape.node_at(0);
    let (_, inner) = tape.entries(node).next()?;
    let range = inner..tape.skip_node(inner);
    let mut out = Vec::new();
    let style = Style { json: true, unmangle: true, canonical: true, ..Style::default() };
    emit(&tape, &text.bytes, range, Frame::default(), style, &mut out);
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_told_from_names() {
        assert!(is_like_a_commit("3858eb6") && !is_like_a_commit("main") && !is_like_a_commit("defaced"));
        assert_eq!(described_commit("v1-3-gabc1234"), Some("abc1234"));
        assert_eq!(described_commit("v1.0-rc1"), None);
        assert_eq!(described_commit("my-green-gate"), None);
    }

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

    #[test]
    fn durations_and_versions_are_read() {
        assert_eq!(seconds("1h30m"), Some(5400.0));
        assert_eq!(seconds("1m0s"), Some(60.0));
        assert_eq!((seconds(""), seconds("10"), seconds("1d")), (None, None, None));
        assert_eq!((minor_of("v2.7.0"), minor_of("1.36"), minor_of("x")), (Some((2, 7)), Some((1, 36)), None));
    }

    #[test]
    fn values_become_yaml() {
        let value = serde_json::json!([{"op": "add", "path": "/spec/x", "value": "a: 1\nb: 2\n"}]);
        let text = yaml_of(&value).expect("YAML");
        assert_eq!(text, "- op: add\n  path: /spec/x\n  value: |\n    a: 1\n    b: 2\n");
    }
}
