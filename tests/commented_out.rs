//! Commented-out YAML keeps its shape: what was commented out, in any of the usual ways, means after formatting and
//! uncommenting what it meant before. Held on made-up documents; random comments must be stable and stay.

mod oracle;

use kfleet::ops::fmt::text::{self, TextOptions};
use kfleet::yaml::emit::{SequenceIndent, Style};
use kfleet::yaml::engine::Engine;
use kfleet::yaml::value::read_value;
use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Debug, Clone)]
enum Node {
    Leaf,
    Map(Vec<Node>),
    List(Vec<Node>),
}

fn node() -> impl Strategy<Value = Node> {
    Just(Node::Leaf).prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Map),
            prop::collection::vec(inner, 1..4).prop_map(Node::List),
        ]
    })
}

/// A document, and the entries and items in it that can be commented out.
#[derive(Debug, Default)]
struct Written {
    lines: Vec<String>,
    /// The first line, the line after the last, and the column.
    blocks: Vec<(usize, usize, usize)>,
}

/// How the document was written.
#[derive(Debug, Clone, Copy)]
struct Hand {
    step: usize,
    compact: bool,
}

impl Written {
    /// Writes a node after `key:` or `-`, whose column is `column`.
    fn value(&mut self, node: &Node, column: usize, in_map: bool, hand: Hand) {
        match node {
            Node::Leaf => self.lines.last_mut().expect("a line").push_str(" text"),
            Node::Map(entries) => {
                let (step, in_item) = if in_map { (hand.step, false) } else { (2, true) };
                self.entries(entries, column + step, in_item, hand);
            }
            Node::List(items) => {
                let column = if in_map && hand.compact { column } else { column + hand.step };
                for item in items {
                    let first = self.lines.len();
                    self.lines.push(format!("{}-", " ".repeat(column)));
                    self.value(item, column, false, hand);
                    self.block(first, column, items.len());
                }
            }
        }
    }

    fn entries(&mut self, entries: &[Node], column: usize, in_item: bool, hand: Hand) {
        for (number, entry) in entries.iter().enumerate() {
            let first = self.lines.len();
            if in_item && number == 0 {
                self.lines.last_mut().expect("the dash").push_str(" k0:");
            } else {
                self.lines.push(format!("{}k{number}:", " ".repeat(column)));
            }
            self.value(entry, column, true, hand);
            if self.lines.len() > first {
                let own_line = !in_item || number > 0;
                self.block(first, column, if own_line { entries.len() } else { 0 });
            }
        }
    }

    fn block(&mut self, first: usize, column: usize, neighbours: usize) {
        if neighbours > 1 {
            self.blocks.push((first, self.lines.len(), column));
        }
    }
}

/// The usual ways to comment a block out: where the `#` stands, and whether a space follows.
const WAYS: [(Place, &str); 5] =
    [(Place::Block, "# "), (Place::Block, "#"), (Place::Line, "#"), (Place::Start, "# "), (Place::Start, "#")];

#[derive(Debug, Clone, Copy)]
enum Place {
    /// At the column of the block.
    Block,
    /// At the text of each line.
    Line,
    /// At the start of the line.
    Start,
}

fn commented(line: &str, place: Place, mark: &str, column: usize) -> String {
    let at = match place {
        Place::Block => column,
        Place::Line => line.len() - line.trim_start().len(),
        Place::Start => 0,
    };
    format!("{}{mark}{}", &line[..at], &line[at..])
}

fn uncommented(text: &str, mark: &str) -> String {
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let lines = text.lines().map(|line| if is_comment(line) { line.replacen(mark, "", 1) } else { line.to_owned() });
    lines.map(|line| line + "\n").collect()
}

fn formatted(text: &str, style: Style) -> String {
    let options = TextOptions { style, ..TextOptions::default() };
    let result = text::format(&mut Engine::default(), "in", text.as_bytes(), false, &options);
    String::from_utf8(result.text.unwrap_or_else(|| panic!("{:?}\n{text}", result.problems))).expect("UTF-8")
}

/// A comment of any shape at any column.
fn comment() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        Just("- item"),
        Just("- key: value"),
        Just("key: value"),
        Just("key:"),
        Just("NOTE: prose"),
        Just("prose that goes on"),
        Just(""),
        Just("# more"),
    ];
    (0..9usize, 0..6usize, text, any::<bool>()).prop_map(|(column, spaces, text, blank)| {
        let blank = if blank { "" } else { "\n" };
        format!("{blank}{}#{}{text}", " ".repeat(column), " ".repeat(spaces))
    })
}

fn hand() -> impl Strategy<Value = Hand> {
    (prop_oneof![Just(2usize), Just(4)], any::<bool>()).prop_map(|(step, compact)| Hand { step, compact })
}

/// Found by fuzzing: comments before a marker keep the shape that they had in a document of their own.
#[test]
fn documents_of_comments_are_stable() {
    for text in [
        "# - a: b\n  #  x:\n...\nc: 1\n",
        "# - a\n  #   b: 1\n---\n    # c\nd: 1\n",
        "# a:\n    # b:\n---\n# - c\n---\nd: 1\n",
    ] {
        oracle::formatter(text.as_bytes());
        oracle::scanner(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn uncommenting_gives_what_it_gave(
        entries in prop::collection::vec(node(), 2..5), hand in hand(), block in any::<Index>(), way in 0..WAYS.len(), wide: bool,
    ) {
        let mut written = Written::default();
        written.entries(&entries, 0, false, hand);
        let (first, end, column) = written.blocks[block.index(written.blocks.len())];
        let whole = written.lines.join("\n") + "\n";
        let (place, mark) = WAYS[way];
        for line in &mut written.lines[first..end] {
            *line = commented(line, place, mark, column);
        }
        let before = written.lines.join("\n") + "\n";
        let sequence_indent = if wide { SequenceIndent::Wide } else { SequenceIndent::Compact };
        let after = formatted(&before, Style { sequence_indent, ..Style::default() });
        let meant = read_value(uncommented(&before, mark).as_bytes()).expect("YAML");
        prop_assert_eq!(&meant, &read_value(whole.as_bytes()).expect("YAML"), "the test is wrong");
        let means = read_value(uncommented(&after, mark).as_bytes());
        prop_assert!(means.as_ref().ok() == Some(&meant), "{:?}\n--- before\n{}--- after\n{}", means, before, after);
        oracle::formatter(before.as_bytes());
        oracle::scanner(before.as_bytes());
    }

    #[test]
    fn comments_of_any_shape_are_stable_and_stay(
        entries in prop::collection::vec(node(), 2..4), hand in hand(),
        comments in prop::collection::vec((any::<Index>(), comment()), 1..8), slow: bool,
        head in prop::collection::vec(comment(), 0..5), marker in 0..4usize,
    ) {
        let mut written = Written::default();
        written.entries(&entries, 0, false, hand);
        for (at, comment) in comments {
            let at = at.index(written.lines.len() + 1);
            written.lines.insert(at, comment);
        }
        let mut text = written.lines.join("\n") + "\n";
        if slow {
            // A comment in brackets is for the slow lane.
            text.push_str("z: [a, # c\n  b]\n");
        }
        let head: String = head.iter().map(|comment| format!("{comment}\n")).collect();
        let text = format!("{head}{}{text}", ["", "---\n", "...\n", "---\n---\n"][marker]);
        oracle::formatter(text.as_bytes());
        oracle::scanner(text.as_bytes());
    }
}
