//! Commands in comments: which comments reach the selection at all, and what they ask for.

use super::config::Pattern;
use std::sync::LazyLock;

// The patterns are Lighthouse's, so they never fail; one that did would match nothing.
fn pattern(text: &str) -> Pattern {
    Pattern::new(vec![text.to_owned()])
}

static TEST: LazyLock<Pattern> = LazyLock::new(|| pattern(r"(?mi)^/(?:lh-)?test[ \t]+[-\w]+(,[-\w]+)*\s*$"));
static ALONE: LazyLock<Pattern> = LazyLock::new(|| pattern(r"(?mi)^/(?:lh-)?(?:retest|ok-to-test)\s*$"));
static RETEST: LazyLock<Pattern> = LazyLock::new(|| pattern(r"(?m)^/retest\s*$"));
static ALL: LazyLock<Pattern> = LazyLock::new(|| pattern(r"(?m)^/test( | .* )all,?($|\s.*)"));
static OK_TO_TEST: LazyLock<Pattern> = LazyLock::new(|| pattern(r"(?m)^/ok-to-test\s*$"));

/// Whether a comment has a command, so that jobs are looked at. An installation may know one more name.
pub(super) fn has_command(body: &str, more: Option<&str>) -> bool {
    let body = &body.replace("\r\n", "\n");
    let is_more = |name: &str| {
        let words = |line: &str| {
            line.split_ascii_whitespace().next().is_some_and(|word| {
                word.strip_prefix('/').is_some_and(|word| word.trim_start_matches("lh-").eq_ignore_ascii_case(name))
            })
        };
        !name.is_empty() && body.lines().any(words)
    };
    TEST.is_match(body) || ALONE.is_match(body) || more.is_some_and(is_more)
}

/// Whether it asks for what failed.
pub(super) fn is_retest(body: &str) -> bool {
    RETEST.is_match(&body.replace("\r\n", "\n"))
}

/// Whether it asks for all that a push would start, and by which command.
pub(super) fn asks_for_all(body: &str) -> Option<&'static str> {
    let body = &body.replace("\r\n", "\n");
    if ALL.is_match(body) { Some("/test all") } else { OK_TO_TEST.is_match(body).then_some("/ok-to-test") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_comments_reach_the_selection() {
        for body in [
            "/test render",
            "/test a,b",
            "/TEST all",
            "/lh-test x",
            "hello\n/test x  \nbye",
            "/retest",
            "/ok-to-test",
            "/retest \r\n",
        ] {
            assert!(has_command(body, None), "{body}");
        }
        for body in [
            "/test",
            "/lint",
            "/relint",
            "/test ",
            "/retest now",
            " /test x",
            "x /test x",
            "/test my.job",
            "/test a b",
            "/tests x",
            "/lgtm",
        ] {
            assert!(!has_command(body, None), "{body}");
        }
        assert!(has_command("/lint", Some("lint")));
        assert!(!has_command("/lint", Some("fmt")) && !has_command("/", Some("")));
    }

    #[test]
    fn what_they_ask_for() {
        assert!(is_retest("a\n/retest\n") && !is_retest("/retest x") && !is_retest("/RETEST"));
        assert_eq!(asks_for_all("/test all"), Some("/test all"));
        assert_eq!(asks_for_all("/test x all"), Some("/test all"));
        assert_eq!(asks_for_all("/ok-to-test"), Some("/ok-to-test"));
        assert_eq!(asks_for_all("/test allx"), None);
    }
}
