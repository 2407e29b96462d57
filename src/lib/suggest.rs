//! Suggestions for misspelt names: which known name was probably meant.

/// So many letters at least have to be there for the rest of a name to be guessed.
const LEAST_PREFIX: usize = 3;

/// The known name that was probably meant: the nearest one, if few letters differ, or else the only one that begins so. Upper
/// and lower case are the same.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let known: Vec<(String, &str)> = known.map(|other| (other.to_lowercase(), other)).collect();
    let near = known.iter().map(|(other, name)| (strsim::damerau_levenshtein(&lower, other), *name)).min()?;
    if near.0 <= 1 + near.1.len() / 4 {
        return Some(near.1);
    }
    let mut longer = known.iter().filter(|(other, _)| lower.len() >= LEAST_PREFIX && other.starts_with(&lower));
    longer.next().filter(|_| longer.next().is_none()).map(|(_, name)| *name)
}

/// The names among `known` that are most like `wanted`, at most three, the nearest first.
pub fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let bare = |name: &str| name.trim_start_matches(['v', 'V']).to_ascii_lowercase();
    let alike = |name: &'a str| {
        let near = strsim::normalized_damerau_levenshtein(&bare(wanted), &bare(name));
        (near >= 0.6).then_some((near, name))
    };
    let mut near: Vec<(f64, &str)> = known.filter_map(alike).collect();
    near.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    near.dedup_by_key(|(_, name)| *name);
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_name_that_begins_so_is_meant() {
        let known = ["development", "production-eu", "production-us", "staging"];
        assert_eq!(did_you_mean("dev", known.into_iter()), Some("development"));
        assert_eq!(did_you_mean("stagign", known.into_iter()), Some("staging"));
        assert_eq!(did_you_mean("prod", known.into_iter()), None);
        assert_eq!(did_you_mean("de", known.into_iter()), None);
    }

    #[test]
    fn names_like_the_wanted_one_are_found() {
        let known = ["main", "v1.2.3", "release-1.2", "v1.2.4", "v2.0.0", "main"];
        assert_eq!(nearest("mian", known.into_iter()), ["main"]);
        assert_eq!(nearest("1.2.3", known.into_iter()), ["v1.2.3", "v1.2.4", "v2.0.0"][..2]);
        assert!(nearest("zzz", known.into_iter()).is_empty());
    }
}
