//! The tricky inputs of YAML, one by one: what canonical text makes of them, or which error they get. Every case also
//! proves that all comments are there, that values are unchanged, and that a second run changes nothing.
//!
//! Fragments that start with `x` follow [`HEAD`]. In inputs and outputs `·` is a space at the edge of a line, `⇥` a
//! tab, `␍` a carriage return.

use kfleet::ops::fmt::text::{self, Formatted, TextOptions};
use kfleet::problem::Severity;
use kfleet::yaml::emit::{FlowStyle, SequenceIndent, Style};
use kfleet::yaml::engine::Engine;

const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

fn decode(text: &str) -> String {
    text.replace('·', " ").replace('⇥', "\t").replace('␍', "\r").replace('⏎', "\n")
}

fn format(input: &str, options: &TextOptions) -> Formatted {
    text::format(&mut Engine::default(), "in.yaml", input.as_bytes(), false, options)
}

fn messages(formatted: &Formatted) -> String {
    formatted.problems.iter().map(|p| format!("{}: {} [{:?}]\n", p.location, p.message, p.hint)).collect()
}

/// The whole output for a whole input.
fn formatted(id: &str, input: &str, options: &TextOptions) -> String {
    let first = format(input, options);
    let out = first.text.as_ref().unwrap_or_else(|| panic!("{id}: refused\n{}", messages(&first)));
    let out = String::from_utf8(out.clone()).expect("UTF-8");
    let second = format(&out, options);
    let again =
        second.text.as_ref().unwrap_or_else(|| panic!("{id}: second run refused\n{out}\n{}", messages(&second)));
    assert_eq!(String::from_utf8_lossy(again), out, "{id}: the second run differs");
    out
}

fn body(id: &str, fragment: &str, options: &TextOptions) -> String {
    let out = formatted(id, &format!("{HEAD}{}\n", decode(fragment)), options);
    out.strip_prefix(HEAD).unwrap_or_else(|| panic!("{id}: the head changed\n{out}")).to_owned()
}

