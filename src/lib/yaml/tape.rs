//! The tape: one YAML document as a flat list of small tokens over its text, in the order of the text.
//!
//! Every key of a mapping is one scalar token with [`Token::KEY`], followed by exactly one node. Every entry of a block
//! sequence is an [`Kind::Item`] followed by one node; flow sequences hold their nodes directly. Anchors and tags stand
//! before their node. Own-line comments stand inside the collection at whose column they are written, or between a key
//! (or item) and its value. The tape does not know how text becomes tokens (`scan`, `slow`) nor how it is written (`emit`).

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Start of a mapping; `link` is the index of its end.
    Map,
    /// Start of a sequence; `link` is the index of its end.
    Seq,
    /// End of the collection that starts at `link`.
    End,
    /// The dash of a block sequence entry.
    Item,
    /// A plain scalar.
    Plain,
    /// A single-quoted scalar; the span includes the quotes.
    Single,
    /// A double-quoted scalar; the span includes the quotes.
    Double,
    /// A literal block scalar; the span covers its content lines, `column` is their indentation.
    Literal,
    /// A folded block scalar; as for [`Kind::Literal`].
    Folded,
    /// A value that is not written at all.
    Null,
    /// An alias; the span includes the `*`.
    Alias,
    /// An anchor; the span includes the `&`.
    Anchor,
    /// A tag; the span includes the `!`.
    Tag,
    /// A comment on a line of its own; the span includes the `#` and no trailing blanks.
    Comment,
    /// A comment after other text on its line.
    LineComment,
}

impl Kind {
    /// Whether the token is a scalar or an alias: a node in one token.
    pub fn is_leaf(self) -> bool {
        matches!(
            self,
            Kind::Plain | Kind::Single | Kind::Double | Kind::Literal | Kind::Folded | Kind::Null | Kind::Alias
        )
    }

    /// Whether the token is a comment of either sort.
    pub fn is_comment(self) -> bool {
        matches!(self, Kind::Comment | Kind::LineComment)
    }

    /// Whether the token is an anchor or a tag.
    pub fn is_property(self) -> bool {
        matches!(self, Kind::Anchor | Kind::Tag)
    }
}

/// One token: 16 bytes, so that a document's tape stays in the processor's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it stands for.
    pub kind: Kind,
    /// A set of the flags below.
    pub flags: u8,
    /// Where a collection or a comment starts in its line; the content indentation of a block scalar; else 0.
    pub column: u16,
    /// Byte offset of its text.
    pub start: u32,
    /// Byte offset after its text.
    pub end: u32,
    /// The other end of a collection; else 0.
    pub link: u32,
}

impl Token {
    /// The scalar is a key of its mapping.
    pub const KEY: u8 = 1;
    /// The collection is written with brackets or braces.
    pub const FLOW: u8 = 2;
    /// The scalar spans several lines.
    pub const MULTI: u8 = 4;
    /// The text lies in [`Tape::extra`], not in the document.
    pub const EXTRA: u8 = 8;

    /// Block scalars: `-`, no final newline. (Text at the end of a file without a newline counts as this.)
    pub const STRIP: u8 = 16;
    /// Block scalars: `+`, all final newlines.
    pub const KEEP: u8 = 32;
    /// Block scalars: chomping was not written; the end of the file cut the last newline off.
    pub const CUT: u8 = 64;

    /// Double-quoted scalars: there is a backslash in it.
    pub const ESCAPED: u8 = 16;

    /// Comments: a blank line stands between it and the comment before.
    pub const BLANK_BEFORE: u8 = 16;
    /// The last comment of a document's header: a blank line stands between it and the first node.
    pub const BLANK_AFTER: u8 = 32;
    /// Comments: it stands before the `---` of its document.
    pub const BEFORE_MARKER: u8 = 64;
    /// Comments: it goes on with the commented-out block above it.
    pub const CONTINUES: u8 = 4;
    /// Comments: commented-out YAML that keeps its distance to the collection that it belongs to.
    pub const KEEPS_DISTANCE: u8 = 128;

    /// Null: the value of a flow key that has no colon either, as in `{a}`.
    pub const NO_COLON: u8 = 16;
    /// Flow mappings: the single pair of a flow sequence without braces, as in `[a: b]`.
    pub const PAIR: u8 = 16;

