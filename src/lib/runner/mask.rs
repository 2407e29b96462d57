//! [`Masker`]: `***` in the place of secrets, in whatever steps print and kfleet reports.
//!
//! A secret is known in the forms in which it usually gets into a log (`mask_forms`). Every byte that belongs to
//! an occurrence of a form is hidden; a run of hidden bytes becomes one `***`, and line ends in it stay, so that no line
//! is lost. What is hidden does not depend on the parts in which a text arrives: only as many bytes are held back as may
//! still turn out to be the beginning of a form. Time is linear in the text, whatever the number of secrets.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::mask_forms::forms;
use crate::error::{Error, ErrorKind, Result};
use crate::runner::log::{Colours, clean};

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// All secrets together may be so long. Kubernetes allows one megabyte for each.
const LIMIT: usize = 2 * 1024 * 1024;

/// Whether [`clean`] may take a letter away, or what stands after it.
fn is_removed(letter: char) -> bool {
    (letter.is_control() && !matches!(letter, '\n' | '\t')) || matches!(letter, '\u{200e}'..='\u{206f}')
}

/// See the module. Copies share what they know.
#[derive(Clone, Default)]
pub struct Masker(Arc<Automaton>);

/// What a masker knows is never part of a debug print.
impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").finish_non_exhaustive()
    }
}

impl Masker {
    /// For some secrets.
    ///
    /// # Errors
    /// They are too long to be masked ([`ErrorKind::Usage`]).
    pub fn new<'a>(secrets: impl Iterator<Item = &'a [u8]>) -> Result<Masker> {
        let mut automaton = Automaton::default();
        let mut total = 0;
        for secret in secrets {
            total += secret.len();
            if total > LIMIT {
                let message = format!("cannot mask the secrets in logs: they hold more than {LIMIT} bytes");
                return Err(Error::new(ErrorKind::Usage, message).with_hint("leave out those that no step needs"));
            }
            forms(secret).iter().for_each(|form| automaton.add(form));
        }
        automaton.link();
        Ok(Masker(Arc::new(automaton)))
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.0.nodes.len() <= 1
    }

    /// A text without secrets.
    pub fn text(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let masked = self.contiguous(text);
        if !masked.contains(is_removed) {
            return masked;
        }
        let lines: Vec<String> =
            masked.split('\n').map(|line| self.apart(line).unwrap_or_else(|| line.to_owned())).collect();
        lines.join("\n")
    }

    /// A line as it is shown, without secrets: where what is not shown, such as colours, stands between the letters of one.
    pub(super) fn apart(&self, line: &str) -> Option<String> {
        if self.is_empty() || !line.contains(is_removed) {
            return None;
        }
        let shown = clean(&self.contiguous(line), Colours::Strip);
        let masked = self.contiguous(&shown);
        (masked != shown).then_some(masked)
    }

    fn contiguous(&self, text: &str) -> String {
        let mut stream = self.stream();
        let mut masked = Vec::with_capacity(text.len());
        stream.push(text.as_bytes(), &mut masked);
        stream.finish(&mut masked);
        String::from_utf8(masked).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned())
    }

    /// A value whose texts, keys included, have no secrets.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(item)).collect()),
            Value::Object(map) => {
                Value::Object(map.iter().map(|(key, value)| (self.text(key), self.value(value))).collect())
            }
            Value::Number(number) if !self.is_empty() => {
                let (text, masked) = (number.to_string(), self.text(&number.to_string()));
                if masked == text { value.clone() } else { Value::String(masked) }
            }
            other => other.clone(),
        }
    }

    /// An error without secrets.
    pub fn error(&self, error: Error) -> Error {
        if self.is_empty() {
            return error;
        }
        let message = self.text(&error.to_string());
        Error { hint: error.hint.map(|hint| self.text(&hint)), ..Error::new(error.kind, message) }
    }

    /// For a text that arrives in parts.
    pub fn stream(&self) -> Stream {
        Stream { automaton: Arc::clone(&self.0), ..Stream::default() }
    }
}

/// A text that arrives in parts: see [`Masker::stream`].
#[derive(Debug, Default)]
pub struct Stream {
    automaton: Arc<Automaton>,
    state: u32,
    /// The last bytes, which may be the beginning of a secret: at most as many as the longest form has.
    held: Vec<u8>,
    /// Where the first of them is in the text.
    start: u64,
    /// What is to be hidden of them, and before: begin and end in the text, in order, not overlapping.
    hidden: VecDeque<(u64, u64)>,
    /// Whether the last byte that was given out was a hidden one.
    in_mask: bool,
}