/// (id, fragment, output; empty output: the fragment stays as it is)
const TEXT: &[(&str, &str, &str)] = &[
    ("P1", "x: 0644", ""),
    ("P2", "x: [08, 09.5, 0644.5, 1_000, 0b11, 0o17, -0x1F, +1, .5, 5., 1e3]", ""),
    ("P3", "x: [yes, Y, on, Off, n, N]", ""),
    ("P4", "x: [yEs, oN, tRue, nULL, NaN, 0b12, 0o18, 1e, 1.2.3, _1, 1Gi, 500m, --, .., =, 1e309, 1:30]", ""),
    ("P6", "x: {80: a, 0644: b, 1.5: c, 1e3: d}", ""),
    ("P8", "x: 2001-01-01", ""),
    ("P9", "x: .inf", ""),
    ("P10", "x: 18446744073709551616", ""),
    ("P11", "x: [~, null, Null, NULL, '', \"null\"]", ""),
    ("P12", "x:··⏎z: 1", "x:⏎z: 1"),
    ("P13", "x: !!str 0644⏎z: !!int \"7\"⏎w: !foo bar", ""),
    ("P14", "x: a #b⏎z: a#b⏎w: a# b", ""),
    ("P15", "x :⇥1⇥# c", "x: 1 # c"),
    ("P16", "x: http://h:80/{id}?a=[1], it's \"ok\"", ""),
    ("P19a", "x: a⏎  b", "x: a b"),
    ("P19b", "x: a⏎⏎  b", "x: |-⏎  a⏎  b"),
    ("P21a", "x: a\u{a0}", ""),
    ("P21b", "x: a\u{3000}# c", ""),
    ("Q1a", "x: \"a⏎  b\"", "x: \"a b\""),
    ("Q1b", "x: \"a⏎⏎  b\"", "x: \"a\\nb\""),
    ("Q2a", "x: \"a\\⏎  b\"", "x: \"ab\""),
    ("Q2b", "x: \"a \\⏎   \\ b\"", "x: \"a  b\""),
    ("Q2c", "x: \"a\\n\\⏎  \\ b\"", "x: \"a\\n b\""),
    ("Q3", "x: \"a··⏎⇥b\"", "x: \"a b\""),
    ("Q4", "x: \"a⏎ # b\"", "x: \"a # b\""),
    ("Q5a", "x: 'it''s'", ""),
    ("Q5b", "x: '⏎  a⏎⏎  b'", "x: \" a\\nb\""),
    ("Q6", "x: \"\\u00e9\\x41\\U0001F600\"", ""),
    ("Q9", "\"x\" : 1⏎'z z': 2", "\"x\": 1⏎'z z': 2"),
    ("Q10", "x: \"a: b, #c\"", ""),
    ("B1", "x: |⏎      a⏎       b", "x: |⏎  a⏎   b"),
    ("B2", "x: |+⏎  a⏎⏎⏎z: 1", ""),
    ("B3a", "x: |-⏎  a⏎⏎⏎z: 1", "x: |-⏎  a⏎z: 1"),
    ("B3b", "x: |⏎  a⏎⏎⏎z: 1", "x: |⏎  a⏎z: 1"),
    ("B4a", "x: |2⏎    a⏎   b", ""),
    ("B4b", "x: |1⏎  a", "x: |2⏎   a"),
    ("B5", "x:⏎- a: |1⏎    b", "x:⏎  - a: |2⏎       b"),
    ("B6", "x: |⏎⏎⏎  a", "x: |2⏎⏎⏎  a"),
    ("B7", "x: |⏎  a··⏎  b", ""),
    ("B8a", "x: |⏎  a⏎   ⏎  b", ""),
    ("B8b", "x: |⏎  a⏎    ⏎z: 1", ""),
    ("B9", "x: |⏎  # no comment⏎  ---⏎  %d⏎  ...", ""),
    ("B10", "x: |⏎  a⏎ # c⏎z: 1", "x: |⏎  a⏎# c⏎z: 1"),
    ("B11", "x: | # why⏎  a", ""),
    ("B12", "x: |2⏎  ⇥a", ""),
    ("B13", "x: |⏎z: 1", "x: \"\"⏎z: 1"),
    ("B13b", "x: |+⏎⏎⏎z: 1", ""),
    ("B14", "x: >⏎  a⏎  b⏎⏎  c", ""),
    ("B15a", "x: >⏎  a⏎    more⏎  b", ""),
    ("B15b", "x: >⏎  a⏎  ⇥b⏎  c", ""),
    ("B16a", "x: >-⏎  a⏎⏎⏎  b⏎⏎", "x: >-⏎  a⏎⏎⏎  b"),
    ("B16b", "x: >⏎  a·⏎  b", ""),
    ("B17", "x: |⏎  a⏎  😀", ""),
    ("B20", "x:⏎- |⏎ a⏎- |⏎    b", "x:⏎  - |⏎    a⏎  - |⏎    b"),
    ("C1", "# h⏎x: 1 # l⏎# f⏎⏎# g⏎z: 2", ""),
    ("C3a", "x:⏎  # c⏎  b: 1", ""),
    ("C3b", "x: # c⏎  b: 1", ""),
    ("C4a", "x:⏎  b: 1⏎  # f⏎z: 2", ""),
    ("C4b", "x:⏎  # todo⏎z: 1", ""),
    ("C5a", "x: &a # c⏎  b: 1", ""),
    ("C5b", "x: !!map # c⏎  b: 1", ""),
    ("C6", "x:⏎- # c⏎  a: 1", "x:⏎  - # c⏎    a: 1"),
    ("C7", "x: [a, # one⏎  b] # two", "x: # two⏎  - a # one⏎  - b"),
    ("C8", "x: 1    # a⏎zz: 2 # b⏎#c", "x: 1 # a⏎zz: 2 # b⏎#c"),
    ("C9", "x:⏎- a⏎# head of b⏎- b⏎# head of z⏎z: 1", "x:⏎  - a⏎  # head of b⏎  - b⏎# head of z⏎z: 1"),
    ("C10", "x:⏎  - a: 1⏎    # foot of the item⏎  # head of the next⏎  - b: 2", ""),
    ("C11", "x: # why⏎  one", ""),
    ("C12", "x:⏎    # c⏎  one", "x:⏎  # c⏎  one"),
    ("C13", "x:⏎- # todo⏎- a", "x:⏎  - # todo⏎  - a"),
    ("C14", "x:⏎-⏎  # todo⏎- a", "x:⏎  -⏎    # todo⏎  - a"),
    ("S1", "x:⏎- b⏎- c", "x:⏎  - b⏎  - c"),
    ("S2", "x:⏎-⏎  a: 1⏎-   b: 2⏎    c: 3⏎- - d⏎  - e", "x:⏎  - a: 1⏎  - b: 2⏎    c: 3⏎  - - d⏎    - e"),
    ("S3", "x: {\"a\":1, b:2, c, d: , 'e':3}", "x: {\"a\": 1, b:2, c, d: , 'e': 3}"),
    ("S4a", "x: [a⏎ b, c,]", "x: [a b, c]"),
    ("S4b", "x: [it's, b]", ""),
    ("S5", "x: [⏎  a,⏎⇥b⏎]", "x: [a, b]"),
    ("S7", "x:⏎  ? a⏎  : b", "x:⏎  a: b"),
    ("S8", "x: {d:, e: 3}", ""),
    ("S10", "x: []⏎y: {}⏎z: [[], {}, [a, {b: c}]]", ""),
    ("S11", "x: &a⏎- b⏎y: *a⏎z: {k: *a, l: [*a]}", "x: &a⏎  - b⏎y: *a⏎z: {k: *a, l: [*a]}"),
    ("S12", "x:⏎  - &a⏎    b: 1⏎  - *a", ""),
    ("S13", "x:⏎  &a⏎  b: 1⏎z: *a", "x: &a⏎  b: 1⏎z: *a"),
    ("S14", "x: [a: b, {c: d}]", ""),
    ("S15", "x: {a: [1, # one⏎ 2], b: 3}", "x:⏎  a:⏎    - 1 # one⏎    - 2⏎  b: 3"),
    ("S16", "x:⏎  !!map⏎  ? \"k\"⏎  : |⏎   t⏎  # foot⏎z: 1", "x: !!map⏎  \"k\": |⏎    t⏎  # foot⏎z: 1"),
    ("N1", "x: &m {a: 1, b: 2}⏎z:⏎  <<: *m⏎  b: 3", ""),
    ("N1b", "\"<<\": 1", ""),
    ("N2", "x: &a 1⏎z: &a 2⏎w: *a", ""),
    ("N5", "x: &a.b 1", ""),
];

