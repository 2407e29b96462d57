//! The `kustomization.yaml` of a base: it lists every generated file, in order. What a person has added to it stays:
//! comments, other fields, and resources that are not generated.

use crate::manifest::Source;
use crate::manifest::findings::{finding_problem, syntax_problem};
use crate::problem::{Location, Problem};
use crate::yaml::edit;
use crate::yaml::emit::{Frame, SequenceIndent, Style, emit};
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::scalar;
use crate::yaml::tape::{Kind, Tape, Token};
use std::collections::BTreeSet;

/// Whether a path below a base is one that generate writes.
pub fn is_generated(path: &str) -> bool {
    let parts: Vec<&str> = path.strip_prefix("./").unwrap_or(path).split('/').collect();
    matches!(parts.as_slice(), ["resources", "cluster" | "namespaces", _, file] if file.ends_with(".yaml"))
}

/// The same, the base's own kustomization included.
pub fn is_ours(path: &str) -> bool {
    is_generated(path) || path == "kustomization.yaml"
}

/// The text that lists `files`, which are relative to the base. `name` is the file's path, for messages.
///
/// # Errors
/// The text that is there is no kustomization.
pub fn update(name: &str, existing: Option<&[u8]>, files: &BTreeSet<String>) -> Result<Vec<u8>, Vec<Problem>> {
    let listed: BTreeSet<String> = files.iter().map(|file| format!("./{file}")).collect();
    let Some(existing) = existing else { return Ok(fresh(&listed)) };
    let mut engine = Engine::default();
    let (text, mut tape, is_explicit) = parse(&mut engine, name, existing)?;
    let source = Source { tape: &tape, bytes: &text.bytes, json: text.json };
    let fail = |message: &str| {
        let hint = "repair it, or remove it: kfleet generate then writes a new one";
        vec![Problem::error(Location::of_file(name), message).with_hint(hint)]
    };
    let root = tape.node_at(0);
    if tape.tokens.get(root).is_none_or(|token| token.kind != Kind::Map || token.has(Token::FLOW)) {
        return Err(fail("this is not a kustomization: it is not a mapping"));
    }
    let mut groups = Vec::new();
    let mut tail = Vec::new();
    let mut compact = false;
    match source.get(root, "resources") {
        Some(seq) if tape.tokens[seq].kind == Kind::Seq => {
            compact = tape.tokens[seq].column == tape.tokens[root].column && !tape.tokens[seq].has(Token::FLOW);
            (groups, tail) = read_groups(&tape, &text.bytes, seq);
            let present: BTreeSet<&String> =
                groups.iter().map(|group| &group.entry).filter(|e| is_generated(e)).collect();
            let same = |entry: &&String| listed.contains(*entry);
            if present.len() == listed.len() && present.iter().all(same) {
                return Ok(existing.to_vec());
            }
        }
        Some(node) if tape.tokens[node].kind != Kind::Null => return Err(fail("`resources` is not a list")),
        _ => {}
    }
    groups.retain(|group| !is_generated(&group.entry) || listed.contains(&group.entry));
    let known: BTreeSet<String> = groups.iter().map(|group| group.entry.clone()).collect();
    for entry in listed.difference(&known) {
        let token = edit::extra_token(&mut tape, scalar::text_of(entry).as_bytes());
        let item = Token { kind: Kind::Item, flags: 0, column: 0, start: token.start, end: token.start, link: 0 };
        groups.push(Group { entry: entry.clone(), tokens: vec![item, token] });
    }
    groups.sort_by(|a, b| a.entry.cmp(&b.entry));
    let mut list: Vec<Token> = groups.into_iter().flat_map(|group| group.tokens).collect();
    list.append(&mut tail);
    edit::set_list(&mut tape, &text.bytes, root, "resources", list);
    let sequence_indent = if compact { SequenceIndent::Compact } else { SequenceIndent::Wide };
    let style = Style { sequence_indent, ..Style::default() };
    let frame = Frame { marker: is_explicit, keep_prefix: true, source: None };
    let mut out = Vec::new();
    let range = 0..tape.tokens.len();
    emit(&tape, &text.bytes, range.clone(), frame, style, &mut out);
    engine.prove(&tape, &text.bytes, range, frame, style, &out).map_err(|unproven| {
        fail(&format!("internal error: listing the files would not be lossless ({})", unproven.what))
    })?;
    Ok(out)
}

fn fresh(listed: &BTreeSet<String>) -> Vec<u8> {
    let mut out = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n".to_owned();
    out += if listed.is_empty() { "resources: []\n" } else { "resources:\n" };
    listed.iter().for_each(|file| out += &format!("  - {}\n", scalar::text_of(file)));
    out.into_bytes()
}