impl Stream {
    /// Takes a part, and appends what is known to be no secret, or hidden, to `out`.
    pub fn push(&mut self, part: &[u8], out: &mut Vec<u8>) {
        if self.automaton.nodes.len() <= 1 {
            out.extend_from_slice(part);
            return;
        }
        for byte in part {
            self.state = self.automaton.next(self.state, *byte);
            self.held.push(*byte);
            let longest = self.automaton.nodes[self.state as usize].longest;
            if longest > 0 {
                let end = self.start + self.held.len() as u64;
                self.hide(end - u64::from(longest), end);
            }
        }
        let depth = self.automaton.nodes[self.state as usize].depth as usize;
        self.give(self.held.len() - depth.min(self.held.len()), out);
    }

    /// The text is complete: appends the rest.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.give(self.held.len(), out);
        (self.state, self.in_mask) = (0, false);
    }

    /// Each range is taken away once at most, so this is linear in the length of the text.
    fn hide(&mut self, mut begin: u64, end: u64) {
        while let Some(last) = self.hidden.back().filter(|last| last.1 >= begin) {
            begin = begin.min(last.0);
            self.hidden.pop_back();
        }
        self.hidden.push_back((begin, end));
    }

    fn give(&mut self, count: usize, out: &mut Vec<u8>) {
        let end = self.start + count as u64;
        let index = |place: u64| usize::try_from(place.saturating_sub(self.start)).unwrap_or(count).min(count);
        let mut at = 0;
        while at < count {
            let hidden = self.hidden.front().copied().unwrap_or((end, end));
            let begin = index(hidden.0);
            if begin > at {
                out.extend_from_slice(&self.held[at..begin]);
                (at, self.in_mask) = (begin, false);
                continue;
            }
            let stop = index(hidden.1);
            for byte in &self.held[at..stop] {
                if *byte == b'\n' {
                    out.push(b'\n');
                } else if !self.in_mask {
                    out.extend_from_slice(MASK.as_bytes());
                }
                self.in_mask = *byte != b'\n';
            }
            at = stop;
            if hidden.1 <= end {
                self.hidden.pop_front();
            }
        }
        self.held.drain(..count);
        self.start = end;
    }
}

/// The automaton of Aho and Corasick: after each byte it knows the longest beginning of a form that the text ends with,
/// and the longest whole form.
#[derive(Default)]
struct Automaton {
    nodes: Vec<Node>,
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Automaton({} nodes)", self.nodes.len())
    }
}

#[derive(Default)]
struct Node {
    next: Next,
    fail: u32,
    /// The length of the beginning that this node stands for.
    depth: u32,
    /// The length of the longest form that ends here; 0: none.
    longest: u32,
}

/// Most nodes lead to one other.
#[derive(Default)]
enum Next {
    #[default]
    None,
    One(u8, u32),
    Many(BTreeMap<u8, u32>),
}

impl Next {
    fn get(&self, byte: u8) -> Option<u32> {
        match self {
            Next::None => None,
            Next::One(known, node) => (*known == byte).then_some(*node),
            Next::Many(map) => map.get(&byte).copied(),
        }
    }

    fn set(&mut self, byte: u8, node: u32) {
        match self {
            Next::None => *self = Next::One(byte, node),
            Next::One(known, other) => *self = Next::Many([(*known, *other), (byte, node)].into()),
            Next::Many(map) => {
                map.insert(byte, node);
            }
        }
    }

    fn all(&self) -> Vec<(u8, u32)> {
        match self {
            Next::None => Vec::new(),
            Next::One(byte, node) => vec![(*byte, *node)],
            Next::Many(map) => map.iter().map(|(byte, node)| (*byte, *node)).collect(),
        }
    }
}

impl Automaton {
    fn add(&mut self, form: &[u8]) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for byte in form {
            at = match self.nodes[at].next.get(*byte) {
                Some(next) => next as usize,
                None => {
                    let next = self.nodes.len();
                    let depth = self.nodes[at].depth + 1;
                    self.nodes.push(Node { depth, ..Node::default() });
                    self.nodes[at].next.set(*byte, u32::try_from(next).unwrap_or(u32::MAX));
                    next
                }
            };
        }
        self.nodes[at].longest = self.nodes[at].depth;
    }

    /// Finds where to go on when a beginning does not go on.
    fn link(&mut self) {
        let mut queue = VecDeque::from([0_u32]);
        while let Some(at) = queue.pop_front() {
            if self.nodes.is_empty() {
                return;
            }
            let fail = self.nodes[at as usize].fail;
            for (byte, child) in self.nodes[at as usize].next.all() {
                let target = if at == 0 { 0 } else { self.next(fail, byte) };
                let longest = self.nodes[target as usize].longest;
                let node = &mut self.nodes[child as usize];
                node.fail = target;
                // A form of its own is longer than any that it ends with.
                node.longest = node.longest.max(longest);
                queue.push_back(child);
            }
        }
    }

    fn next(&self, mut at: u32, byte: u8) -> u32 {
        loop {
            match self.nodes[at as usize].next.get(byte) {
                Some(next) => return next,
                None if at == 0 => return 0,
                None => at = self.nodes[at as usize].fail,
            }
        }
    }
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
