//! Writes values as YAML in the many ways that people do, as a row of bytes chooses. Without bytes it writes plainly, so
//! that a failing case shrinks to a plain one.

use kfleet::yaml::resolve::is_text_for_all;

/// A row of choices; when it has ended, the first possibility is taken.
pub struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Choices { bytes }
    }

    /// One of so many possibilities.
    pub fn below(&mut self, count: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*first) % count
    }

    pub fn one<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// True once in so many times.
    pub fn rarely(&mut self, one_in: usize) -> bool {
        self.below(one_in) == one_in - 1
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for left in (1..items.len()).rev() {
            let other = left - self.below(left + 1);
            items.swap(left, other);
        }
    }
}

/// A value that is to be written.
#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    /// A number, a boolean or null.
    Word(&'static str),
    Map(Vec<(String, Value)>),
    List(Vec<Value>),
    Anchor(&'static str, Box<Value>),
    Alias(&'static str),
}

/// A mapping.
pub fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// What a value is without its form; nothing where JSON has no words for it.
pub fn json(value: &Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::Text(text) => text.clone().into(),
        Value::Word(word) => serde_json::from_str(word).ok()?,
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Some((key.clone(), json(value)?)));
            serde_json::Value::Object(entries.collect::<Option<_>>()?)
        }
        Value::List(items) => items.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Value::Anchor(..) | Value::Alias(_) => return None,
    })
}

/// What stands in comments after their number.
const REMARKS: [&str; 8] = ["", " why", ": x", "- item", " it's \"so\"", "--- # twice", " {a: [", " é 😀"];

/// Writes one file.
pub struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    out: String,
    comments: usize,
    /// The columns of one level.
    step: usize,
    /// Lists stand at the column of their key.
    compact: bool,
    /// A comment stands above one in so many entries.
    quiet: usize,
    /// Blanks stand at the ends of lines.
    has_blanks: bool,
}

impl<'c, 'b> Writer<'c, 'b> {
    pub fn new(choices: &'c mut Choices<'b>) -> Self {
        let (step, compact, quiet) =
            (choices.one(&[2, 2, 2, 4, 3, 1]), choices.one(&[true, false]), choices.one(&[4, 3, 2, 40]));
        let has_blanks = choices.rarely(15);
        Writer { choices, out: String::new(), comments: 0, step, compact, quiet, has_blanks }
    }

