//! What must hold for any bytes at all. The fuzz targets and the property tests share it. An independent parser
//! (granit-parser) says what a text means before and after.
#![allow(dead_code, unreachable_pub, reason = "each user takes a part of it")]

pub mod pipeline;
mod splice;
pub mod tree;

use granit_parser::{Event, Parser, ScalarStyle, options};
use kfleet::fleet::file::{FleetFile, is_name};
use kfleet::fleet::lock::Lock;
use kfleet::ops::fmt::text::{self, TextOptions};
use kfleet::problem::Severity;
use kfleet::substitute::{Mode, substitute};
use kfleet::yaml::check;
use kfleet::yaml::emit::{FlowStyle, SequenceIndent, Style};
use kfleet::yaml::engine::Engine;
use kfleet::yaml::input::Text;
use kfleet::yaml::scan::{self, Buffers};
use kfleet::yaml::slow;
use kfleet::yaml::split::Documents;
use kfleet::yaml::tape::{Kind, Tape};
use kfleet::yaml::verify::{Side, compare};
use std::collections::BTreeMap;

#[allow(unused_imports, reason = "each user takes a part of it")]
pub use splice::{splicer, splicing};

/// Documents lie after each other, and only markers and the rest of `...` lines lie between them.
pub fn splitter(bytes: &[u8]) {
    let mut at = 0;
    for document in Documents::new(bytes) {
        assert!(document.prefix >= at && document.prefix <= document.marker && document.marker <= document.body);
        assert!(document.body <= document.end && document.end <= bytes.len());
        let between = &bytes[at..document.prefix];
        assert!(between.is_empty() || between.starts_with(b"..."), "lost text between documents");
        let marker = &bytes[document.marker..document.body];
        assert!(marker.is_empty() || marker == b"---");
        at = document.end;
    }
    let rest = &bytes[at..];
    assert!(rest.is_empty() || rest.starts_with(b"..."), "lost text at the end");
}

/// A fleet file or a lock is refused with reasons, or read; a lock says the same once it was written.
pub fn fleet_file(bytes: &[u8]) {
    match FleetFile::read("fleet.yaml", bytes) {
        Ok(file) => {
            for (name, addon) in &file.fleet.addons {
                assert!(is_name(name) && !addon.sources.is_empty());
            }
        }
        Err(problems) => assert!(problems.iter().any(|problem| problem.severity == Severity::Error)),
    }
    if let Ok(lock) = Lock::read("fleet.lock", bytes) {
        assert_eq!(Lock::read("fleet.lock", &lock.render()), Ok(lock));
    }
}

/// Both lanes understand a document alike, where both take it.
pub fn scanner(bytes: &[u8]) {
    let Ok(text) = Text::new(bytes) else { return };
    if text.json || memchr::memmem::find(&text.bytes, b"---#").is_some() {
        return;
    }
    for span in text.documents() {
        let cut = text.cut && span.end == text.bytes.len();
        let (mut fast, mut slow) = (Tape::default(), Tape::default());
        if scan::scan(&text.bytes, span, cut, &mut fast, &mut Buffers::default()).is_err() {
            continue;
        }
        well_formed(&fast);
        let mut findings = Vec::new();
        check::check(&fast, &text.bytes, false, &mut findings);
        if findings.iter().any(|finding| finding.is_error) {
            continue;
        }
        let Ok(source) = std::str::from_utf8(&text.bytes) else { continue };
        if slow::build(source, span, cut, &mut slow).is_err() {
            continue;
        }
        well_formed(&slow);
        if has_adjacent_colon(&fast, &text.bytes) {
            continue;
        }
        let left = Side { tape: &fast, source: &text.bytes, range: 0..fast.tokens.len(), json: false };
        let right = Side { tape: &slow, source: &text.bytes, range: 0..slow.tokens.len(), json: false };
        if let Err(difference) = compare(&left, &right) {
            panic!(
                "the lanes differ in {} at {}\n{:#?}\n{:#?}",
                difference.what, difference.offset, fast.tokens, slow.tokens
            );
        }
    }
}

/// Starts and ends belong together, every key has a value, and all spans lie in the text.
fn well_formed(tape: &Tape) {
    let mut open = Vec::new();
    for (index, token) in tape.tokens.iter().enumerate() {
        match token.kind {
            Kind::Map | Kind::Seq => open.push(index),
            Kind::End => {
                let start = open.pop().expect("an end without a start");
                assert_eq!(tape.tokens[start].link as usize, index);
                assert_eq!(token.link as usize, start);
            }
            _ => {}
        }
        assert!(token.start <= token.end);
    }
    assert!(open.is_empty(), "a start without an end");
}

/// `{a:1}` and `{d:}`: the parser follows YAML 1.2, kfleet follows kubectl.
fn has_adjacent_colon(tape: &Tape, source: &[u8]) -> bool {
    tape.tokens.iter().any(|token| token.kind == Kind::Plain && tape.text(source, *token).ends_with(b":"))
}

fn styles() -> [Style; 4] {
    let base = Style::default();
    [
        base,
        Style { sequence_indent: SequenceIndent::Compact, flow: FlowStyle::Keep, ..base },
        Style { flow: FlowStyle::Block, canonical: true, unmangle: true, ..base },
        Style { sequence_indent: SequenceIndent::Compact, flow: FlowStyle::Block, ..base },
    ]
}