fn parse<'a>(engine: &mut Engine, name: &str, bytes: &'a [u8]) -> Result<(Text<'a>, Tape, bool), Vec<Problem>> {
    let text = Text::new(bytes).map_err(|error| vec![syntax_problem(name, &mut Positions::new(bytes, 0), &error)])?;
    let mut positions = Positions::new(&text.bytes, 0);
    let mut tape = Tape::default();
    let spans = text.documents();
    let [span] = spans.as_slice() else {
        let message = format!("a kustomization is one document, and this file holds {}", spans.len());
        return Err(vec![Problem::error(Location::of_file(name), message)]);
    };
    let mut findings = Vec::new();
    engine
        .parse(&text, *span, &mut tape, &mut findings)
        .map_err(|error| vec![syntax_problem(name, &mut positions, &error)])?;
    let errors: Vec<Problem> = findings
        .iter()
        .filter(|finding| finding.is_error)
        .map(|finding| finding_problem(name, finding, &mut positions))
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let is_explicit = span.is_explicit();
    Ok((text, tape, is_explicit))
}

/// An entry of the list with the comments that belong to it.
struct Group {
    /// As it is compared and sorted: generated ones start with `./`.
    entry: String,
    tokens: Vec<Token>,
}

/// The entries of a list, and the comments at its end.
fn read_groups(tape: &Tape, bytes: &[u8], seq: usize) -> (Vec<Group>, Vec<Token>) {
    let end = tape.tokens[seq].link as usize;
    let mut groups = Vec::new();
    let mut from = seq + 1;
    for node in tape.items(seq) {
        let mut until = tape.skip_node(node);
        if tape.tokens[until].kind == Kind::LineComment {
            until += 1;
        }
        let text = scalar::decode(tape, bytes, tape.tokens[node], false).unwrap_or_default().into_owned();
        let entry = if is_generated(&text) && !text.starts_with("./") { format!("./{text}") } else { text };
        let mut tokens: Vec<Token> = tape.tokens[from..until].to_vec();
        if !tokens.iter().any(|token| token.kind == Kind::Item) {
            // A list in brackets becomes a block.
            let start = tape.tokens[node].start;
            let first = tokens.iter().position(|token| !token.kind.is_comment()).unwrap_or(0);
            tokens.insert(first, Token { kind: Kind::Item, flags: 0, column: 0, start, end: start, link: 0 });
        }
        groups.push(Group { entry, tokens });
        from = until;
    }
    (groups, tape.tokens[from..end].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| format!("resources/{name}")).collect()
    }

    fn updated(existing: &str, names: &[&str]) -> String {
        String::from_utf8(update("k.yaml", Some(existing.as_bytes()), &files(names)).expect("updated")).expect("UTF-8")
    }

    #[test]
    fn a_new_one_lists_all_files_in_order() {
        let text = update("k.yaml", None, &files(&["namespaces/b/x.yaml", "cluster/a/y.yaml"])).expect("written");
        let expected = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  \
            - ./resources/cluster/a/y.yaml\n  - ./resources/namespaces/b/x.yaml\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
        assert!(update("k.yaml", None, &files(&[])).expect("written").ends_with(b"resources: []\n"));
    }

    #[test]
    fn what_a_person_added_stays() {
        let existing = "# why\nkind: Kustomization\nnamespace: x # here\nresources:\n- namespace.yaml\n# old\n\
            - ./resources/cluster/a/old.yaml\n# keep\n- resources/cluster/a/b.yaml # note\n# end\npatches:\n- path: p.yaml\n";
        let expected = "# why\nkind: Kustomization\nnamespace: x # here\nresources:\n# keep\n\
            - resources/cluster/a/b.yaml # note\n- ./resources/cluster/a/c.yaml\n- namespace.yaml\n# end\npatches:\n- path: p.yaml\n";
        assert_eq!(updated(existing, &["cluster/a/b.yaml", "cluster/a/c.yaml"]), expected);
        assert_eq!(updated(expected, &["cluster/a/b.yaml", "cluster/a/c.yaml"]), expected);
    }

    #[test]
    fn a_list_that_is_right_keeps_its_bytes() {
        let existing = "resources:   [ ./resources/cluster/a/b.yaml ,x ]\n\n\n";
        assert_eq!(updated(existing, &["cluster/a/b.yaml"]), existing);
        let more = updated(existing, &["cluster/a/b.yaml", "cluster/a/c.yaml"]);
        assert_eq!(more, "resources:\n  - ./resources/cluster/a/b.yaml\n  - ./resources/cluster/a/c.yaml\n  - x\n");
    }

    #[test]
    fn a_missing_or_empty_list_is_filled() {
        for existing in
            ["kind: Kustomization\n", "kind: Kustomization\nresources:\n", "kind: Kustomization\nresources: []\n"]
        {
            let expected = "kind: Kustomization\nresources:\n  - ./resources/cluster/a/b.yaml\n";
            assert_eq!(updated(existing, &["cluster/a/b.yaml"]), expected);
        }
        assert_eq!(updated("resources:\n  - ./resources/cluster/a/b.yaml\n", &[]), "resources: []\n");
    }

    #[test]
    fn what_is_no_kustomization_is_refused() {
        for existing in ["- a\n", "resources: a\n", "a: [\n", "a: 1\na: 2\n", "a: 1\n---\nb: 1\n", "{}\n"] {
            assert!(update("k.yaml", Some(existing.as_bytes()), &files(&["cluster/a/b.yaml"])).is_err(), "{existing}");
        }
    }
}
