//! What Go does was asked of Go: `tools/go-regex` writes the vectors.

use super::*;
use serde::Deserialize;

/// A pattern, a text, and what Go says: whether it matches, or nothing where the pattern is wrong.
#[derive(Debug, Deserialize)]
struct Vector {
    pattern: String,
    text: String,
    matches: Option<bool>,
}

#[test]
fn patterns_match_what_they_match_in_go() {
    let text = include_str!("../../../testdata/run-pipeline-regex/vectors.jsonl");
    let vectors: Vec<Vector> = text.lines().map(|line| serde_json::from_str(line).expect("a vector")).collect();
    assert!(vectors.len() > 1500, "only {}", vectors.len());
    let mut differences = Vec::new();
    for vector in &vectors {
        let ours = compile(&vector.pattern).ok().map(|regex| regex.is_match(&vector.text));
        if ours != vector.matches {
            differences.push(format!("{vector:?}: {ours:?}, by {:?}", translate(&vector.pattern)));
        }
    }
    let shown = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {} differ:\n{shown}", differences.len(), vectors.len());
}

fn matches(pattern: &str, text: &str) -> bool {
    compile(pattern).expect(pattern).is_match(text)
}

#[test]
fn classes_are_of_ascii() {
    assert!(matches(r"^\d+$", "12") && !matches(r"^\d$", "٣") && matches(r"^\D$", "٣"));
    assert!(matches(r"^\w+$", "az_9") && !matches(r"^\w$", "é") && matches(r"^\W$", "é"));
    assert!(!matches(r"^\s$", "\u{b}") && matches(r"^[[:space:]]$", "\u{b}") && !matches(r"^\s$", "\u{a0}"));
    assert!(matches(r"é\bx", "éx"), "é is not a letter of a word");
    assert!(matches(r"^[\d\-x]+$", "1-x") && matches(r"^[^\w]$", "-"));
}

#[test]
fn quotes_octal_and_braces() {
    assert!(matches(r"^\Qa.b*\E+$", "a.b**") && !matches(r"^\Qa.b\E$", "axb") && matches(r"\Qa+", "a+"));
    assert!(matches(r"^\101\x41\x{1F600}$", "AA😀") && matches(r"^\08$", "\u{0}8"));
    assert!(matches(r"^a{,2}$", "a{,2}") && matches(r"^{$", "{") && matches(r"^a{01}$", "a{01}"));
    assert!(matches(r"^x{a}$", "x{a}") && matches(r"^a{2}$", "aa"));
}

#[test]
fn operators_of_sets_are_characters() {
    assert!(matches(r"^[a&&b]+$", "a&b") && matches(r"^[a~~b]+$", "~") && matches(r"^[[a]+$", "[a"));
    assert!(compile(r"^[a--b]$").is_err() && matches("^[+--]+$", "+,-"));
    assert!(matches(r"^[]a]+$", "]a") && matches(r"^[^]a]$", "b") && matches("^[a-]$", "-"));
}

#[test]
fn surrogates_are_in_no_text() {
    assert!(!matches(r"\x{D800}", "\u{d7ff}\u{e000}") && !matches(r"[\x{D800}-\x{DFFF}]", "a"));
    assert!(matches(r"^[\x{D7FF}-\x{E000}]$", "\u{e000}") && matches(r"^[^\x{D800}]$", "a"));
}

#[test]
fn errors_have_a_caret_under_the_byte_that_is_to_blame() {
    for (pattern, offset, message) in [
        ("(a", 0, "missing closing )"),
        ("x(?:a(b)", 1, "missing closing )"),
        ("a)", 1, "unexpected )"),
        ("a**", 2, "invalid nested repetition operator"),
        ("a|*", 2, "missing argument to repetition operator"),
        ("(?i)+", 4, "missing argument to repetition operator"),
        ("ab[c", 2, "missing closing ]"),
        ("[z-a]", 1, "invalid character class range"),
        ("[[:foo:]]", 1, "invalid character class range"),
        (r"\p{Nope}", 0, "invalid character class range"),
        (r"\p{Alphabetic}", 0, "invalid character class range"),
        (r"a\8", 1, "invalid escape sequence"),
        (r"a\1", 1, "invalid escape sequence"),
        (r"\C", 0, "invalid escape sequence"),
        (r"é\", 2, "trailing backslash at end of expression"),
        ("(?=a)", 2, "invalid or unsupported Perl syntax"),
        ("(?x)a", 2, "invalid or unsupported Perl syntax"),
        ("(?<!a)", 0, "invalid named capture"),
        ("(?P<n-m>a)", 0, "invalid named capture"),
        ("a{1001}", 1, "invalid repeat count"),
        ("a{2,1}", 1, "invalid repeat count"),
        ("(a{40}){40}", 7, "invalid repeat count"),
    ] {
        let error = translate(pattern).expect_err(pattern);
        assert_eq!((error.offset, error.message.as_str()), (offset, message), "{pattern}");
    }
    let pattern = "^(v|é[z-a]";
    let error = translate(pattern).expect_err("a range");
    assert_eq!(error.caret(pattern), "    ^(v|é[z-a]\n          ^");
}

#[test]
fn huge_patterns_are_refused() {
    assert!(compile(&"a".repeat(MAX_PATTERN + 1)).is_err());
    assert_eq!(compile(&"(".repeat(1000)).expect_err("deep").message, "expression nests too deeply");
    assert!(compile(&format!("{}{}", "(".repeat(150), ")".repeat(150))).is_ok());
    assert_eq!(compile(r"(\pL\pN\pP){300}").expect_err("large").message, "expression too large");
    assert!(compile(&r"\pL".repeat(20_000)).is_err(), "a class is looked up once");
    assert!(compile(&"a{,".repeat(10_000)).is_ok(), "braces cost no time");
}

#[test]
fn no_pattern_panics() {
    let pieces = r"a ( ) [ ] {1,2} * ? \ \Q \E \d \p{L } ^ $ | (?i) é (? : - [:alpha:] && \x{ 0 7 \b (?P<n> . { , 😀";
    let pieces: Vec<&str> = pieces.split(' ').collect();
    let mut random = fastrand::Rng::with_seed(7);
    let mut valid = 0;
    for _ in 0..5_000 {
        let pattern: String = (0..random.usize(1..9)).map(|_| pieces[random.usize(..pieces.len())]).collect();
        match translate(&pattern) {
            Err(error) => assert!(error.offset <= pattern.len() && !error.caret(&pattern).is_empty()),
            Ok(translated) => {
                valid += 1;
                // What is taken from Go must be valid here too.
                assert!(Regex::new(&translated).is_ok(), "{pattern:?} became {translated:?}");
            }
        }
    }
    assert!(valid > 250, "only {valid}");
}

#[test]
fn plain_words_match_as_they_stand() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..2_000 {
        let word =
            |random: &mut fastrand::Rng| (0..random.usize(0..4)).map(|_| random.char('a'..'d')).collect::<String>();
        let (pattern, text) = (word(&mut random), word(&mut random));
        assert_eq!(matches(&pattern, &text), text.contains(&pattern));
        assert_eq!(matches(&format!("^{pattern}"), &text), text.starts_with(&pattern));
        assert_eq!(matches(&format!(r"\Q{pattern}\E$"), &text), text.ends_with(&pattern));
    }
}
