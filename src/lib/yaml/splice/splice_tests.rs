//! Tables of edits: the text before, the change, the text after.

use super::*;

fn path(text: &str) -> Vec<Step<'_>> {
    text.split('/')
        .map(|part| match (part.parse(), part.strip_prefix('=')) {
            (_, Some(key)) => Step::Key(key),
            (Ok(index), None) => Step::Index(index),
            (Err(_), None) => Step::Key(part),
        })
        .collect()
}

fn set<'a>(at: &'a str, text: &'a str) -> Change<'a> {
    Change::Set { path: path(at), value: New::Text(text), after: None }
}

fn set_yaml<'a>(at: &'a str, text: &'a str) -> Change<'a> {
    Change::Set { path: path(at), value: New::Yaml(text), after: None }
}

fn set_after<'a>(at: &'a str, text: &'a str, after: &'a str) -> Change<'a> {
    Change::Set { path: path(at), value: New::Text(text), after: Some(after) }
}

fn append<'a>(at: &'a str, text: &'a str) -> Change<'a> {
    Change::Append { path: path(at), value: New::Text(text) }
}

fn append_yaml<'a>(at: &'a str, text: &'a str) -> Change<'a> {
    Change::Append { path: path(at), value: New::Yaml(text) }
}

fn remove(at: &str) -> Change<'_> {
    Change::Remove { path: path(at), comments: false }
}

fn result(before: &str, change: &Change<'_>) -> Result<String, Refusal> {
    edit(before.as_bytes(), &[(0, change.clone())]).map(|out| String::from_utf8(out).expect("UTF-8"))
}