/// (id, fragment, part of the message, place)
const ERRORS: &[(&str, &str, &str, &str)] = &[
    ("P5", "x: {y: 1, on: 2}", "the key `on` is `true` for kubectl", "in.yaml:5:11"),
    ("P7a", "x:⏎  ~: a", "cannot become a JSON key", "in.yaml:6:3"),
    ("P7b", "x:⏎  ? [a]⏎  : b", "cannot be a key", "in.yaml:6:5"),
    ("P17a", "x: a: b", "a second `: `", "in.yaml:5:5"),
    ("P17b", "x: - a", "a list cannot start", "in.yaml:5:4"),
    ("P17c", "x: @a", "cannot start with `@`", "in.yaml:5:4"),
    ("P17d", "x: %a", "cannot start with `%`", "in.yaml:5:4"),
    ("P17e", "x: \"a\" b", "after the end of this value", "in.yaml:5:8"),
    ("P17f", "x: [a]b", "after the end of this value", "in.yaml:5:7"),
    ("P18", "x: {{ .Values.a }}", "looks like a template", "in.yaml:5:5"),
    ("P20a", "x: a⏎  # c⏎  b", "after a comment", "in.yaml:7:3"),
    ("P20c", "x:⏎  ? a⏎⇥#c⏎   b", "after a comment", "in.yaml:7:2"),
    ("P20b", "x: a⏎  b: c", "a mapping cannot start inside", "in.yaml:6:4"),
    ("P22a", "x: a\u{85}b", "NEL (U+0085)", "in.yaml:5:5"),
    ("P22b", "x: a\u{2028}b", "LINE SEPARATOR", "in.yaml:5:5"),
    ("Q7a", "x: \"\\/\"", "no reader of YAML knows this escape", "in.yaml:5:5"),
    ("Q7b", "x: \"\\ud83d\\ude00\"", "surrogate", "in.yaml:5:5"),
    ("Q8a", "x: \"\\q\"", "no reader of YAML knows this escape", "in.yaml:5:5"),
    ("Q8b", "x: \"a", "this quote is never closed", "in.yaml:5:4"),
    ("Q8c", "x: \"a\u{1}\"", "control character U+0001", "in.yaml:5:6"),
    ("Q8d", "x: \"a\u{7f}\"", "control character U+007F", "in.yaml:5:6"),
    ("B6", "x: |⏎    ⏎  a", "a blank line before the text is longer", "in.yaml:6:1"),
    ("B19a", "x: |10⏎  a", "first line of a block scalar", "in.yaml:5:6"),
    ("B19b", "x: |foo⏎  a", "first line of a block scalar", "in.yaml:5:5"),
    ("B19c", "x: |4⏎  a⏎z: 1", "indented less than the block text", "in.yaml:6:3"),
    ("B19d", "x: |⏎   a⏎  b", "indented less than the block text", "in.yaml:7:3"),
    ("S4", "x: [a, , b]", "nothing before this comma", "in.yaml:5:8"),
    ("S6a", "x:⏎⇥a: 1", "a tab cannot indent", "in.yaml:6:1"),
    ("S6b", "x:⏎  a: 1⏎    b: 2", "a mapping cannot start inside", "in.yaml:7:6"),
    ("S6c", "x:⏎    a: 1⏎  b: 2", "indented less than its neighbours", "in.yaml:7:3"),
    ("S6d", "x:⏎  - a⏎- b", "a list item cannot stand", "in.yaml:7:1"),
    ("S9a", "x: 1⏎x: 2", "the key `x` is there twice; the first is at in.yaml:5:1", "in.yaml:6:1"),
    ("S9b", "x: {a: 1, \"a\": 2}", "the key `a` is there twice", "in.yaml:5:11"),
    ("N6a", "x: !!a!b c", "while scanning a tag", "in.yaml:5:4"),
    ("N6b", "x: !a!b c", "handle", "in.yaml:5:4"),
    ("N6c", "x: !! c", "did not find expected tag URI", "in.yaml:5:4"),
    ("N2a", "x: *no", "has no anchor", "in.yaml:5:4"),
    ("N2b", "x: &a [*a]", "inside the value that it names", "in.yaml:5:8"),
    ("D2", "x: 1⏎----⏎y: 1", "needs a colon", "in.yaml:6:1"),
    ("D5", "x: 1⏎%YAML 1.2", "cannot start with `%`", "in.yaml:6:1"),
];

