//! Edits in place, held against a tree that the independent parser reads before and after.

use super::tree::{self, Kind, Tree};
use super::{BOM, is_disputed};
use kfleet::yaml::input::Text;
use kfleet::yaml::resolve;
use kfleet::yaml::splice::{self, Change, New, Step};

const TEXTS: [&str; 10] = [
    "main",
    "1234567890123456789012345678901234567890",
    "0123e4567890123456789012345678901234567a",
    "yes",
    "",
    "it's # a: b",
    "[x, y]",
    "two\nlines\n",
    " spaces ",
    "\u{85}é\t\"\\",
];

const YAMLS: [&str; 6] =
    ["zz: 1\nyy:\n  - w\n", "# new\nzz: '2'\n", "- w\n- zz: 3\n", "'w'", "|\n  w\n  zz\n", "{zz: [w, 4]}"];

fn mk_set(path: Vec<Step<'_>>) -> Change<'_> {
    Change::Set { path, value: New::Text("x"), after: None }
}

/// Four bytes that choose an edit, then the file.
pub fn splicer(bytes: &[u8]) {
    let Some((choice, file)) = bytes.split_first_chunk::<4>() else { return };
    splicing(file, choice[0], usize::from(choice[1]) << 8 | usize::from(choice[2]), choice[3]);
}

/// One edit, of this kind, at the value of this number, to a value of this number: only what it means changes, all
/// comments stay, and a value on one line changes that line only. Tells whether the file was edited.
pub fn splicing(bytes: &[u8], kind: u8, number: usize, value: u8) -> bool {
    let Ok(text) = Text::new(bytes) else {
        assert!(splice::edit(bytes, &[(0, mk_set(vec![Step::Key("a")]))]).is_err());
        return false;
    };
    let count = text.documents().len();
    let before = read(&text).filter(|tree| is_undisputed(&text) && tree.documents.len() == count);
    let Some(before) = before else {
        let path = vec![Step::Key("a"), Step::Key("new-key")];
        if count > 0 {
            check_refusal(bytes, splice::edit(bytes, &[(number % count, mk_set(path))]));
        }
        return false;
    };
    let all: Vec<(usize, Vec<tree::Step>, usize)> = (0..count)
        .flat_map(|document| before.paths(document, 500).into_iter().map(move |(path, node)| (document, path, node)))
        .collect();
    let (document, mut path, node) = all[number % all.len()].clone();
    let kind = kind % 9;
    let missing = match kind {
        1 | 7 => &["new-key"][..],
        2 => &["new-key", "80", "yes"][..],
        _ => &[],
    };
    path.extend(missing.iter().map(|key| tree::Step::Key((*key).to_owned())));
    let first_key = match &before.nodes[node].kind {
        Kind::Map(entries) => entries.first().map(|entry| entry.0),
        _ => None,
    };
    let after = first_key.filter(|_| kind == 7).and_then(|key| match &before.nodes[key].kind {
        Kind::Scalar(text, false) => Some(text.clone()),
        _ => None,
    });
    let steps: Vec<Step<'_>> = path
        .iter()
        .map(|step| match step {
            tree::Step::Key(key) => Step::Key(key),
            tree::Step::Index(index) => Step::Index(*index),
        })
        .collect();
    let new_text = TEXTS[usize::from(value) % TEXTS.len()];
    let new_yaml = YAMLS[usize::from(value) % YAMLS.len()];
    let mut expected = before.clone();
    let (change, applied) = match kind {
        0..=2 | 7 => {
            let new = expected.add_text(new_text);
            let applied = expected.set(document, &path, after.as_deref(), new);
            (Change::Set { path: steps, value: New::Text(new_text), after: after.as_deref() }, applied)
        }
        3 | 8 => (Change::Remove { path: steps, comments: kind == 8 }, expected.remove(document, &path)),
        4 => {
            let new = expected.add_text(new_text);
            (Change::Append { path: steps, value: New::Text(new_text) }, expected.append(document, &path, new))
        }
        5 => {
            let new = expected.add_yaml(new_yaml);
            let applied = expected.set(document, &path, None, new);
            (Change::Set { path: steps, value: New::Yaml(new_yaml), after: None }, applied)
        }
        _ => {
            let new = expected.add_yaml(new_yaml);
            (Change::Append { path: steps, value: New::Yaml(new_yaml) }, expected.append(document, &path, new))
        }
    };
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let changes = [(document, change)];
    let result = splice::edit(bytes, &changes);
    if let Err(refusal) = &result {
        assert!(!refusal.message.starts_with("internal error"), "{refusal:?} {:?}\n{}", changes[0].1, shown(bytes));
    }
    let Some(out) = check_refusal(bytes, result) else { return false };
    let change = &changes[0].1;
    if out == bytes {
        let is_same = matches!(&before.nodes[node].kind, Kind::Scalar(old, _) if old == new_text
            && matches!(resolve::v2(old), resolve::Value::Str(_)));
        assert!(
            is_same || applied.is_none() || before.values() == expected.values() || kind == 5,
            "not edited: {change:?}\n{}",
            shown(bytes)
        );
        return false;
    }
    assert!(applied.is_some(), "edited without a path: {change:?}\n{}", shown(bytes));
    let text = Text::new(&out).unwrap_or_else(|error| panic!("{error:?}: {change:?}\n{}", shown(&out)));
    let Some(after) = read(&text) else {
        panic!("the result cannot be read: {change:?}\n{}\n{}", shown(bytes), shown(&out));
    };
    let (wanted, found) = (expected.values(), after.values());
    let difference = wanted.iter().zip(&found).find(|(wanted, found)| wanted != found);
    assert!(wanted == found, "{difference:?}: {change:?}\n{}\n{}", shown(bytes), shown(&out));
    check_comments(&before, &after, kind, node, &|| format!("{change:?}\n{}\n{}", shown(bytes), shown(&out)));
    if kind == 0 && !new_text.contains('\n') {
        let is_one_line = matches!(&before.nodes[node].kind, Kind::Scalar(old, _) if !old.contains(['\n', ' ']));
        let (old, new) = (bytes.split(|byte| *byte == b'\n'), out.split(|byte| *byte == b'\n'));
        if is_one_line && old.clone().count() == new.clone().count() {
            assert!(old.zip(new).filter(|(old, new)| old != new).count() <= 1, "{change:?}\n{}", shown(&out));
        }
    }
    // Editing again: a value that is there is not touched.
    if matches!(kind, 0..=2 | 5 | 7) {
        assert_eq!(splice::edit(&out, &changes).map(|again| shown(&again)), Ok(shown(&out)), "{change:?}");
    }
    true
}

fn check_comments(before: &Tree, after: &Tree, kind: u8, node: usize, shown: &dyn Fn() -> String) {
    let is_collection = matches!(before.nodes[node].kind, Kind::Map(_) | Kind::Seq(_));
    // New values bring a comment of this text; the file can have it too.
    let others = |tree: &'_ Tree| -> Vec<String> {
        tree.comments.iter().filter(|comment| comment.trim() != "new").cloned().collect()
    };
    let (old, new) = (others(before), others(after));
    if matches!(kind, 3 | 8) || (is_collection && matches!(kind, 0 | 5)) {
        let mut rest = old.iter();
        assert!(new.iter().all(|comment| rest.any(|old| old == comment)), "comments moved: {}", shown());
    } else {
        assert_eq!(old, new, "comments changed: {}", shown());
    }
}

/// The result, or nothing where the edit was refused with a place in the file.
fn check_refusal(bytes: &[u8], result: Result<Vec<u8>, splice::Refusal>) -> Option<Vec<u8>> {
    match result {
        Ok(out) => Some(out),
        Err(refusal) => {
            let shown = String::from_utf8_lossy(bytes);
            assert!(!refusal.message.starts_with("internal error"), "{refusal:?}\n{shown}");
            let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
            assert!(refusal.line >= 1 && refusal.line <= lines && refusal.column >= 1, "{refusal:?}\n{shown}");
            None
        }
    }
}

/// Whether the independent parser is a judge of a file.
fn is_undisputed(text: &Text<'_>) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(&text.bytes, needle).is_some();
    !(has(b"...") || has(b"---#") || has(BOM) || text.documents().iter().any(|span| is_disputed(text, *span)))
}

/// What the independent parser reads.
fn read(text: &Text<'_>) -> Option<Tree> {
    let source = std::str::from_utf8(&text.bytes).ok()?;
    let source = if text.cut { source.strip_suffix('\n').unwrap_or(source) } else { source };
    Tree::read(source)
}
