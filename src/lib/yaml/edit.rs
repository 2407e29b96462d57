//! Edits of a tape: they make a new tape over the same text, never a new text.

use super::scalar;
use super::scan::SyntaxError;
use super::tape::{Kind, Tape, Token};
use std::collections::BTreeMap;
use std::ops::Range;

/// Changes that go beyond layout; none by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewrite {
    /// Put the keys of objects into the order that Kubernetes documents use.
    pub order: bool,
    /// Write the value of each anchor where its aliases stand.
    pub expand_anchors: bool,
    /// Change what SOPS has encrypted too, though it cannot be decrypted then.
    pub sops: bool,
}

/// The tokens that an expansion of anchors may make, so that a small document cannot grow without bounds.
const MAX_EXPANSION: usize = 4_000_000;

/// Applies the rewrites that were asked for; `None` when there is nothing to change.
///
/// # Errors
/// The expansion of anchors grows too large, or a merge key names no mapping.
pub fn rewrite(tape: &Tape, source: &[u8], rewrite: Rewrite) -> Result<Option<Tape>, SyntaxError> {
    let mut result = None;
    if rewrite.expand_anchors && tape.has_anchors {
        result = Some(expand(tape, source, 0..tape.tokens.len())?);
    }
    if rewrite.order {
        let from = result.as_ref().unwrap_or(tape);
        result = Some(order(from, source));
    }
    Ok(result)
}

/// A part of a tape as a tape of its own, with all anchors expanded.
///
/// # Errors
/// As for [`rewrite`].
pub fn expand(tape: &Tape, source: &[u8], range: Range<usize>) -> Result<Tape, SyntaxError> {
    let mut expansion = Expansion {
        tape,
        source,
        anchors: BTreeMap::new(),
        out: Tape { extra: tape.extra.clone(), has_comments: tape.has_comments, ..Tape::default() },
        depth: 0,
    };
    // Anchors before the range may be named inside it.
    for index in 0..range.start {
        expansion.note_anchor(index);
    }
    expansion.copy(range, true)?;
    let mut out = expansion.out;
    out.link();
    Ok(out)
}

fn fail(token: Token, message: impl Into<String>) -> SyntaxError {
    SyntaxError::new(token.start as usize, message)
}

struct Expansion<'a> {
    tape: &'a Tape,
    source: &'a [u8],
    /// The node (after its properties) that each name stands for at the moment.
    anchors: BTreeMap<&'a [u8], usize>,
    out: Tape,
    /// Mappings with merge keys inside each other: the one thing here that recurses.
    depth: usize,
}

/// Deeper mappings with merge keys are refused.
const MAX_MERGE_DEPTH: usize = 100;

impl<'a> Expansion<'a> {
    fn note_anchor(&mut self, index: usize) {
        let token = self.tape.tokens[index];
        if token.kind == Kind::Anchor {
            let tape = self.tape;
            self.anchors.insert(&tape.text(self.source, token)[1..], tape.node_at(index));
        }
    }

    fn target(&self, alias: Token) -> Result<usize, SyntaxError> {
        let name = &self.tape.text(self.source, alias)[1..];
        let unknown = || fail(alias, format!("the alias `*{}` has no anchor", String::from_utf8_lossy(name)));
        self.anchors.get(name).copied().ok_or_else(unknown)
    }

    /// Copies tokens; an alias becomes a copy of its node. `comments`: copies of copies carry none.
    fn copy(&mut self, range: Range<usize>, comments: bool) -> Result<(), SyntaxError> {
        let mut pending: Vec<(Range<usize>, bool)> = vec![(range, comments)];
        while let Some((mut range, comments)) = pending.pop() {
            while range.start < range.end {
                let index = range.start;
                range.start += 1;
                let token = self.tape.tokens[index];
                if self.out.tokens.len() > MAX_EXPANSION {
                    let error = fail(token, "expanding the anchors makes this document too large");
                    return Err(error.with_hint("leave out --expand-anchors, or use fewer aliases"));
                }
                match token.kind {
                    Kind::Anchor => self.note_anchor(index),
                    Kind::Alias => {
                        let target = self.target(token)?;
                        let end = self.tape.skip_node(target);
                        if target <= index && index < end {
                            return Err(fail(token, "an alias inside the value that it names"));
                        }
                        if token.is_key() {
                            let mut key = self.tape.tokens[target];
                            key.flags |= Token::KEY;
                            self.out.tokens.push(key);
                        } else {
                            // After a collection there is no line for the alias's comment: it goes before it.
                            let next = self.tape.tokens.get(range.start).copied();
                            if let Some(comment) = next.filter(|next| next.kind == Kind::LineComment)
                                && matches!(self.tape.tokens[target].kind, Kind::Map | Kind::Seq)
                                && !self.tape.tokens[target].has(Token::FLOW)
                            {
                                range.start += 1;
                                self.out.tokens.extend(comments.then_some(comment));
                            }
                            pending.push((range, comments));
                            pending.push((target..end, false));
                            break;
                        }
                    }
                    Kind::Comment | Kind::LineComment if !comments => {}
                    Kind::Map if self.tape.entries(index).any(|(key, _)| self.is_merge(key)) => {
                        let end = token.link as usize;
                        pending.push((end + 1..range.end, comments));
                        self.out.tokens.push(token);
                        self.depth += 1;
                        if self.depth > MAX_MERGE_DEPTH {
                            return Err(fail(token, "merge keys are nested too deeply"));
                        }
                        self.merged(index, comments)?;
                        self.depth -= 1;
                        self.out.tokens.push(self.tape.tokens[end]);
                        break;
                    }
                    _ => self.out.tokens.push(token),
                }
            }
        }
        Ok(())
    }