fn check(cases: &[(&str, Change<'_>, &str)]) {
    for (before, change, expected) in cases {
        match result(before, change) {
            Ok(after) => assert_eq!(after, *expected, "{change:?} in\n{before}"),
            Err(refusal) => panic!("{refusal:?}: {change:?} in\n{before}"),
        }
        if matches!(change, Change::Set { .. }) {
            assert_eq!(result(expected, change).as_deref(), Ok(*expected), "again: {change:?} in\n{expected}");
        }
    }
}

#[test]
fn a_scalar_keeps_its_quotes_and_its_comment() {
    check(&[
        ("a: x # c\n", set("a", "v"), "a: v # c\n"),
        ("a:   x   # c\n", set("a", "v"), "a:   v   # c\n"),
        ("a: 'x' # c\n", set("a", "it's"), "a: 'it''s' # c\n"),
        ("a: \"x\"\n", set("a", "y\"z"), "a: \"y\\\"z\"\n"),
        ("a: 'x'\n", set("a", "y\nz"), "a: \"y\\nz\"\n"),
        (
            "a: x\n",
            set("a", "1234567e1012345678901234567890123456789012"),
            "a: \"1234567e1012345678901234567890123456789012\"\n",
        ),
        (
            "a: x\n",
            set("a", "1234567890123456789012345678901234567890"),
            "a: \"1234567890123456789012345678901234567890\"\n",
        ),
        ("a: x\n", set("a", "yes"), "a: \"yes\"\n"),
        ("a: 1.10\n", set("a", "1.10"), "a: \"1.10\"\n"),
        ("a: '1.10' # c\n", set("a", "1.10"), "a: '1.10' # c\n"),
        ("a: x\n  y\nb: 1\n", set("a", "z"), "a: z\nb: 1\n"),
        ("a:\n  x\nb: 1\n", set("a", "z"), "a:\n  z\nb: 1\n"),
        ("a: 5\n", set("a", "z"), "a: z\n"),
        ("a: &n x\n", set("a", "z"), "a: &n z\n"),
        ("\"a\": x\n", set("a", "z"), "\"a\": z\n"),
        ("80: x\n", set("=80", "z"), "80: z\n"),
        ("- a: x\n- - y\n  - z # c\n", set("1/1", "w"), "- a: x\n- - y\n  - w # c\n"),
        ("- a: x\n  b: v\n", set("0/b", "w"), "- a: x\n  b: w\n"),
    ]);
}

#[test]
fn block_text_becomes_one_line_unless_the_value_has_several() {
    check(&[
        ("a: | # c\n  x\n  y\n\nb: 1\n", set("a", "z"), "a: z # c\n\nb: 1\n"),
        ("a: |\n  x\nb: 1\n", set("a", "y\nz\n"), "a: |\n  y\n  z\nb: 1\n"),
        ("a: >-\n  x\nb: 1\n", set("a", " y\nz"), "a: |2-\n   y\n  z\nb: 1\n"),
        ("a:\n    b: |\n        x\n", set("a/b", "y\n\nz\n"), "a:\n    b: |\n      y\n\n      z\n"),
        ("- |\n x\n- y\n", set("0", "z"), "- z\n- y\n"),
        ("a: |\n  x", set("a", "z"), "a: z"),
        ("a: |+\n  x\n\nb: 1\n", set("b", "z"), "a: |+\n  x\n\nb: z\n"),
    ]);
}

#[test]
fn a_missing_key_goes_behind_the_last_entry() {
    check(&[
        ("a: 1\n", set("b", "x"), "a: 1\nb: x\n"),
        ("a: 1 # c\n# end\n", set("b", "x"), "a: 1 # c\nb: x\n# end\n"),
        ("a:\n    b: 1\n    # foot\nc: 1\n", set("a/d", "x"), "a:\n    b: 1\n    d: x\n    # foot\nc: 1\n"),
        ("a:\n    b: 1\nc: 1\n", set("d/e/f", "x"), "a:\n    b: 1\nc: 1\nd:\n    e:\n        f: x\n"),
        (
            "a:\n  b:\n    c: 1\n    # deep\n  # foot\n",
            set("a/d", "x"),
            "a:\n  b:\n    c: 1\n    # deep\n  d: x\n  # foot\n",
        ),
        ("- a: 1\n- b: 1\n", set("0/c", "x"), "- a: 1\n  c: x\n- b: 1\n"),
        ("- - a: 1\n", set("0/0/c", "x"), "- - a: 1\n    c: x\n"),
        ("a: |\n  text\n\nb: 1\n", set_after("c", "x", "a"), "a: |\n  text\nc: x\n\nb: 1\n"),
        ("a: |+\n  text\n\n", set("c", "x"), "a: |+\n  text\n\nc: x\n"),
        ("a: 1\nb: 2\n", set_after("c", "x", "a"), "a: 1\nc: x\nb: 2\n"),
        ("a: 1\nb: 2\n", set_after("c", "x", "z"), "a: 1\nb: 2\nc: x\n"),
        ("a: 1", set("b", "x"), "a: 1\nb: x"),
        ("a: 1\r\nb: 1\r\n", set("c/d", "x"), "a: 1\r\nb: 1\r\nc:\r\n  d: x\r\n"),
        ("a: 1\r\nb: 1", set("c", "x"), "a: 1\r\nb: 1\r\nc: x"),
        ("\u{feff}a: 1\n", set("b", "x"), "\u{feff}a: 1\nb: x\n"),
        ("a:\n- 1\nb:\n", set("b", "x"), "a:\n- 1\nb: x\n"),
        ("a: 1\nb:\n", set("c", "x"), "a: 1\nb:\nc: x\n"),
        ("a: 1\n", set("=80", "x"), "a: 1\n\"80\": x\n"),
        ("", set("a/b", "x"), "a:\n  b: x\n"),
        ("# only\n", set("a", "x"), "# only\na: x\n"),
        ("---", set("a", "x"), "---\na: x"),
        ("--- # c\n", set("a", "x"), "--- # c\na: x\n"),
    ]);
}

#[test]
fn nothing_becomes_a_block() {
    check(&[
        ("a: 1\nref:\n", set("ref/b", "x"), "a: 1\nref:\n  b: x\n"),
        ("ref: # c\nd: 1\n", set("ref/b", "x"), "ref: # c\n  b: x\nd: 1\n"),
        ("ref: ~ # c\n", set("ref/b", "x"), "ref: # c\n  b: x\n"),
        ("ref: {} # c\nd: 1\n", set("ref/b/c", "x"), "ref: # c\n  b:\n    c: x\nd: 1\n"),
        ("ref:\n  # inside\nd: 1\n", set("ref/b", "x"), "ref:\n  b: x\n  # inside\nd: 1\n"),
        ("ref:   # c\n", set("ref", "x"), "ref: x   # c\n"),
        ("ref: &a\nd: 1\n", set("ref", "x"), "ref: &a x\nd: 1\n"),
        ("# c\n{}\n", set("a", "x"), "# c\na: x\n"),
        ("-\n- b\n", set("0/a", "x"), "- a: x\n- b\n"),
        ("- # c\n- b\n", set("0/a", "x"), "- # c\n  a: x\n- b\n"),
        ("- {}\n", set("0/a/b", "x"), "- a:\n    b: x\n"),
        ("-\n- b\n", set("0", "x"), "- x\n- b\n"),
    ]);
}

#[test]
fn flow_collections_stay_flow() {
    check(&[
        ("a: {b: 1, c: 2 } # c\n", set("a/d", "x,y"), "a: {b: 1, c: 2, d: 'x,y' } # c\n"),
        ("a: {b: 1}\n", set("a/d/e", "x"), "a: {b: 1, d: {e: x}}\n"),
        ("a: {b: 1,}\n", set("a/d", "x"), "a: {b: 1, d: x,}\n"),
        ("a: {b: {}}\n", set("a/b/c", "x"), "a: {b: {c: x}}\n"),
        ("a: {b, c: 1}\n", set("a/b", "x"), "a: {b: x, c: 1}\n"),
        ("a: {b: , c: 1}\n", set("a/b/d", "x"), "a: {b: {d: x} , c: 1}\n"),
        ("a: {\n  b: 1, # one\n  c: 2 # two\n}\n", set("a/d", "x"), "a: {\n  b: 1, # one\n  c: 2, # two\n  d: x\n}\n"),
        ("a: {\n  b: 1,\n  c: 2, # two\n}\n", set("a/d", "x"), "a: {\n  b: 1,\n  c: 2, # two\n  d: x,\n}\n"),
        ("a: [x, y]\n", append("a", "z"), "a: [x, y, z]\n"),
        ("a: [x, 'y']\n", set("a/1", "z"), "a: [x, 'z']\n"),
        ("a: {b: 1, c: 2, d: 3}\n", remove("a/b"), "a: {c: 2, d: 3}\n"),
        ("a: {b: 1, c: 2, d: 3}\n", remove("a/c"), "a: {b: 1, d: 3}\n"),
        ("a: {b: 1, c: 2, d: 3}\n", remove("a/d"), "a: {b: 1, c: 2}\n"),
        ("a: { b: 1 }\n", remove("a/b"), "a: {}\n"),
        ("a: [ x ]\n", remove("a/0"), "a: []\n"),
        ("a: {\n  b: 1, # one\n  # more\n  c: 2 # two\n}\n", remove("a/b"), "a: {\n  # more\n  c: 2 # two\n}\n"),
        ("a: {\n  b: 1, # one\n  c: 2 # two\n}\n", remove("a/c"), "a: {\n  b: 1, # one\n}\n"),
        ("a: {\n  b: 1,\n  c: 2 # two\n}\n", remove("a/c"), "a: {\n  b: 1\n}\n"),
    ]);
}

#[test]
fn json_stays_json() {
    check(&[
        ("{\"a\": 1}\n", set("b", "x"), "{\"a\": 1, \"b\": \"x\"}\n"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}", set("c/d", "x"), "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": {\"d\": \"x\"}\n}"),
        ("{\"a\": null}", set("a", "true"), "{\"a\": \"true\"}"),
        ("{\"a\": null}", set("a/b", "x"), "{\"a\": {\"b\": \"x\"}}"),
        ("{\n\t\"a\": 1,\n\t\"b\": \"\\/\"\n}\n", remove("b"), "{\n\t\"a\": 1\n}\n"),
        ("{\n\t\"a\": 1,\n\t\"b\": \"\\/\"\n}\n", remove("a"), "{\n\t\"b\": \"\\/\"\n}\n"),
        ("{}", set("a", "x"), "{\"a\": \"x\"}"),
        ("{\"a\": []}", append_yaml("a", "b: 1\nc: x\n"), "{\"a\": [{\"b\": 1, \"c\": \"x\"}]}"),
    ]);
}

#[test]
fn an_entry_goes_with_its_lines() {
    check(&[
        ("a: 1 # c\n# of b\nb:\n  c: 1 # d\n  # foot\n# of e\ne: 1\n", remove("b"), "a: 1 # c\n# of b\n# of e\ne: 1\n"),
        ("a:\n  b: 1 # c\nd: 1\n", remove("a/b"), "a: {}\nd: 1\n"),
        ("a: # c\n  # d\n  b: 1\n", remove("a/b"), "a: {} # c\n  # d\n"),
        ("a: 1\n", remove("a"), "{}\n"),
        ("- a: 1\n  b: 2\n", remove("0/a"), "- b: 2\n"),
        ("- a: 1 # x\n  # of b\n  b: 2\n", remove("0/a"), "- # of b\n  b: 2\n"),
        ("- a: 1\n- b\n", remove("0/a"), "- {}\n- b\n"),
        ("- - a\n  - b\n- c\n", remove("0/0"), "- - b\n- c\n"),
        ("- - a\n- c\n", remove("0/0"), "- []\n- c\n"),
        ("x:\n- a\n- b # c\ny: 1\n", remove("x/1"), "x:\n- a\ny: 1\n"),
        ("x:\n- a\ny: 1\n", remove("x/0"), "x: []\ny: 1\n"),
        ("a: |+\n  x\nb: 1\n\nc: 2\n", remove("b"), "a: |+\n  x\nc: 2\n"),
        ("a: |\n  x\nb: |\n  y\n\nc: 2\n", remove("b"), "a: |\n  x\n\nc: 2\n"),
        ("a: |\n  x\nb: 2", remove("b"), "a: |\n  x\n"),
        ("a: 1\nb: 2", remove("b"), "a: 1"),
        ("# c\na: 1\r\nb: 2", remove("b"), "# c\na: 1"),
        ("a: 1\n", remove("b"), "a: 1\n"),
        ("a: 1\n", remove("b/c/0"), "a: 1\n"),
    ]);
    let with_comments = Change::Remove { path: path("b"), comments: true };
    check(&[("--- # c\nb: 1\n", with_comments.clone(), "--- # c\n{}\n")]);
    check(&[("a: 1\n# other\n\n# of b\n# too\nb: 2\nc: 3\n", with_comments, "a: 1\n# other\n\nc: 3\n")]);
}

#[test]
fn lists_grow_at_their_end() {
    check(&[
        ("a:\n- x\n# end\nb: 1\n", append("a", "v"), "a:\n- x\n- v\n# end\nb: 1\n"),
        ("a:\n  - x\n  # end\nb: 1\n", append("a", "v"), "a:\n  - x\n  - v\n  # end\nb: 1\n"),
        ("a: 1\n", append("b/c", "v"), "a: 1\nb:\n  c:\n    - v\n"),
        ("a:\n- x\n", append("b", "v"), "a:\n- x\nb:\n- v\n"),
        ("a: []\n", append("a", "v"), "a:\n  - v\n"),
        ("a: # c\n", append("a", "v"), "a: # c\n  - v\n"),
        ("a:\n  - b: 1\n", append_yaml("a", "b: 2\nc:\n  - d\n"), "a:\n  - b: 1\n  - b: 2\n    c:\n      - d\n"),
        ("a:\n  - b: 1\n", append_yaml("a", "b: |\n  x\n\n  y\n"), "a:\n  - b: 1\n  - b: |\n      x\n\n      y\n"),
        ("- - a\n", append("0", "b"), "- - a\n  - b\n"),
        ("- []\n", append("0", "b"), "- - b\n"),
        ("a: [\n  # c\n]\n", append("a", "b"), "a: [b \n  # c\n]\n"),
        ("a: {\n  # c\n}\n", set("a/b", "v"), "a: {b: v \n  # c\n}\n"),
    ]);
}

#[test]
fn yaml_values_are_indented() {
    check(&[
        ("a: x # c\nb: 1\n", set_yaml("a", "c: 1\nd:\n  - e\n"), "a: # c\n  c: 1\n  d:\n    - e\nb: 1\n"),
        ("a:\n    c: 2\n    # gone\nb: 1\n", set_yaml("a", "# new\nc: 1\n"), "a:\n    # new\n    c: 1\nb: 1\n"),
        ("a: # c\n  c: 2\nb: 1\n", set_yaml("a", "5"), "a: 5 # c\nb: 1\n"),
        ("a:\n- c\nb: 1\n", set_yaml("a", "- d\n- e"), "a:\n- d\n- e\nb: 1\n"),
        ("a: |\n  x\nb: 1\n", set_yaml("a", "c: 1"), "a:\n  c: 1\nb: 1\n"),
        ("- a: 1\n  b: 2\n- c\n", set_yaml("0", "d: 1\ne: 2"), "- d: 1\n  e: 2\n- c\n"),
        ("- a: 1\n- c\n", set_yaml("0", "x"), "- x\n- c\n"),
        ("a: 1\n", set_yaml("a", "|\n  x\n  y\n"), "a: |\n    x\n    y\n"),
        ("a: 1\n", set_yaml("a", "{b: 1}"), "a: {b: 1}\n"),
        ("a: {b: 1}\n", set_yaml("a/b", "c: 1\n"), "a: {b: {c: 1}}\n"),
        ("a: 1\nb: 1\n", set_yaml("c/d", "e: 1"), "a: 1\nb: 1\nc:\n  d:\n    e: 1\n"),
    ]);
}

#[test]
fn documents_are_edited_alone() {
    let before = "# head\n---\na: 1\n---\n# x\nb:   1   \n...\n---\r\na: 2\r\n";
    let changes = [(0, set("a", "x")), (2, set("b", "v")), (0, set("b", "z"))];
    let after = edit(before.as_bytes(), &changes).map(|out| String::from_utf8(out).expect("UTF-8"));
    let expected = "# head\n---\na: x\nb: z\n---\n# x\nb:   1   \n...\n---\r\na: 2\r\nb: v\n";
    assert_eq!(after.as_deref(), Ok(expected));
    let json = "{\"a\": 1}\n{\"b\": 1}{\"c\": 1}\n";
    let after = edit(json.as_bytes(), &[(1, set("b", "x"))]).map(|out| String::from_utf8(out).expect("UTF-8"));
    assert_eq!(after.as_deref(), Ok("{\"a\": 1}\n{\"b\": \"x\"}{\"c\": 1}\n"));
    assert!(edit(b"a: 1\n", &[(1, set("a", "x"))]).is_err());
}

#[test]
fn what_is_not_certain_is_refused() {
    for (before, change, line, column, message) in [
        ("a: &x 1\nb: *x\n", set("b", "v"), 2, 4, "alias"),
        ("a: &x 1\nb: *x\n", set("a", "v"), 1, 4, "`&x`"),
        ("a: &x\n  c: 1\nb: *x\n", set("a/c", "v"), 1, 4, "`&x`"),
        ("a: &x\n  c: 1\nb: *x\n", remove("a"), 1, 4, "`&x`"),
        ("a: &x {c: 1}\nb:\n  <<: *x\n", set("b/c", "v"), 3, 3, "merge"),
        ("a: &x {c: 1}\nb:\n  <<: *x\n  c: 2\n", remove("b/c"), 3, 3, "merge"),
        ("a: 1\na: 2\n", set("a", "v"), 2, 1, "twice"),
        ("a: !t x\n", set("a", "v"), 1, 4, "tag"),
        ("a: x\n", set("a/b", "v"), 1, 4, "not a mapping"),
        ("a: [x]\n", set("a/b", "v"), 1, 4, "list"),
        ("a: [x]\n", set("a/1", "v"), 1, 4, "1 entries"),
        ("a: 1\n", set("b/0/c", "v"), 1, 1, "list"),
        ("a:\n\t- b\n", set("a", "v"), 2, 1, "tab"),
        ("a:\n  b: 1\n", set("a", "v"), 2, 3, "mapping"),
        ("a: 1\n? b\n: 1\n", remove("b"), 2, 3, "`?`"),
        ("a: 1\n? b\n: &x #\n\n  c:\n", set("a", "v"), 2, 3, "`?`"),
        ("---\n\u{feff}a: 1\n", set("b", "x"), 2, 1, "byte-order mark"),
        ("a: 1\r\nb: é\rc: 1\n", set("a", "v"), 2, 5, "carriage return"),
        ("b: 1\na: |\n  x", set("c", "v"), 2, 1, "line break"),
        ("a: |\n  x\nb: 1\n   # c\nd: 1\n", remove("b"), 4, 4, "comment"),
        ("a:\n\n- b\n", set_yaml("a", "|\n  x\n  y\n"), 3, 1, "block text"),
        ("a: 1\n\n     \nb: 1\n", set_yaml("a", "|\n  x\n  y\n"), 3, 1, "blanks"),
        ("a: 1\n", set_yaml("a", "b: |+\n  x\n"), 1, 4, "`+`"),
        ("a: 1\n", set_yaml("a", "*x"), 1, 4, "anchor"),
        ("a: {b:}\n", set("a/c", "v"), 1, 5, "colon"),
        ("a: .inf\nb: 1\n", set("b", "v"), 1, 4, "JSON"),
    ] {
        let refusal = result(before, &change).expect_err(before);
        assert_eq!((refusal.line, refusal.column), (line, column), "{refusal:?}\n{before}");
        assert!(refusal.message.contains(message), "{refusal:?}\n{before}");
    }
}

#[test]
fn deep_nesting_is_refused_and_ends_nothing() {
    let deep = (0..5_000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n");
    let _ = result(&deep, &set("b", "x"));
    let brackets = format!("a: {}{}\nb: 1\n", "[".repeat(9_000), "]".repeat(9_000));
    assert!(result(&brackets, &set("b", "x")).is_err());
}