/// (id, fragment, part of a warning)
const LINTS: &[(&str, &str, &str)] = &[
    ("P1", "x: 0644", "octal number for kubectl: 420"),
    ("P3", "x: yes", "`yes` is the boolean true"),
    ("P8", "x: 2001-01-01", "a timestamp for kustomize"),
    ("P9", "x: .inf", "cannot become JSON"),
    ("P10", "x: 18446744073709551616", "loses precision"),
    ("P4", "x: 1e309", "kubectl takes it as text"),
    ("S3", "x: {b:2}", "a key without a value for kubectl"),
    ("S8", "x: {d:, e: 3}", "a key without a value for kubectl"),
    ("N3", "x: &a.b 1", "refuse the anchor name"),
];

#[test]
fn tricky_text_becomes_canonical() {
    for (id, fragment, expected) in TEXT {
        let out = body(id, fragment, &TextOptions::default());
        let expected = if expected.is_empty() { fragment } else { expected };
        assert_eq!(out.trim_end_matches('\n'), decode(expected).trim_end_matches('\n'), "{id}");
    }
}

#[test]
fn compact_lists_stand_at_their_key() {
    let style = Style { sequence_indent: SequenceIndent::Compact, ..Style::default() };
    let options = TextOptions { style, ..TextOptions::default() };
    for (fragment, expected) in [
        ("x:⏎- b⏎- c", "x:⏎- b⏎- c"),
        ("x:⏎    - b⏎    - - c⏎      - d⏎    # f⏎z: 1", "x:⏎- b⏎- - c⏎  - d⏎# f⏎z: 1"),
        ("x:⏎  # c⏎  [⏎    # d⏎  ]", "x:⏎  # c⏎  # d⏎  []"),
        ("x:⏎  y:⏎    - a: |⏎        t⏎      b: 1", "x:⏎  y:⏎  - a: |⏎      t⏎    b: 1"),
    ] {
        assert_eq!(body("compact", fragment, &options), decode(expected) + "\n");
    }
    for (id, fragment, _) in TEXT {
        body(id, fragment, &options);
    }
}

