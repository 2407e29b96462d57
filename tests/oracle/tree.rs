//! What the independent parser reads, as a tree that a test can change.

use granit_parser::{Event, Parser, ScalarStyle, options};
use kfleet::yaml::resolve;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The text, and whether it is plain and more than text to some reader.
    Scalar(String, bool),
    Map(Vec<(usize, usize)>),
    Seq(Vec<usize>),
    Alias(String),
}

/// A node; others are known by their index.
#[derive(Debug, Clone)]
pub struct Node {
    pub kind: Kind,
    pub tag: String,
    pub anchor: String,
}

#[derive(Debug, Clone, Default)]
pub struct Tree {
    pub nodes: Vec<Node>,
    /// The root of each document.
    pub documents: Vec<usize>,
    pub comments: Vec<String>,
}

/// A step to a value inside a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

impl Tree {
    pub fn read(text: &str) -> Option<Tree> {
        let mut tree = Tree::default();
        let mut open: Vec<usize> = Vec::new();
        let mut names = BTreeMap::new();
        let mut comments = Vec::new();
        // Keys wait for their value.
        let mut keys: Vec<Option<usize>> = Vec::new();
        let mut last = None;
        let options = options! {
            emit_anchor_events: true,
            block_scalar_eof_without_line_feed: true,
            max_buffered_comment_events: 1 << 20,
        };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.ok()?;
            let (kind, tag) = match event {
                Event::Comment(text, _) => {
                    let text = text.trim_end_matches([' ', '\t']).to_owned();
                    comments.push((span.byte_range().map_or(0, |range| range.start), text));
                    continue;
                }
                Event::Anchor(id, name) => {
                    names.insert(id, name.to_string());
                    let node: usize = last?;
                    tree.nodes[node].anchor = name.to_string();
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    open.pop();
                    keys.pop();
                    continue;
                }
                Event::Scalar(value, style, _, tag) => {
                    let resolved = style == ScalarStyle::Plain && !resolve::is_text_for_all(&value);
                    (Kind::Scalar(value.to_string(), resolved), format!("{tag:?}"))
                }
                Event::Alias(id) => (Kind::Alias(names.get(&id).cloned().unwrap_or_default()), String::new()),
                Event::SequenceStart(_, _, tag) => (Kind::Seq(Vec::new()), format!("{tag:?}")),
                Event::MappingStart(_, _, tag) => (Kind::Map(Vec::new()), format!("{tag:?}")),
                _ => continue,
            };
            let opens = matches!(kind, Kind::Map(_) | Kind::Seq(_));
            let node = tree.nodes.len();
            tree.nodes.push(Node { kind, tag, anchor: String::new() });
            last = Some(node);
            match open.last() {
                None => tree.documents.push(node),
                Some(parent) => match &mut tree.nodes[*parent].kind {
                    Kind::Map(entries) => match keys.last_mut()?.take() {
                        Some(key) => entries.push((key, node)),
                        None => *keys.last_mut()? = Some(node),
                    },
                    Kind::Seq(items) => items.push(node),
                    _ => return None,
                },
            }
            if opens {
                open.push(node);
                keys.push(None);
            }
        }
        comments.sort();
        tree.comments = comments.into_iter().map(|(_, text)| text).collect();
        Some(tree)
    }

    /// The text of a key that every reader takes for the same.
    fn key(&self, node: usize) -> Option<&str> {
        match &self.nodes[node].kind {
            Kind::Scalar(text, resolved) if !resolved || resolve::v2_key(text).as_deref() == Some(text) => Some(text),
            _ => None,
        }
    }

    /// The paths of all values of a document, up to so many.
    pub fn paths(&self, document: usize, limit: usize) -> Vec<(Vec<Step>, usize)> {
        let mut found = Vec::new();
        let mut pending = vec![(Vec::new(), self.documents[document])];
        while let Some((path, node)) = pending.pop() {
            if found.len() >= limit {
                break;
            }
            let child = |step| path.iter().cloned().chain([step]).collect::<Vec<Step>>();
            match &self.nodes[node].kind {
                Kind::Map(entries) => {
                    let keyed = entries.iter().filter_map(|(key, value)| Some((self.key(*key)?, *value)));
                    pending.extend(keyed.map(|(key, value)| (child(Step::Key(key.to_owned())), value)));
                }
                Kind::Seq(items) => {
                    pending.extend(items.iter().enumerate().map(|(n, item)| (child(Step::Index(n)), *item)));
                }
                _ => {}
            }
            found.push((path, node));
        }
        found
    }

    /// The value at a path from a node.
    pub fn at(&self, node: usize, path: &[Step]) -> Option<usize> {
        path.iter().try_fold(node, |node, step| match (&self.nodes[node].kind, step) {
            (Kind::Map(entries), Step::Key(wanted)) => {
                entries.iter().find(|(key, _)| self.key(*key) == Some(wanted)).map(|(_, value)| *value)
            }
            (Kind::Seq(items), Step::Index(index)) => items.get(*index).copied(),
            _ => None,
        })
    }

    /// The text of a scalar.
    pub fn text_of(&self, node: usize) -> Option<String> {
        match &self.nodes[node].kind {
            Kind::Scalar(text, _) => Some(text.clone()),
            _ => None,
        }
    }

    /// The paths of the objects of a document: its root, or the items of a list.
    pub fn objects(&self, root: usize) -> Vec<Vec<Step>> {
        let items = Step::Key("items".to_owned());
        match self.at(root, std::slice::from_ref(&items)).map(|node| &self.nodes[node].kind) {
            Some(Kind::Seq(all)) => (0..all.len()).map(|index| vec![items.clone(), Step::Index(index)]).collect(),
            _ => vec![Vec::new()],
        }
    }

    pub fn is_null(&self, node: usize) -> bool {
        matches!(&self.nodes[node].kind, Kind::Scalar(text, true) if resolve::v2(text) == resolve::Value::Null)
    }

    fn add(&mut self, kind: Kind) -> usize {
        self.nodes.push(Node { kind, tag: "None".to_owned(), anchor: String::new() });
        self.nodes.len() - 1
    }

    pub fn add_text(&mut self, text: &str) -> usize {
        self.add(Kind::Scalar(text.to_owned(), false))
    }

    /// The root of another text, copied.
    pub fn add_yaml(&mut self, text: &str) -> usize {
        let other = Tree::read(text).expect("the new value is YAML");
        let base = self.nodes.len();
        for mut node in other.nodes {
            match &mut node.kind {
                Kind::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
                    *key += base;
                    *value += base;
                }),
                Kind::Seq(items) => items.iter_mut().for_each(|item| *item += base),
                _ => {}
            }
            self.nodes.push(node);
        }
        base + other.documents[0]
    }

    /// The node at a path; what is missing is made, after the key `after`.
    fn reach(&mut self, document: usize, path: &[Step], after: Option<&str>) -> Option<usize> {
        let mut at = self.documents[document];
        for step in path {
            if self.is_null(at) && matches!(step, Step::Key(_)) {
                self.nodes[at].kind = Kind::Map(Vec::new());
            }
            at = match (&self.nodes[at].kind, step) {
                (Kind::Map(entries), Step::Key(wanted)) => {
                    let found = entries.iter().find(|(key, _)| self.key(*key) == Some(wanted)).map(|(_, value)| *value);
                    match found {
                        Some(value) => value,
                        None => {
                            let behind = entries.iter().position(|(key, _)| after.is_some() && self.key(*key) == after);
                            let index = behind.map_or(entries.len(), |index| index + 1);
                            let key = self.add_text(wanted);
                            let value = self.add(Kind::Scalar("~".to_owned(), true));
                            let Kind::Map(entries) = &mut self.nodes[at].kind else { return None };
                            entries.insert(index, (key, value));
                            value
                        }
                    }
                }
                (Kind::Seq(items), Step::Index(index)) => *items.get(*index)?,
                _ => return None,
            };
        }
        Some(at)
    }

    /// Puts `new` in the place of the value at a path; anchors stay.
    pub fn set(&mut self, document: usize, path: &[Step], after: Option<&str>, new: usize) -> Option<()> {
        let at = self.reach(document, path, after)?;
        self.nodes[at].kind = self.nodes[new].kind.clone();
        Some(())
    }

    pub fn append(&mut self, document: usize, path: &[Step], new: usize) -> Option<()> {
        let at = self.reach(document, path, None)?;
        if self.is_null(at) {
            self.nodes[at].kind = Kind::Seq(Vec::new());
        }
        let Kind::Seq(items) = &mut self.nodes[at].kind else { return None };
        items.push(new);
        Some(())
    }

    pub fn remove(&mut self, document: usize, path: &[Step]) -> Option<()> {
        let (last, parents) = path.split_last()?;
        let at = self.reach(document, parents, None)?;
        let index = match (&self.nodes[at].kind, last) {
            (Kind::Map(entries), Step::Key(key)) => entries.iter().position(|entry| self.key(entry.0) == Some(key))?,
            (Kind::Seq(items), Step::Index(index)) if *index < items.len() => *index,
            _ => return None,
        };
        match &mut self.nodes[at].kind {
            Kind::Map(entries) => drop(entries.remove(index)),
            Kind::Seq(items) => drop(items.remove(index)),
            _ => {}
        }
        Some(())
    }

    /// All values of all documents, in order.
    pub fn values(&self) -> Vec<String> {
        let mut out = Vec::new();
        for root in &self.documents {
            out.push("document".to_owned());
            let mut pending = vec![*root];
            while let Some(node) = pending.pop() {
                let Node { kind, tag, anchor } = &self.nodes[node];
                let shown = match kind {
                    Kind::Map(entries) => {
                        pending.extend(entries.iter().rev().flat_map(|(key, value)| [*value, *key]));
                        format!("map of {}", entries.len())
                    }
                    Kind::Seq(items) => {
                        pending.extend(items.iter().rev());
                        format!("list of {}", items.len())
                    }
                    Kind::Scalar(..) if self.is_null(node) => "null".to_owned(),
                    other => format!("{other:?}"),
                };
                out.push(format!("{shown} {tag} {anchor}"));
            }
        }
        out
    }
}
