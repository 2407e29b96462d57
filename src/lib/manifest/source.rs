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

    /// The value of `key` in the mapping at `map`.
    pub fn get(&self, map: usize, key: &str) -> Option<usize> {
        let map = self.resolve(map);
        if self.token(map).kind != Kind::Map {
            return None;
        }
        self.tape.entries(map).find(|(at, _)| self.is_key(*at, key)).map(|(_, value)| value)
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
