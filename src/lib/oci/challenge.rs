//! How a registry wants to be asked: the challenges of `WWW-Authenticate` (RFC 9110, section 11.6.1).

/// One way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user and a password with each request.
    Basic,
    /// A token of a server.
    Bearer {
        /// The server's URL.
        realm: String,
        /// Whom the token is for.
        service: Option<String>,
        /// What it must allow.
        scope: Option<String>,
    },
}

/// The challenge to answer among those of all headers: a token rather than a password.
pub(super) fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let all: Vec<Challenge> = headers.flat_map(challenges).collect();
    all.iter().find(|challenge| **challenge != Challenge::Basic).or(all.first()).cloned()
}

/// The challenges of one header that are known here.
fn challenges(header: &str) -> Vec<Challenge> {
    let mut schemes: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for part in parts(header) {
        let part = part.trim();
        let word_end = part.find([' ', '=']).unwrap_or(part.len());
        let (word, rest) = part.split_at(word_end);
        let begins_scheme = !rest.trim_start().starts_with('=');
        let parameter = if begins_scheme {
            schemes.push((word.to_ascii_lowercase(), Vec::new()));
            rest.trim_start()
        } else {
            part
        };
        if let (Some((name, value)), Some((_, parameters))) = (parameter.split_once('='), schemes.last_mut()) {
            parameters.push((name.trim().to_ascii_lowercase(), unquoted(value.trim())));
        }
    }
    let known = schemes.into_iter().filter_map(|(scheme, parameters)| {
        let parameter = |wanted: &str| {
            let value = parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
            value.filter(|value| !value.is_empty())
        };
        match scheme.as_str() {
            "basic" => Some(Challenge::Basic),
            "bearer" => Some(Challenge::Bearer {
                realm: parameter("realm")?,
                service: parameter("service"),
                scope: parameter("scope"),
            }),
            _ => None,
        }
    });
    known.collect()
}

/// The parts of a list, at commas outside of quotes.
fn parts(header: &str) -> Vec<&str> {
    let (mut parts, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in header.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                parts.push(&header[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&header[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let (mut text, mut letters) = (String::new(), inner.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => text.extend(letters.next()),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Challenge::Bearer { realm: realm.to_owned(), service: owned(service), scope: owned(scope) })
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        for (headers, expected) in [
            (
                &[r#"Bearer realm="https://a/t",service="s",scope="repository:x:pull,push""#][..],
                bearer("https://a/t", Some("s"), Some("repository:x:pull,push")),
            ),
            (&[r#"bearer Realm = "https://a/t\"x", scope="""#], bearer("https://a/t\"x", None, None)),
            (&["Basic realm=\"x\""], Some(Challenge::Basic)),
            (&["Basic"], Some(Challenge::Basic)),
            (&["Basic realm=\"x\", Bearer realm=https://a/t"], bearer("https://a/t", None, None)),
            (&["Basic realm=\"x\"", "Bearer realm=\"https://a/t\""], bearer("https://a/t", None, None)),
            (&["Negotiate", "Digest realm=\"x\", nonce=\"y\""], None),
            (&["Bearer service=\"s\""], None),
            (&[], None),
        ] {
            let found = choose(headers.iter().copied());
            assert_eq!(found, expected, "{headers:?}");
        }
    }

    #[test]
    fn what_cannot_be_understood_does_no_harm() {
        for header in [",,=,\" ,", "Bearer realm=\"a\\", "=", "Bearer =x", "\u{e4} \u{e4}=\"", "Bearer \"realm\"=x"] {
            let _ = choose([header].into_iter());
        }
    }
}
