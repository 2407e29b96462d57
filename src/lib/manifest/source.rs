//! A document as text with its tape: finds the nodes of keys, items and paths. It knows no field by name.

use crate::yaml::scalar;
use crate::yaml::tape::{Kind, Tape, Token};

/// A document's text below its tape.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub tape: &'a Tape,
    pub bytes: &'a [u8],
    pub json: bool,
}

/// So many mappings may be merged into each other before a field counts as absent: merges can lead to each other.
const MAX_MERGES: usize = 1000;

impl Source<'_> {
    pub(super) fn token(&self, index: usize) -> Token {
        self.tape.tokens[index]
    }

    /// The node that an alias stands for; other nodes stand for themselves.
    pub fn resolve(&self, node: usize) -> usize {
        let token = self.token(node);
        if token.kind != Kind::Alias {
            return node;
        }
        let name = &self.tape.text(self.bytes, token)[1..];
        (0..node)
            .rev()
            .find(|index| {
                let anchor = self.token(*index);
                anchor.kind == Kind::Anchor && &self.tape.text(self.bytes, anchor)[1..] == name
            })
            .map_or(node, |anchor| self.tape.node_at(anchor))
    }

    /// The value of `key` in the mapping at `map`: its own, or else that of a mapping which a merge key (`<<`) names. An
    /// own one wins, and of several merged ones the first (YAML 1.1, as readers of Kubernetes' manifests do).
    pub fn get(&self, map: usize, key: &str) -> Option<usize> {
        let mut waiting = vec![map];
        let mut steps = 0;
        while let Some(map) = waiting.pop() {
            let map = self.resolve(map);
            steps += 1;
            if steps > MAX_MERGES {
                return None;
            }
            match self.token(map).kind {
                Kind::Map => {}
                // What a merge key names may be a list.
                Kind::Seq if steps > 1 => {
                    waiting.extend(self.tape.items(map).collect::<Vec<_>>().into_iter().rev());
                    continue;
                }
                _ => continue,
            }
            let from = waiting.len();
            for (at, value) in self.tape.entries(map) {
                if self.is_key(at, key) {
                    return Some(value);
                }
                if self.is_merge(at) {
                    waiting.insert(from, value);
                }
            }
        }
        None
    }

    fn is_merge(&self, at: usize) -> bool {
        let token = self.token(at);
        token.kind == Kind::Plain && self.tape.text(self.bytes, token) == b"<<"
    }

    /// The key token of `key` in the mapping at `map`.
    pub fn key(&self, map: usize, key: &str) -> Option<usize> {
        self.tape.entries(map).find(|(at, _)| self.is_key(*at, key)).map(|(at, _)| at)
    }

    /// The node of a field below the node at `node`: a path of keys and of numbers of items. Where the path ends early,
    /// the node of what there is.
    pub fn find(&self, mut node: usize, path: &[&str]) -> usize {
        for part in path {
            let inner = self.resolve(node);
            let next = match self.tape.tokens[inner].kind {
                Kind::Seq => part.parse().ok().and_then(|number| self.tape.items(inner).nth(number)),
                Kind::Map => self.get(inner, part),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    fn is_key(&self, at: usize, key: &str) -> bool {
        let token = self.token(at);
        match token.kind {
            Kind::Plain => self.tape.text(self.bytes, token) == key.as_bytes(),
            _ => scalar::decode(self.tape, self.bytes, token, self.json).is_ok_and(|text| text == key),
        }
    }
}
