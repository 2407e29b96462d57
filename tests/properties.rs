//! Properties of canonical text on made-up documents: what the oracle says must hold for any bytes.
#![allow(clippy::disallowed_methods, reason = "tests read the fuzz seeds")]

mod oracle;
mod promotions;

use kfleet::yaml::scalar;
use promotions::{History, Outcome};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

/// A scalar value, with its style, as it stands after `key: ` at some depth.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]([a-z0-9 ./_-]|:[a-z0-9]){0,10}[a-z0-9]",
        "'[a-z #:{}'']{0,3}'".prop_map(|text| {
            let inner = text[1..text.len() - 1].replace('\'', "''");
            format!("'{inner}'")
        }),
        "\"([a-z #:,]|\\\\n|\\\\u00e9|\\\\\\\\){0,8}\"",
        Just("|\n@  text\n@    more\n@\n@  end".to_owned()),
        Just(">-\n@  folded\n@  text\n@\n@   deeper".to_owned()),
        Just("|+\n@  kept\n\n".to_owned()),
        Just("|2 # why\n@    x\n@  y".to_owned()),
        Just("plain that\n@    goes on\n\n@  after a break".to_owned()),
        Just("\"quoted that\n@    goes \\\n@  on\"".to_owned()),
        Just("{a: 1, \"b\": [c, 'd'], e}".to_owned()),
        Just("[1, # one\n@  {k: v},\n@ two]".to_owned()),
        Just("!!str 0644".to_owned()),
        Just("~".to_owned()),
        Just(String::new()),
        Just("yes # no".to_owned()),
    ]
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(String),
    Map(Vec<(Node, bool)>),
    List(Vec<Node>, bool),
}

fn node() -> impl Strategy<Value = Node> {
    value().prop_map(Node::Leaf).prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec((inner.clone(), any::<bool>()), 1..5).prop_map(Node::Map),
            (prop::collection::vec(inner, 1..4), any::<bool>()).prop_map(|(items, compact)| Node::List(items, compact)),
        ]
    })
}

/// Writes a node after `key:` or `-`; `step` is the indentation of one level.
fn write(node: &Node, indent: usize, step: usize, in_map: bool, out: &mut String) {
    let pad = " ".repeat(indent);
    match node {
        Node::Leaf(text) => {
            if !text.is_empty() {
                out.push(' ');
                out.push_str(&text.replace('@', &pad));
            }
            out.push('\n');
        }
        Node::Map(entries) => {
            out.push_str(" # map\n");
            let pad = " ".repeat(indent + step);
            for (number, (entry, comment)) in entries.iter().enumerate() {
                if *comment {
                    *out += &format!("{pad}# head {number}\n\n{pad}# second\n");
                }
                *out += &format!("{pad}key{number} :");
                write(entry, indent + step, step, true, out);
            }
            *out += &format!("{pad}# foot\n");
        }
        Node::List(items, compact) => {
            out.push('\n');
            let indent = if *compact && in_map { indent } else { indent + step };
            let pad = " ".repeat(indent);
            for item in items {
                *out += &format!("{pad}# item\n{pad}-");
                write(item, indent, step, false, out);
            }
        }
    }
}

fn documents() -> impl Strategy<Value = String> {
    let marker = prop_oneof![Just("---\n"), Just("--- # c\n"), Just("...\n---\n"), Just("---\t\n\n# head\n")];
    prop::collection::vec((node(), 1..5usize, marker), 1..4).prop_map(|documents| {
        let mut out = String::new();
        for (node, step, marker) in documents {
            out.push_str(marker);
            out.push_str("root:");
            write(&node, 0, step, true, &mut out);
        }
        out
    })
}