/// Formatting is stable, and changes neither values nor comments.
pub fn formatter(bytes: &[u8]) {
    let mut engine = Engine::default();
    // KYAML has no anchors and no tags.
    let kyaml = !bytes.iter().any(|byte| matches!(byte, b'&' | b'*' | b'!'));
    for style in styles().into_iter().chain(kyaml.then(|| Style { kyaml: true, ..Style::default() })) {
        let options = TextOptions { style, ..TextOptions::default() };
        let first = text::format(&mut engine, "in", bytes, false, &options);
        for problem in &first.problems {
            assert!(!problem.message.starts_with("internal error"), "{problem:?}");
            let lines = bytes.iter().filter(|b| matches!(b, b'\n' | b'\r')).count() as u64 + 1;
            assert!(problem.location.line >= 1 && problem.location.line <= lines, "{problem:?}");
        }
        let Some(out) = first.text else { continue };
        let second = text::format(&mut engine, "out", &out, false, &options);
        let shown = || String::from_utf8_lossy(&out).into_owned();
        let again = second.text.unwrap_or_else(|| panic!("the result is refused: {:?}\n{}", second.problems, shown()));
        assert_eq!(String::from_utf8_lossy(&again), shown(), "the second run differs");
        same_meaning(bytes, &out);
    }
}

/// A template after lines of `NAME=value` and an empty line: see [`substitution`].
pub fn substituter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (head, template) = text.split_once("\n\n").unwrap_or(("", text));
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    substitution(template, &head.lines().filter_map(pair).collect());
}

/// Strict mode gives what compat mode gives, where it takes a template, and all problems lie in the text.
pub fn substitution(template: &str, values: &BTreeMap<String, String>) {
    let [strict, compat] = [Mode::Strict, Mode::Compat].map(|mode| substitute("in", template, values, mode));
    if let Ok(strict) = &strict {
        let compat = compat.as_ref().unwrap_or_else(|problems| panic!("only strict mode takes this: {problems:?}"));
        assert_eq!(strict.text, compat.text);
        assert_eq!(strict.used, compat.used);
    }
    let lines = template.bytes().filter(|b| matches!(b, b'\n' | b'\r')).count() as u64 + 1;
    for result in [strict, compat] {
        let problems = result.map_or_else(|problems| problems, |substituted| substituted.warnings);
        for problem in problems {
            assert!(
                problem.location.line >= 1 && problem.location.line <= lines && problem.location.column >= 1,
                "{problem:?}"
            );
        }
    }
}

/// What the independent parser reads: values without layout, and comments.
fn meaning(text: &str) -> Option<(Vec<String>, Vec<String>)> {
    let mut values = Vec::new();
    let mut comments = Vec::new();
    let options = options! {
        emit_anchor_events: true,
        block_scalar_eof_without_line_feed: true,
        max_buffered_comment_events: 1 << 20,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event.ok()?.0 {
            Event::Comment(text, _) => comments.push(text.trim_end_matches([' ', '\t']).to_owned()),
            Event::Scalar(value, style, _, tag) => {
                let plain = style == ScalarStyle::Plain;
                // A value that is not written may become a word.
                let value = if plain && value == "null" { "~".into() } else { value };
                let resolved = plain && !kfleet::yaml::resolve::is_text_for_all(&value);
                values.push(format!("scalar {value:?} {resolved} {tag:?}"));
            }
            Event::Alias(id) => values.push(format!("alias {id}")),
            Event::Anchor(id, name) => values.push(format!("anchor {id} {name}")),
            Event::SequenceStart(_, _, tag) => values.push(format!("list {tag:?}")),
            Event::MappingStart(_, _, tag) => values.push(format!("map {tag:?}")),
            Event::SequenceEnd | Event::MappingEnd => values.push("end".to_owned()),
            Event::DocumentStart(..) => values.push("document".to_owned()),
            _ => {}
        }
    }
    // Empty documents do not count.
    let mut kept: Vec<String> = Vec::new();
    let mut values = values.into_iter().peekable();
    while let Some(value) = values.next() {
        if value == "document"
            && values.peek().is_none_or(|next| next == "scalar \"~\" true None" || next == "document")
        {
            values.next_if(|next| next != "document");
            continue;
        }
        kept.push(value);
    }
    Some((kept, comments))
}

fn same_meaning(before: &[u8], after: &[u8]) {
    let Ok(text) = Text::new(before) else { return };
    // Where readers disagree on purpose, this parser is not a judge.
    let has = |needle: &[u8]| memchr::memmem::find(&text.bytes, needle).is_some();
    if text.json || has(b"...") || has(b"---#") || has(BOM) || text.documents().iter().any(|d| is_disputed(&text, *d)) {
        return;
    }
    let (Ok(before), Ok(after)) = (std::str::from_utf8(&text.bytes), std::str::from_utf8(after)) else { return };
    let before = if text.cut { before.strip_suffix('\n').unwrap_or(before) } else { before };
    let (Some((values, comments)), Some((values_after, comments_after))) = (meaning(before), meaning(after)) else {
        return;
    };
    assert_eq!(values, values_after, "values changed");
    // Commented-out YAML may move to the left.
    let text = |comments: Vec<String>| {
        let mut texts: Vec<_> = comments.iter().map(|comment| comment.trim_start().to_owned()).collect();
        texts.sort_unstable();
        texts
    };
    assert_eq!(text(comments), text(comments_after), "comments changed");
}

const BOM: &[u8] = b"\xef\xbb\xbf";

fn is_disputed(text: &Text<'_>, span: kfleet::yaml::split::Span) -> bool {
    let mut tape = Tape::default();
    let cut = text.cut && span.end == text.bytes.len();
    match scan::scan(&text.bytes, span, cut, &mut tape, &mut Buffers::default()) {
        Ok(()) => {
            has_adjacent_colon(&tape, &text.bytes)
                || tape.tokens.iter().any(|token| token.kind == Kind::Null && token.flags != 0)
        }
        Err(_) => false,
    }
}