    /// Whether all of `flags` are set.
    pub fn has(self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// Whether the token is a key of a mapping.
    pub fn is_key(self) -> bool {
        self.has(Token::KEY)
    }
}

/// A document's tokens. The text itself is kept by the caller; text that an edit adds lies in `extra`.
#[derive(Debug, Default, Clone)]
pub struct Tape {
    /// All tokens, in the order of the text.
    pub tokens: Vec<Token>,
    /// Text of tokens with [`Token::EXTRA`].
    pub extra: Vec<u8>,
    /// Whether there is an anchor or an alias.
    pub has_anchors: bool,
    /// Whether there is a comment.
    pub has_comments: bool,
    /// Whether the slow lane built it: the text is YAML that people seldom write.
    pub by_slow_lane: bool,
}

impl Tape {
    /// Forgets all tokens, keeps the memory.
    pub fn clear(&mut self) {
        self.tokens.clear();
        self.extra.clear();
        self.has_anchors = false;
        self.has_comments = false;
        self.by_slow_lane = false;
    }

    /// Connects the starts and ends of collections.
    pub fn link(&mut self) {
        let mut open = Vec::new();
        for index in 0..self.tokens.len() {
            match self.tokens[index].kind {
                Kind::Map | Kind::Seq => open.push(index),
                Kind::End => {
                    if let Some(start) = open.pop() {
                        self.tokens[start].link = index as u32;
                        self.tokens[index].link = start as u32;
                    }
                }
                _ => {}
            }
        }
    }

    /// The source text of a token.
    pub fn text<'a>(&'a self, source: &'a [u8], token: Token) -> &'a [u8] {
        let from = if token.has(Token::EXTRA) { &self.extra } else { source };
        &from[token.start as usize..token.end as usize]
    }

    /// The index after the node that starts at `index` (which may be one of its properties).
    pub fn skip_node(&self, mut index: usize) -> usize {
        while self.tokens[index].kind.is_property() || self.tokens[index].kind.is_comment() {
            index += 1;
        }
        match self.tokens[index].kind {
            Kind::Map | Kind::Seq => self.tokens[index].link as usize + 1,
            _ => index + 1,
        }
    }

    /// The index of the node itself, after properties and comments, that starts at or after `index`.
    pub fn node_at(&self, mut index: usize) -> usize {
        while index < self.tokens.len()
            && (self.tokens[index].kind.is_property() || self.tokens[index].kind.is_comment())
        {
            index += 1;
        }
        index
    }

    /// Whether a blank line belongs after the comment at `index`. One that stood before the marker may have moved after it:
    /// one is enough there, and none at the end.
    pub fn has_blank_after(&self, index: usize) -> bool {
        let token = self.tokens[index];
        let is_enough = |next: &Token| next.kind.is_comment() && next.has(Token::BLANK_BEFORE);
        token.has(Token::BLANK_AFTER)
            && !(token.has(Token::BEFORE_MARKER) && self.tokens.get(index + 1).is_none_or(is_enough))
    }

    /// Whether there is no node at all: an empty document, or comments only.
    pub fn is_empty(&self) -> bool {
        self.tokens.iter().all(|token| token.kind.is_comment())
    }

    /// The entries of the mapping that starts at `map`, as (index of the key, index of its value's node).
    pub fn entries(&self, map: usize) -> Entries<'_> {
        Entries { tape: self, next: map + 1, end: self.tokens[map].link as usize }
    }

    /// The nodes of the sequence that starts at `seq`, as indices of the nodes themselves.
    pub fn items(&self, seq: usize) -> Items<'_> {
        Items { tape: self, next: seq + 1, end: self.tokens[seq].link as usize }
    }
}

/// See [`Tape::entries`].
pub struct Entries<'a> {
    tape: &'a Tape,
    next: usize,
    end: usize,
}

impl Iterator for Entries<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let key = self.tape.node_at(self.next);
        if key >= self.end {
            return None;
        }
        let value = self.tape.node_at(key + 1);
        self.next = self.tape.skip_node(value);
        Some((key, value))
    }
}

/// See [`Tape::items`].
pub struct Items<'a> {
    tape: &'a Tape,
    next: usize,
    end: usize,
}

impl Iterator for Items<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let mut index = self.next;
        loop {
            index = self.tape.node_at(index);
            if index >= self.end {
                return None;
            }
            if self.tape.tokens[index].kind != Kind::Item {
                break;
            }
            index += 1;
        }
        self.next = self.tape.skip_node(index);
        Some(index)
    }
}