/// Changes at random places.
fn mutated() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n"),
        Just(" "),
        Just("  "),
        Just("#"),
        Just(": "),
        Just("- "),
        Just("\""),
        Just("'"),
        Just("{"),
        Just("]"),
        Just("|"),
        Just("&a "),
        Just("*a"),
        Just("\t"),
        Just("---\n"),
        Just("? "),
        Just("\r\n"),
        Just("é"),
        Just("\\"),
    ];
    (documents(), prop::collection::vec((any::<prop::sample::Index>(), piece, 0..3usize), 1..6)).prop_map(
        |(mut text, edits)| {
            for (at, piece, removed) in edits {
                let mut start = at.index(text.len().max(1)).min(text.len());
                while !text.is_char_boundary(start) {
                    start -= 1;
                }
                let mut end = (start + removed).min(text.len());
                while !text.is_char_boundary(end) {
                    end += 1;
                }
                text.replace_range(start..end, piece);
            }
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn documents_keep_their_meaning(text in documents()) {
        let engine = &mut kfleet::yaml::engine::Engine::default();
        let result = kfleet::ops::fmt::text::format(engine, "in", text.as_bytes(), false, &Default::default());
        prop_assert!(result.text.is_some(), "{:?}\n{text}", result.problems);
        oracle::formatter(text.as_bytes());
        oracle::scanner(text.as_bytes());
        oracle::splitter(text.as_bytes());
    }

    #[test]
    fn broken_documents_are_refused_or_keep_their_meaning(text in mutated()) {
        oracle::formatter(text.as_bytes());
        oracle::scanner(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_harmless(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        oracle::formatter(&bytes);
        oracle::scanner(&bytes);
        oracle::splitter(&bytes);
        oracle::fleet_file(&bytes);
    }

    #[test]
    fn any_edit_of_any_bytes_is_harmless(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        oracle::splicer(&bytes);
    }

    #[test]
    fn written_text_is_read_back(text in any::<String>(), flow in any::<bool>()) {
        let mut out = if flow { b"x: [".to_vec() } else { b"x: ".to_vec() };
        scalar::write_text(&text, flow, &mut out);
        out.extend_from_slice(if flow { b"]\n" } else { b"\n" });
        let yaml = String::from_utf8(out).expect("UTF-8");
        let value: serde_json::Value = serde_saphyr::from_str(&yaml).expect("readable");
        let read = if flow { &value["x"][0] } else { &value["x"] };
        prop_assert_eq!(read.as_str(), Some(text.as_str()), "{}", yaml);
        oracle::formatter(yaml.as_bytes());
    }
}

/// A file for edits: some as JSON, with other line breaks, or cut.
fn edited() -> impl Strategy<Value = String> {
    let json = Just("{\"a\": {\"b\": [1, {\"c\": null}], \"d\": {}},\n  \"e\": \"f\"\n}\n".to_owned());
    let written = Just(
        "# head\n\na: &x # one\n  'b': *y\n  <<: {c: 1}\nd:\n- - e # two\n  -   f: 1\n      g: |+\n        h\n\n\
         # three\n- ? i\n  : j\n- \nk: { l, m: n, # four\n  o: }\n80: [\n  p, # five\n  q: r\n]\n"
            .replace("*y", "y"),
    );
    let base = prop_oneof![6 => documents(), 2 => mutated(), 1 => json, 2 => written];
    (base, 0..6u8).prop_map(|(text, form)| match form {
        0 => text.replace('\n', "\r\n"),
        1 => text.trim_end().to_owned(),
        2 => format!("\u{feff}{text}"),
        _ => text,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_changes_what_it_means_and_keeps_all_comments(
        text in edited(),
        kind in 0..9u8,
        number in any::<u16>(),
        value in any::<u8>(),
    ) {
        oracle::splicing(text.as_bytes(), kind, usize::from(number), value);
    }
}

/// Whole promotions in made-up fleets. Few are refused, each with a reason.
#[test]
fn a_promotion_changes_the_pin_and_keeps_all_else() {
    let history = History::new();
    let config =
        ProptestConfig { cases: 2000, failure_persistence: None, max_shrink_iters: 1500, ..ProptestConfig::default() };
    let (changed, reasons) = (RefCell::new(0), RefCell::new(BTreeMap::<String, usize>::new()));
    let result = TestRunner::new(config).run(&prop::collection::vec(any::<u8>(), 0..1500), |bytes| {
        match history.check(&bytes) {
            Outcome::Changed => *changed.borrow_mut() += 1,
            Outcome::Unchanged => {}
            Outcome::Refused(reason) => *reasons.borrow_mut().entry(reason).or_default() += 1,
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let refused: usize = reasons.borrow().values().sum();
    println!("{} promotions made, {refused} refused: {:#?}", changed.borrow(), reasons.borrow());
    assert!(refused < 300, "{refused} of 2,000 are refused: {:#?}", reasons.borrow());
    assert!(*changed.borrow() > 1500, "only {} of 2,000 change something", changed.borrow());
}

#[test]
fn the_seeds_of_the_fuzzers_and_what_they_found_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (target, check) in [
        ("splitter", oracle::splitter as fn(&[u8])),
        ("scanner", oracle::scanner),
        ("formatter", oracle::formatter),
        ("substituter", oracle::substituter),
        ("fleet_file", oracle::fleet_file),
        ("splicer", oracle::splicer),
        ("triggers", oracle::pipeline::triggers),
        ("languages", oracle::pipeline::languages),
        ("tekton", oracle::pipeline::tekton),
        ("webhook", oracle::pipeline::webhook),
        ("output", oracle::pipeline::output),
    ] {
        for folder in ["seeds", "artifacts"] {
            let Ok(files) = std::fs::read_dir(root.join(folder).join(target)) else { continue };
            for file in files {
                let path = file.expect("entry").path();
                println!("{}", path.display());
                check(&std::fs::read(path).expect("readable"));
            }
        }
    }
}
