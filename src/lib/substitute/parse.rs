//! From a text to pieces: literal text and variables. The grammar is that of drone/envsubst v2, with its odd corners: only
//! outside of braces is `$$` a dollar sign, only in replacements are `\/` and `\\` escapes, and the pattern of a replacement
//! goes on to the next slash, over closing braces.

use super::{Finding, Findings, MAX_DEPTH};
use std::borrow::Cow;

/// A part of a template, or of an argument.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Literal text without its escapes, and where it starts.
    Text(Cow<'a, str>, usize),
    Variable(Expansion<'a>),
}

/// A variable with what is done to its value.
#[derive(Debug)]
pub(super) struct Expansion<'a> {
    /// Where its `${` stands.
    pub(super) offset: usize,
    pub(super) name: &'a str,
    pub(super) operator: Operator,
    pub(super) arguments: Vec<Piece<'a>>,
}

/// What is done to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `${V}`, and what changes nothing: `${V^,}`.
    Value,
    /// `${#V}`
    Length,
    /// `${V:=d}`, `${V:-d}`, `${V=d}`
    Default,
    /// `${V:?d}` and `${V:+d}`, which are defaults too.
    Shell(char),
    /// `${V^^}`
    Upper,
    /// `${V^}`
    UpperFirst,
    /// `${V,,}`
    Lower,
    /// `${V,}`
    LowerFirst,
    /// `${V:1}`, `${V:1:2}`
    Substring,
    /// `${V/a/b}`
    ReplaceFirst,
    /// `${V//a/b}`
    ReplaceAll,
    /// `${V/#a/b}`
    ReplacePrefix,
    /// `${V/%a/b}`
    ReplaceSuffix,
    /// `${V#p}`, `${V##p}`
    TrimPrefix { longest: bool },
    /// `${V%p}`, `${V%%p}`
    TrimSuffix { longest: bool },
}

const FORMS: &str = "the forms are ${V}, ${V:=default}, ${V:1:2}, ${V/a/b}, ${V//a/b}, ${V#pattern}, ${V%pattern}, ${V^^}, \
                     ${V,,} and ${#V}";

/// Parses a text. What is wrong goes to `findings`, at most one for each line.
pub(super) fn parse<'a>(text: &'a str, findings: &mut Findings) -> Vec<Piece<'a>> {
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        findings.push(Finding::error(at, "a NUL character", "this is not a text file"));
        return Vec::new();
    }
    let mut parser = Parser { text, at: 0 };
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some(found) = memchr::memchr(b'$', &text.as_bytes()[parser.at..]) {
        let dollar = parser.at + found;
        match text.as_bytes().get(dollar + 1) {
            Some(b'{') => {
                push_text(&mut pieces, &text[start..dollar], start);
                parser.at = dollar + 2;
                match parser.expansion(1) {
                    Ok(variable) => pieces.push(Piece::Variable(variable)),
                    Err(finding) => {
                        let line = &text[dollar..];
                        parser.at = dollar + line.find('\n').unwrap_or(line.len());
                        findings.push(*finding);
                    }
                }
                start = parser.at;
            }
            Some(b'$') => {
                push_text(&mut pieces, &text[start..=dollar], start);
                parser.at = dollar + 2;
                start = parser.at;
            }
            _ => parser.at = dollar + 1,
        }
    }
    push_text(&mut pieces, &text[start..], start);
    pieces
}

fn push_text<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str, start: usize) {
    if !text.is_empty() {
        pieces.push(Piece::Text(Cow::Borrowed(text), start));
    }
}

