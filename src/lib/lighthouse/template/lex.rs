//! The text between actions, and the words of actions.

/// A piece of a template.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Action(Vec<Word>),
}

/// A word, and whether a blank stands before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) token: Token,
    pub(super) apart: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Dot,
    /// `.Name`
    Field(String),
    /// `$name`, without the dollar; empty for the root.
    Variable(String),
    Name(String),
    Text(String),
    Number(i64),
    Open,
    Close,
    Pipe,
    Comma,
    Declare,
    Assign,
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts a template into pieces; trim markers are applied, comments are dropped.
pub(super) fn pieces(mut text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut trims = false;
    loop {
        let (before, action) = match text.split_once("{{") {
            Some((before, action)) => (before, Some(action)),
            None => (text, None),
        };
        let before = if trims { before.trim_start_matches(BLANKS) } else { before };
        let marked = |action: &str| action.starts_with('-') && action[1..].starts_with(BLANKS);
        let before = if action.is_some_and(marked) { before.trim_end_matches(BLANKS) } else { before };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let Some(action) = action else { return Ok(pieces) };
        let action = if marked(action) { &action[1..] } else { action };
        let rest;
        if let Some(comment) = action.trim_start_matches(BLANKS).strip_prefix("/*") {
            let (_, behind) = comment.split_once("*/").ok_or("a comment does not end")?;
            (trims, rest) = end(behind).ok_or("a comment must end its action")?;
        } else {
            let words;
            (words, trims, rest) = self::words(action)?;
            pieces.push(Piece::Action(words));
        }
        text = rest;
    }
}

/// The end of an action, if it comes next: whether it trims, and what follows it.
fn end(text: &str) -> Option<(bool, &str)> {
    if let Some(rest) = text.strip_prefix("}}") {
        return Some((false, rest));
    }
    let marker = text.strip_prefix(BLANKS)?;
    marker.trim_start_matches(BLANKS).strip_prefix("-}}").map(|rest| (true, rest))
}

fn words(mut text: &str) -> Result<(Vec<Word>, bool, &str), String> {
    let mut words = Vec::new();
    loop {
        if let Some((trims, rest)) = end(text) {
            return Ok((words, trims, rest));
        }
        let trimmed = text.trim_start_matches(BLANKS);
        let apart = trimmed.len() < text.len();
        if trimmed.starts_with("}}") {
            text = trimmed;
            continue;
        }
        let (token, rest) = token(trimmed)?;
        words.push(Word { token, apart });
        text = rest;
    }
}

fn token(text: &str) -> Result<(Token, &str), String> {
    let is_name = |c: char| c == '_' || c.is_alphanumeric();
    let name = |text: &'_ str| text.find(|c| !is_name(c)).unwrap_or(text.len());
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return Err("an action does not end".to_owned()) };
    let rest = chars.as_str();
    Ok(match first {
        '.' => match name(rest) {
            0 => (Token::Dot, rest),
            end => (Token::Field(rest[..end].to_owned()), &rest[end..]),
        },
        '$' => {
            let end = name(rest);
            (Token::Variable(rest[..end].to_owned()), &rest[end..])
        }
        '(' => (Token::Open, rest),
        ')' => (Token::Close, rest),
        '|' => (Token::Pipe, rest),
        ',' => (Token::Comma, rest),
        ':' if rest.starts_with('=') => (Token::Declare, &rest[1..]),
        '=' => (Token::Assign, rest),
        '`' => {
            let (raw, behind) = rest.split_once('`').ok_or("a raw text does not end")?;
            (Token::Text(raw.to_owned()), behind)
        }
        '"' => quoted(rest)?,
        '0'..='9' | '-' | '+' => {
            let end = rest.find(|c: char| !is_name(c) && c != '.').unwrap_or(rest.len());
            let number = &text[..end + 1];
            let number = number.parse().map_err(|_| format!("`{number}` is not a whole number"))?;
            (Token::Number(number), &rest[end..])
        }
        c if is_name(c) => {
            let end = name(text);
            (Token::Name(text[..end].to_owned()), &text[end..])
        }
        c => return Err(format!("`{}` has no meaning here", c.escape_debug())),
    })
}

/// A text in quotes, from after the first one.
fn quoted(text: &str) -> Result<(Token, &str), String> {
    let mut out = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next() {
            None | Some('\n') => return Err("a text does not end".to_owned()),
            Some('"') => return Ok((Token::Text(out), chars.as_str())),
            Some('\\') => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(c @ ('"' | '\\')) => out.push(c),
                other => return Err(format!("the escape \\{} is not supported", other.unwrap_or(' ').escape_debug())),
            },
            Some(c) => out.push(c),
        }
    }
}
