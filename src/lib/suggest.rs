//! Suggestions for misspelt names: which known name was probably meant.

/// The known name that was probably meant: the nearest one, if few letters differ. Upper and lower case are the same.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let near = known.map(|other| (strsim::damerau_levenshtein(&lower, &other.to_lowercase()), other)).min()?;
    (near.0 <= 1 + near.1.len() / 4).then_some(near.1)
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
    fn names_like_the_wanted_one_are_found() {
        let known = ["main", "v1.2.3", "release-1.2", "v1.2.4", "v2.0.0", "main"];
        assert_eq!(nearest("mian", known.into_iter()), ["main"]);
        assert_eq!(nearest("1.2.3", known.into_iter()), ["v1.2.3", "v1.2.4", "v2.0.0"][..2]);
        assert!(nearest("zzz", known.into_iter()).is_empty());
    }
}