/// A finding is large, and rare.
type Parsed<T> = Result<T, Box<Finding>>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over at most `most` bytes that are one of `these`, and returns them.
    fn run(&mut self, these: &[u8], most: usize) -> &'a str {
        let length = self.rest().bytes().take(most).take_while(|byte| these.contains(byte)).count();
        let run = &self.rest()[..length];
        self.at += length;
        run
    }

    /// The variable whose `${` lies right before.
    fn expansion(&mut self, depth: usize) -> Parsed<Expansion<'a>> {
        let offset = self.at - 2;
        if depth > MAX_DEPTH {
            let message = format!("variables stand in one another more than {MAX_DEPTH} deep");
            return Err(Box::new(Finding::error(offset, message, "write simpler defaults")));
        }
        if self.next() == Some(b'#') {
            self.at += 1;
            let name = self.name(offset)?;
            self.close(offset)?;
            return Ok(Expansion { offset, name, operator: Operator::Length, arguments: Vec::new() });
        }
        let name = self.name(offset)?;
        let mut arguments = Vec::new();
        let operator = match self.next() {
            Some(b':') => match self.text.as_bytes().get(self.at + 1) {
                Some(b'=' | b'-' | b'?' | b'+') => self.default(offset, depth, &mut arguments)?,
                Some(byte) if byte.is_ascii() => self.substring(offset, depth, &mut arguments)?,
                _ => {
                    self.at += 1;
                    return Err(self.unexpected(offset));
                }
            },
            Some(b'=') => self.default(offset, depth, &mut arguments)?,
            Some(b',' | b'^') => match self.run(b",^", 2) {
                "^^" => Operator::Upper,
                "^" => Operator::UpperFirst,
                ",," => Operator::Lower,
                "," => Operator::LowerFirst,
                _ => Operator::Value,
            },
            Some(b'/') => self.replacement(offset, depth, &mut arguments)?,
            Some(sign @ (b'#' | b'%')) => {
                let longest = self.run(&[sign], 2).len() == 2;
                arguments.push(self.argument(offset, depth, b"}", false)?);
                if sign == b'#' { Operator::TrimPrefix { longest } } else { Operator::TrimSuffix { longest } }
            }
            _ => Operator::Value,
        };
        self.close(offset)?;
        Ok(Expansion { offset, name, operator, arguments })
    }

    fn name(&mut self, offset: usize) -> Parsed<&'a str> {
        let rest = self.rest();
        let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let length = rest.chars().take_while(is_part).count();
        let name = &rest[..length];
        if rest[length..].chars().next().is_some_and(|c| !c.is_ascii() && c.is_alphanumeric()) {
            let message = "the name of this variable has a letter beyond ASCII";
            return Err(Box::new(Finding::error(offset, message, "use letters A to Z, digits and underscores")));
        }
        if name.is_empty() {
            return Err(match self.next() {
                Some(b'}') => Box::new(Finding::error(offset, "a variable without a name", FORMS)),
                _ => self.unexpected(offset),
            });
        }
        self.at += length;
        Ok(name)
    }

    fn default(&mut self, offset: usize, depth: usize, arguments: &mut Vec<Piece<'a>>) -> Parsed<Operator> {
        self.run(b":", 1);
        let sign = self.run(b"=-?+", 1);
        while self.next() != Some(b'}') {
            arguments.push(self.argument(offset, depth, b"}", false)?);
        }
        Ok(match sign {
            "?" => Operator::Shell('?'),
            "+" => Operator::Shell('+'),
            _ => Operator::Default,
        })
    }

    fn substring(&mut self, offset: usize, depth: usize, arguments: &mut Vec<Piece<'a>>) -> Parsed<Operator> {
        self.at += 1;
        arguments.push(self.argument(offset, depth, b":}", false)?);
        if !self.run(b":", usize::MAX).is_empty() {
            arguments.push(self.argument(offset, depth, b"}", false)?);
        }
        Ok(Operator::Substring)
    }

    fn replacement(&mut self, offset: usize, depth: usize, arguments: &mut Vec<Piece<'a>>) -> Parsed<Operator> {
        self.at += 1;
        let operator = match self.run(b"/#%", 1) {
            "/" => Operator::ReplaceAll,
            "#" => Operator::ReplacePrefix,
            "%" => Operator::ReplaceSuffix,
            _ => Operator::ReplaceFirst,
        };
        arguments.push(self.argument(offset, depth, b"/", true)?);
        if self.run(b"/", usize::MAX).is_empty() {
            return Err(self.unexpected(offset));
        }
        if self.next() != Some(b'}') {
            arguments.push(self.argument(offset, depth, b"}", true)?);
        }
        Ok(operator)
    }

    /// One variable, or text up to a variable or one of the bytes in `end`. There must be something.
    fn argument(&mut self, offset: usize, depth: usize, end: &[u8], has_escapes: bool) -> Parsed<Piece<'a>> {
        if self.rest().starts_with("${") {
            self.at += 2;
            return Ok(Piece::Variable(self.expansion(depth + 1)?));
        }
        let first = self.at;
        let mut start = first;
        let mut text = Cow::Borrowed("");
        while let Some(byte) = self.next() {
            let following = self.text.as_bytes().get(self.at + 1);
            match (byte, following) {
                (b'$', Some(b'{')) => break,
                (b'$', Some(b'$')) | (b'\\', Some(b'/' | b'\\')) if has_escapes => {
                    text += &self.text[start..self.at];
                    start = self.at + 1;
                    self.at += 2;
                }
                _ if end.contains(&byte) => break,
                _ => self.at += 1,
            }
        }
        if self.at == first {
            return Err(self.unexpected(offset));
        }
        text += &self.text[start..self.at];
        Ok(Piece::Text(text, first))
    }

    fn close(&mut self, offset: usize) -> Parsed<()> {
        if self.next() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        Err(self.unexpected(offset))
    }

    /// The error of a variable that cannot go on like this.
    fn unexpected(&self, offset: usize) -> Box<Finding> {
        let before: String = self.text[offset..self.at].chars().take_while(|c| !c.is_control()).take(40).collect();
        let (message, hint) = match self.rest().chars().next() {
            None | Some('\n' | '\r') => {
                (format!("`{before}` is not closed"), "close it with a brace, or write $${ where `${` is meant as text")
            }
            Some('}') => (format!("`{before}` ends too early"), FORMS),
            Some(c) => (format!("`{}` cannot follow `{before}`", c.escape_debug()), FORMS),
        };
        Box::new(Finding::error(offset, message, hint))
    }
}