#[test]
fn every_style_is_lossless_and_stable_on_every_case() {
    for flow in [FlowStyle::Auto, FlowStyle::Keep, FlowStyle::Block] {
        for canonical in [false, true] {
            for unmangle in [false, true] {
                let style = Style { flow, canonical, unmangle, ..Style::default() };
                for (id, fragment, _) in TEXT {
                    body(id, fragment, &TextOptions { style, ..TextOptions::default() });
                }
            }
        }
    }
}

#[test]
fn wrong_text_is_refused_with_its_place() {
    for (id, fragment, message, location) in ERRORS {
        let result = format(&format!("{HEAD}{}\n", decode(fragment)), &TextOptions::default());
        assert!(
            result.text.is_none(),
            "{id} was accepted:\n{}",
            String::from_utf8_lossy(&result.text.unwrap_or_default())
        );
        let shown = messages(&result);
        assert!(shown.contains(message), "{id}: expected {message:?} in\n{shown}");
        assert!(shown.contains(&format!("{location}:")), "{id}: expected {location} in\n{shown}");
    }
}

#[test]
fn doubtful_values_get_a_warning() {
    for (id, fragment, message) in LINTS {
        let result = format(&format!("{HEAD}{}\n", decode(fragment)), &TextOptions::default());
        let shown = messages(&result);
        assert!(result.text.is_some(), "{id}\n{shown}");
        assert!(shown.contains(message), "{id}: expected {message:?} in\n{shown}");
        assert!(result.problems.iter().all(|problem| problem.severity == Severity::Warning), "{id}");
    }
}

const A: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
const B: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n";

#[test]
fn documents_are_never_lost() {
    let both = format!("{A}---\n{B}");
    for (id, input, expected) in [
        ("D1a", format!("{A}--- \n{B}"), both.clone()),
        ("D1b", format!("{A}--- # c\n{B}"), format!("{A}---\n# c\n{B}")),
        ("D1c", format!("{A}---\t\n{B}"), both.clone()),
        ("D1d", format!("{A}---\r\n{B}"), both.clone()),
        ("D1e", format!("{A}---#c\n{B}"), format!("{A}---\n#c\n{B}")),
        ("D2", format!("{A}...\n{B}"), both.clone()),
        ("D2b", format!("{A}--- {{apiVersion: v1, kind: X}}\n"), format!("{A}---\napiVersion: v1\nkind: X\n")),
        (
            "D3a",
            format!("# lic\n---\n{A}---\n---\n# only\n---\n{B}---\n"),
            format!("# lic\n---\n{A}---\n# only\n---\n{B}"),
        ),
        ("D4a", format!("\u{feff}{A}"), A.to_owned()),
        ("D4b", A.replace('\n', "\r\n"), A.to_owned()),
        ("D4c", format!("---\n\u{feff}{A}"), format!("---\n{A}")),
        ("D4d", A.replace('\n', "\r"), A.to_owned()),
        ("D5a", format!("%YAML 1.2\n---\n{A}"), format!("---\n{A}")),
        ("D5b", String::new(), String::new()),
        ("D5c", "# only a comment\n".to_owned(), "# only a comment\n".to_owned()),
        ("D5d", "\n\n---\n\n...\n---\n".to_owned(), String::new()),
        (
            "D6",
            "{\"kind\":\"A\"}\n{\"kind\":\"B\",\"x\":[1,\"\\/\",\"\\ud83d\\ude00\"]}".to_owned(),
            "kind: A\n---\nkind: B\nx:\n  - 1\n  - /\n  - 😀\n".to_owned(),
        ),
        ("C2", format!("# licence\n\n\n{A}"), format!("# licence\n\n{A}")),
        ("C2b", format!("# licence\n\n---\n{A}"), format!("# licence\n\n---\n{A}")),
        ("B2a", "x: |+\n  a\n\n\n---\ny: |+\n  a\n\n".to_owned(), "x: |+\n  a\n\n\n---\ny: |+\n  a\n\n".to_owned()),
        ("B18", "x: |\n  a".to_owned(), "x: |-\n  a\n".to_owned()),
        ("B18b", "x: |\n  a\n ".to_owned(), "x: |\n  a\n".to_owned()),
        ("B18c", "x: |+\n  a\n\n ".to_owned(), "x: |+\n  a\n\n".to_owned()),
        ("plain", "just\n  text\n".to_owned(), "just text\n".to_owned()),
        ("list", "- a\n-   b: 1\n".to_owned(), "- a\n- b: 1\n".to_owned()),
        ("literal", "--- |\n a\n b\n".to_owned(), "---\n|\n  a\n  b\n".to_owned()),
        ("anchor", "&a\nb: 1\n".to_owned(), "&a\nb: 1\n".to_owned()),
        ("foot", "x:\n- a\n# foot\n".to_owned(), "x:\n  - a\n# foot\n".to_owned()),
    ] {
        assert_eq!(formatted(id, &input, &TextOptions::default()), expected, "{id}");
    }
}