    fn is_merge(&self, key: usize) -> bool {
        let token = self.tape.tokens[key];
        token.kind == Kind::Plain && self.tape.text(self.source, token) == b"<<"
    }

    /// Copies the entries of a mapping with a merge key: its own first, then those of the merged mappings that it
    /// does not have, as YAML 1.1 defines.
    fn merged(&mut self, map: usize, comments: bool) -> Result<(), SyntaxError> {
        let mut known: Vec<Vec<u8>> = Vec::new();
        let mut from = map + 1;
        let mut merges = Vec::new();
        for (key, value) in self.tape.entries(map) {
            let end = self.tape.skip_node(value);
            if self.is_merge(key) {
                merges.push((from, key, value));
            } else {
                known.push(self.tape.text(self.source, self.tape.tokens[key]).to_vec());
            }
            from = end;
        }
        let mut from = map + 1;
        for (start, key, value) in &merges {
            self.copy(from..*start, comments)?;
            // What follows may name anchors in the merge key's value.
            (*key..self.tape.skip_node(*value)).for_each(|index| self.note_anchor(index));
            if comments {
                // The comments of the merge key stay.
                let kept: Vec<Token> =
                    self.tape.tokens[*start..*key].iter().copied().filter(|t| t.kind == Kind::Comment).collect();
                self.out.tokens.extend(kept);
            }
            from = self.tape.skip_node(*value);
        }
        self.copy(from..self.tape.tokens[map].link as usize, comments)?;
        for (_, _, value) in merges {
            self.merge_from(value, &mut known)?;
        }
        Ok(())
    }

    fn merge_from(&mut self, value: usize, known: &mut Vec<Vec<u8>>) -> Result<(), SyntaxError> {
        let mut pending = vec![value];
        while let Some(value) = pending.pop() {
            let token = self.tape.tokens[value];
            match token.kind {
                Kind::Alias => pending.push(self.target(token)?),
                Kind::Seq => {
                    let items: Vec<usize> = self.tape.items(value).collect();
                    pending.extend(items.into_iter().rev());
                }
                Kind::Map => {
                    let entries: Vec<(usize, usize)> = self.tape.entries(value).collect();
                    let mut nested = Vec::new();
                    for (key, entry) in entries {
                        if self.is_merge(key) {
                            nested.push(entry);
                            continue;
                        }
                        let name = self.tape.text(self.source, self.tape.tokens[key]).to_vec();
                        if !known.contains(&name) {
                            known.push(name);
                            self.copy(key..self.tape.skip_node(entry), false)?;
                        }
                    }
                    pending.extend(nested.into_iter().rev());
                }
                _ => return Err(fail(token, "a merge key needs a mapping or a list of mappings")),
            }
        }
        Ok(())
    }
}

/// The fields that Kubernetes documents put first, in the order of kyaml's formatter.
const FIELD_ORDER: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "spec",
    "data",
    "stringData",
    "type",
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "replicas",
    "selector",
    "manualSelector",
    "template",
    "ttlSecondsAfterFinished",
    "volumeClaimTemplates",
    "service",
    "serviceName",
    "podManagementPolicy",
    "updateStrategy",
    "strategy",
    "minReadySeconds",
    "revisionHistoryLimit",
    "paused",
    "progressDeadlineSeconds",
    "restartPolicy",
    "terminationGracePeriodSeconds",
    "dnsPolicy",
    "nodeSelector",
    "serviceAccountName",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "securityContext",
    "affinity",
    "schedulerName",
    "initContainers",
    "containers",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "workingDir",
    "ports",
    "envFrom",
    "env",
    "resources",
    "volumeMounts",
    "volumeDevices",
    "livenessProbe",
    "readinessProbe",
    "lifecycle",
    "volumes",
    "status",
];