    /// A file with these documents; one without a value is empty, or has comments only.
    pub fn file(mut self, documents: &[Option<Value>]) -> String {
        let as_json: Vec<_> = documents.iter().map(|document| document.as_ref().and_then(json)).collect();
        if self.choices.rarely(40) && as_json.iter().all(Option::is_some) {
            let is_long = self.choices.rarely(2);
            let written = as_json
                .iter()
                .map(|value| if is_long { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) });
            let written: Vec<String> = written.collect::<Result<_, _>>().expect("JSON");
            return written.join("\n") + "\n";
        }
        for (number, document) in documents.iter().enumerate() {
            if number > 0 || self.choices.rarely(3) {
                self.own_lines(0);
                self.out.push_str("---");
                self.line_end();
            }
            match document {
                Some(Value::Map(entries)) if self.choices.rarely(30) => {
                    self.own_lines(0);
                    self.flow(&Value::Map(entries.clone()), 0);
                    self.line_end();
                }
                Some(Value::Map(entries)) => self.map(entries, 0, false),
                _ => self.own_lines(0),
            }
        }
        self.finish()
    }

    /// Line breaks, and how the file begins and ends.
    fn finish(self) -> String {
        let Writer { choices, out, .. } = self;
        let mut text = out;
        if choices.rarely(8) && text.ends_with('\n') {
            text.pop();
        }
        match choices.below(120) {
            1..=24 => text = text.replace('\n', "\r\n"),
            25 => text = text.replace('\n', "\r"),
            26 | 27 => {
                let mixed = text.split_inclusive('\n').map(|line| match choices.below(3) {
                    2 => line.replace('\n', "\r\n"),
                    _ => line.to_owned(),
                });
                text = mixed.collect();
            }
            _ => {}
        }
        if choices.rarely(30) {
            text.insert(0, '\u{feff}');
        }
        text
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# {}{}", self.comments, self.choices.one(&REMARKS))
    }

    fn pad(&mut self, column: usize) {
        self.out.extend(std::iter::repeat_n(' ', column));
    }

    /// Blank lines and comments above an entry.
    fn own_lines(&mut self, column: usize) {
        if self.choices.rarely(12) {
            self.out.push('\n');
        }
        while self.choices.rarely(self.quiet) {
            let comment = self.comment();
            self.pad(column);
            self.out.push_str(&comment);
            self.out.push('\n');
            if self.choices.rarely(6) {
                self.out.push('\n');
            }
        }
    }

    /// The rest of a line: nothing, or a comment.
    fn line_end(&mut self) {
        if self.choices.rarely(5) {
            let gap = self.choices.one(&[" ", "  ", "    ", "\t"]);
            let comment = self.comment();
            self.out.push_str(gap);
            self.out.push_str(&comment);
        }
        if self.has_blanks && self.choices.rarely(4) {
            self.out.push_str("  ");
        }
        self.out.push('\n');
    }

    /// `after`: the first key stands after a dash.
    fn map(&mut self, entries: &[(String, Value)], column: usize, behind: bool) {
        for (number, (key, value)) in entries.iter().enumerate() {
            if number > 0 || !behind {
                self.own_lines(column);
                self.pad(column);
            }
            let key = self.quoted(key, 12, false);
            if matches!(value, Value::Text(_)) && self.choices.below(250) == 249 && self.choices.rarely(5) {
                self.out.push_str(&format!("? {key}"));
                self.line_end();
                self.pad(column);
                self.out.push(':');
            } else {
                self.out.push_str(&key);
                self.out.push_str(if self.choices.rarely(40) { " :" } else { ":" });
            }
            self.value(value, column, false);
        }
        if self.choices.rarely(8) {
            let comment = self.comment();
            self.pad(column);
            self.out.push_str(&comment);
            self.out.push('\n');
        }
    }

    fn list(&mut self, items: &[Value], column: usize) {
        for item in items {
            self.own_lines(column);
            self.pad(column);
            self.out.push('-');
            self.value(item, column, true);
        }
    }

    /// A value after a colon or a dash, up to the end of its last line.
    fn value(&mut self, value: &Value, column: usize, in_list: bool) {
        match value {
            Value::Anchor(name, inner) => {
                self.out.push_str(&format!(" &{name}"));
                self.value(inner, column, in_list);
            }
            Value::Alias(name) => {
                self.out.push_str(&format!(" *{name}"));
                self.line_end();
            }
            Value::Text(text) if self.choices.below(200) == 199 => {
                self.out.push_str(" !!str");
                self.text(text, column);
            }
            Value::Word(word) => {
                self.out.push_str(&format!(" {word}"));
                self.line_end();
            }
            Value::Text(text) => self.text(text, column),
            Value::Map(entries) if entries.is_empty() || self.choices.rarely(6) => {
                self.out.push(' ');
                self.flow(value, column);
                self.line_end();
            }
            Value::List(items) if items.is_empty() || self.choices.rarely(6) => {
                self.out.push(' ');
                self.flow(value, column);
                self.line_end();
            }
            Value::Map(entries) if in_list => {
                let gap = self.choices.one(&[1, 1, 1, 3]);
                self.pad(gap);
                self.map(entries, column + 1 + gap, true);
            }
            Value::Map(entries) => {
                self.line_end();
                let step = if self.choices.rarely(20) { self.step + 2 } else { self.step };
                self.map(entries, column + step, false);
            }
            Value::List(items) => {
                self.line_end();
                let indent = if self.compact && !in_list { 0 } else { self.step };
                self.list(items, column + indent);
            }
        }
    }

    fn text(&mut self, text: &str, column: usize) {
        let lines = text.contains('\n');
        match self.choices.below(18) {
            16 if text.ends_with('\n') => self.block(text, column, "|+"),
            17 if text.ends_with('\n') => self.block(text, column, &format!("|{}", self.step)),
            16 | 17 if !lines && text.contains(' ') => self.on_two_lines(text, column),
            0..=5 if lines => self.block(text, column, if text.ends_with('\n') { "|" } else { "|-" }),
            14 if !text.ends_with('\n') => self.block(text, column, "|-"),
            15 if !text.ends_with('\n') && !lines => self.block(text, column, ">-"),
            13 if !lines => {
                self.line_end();
                if self.choices.rarely(3) {
                    self.own_lines(column + self.step);
                }
                self.pad(column + self.step);
                let text = self.quoted(text, 3, false);
                self.out.push_str(&text);
                self.line_end();
            }
            _ => {
                let gap = if self.choices.rarely(20) { "   " } else { " " };
                let text = self.quoted(text, 4, false);
                self.out.push_str(gap);
                self.out.push_str(&text);
                self.line_end();
            }
        }
    }

    /// A text in single quotes, with a line break in it that means a blank.
    fn on_two_lines(&mut self, text: &str, column: usize) {
        let (first, second) = text.split_once(' ').unwrap_or((text, ""));
        self.out.push_str(&format!(" '{}\n", first.replace('\'', "''")));
        self.pad(column + self.step);
        self.out.push_str(&format!("{}'", second.replace('\'', "''")));
        self.line_end();
    }

    fn block(&mut self, text: &str, column: usize, header: &str) {
        self.out.push(' ');
        self.out.push_str(header);
        self.line_end();
        for line in text.lines() {
            self.pad(column + self.step);
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// A text in one line: in quotes where it needs them, and else once in so many times.
    fn quoted(&mut self, text: &str, one_in: usize, in_flow: bool) -> String {
        let is_plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "./_".contains(c))
            && !(text.contains(": ") || text.contains(" #") || text.contains('\n') || text.ends_with([':', ' ']))
            && !(in_flow && text.contains([',', '[', ']', '{', '}']))
            && is_text_for_all(text);
        let wanted = self.choices.rarely(one_in);
        if is_plain && !wanted {
            return text.to_owned();
        }
        if !text.contains('\n') && self.choices.rarely(2) {
            return format!("'{}'", text.replace('\'', "''"));
        }
        serde_json::Value::from(text).to_string()
    }

    /// A value inside brackets; `column` is that of the key above them.
    fn flow(&mut self, value: &Value, column: usize) {
        let (open, close) = if matches!(value, Value::List(_)) { ('[', ']') } else { ('{', '}') };
        let entries: Vec<(Option<&String>, &Value)> = match value {
            Value::Map(entries) => entries.iter().map(|(key, value)| (Some(key), value)).collect(),
            Value::List(items) => items.iter().map(|item| (None, item)).collect(),
            Value::Text(text) => {
                let text = self.quoted(text, 4, true);
                return self.out.push_str(&text);
            }
            Value::Word(word) => return self.out.push_str(word),
            Value::Alias(name) => return self.out.push_str(&format!("*{name} ")),
            Value::Anchor(name, inner) => {
                self.out.push_str(&format!("&{name} "));
                return self.flow(inner, column);
            }
        };
        let in_lines = !entries.is_empty() && self.choices.rarely(3);
        let is_wide = !in_lines && self.choices.rarely(4);
        self.out.push(open);
        let count = entries.len();
        for (number, (key, value)) in entries.into_iter().enumerate() {
            if in_lines {
                self.line_end();
                self.own_lines(column + self.step);
                self.pad(column + self.step);
            } else if number > 0 || is_wide {
                self.out.push(' ');
            }
            if let Some(key) = key {
                let key = self.quoted(key, 12, true);
                self.out.push_str(&format!("{key}: "));
            }
            self.flow(value, column + self.step);
            if number + 1 < count || self.choices.rarely(8) {
                self.out.push(',');
            }
        }
        if in_lines {
            self.line_end();
            self.pad(column + 1);
        } else if is_wide {
            self.out.push(' ');
        }
        self.out.push(close);
    }
}