#[test]
fn other_encodings_are_refused() {
    for (bytes, message) in [
        (&b"\xff\xfea\0"[..], "UTF-16"),
        (b"a: \xff\n", "byte 3: this is not valid UTF-8"),
        (b"a: \0\n", "NUL"),
        (b"%TAG ! tag:x,2000:\n---\na: 1\n", "%TAG"),
    ] {
        let result = text::format(&mut Engine::default(), "in.yaml", bytes, false, &TextOptions::default());
        assert!(result.text.is_none() && messages(&result).contains(message), "{message}: {}", messages(&result));
    }
}

#[test]
fn absurd_nesting_is_refused_quickly() {
    for text in ["[".repeat(20_000), "{a: ".repeat(20_000), "- ".repeat(20_000), "&a [".repeat(20_000)] {
        let result = format(&format!("x: {text}\n"), &TextOptions::default());
        assert!(result.text.is_none());
        let result = format(&format!("{text}\n"), &TextOptions::default());
        assert!(result.text.is_none(), "{}", &text[..10]);
    }
    // Nine levels of nine aliases expand to nothing here.
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    assert_eq!(formatted("N3", &bomb, &TextOptions::default()), bomb);
    let mut options = TextOptions::default();
    options.rewrite.expand_anchors = true;
    assert!(messages(&format(&bomb, &options)).contains("too large"));
}

#[test]
fn anchors_expand_when_asked() {
    let mut options = TextOptions::default();
    options.rewrite.expand_anchors = true;
    for (input, expected) in [
        ("x: &m {a: 1, b: 2}\nz:\n  <<: *m\n  b: 3\n", "x: {a: 1, b: 2}\nz:\n  b: 3\n  a: 1\n"),
        ("x: &a # c\n  b: 1\ny: *a # d\n", "x: # c\n  b: 1\ny: # d\n  b: 1\n"),
        ("x: &a 1\nz: &a 2\nw: [*a]\n", "x: 1\nz: 2\nw: [2]\n"),
        ("a: &a {k: 1}\nb: &b {l: 2}\nc:\n  <<: [*a, *b]\n", "a: {k: 1}\nb: {l: 2}\nc:\n  k: 1\n  l: 2\n"),
    ] {
        assert_eq!(formatted("expand", input, &options), expected);
    }
}

#[test]
fn keys_take_the_order_of_kubernetes_when_asked() {
    let mut options = TextOptions::default();
    options.rewrite.order = true;
    assert_eq!(
        formatted("order", "# lic\n\nspec: 1 # s\n# about kind\nkind: A\nfoo: 2\napiVersion: v1\n# end\n", &options),
        "# lic\n\napiVersion: v1\n# about kind\nkind: A\nspec: 1 # s\nfoo: 2\n# end\n"
    );
}