/// Puts the keys of the root mapping and of `metadata` into the order of [`FIELD_ORDER`]; unknown keys follow in the
/// order that they have. Comments move with their key.
fn order(tape: &Tape, source: &[u8]) -> Tape {
    let mut out = Tape { tokens: Vec::with_capacity(tape.tokens.len()), ..tape.clone() };
    out.tokens.clear();
    let root = tape.node_at(0);
    if tape.tokens.get(root).is_none_or(|token| token.kind != Kind::Map) {
        return tape.clone();
    }
    out.tokens.extend_from_slice(&tape.tokens[..=root]);
    if !["apiVersion", "kind"].iter().all(|name| entry_of(tape, source, root, name).is_some()) {
        return tape.clone();
    }
    let end = tape.tokens[root].link as usize;
    let mut from = root + 1;
    let mut parts: Vec<(usize, Range<usize>)> = Vec::new();
    // The comments of the document's head stay at its head.
    let first_key = tape.node_at(from);
    let head = (from..first_key).rev().find(|i| {
        tape.tokens[*i].kind == Kind::Comment
            && (tape.tokens[*i].has(Token::BLANK_AFTER) || tape.tokens[*i].has(Token::BEFORE_MARKER))
    });
    if let Some(head) = head {
        out.tokens.extend_from_slice(&tape.tokens[from..=head]);
        from = head + 1;
    }
    for (key, value) in tape.entries(root) {
        let mut next = tape.skip_node(value);
        if tape.tokens[next].kind == Kind::LineComment {
            next += 1;
        }
        let name = String::from_utf8_lossy(tape.text(source, tape.tokens[key]));
        let rank = FIELD_ORDER.iter().position(|field| *field == name).unwrap_or(FIELD_ORDER.len());
        parts.push((rank, from..next));
        from = next;
    }
    parts.sort_by_key(|(rank, _)| *rank);
    for (_, range) in parts {
        out.tokens.extend_from_slice(&tape.tokens[range]);
    }
    out.tokens.extend_from_slice(&tape.tokens[from..=end]);
    out.tokens.extend_from_slice(&tape.tokens[end + 1..]);
    out.link();
    out
}

/// The entry of the mapping at `map` whose key is written so.
fn entry_of(tape: &Tape, source: &[u8], map: usize, key: &str) -> Option<(usize, usize)> {
    tape.entries(map).find(|(at, _)| tape.text(source, tape.tokens[*at]) == key.as_bytes())
}

/// Sets the value of `key` in the mapping at `map`: replaces the node that is there, or appends an entry.
pub fn set_text(tape: &mut Tape, source: &[u8], map: usize, key: &str, value: &str) {
    let flow = tape.tokens[map].has(Token::FLOW);
    let mut text = Vec::new();
    scalar::write_text(value, flow, &mut text);
    let node = extra_token(tape, &text);
    match entry_of(tape, source, map, key) {
        Some((key_at, value_at)) => {
            // Its properties go with the old value.
            let end = tape.skip_node(value_at);
            let comments: Vec<Token> =
                tape.tokens[key_at + 1..value_at].iter().copied().filter(|token| token.kind.is_comment()).collect();
            tape.tokens.splice(key_at + 1..end, comments.into_iter().chain([node]));
        }
        None => {
            let mut key_token = extra_token(tape, key.as_bytes());
            key_token.flags |= Token::KEY;
            // After the last entry and its comment, before the comments at the mapping's end.
            let mut at = tape.entries(map).last().map_or(map + 1, |(_, value)| tape.skip_node(value));
            if tape.tokens[at].kind == Kind::LineComment {
                at += 1;
            }
            tape.tokens.splice(at..at, [key_token, node]);
        }
    }
    tape.link();
}

/// Sets the value of `key` in the mapping at `map` to a block list of these tokens: items with their nodes and comments.
pub fn set_list(tape: &mut Tape, source: &[u8], map: usize, key: &str, items: Vec<Token>) {
    // First a text in its place, which then becomes the list.
    set_text(tape, source, map, key, "list");
    let Some((_, value)) = entry_of(tape, source, map, key) else { return };
    let bare = |kind: Kind, flags: u8| Token { kind, flags, column: 0, start: 0, end: 0, link: 0 };
    let flow = if items.is_empty() { Token::FLOW } else { 0 };
    let list = std::iter::once(bare(Kind::Seq, flow)).chain(items).chain([bare(Kind::End, flow)]);
    tape.tokens.splice(value..=value, list);
    tape.link();
}

/// A scalar whose text, quotes included, is added to the tape.
pub fn extra_token(tape: &mut Tape, text: &[u8]) -> Token {
    let start = tape.extra.len() as u32;
    tape.extra.extend_from_slice(text);
    let kind = match text.first() {
        Some(b'"') => Kind::Double,
        Some(b'\'') => Kind::Single,
        _ => Kind::Plain,
    };
    let escaped = if kind == Kind::Double && text.contains(&b'\\') { Token::ESCAPED } else { 0 };
    Token { kind, flags: Token::EXTRA | escaped, column: 0, start, end: tape.extra.len() as u32, link: 0 }
}

/// Removes the entry whose key token is at `key` from the mapping at `map`, with the comments before it and after
/// it. Returns whether the mapping is empty now.
pub fn remove_entry(tape: &mut Tape, map: usize, key: usize) -> bool {
    let mut from = key;
    while from > map + 1 && (tape.tokens[from - 1].kind == Kind::Comment || tape.tokens[from - 1].kind.is_property()) {
        from -= 1;
    }
    let mut end = tape.skip_node(tape.node_at(key + 1));
    if tape.tokens[end].kind == Kind::LineComment {
        end += 1;
    }
    tape.tokens.drain(from..end);
    tape.link();
    tape.entries(map).next().is_none()
}
