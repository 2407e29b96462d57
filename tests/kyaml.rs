//! KYAML: what the encoder of kubectl writes, byte for byte, and nothing lost where it loses something.
//! (`tools/kyaml` writes the vectors.)

use kfleet::ops::fmt::text::{self, TextOptions};
use kfleet::yaml::edit::Rewrite;
use kfleet::yaml::emit::Style;
use kfleet::yaml::engine::Engine;
use kfleet::yaml::value::read_value;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Vector {
    json: String,
    kyaml: String,
}

fn kyaml(text: &str) -> Result<String, String> {
    let rewrite = Rewrite { expand_anchors: true, ..Rewrite::default() };
    let options = TextOptions { style: Style { kyaml: true, ..Style::default() }, rewrite, ..TextOptions::default() };
    let formatted = text::format(&mut Engine::default(), "in", text.as_bytes(), false, &options);
    let problems: Vec<String> = formatted.problems.iter().map(|problem| problem.message.clone()).collect();
    Ok(String::from_utf8(formatted.text.ok_or(problems.join("\n"))?).expect("UTF-8"))
}

fn block(text: &str) -> String {
    let formatted = text::format(&mut Engine::default(), "in", text.as_bytes(), false, &TextOptions::default());
    String::from_utf8(formatted.text.unwrap_or_else(|| panic!("{:?}\n{text}", formatted.problems))).expect("UTF-8")
}

#[test]
fn it_is_what_kubectl_writes() {
    let text = include_str!("../testdata/fmt-kyaml/vectors.jsonl");
    let mut differences = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        let vector: Vector = serde_json::from_str(line).expect("a vector");
        count += 1;
        let ours = kyaml(&vector.json);
        if ours.as_ref() != Ok(&vector.kyaml) {
            differences.push(format!("{}\n--- kubectl\n{}--- kfleet\n{ours:?}", vector.json, vector.kyaml));
            continue;
        }
        assert_eq!(kyaml(&vector.kyaml).as_ref(), Ok(&vector.kyaml), "a second run differs");
        let value = read_value(vector.json.as_bytes()).expect("JSON");
        assert_eq!(read_value(vector.kyaml.as_bytes()).expect("KYAML"), value, "{}", vector.json);
        assert_eq!(read_value(block(&vector.kyaml).as_bytes()).expect("YAML"), value, "{}", vector.json);
    }
    let shown = differences.iter().take(10).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(differences.is_empty(), "{} of {count} differ:\n{shown}", differences.len());
    assert!(count > 800, "only {count}");
}

/// The encoder of kubectl puts a backslash before any blank that starts a line, also before one that it writes as an
/// escape: `\r` becomes a backslash and an r.
#[test]
fn lines_that_start_with_odd_blanks_stay() {
    for blank in ["\r", "\u{85}", "\u{a0}", "\u{b}", "\u{2003}", "\u{2028}", "\t", " "] {
        let value = serde_json::json!({"a": format!("one\n{blank}two\n{blank}\n"), "b": format!("{blank}\n")});
        let out = kyaml(&value.to_string()).expect("KYAML");
        assert_eq!(read_value(out.as_bytes()).expect("KYAML"), value, "{out}");
    }
}

#[test]
fn comments_find_a_place_and_stay_there() {
    let text = "# Licence.\n\n# About it.\na: # of a\n  # of b\n  b: 1 # one\n  # foot of a\nlist: # of the list\n- x # x\n# of z\n- z\n\
                maps:\n- # of the item\n  k: v\n- k: v\n  # foot\nempty: [] # nothing\nnone:\n# end\ntext: | # why\n  one\n  two\n\
                last:\n  # about the value\n  value\n# The end.\n\n# Really.\n";
    let expected = "---\n# Licence.\n\n# About it.\n{\n  a: {\n    # of a\n    # of b\n    b: 1, # one\n    # foot of a\n  },\n  \
                    list: [\n    # of the list\n    \"x\", # x\n    # of z\n    \"z\",\n  ],\n  maps: [\n    # of the item\n    {\n      \
                    k: \"v\",\n    },\n    {\n      k: \"v\",\n      # foot\n    },\n  ],\n  empty: [], # nothing\n  none: null,\n  # end\n  \
                    text: \"\\\n     one\\n\\\n     two\\n\\\n    \", # why\n  last: \"value\",\n  # about the value\n  # The end.\n\n  \
                    # Really.\n}\n";
    let out = kyaml(text).expect("KYAML");
    assert_eq!(out, expected, "{out}");
    assert_eq!(kyaml(&out).as_deref(), Ok(expected));
    assert!(block(&out).contains("# Really."));
}

#[test]
fn a_list_at_the_top_has_comments_too() {
    let expected = "---\n# top\n[\n  # of the item\n  {\n    a: 1,\n  },\n]\n";
    let out = kyaml("# top\n- # of the item\n  a: 1\n").expect("KYAML");
    assert_eq!((out.as_str(), kyaml(&out).as_deref()), (expected, Ok(expected)));
}

/// Found by fuzzing: the blank line before a marker stays on its side.
#[test]
fn comments_before_markers_are_stable() {
    for text in [
        "# a\n\n---\n\n--- # b >-\n    c\n  ",
        "# a\n\n---\n# b\n\na: 1\n",
        "# a\n\n---\n\n# b\na: 1\n",
        "---\n# a\n\n---\n",
    ] {
        let out = kyaml(text).expect("KYAML");
        assert_eq!(kyaml(&out).as_deref(), Ok(out.as_str()), "{text}");
    }
}

#[test]
fn comments_around_a_value_keep_their_order() {
    let out = kyaml("a:\n  # before\n  value # after\nb: # at the key\n  value # after\n").expect("KYAML");
    let expected = "---\n{\n  a: \"value\",\n  # before\n  # after\n  b: \"value\", # at the key\n  # after\n}\n";
    assert_eq!((out.as_str(), kyaml(&out).as_deref()), (expected, Ok(expected)));
}

#[test]
fn anchors_are_written_out_and_tags_refused() {
    let out = kyaml("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: f}\n").expect("KYAML");
    assert_eq!(
        out,
        "---\n{\n  a: {\n    b: 1,\n  },\n  c: {\n    b: 1,\n  },\n  d: {\n    e: \"f\",\n    b: 1,\n  },\n}\n"
    );
    assert_eq!(kyaml("a: !!str 1\n"), Err("KYAML has no tags".to_owned()));
}

/// Quotes would make text of a value that is none for kubectl.
#[test]
fn values_that_readers_resolve_differently_keep_their_bytes() {
    let out = kyaml("a: yes\nb: 0644\nc: 1_000\non: 2001-01-01\n1: 1:30\n").expect("KYAML");
    assert_eq!(out, "---\n{\n  a: yes,\n  b: 0644,\n  c: 1_000,\n  on: 2001-01-01,\n  1: 1:30,\n}\n");
}