#[test]
fn wide_flow_collections_become_blocks() {
    let long = "a".repeat(40);
    let input = format!("x: {{{long}: [{long}, {long}], b: {{c: d}}}}\n");
    let expected = format!("x:\n  {long}:\n    - {long}\n    - {long}\n  b: {{c: d}}\n");
    assert_eq!(formatted("wide", &input, &TextOptions::default()), expected);
    let keep = TextOptions { style: Style { flow: FlowStyle::Keep, ..Style::default() }, ..TextOptions::default() };
    assert_eq!(formatted("keep", &input, &keep), input);
}

/// Texts that once were refused, changed or unstable; found by fuzzing and by made-up documents.
#[test]
fn found_by_fuzzing() {
    for (id, input, expected) in [
        ("empty list with a comment", "{\"a\": [\n#c\n    ]}\n", "\"a\":\n  #c\n  []\n"),
        ("text like a marker", " --- i\n", "'--- i'\n"),
        ("key in a block", "? >-\n  a\n  b\n: 1\n", "\"a b\": 1\n"),
        ("pair without braces", "x: [1, # c\n ? a ]\n", "x:\n  - 1 # c\n  - a:\n"),
        ("tag before a key", "x: {!t # c\n a: 1}\n", "x:\n  # c\n  !t a: 1\n"),
        ("comment before a value on the marker's line", "# c\n\n--- {a: b} # d\n", "# c\n\n---\na: b\n# d\n"),
        ("escaped break before an empty line", "x: \"a \\\n\n   b\"\n", "x: \"a \\nb\"\n"),
        ("a comment after a key of folded text", "x: # c\n  a\n\n  b\n", "x: |- # c\n  a\n  b\n"),
        ("almost a number to the base 60", "x: [z,2:50.(\n\n  x]\n", "x: [z, \"2:50.(\\nx\"]\n"),
        ("indicators as text", "x: [?, # c\n a]\n", "x:\n  - '?' # c\n  - a\n"),
        ("a blank line after the marker", "#a\n---\n\n#b\n|-\n c\n", "#a\n---\n\n#b\n|-\n  c\n"),
        ("a blank line before the marker", "#a\n\n---\n#b\n|-\n c\n", "#a\n\n---\n#b\n|-\n  c\n"),
        ("a blank line between marker and node", "#a\n---\n\nb: 1\n", "#a\n---\nb: 1\n"),
        ("comments among the properties of a key", "? &x # c\n  !t # d\n  a\n: 1\n", "# c\n# d\n&x !t a: 1\n"),
        ("blank lines among the comments of a key", "# c\n\n? &a # d\n a\n: 1\n", "# c\n\n# d\n&a a: 1\n"),
        ("a comment after the header of a block", "? a\n: | # c\n  t\n", "a: | # c\n  t\n"),
        ("a comment after the header of a key's block", "? !t # c\n  | # d\n: 1\n", "# c\n# d\n!t \"\": 1\n"),
        ("comments that the marker cut from nothing", "a: 1\n...\n# c\n\n---\n", "a: 1\n---\n# c\n"),
        ("blank lines around the marker", "a: 1\n...\n# c\n\n---\n\n# d\nb: 1\n", "a: 1\n---\n# c\n\n# d\nb: 1\n"),
        ("braces that become JSON", "{\"a\n b\": \"c\"}\n", "\"a b\": \"c\"\n"),
    ] {
        assert_eq!(formatted(id, input, &TextOptions::default()), expected, "{id}");
    }
    let keep = TextOptions { style: Style { flow: FlowStyle::Keep, ..Style::default() }, ..TextOptions::default() };
    let json = "{\"\u{feff}\": [\"\u{2028}\", \"\u{85}\", \"\\/\"]}\n";
    assert_eq!(formatted("JSON's characters", json, &keep), "{\"\\uFEFF\": [\"\\u2028\", \"\\x85\", \"/\"]}\n");
    assert!(format("\n\u{feff}", &TextOptions::default()).text.is_none());
}
