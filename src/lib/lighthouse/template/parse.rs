//! From pieces to a tree of limited depth.

use super::Value;
use super::lex::{Piece, Token, Word, pieces};
use std::collections::BTreeSet;

/// Blocks and parentheses within each other.
const MAX_DEPTH: usize = 50;

pub(super) const FUNCTIONS: [&str; 13] =
    ["and", "eq", "ge", "gt", "index", "le", "len", "lt", "ne", "not", "or", "print", "printf"];

#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Action(Pipe),
    If(Pipe, Vec<Node>, Vec<Node>),
    With(Pipe, Vec<Node>, Vec<Node>),
    Range(Pipe, Vec<Node>, Vec<Node>),
}

/// Commands, each of which gets the result of the one before as its last argument.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    pub(super) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Vec<Operand>>,
}

#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub(super) base: Base,
    /// Fields of it.
    pub(super) chain: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Base {
    Dot,
    Variable(String),
    Literal(Value),
    Function(String),
    Pipe(Pipe),
}

pub(super) fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { pieces: pieces(text)?.into_iter(), variables: vec![String::new()] };
    match parser.block(0)? {
        (nodes, None) => Ok(nodes),
        (_, Some(end)) => Err(format!("`{}` without a beginning", end.word)),
    }
}

/// The names of all fields.
pub(super) fn fields(nodes: &[Node], found: &mut BTreeSet<String>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Action(pipe) => fields_of(pipe, found),
            Node::If(pipe, body, otherwise)
            | Node::With(pipe, body, otherwise)
            | Node::Range(pipe, body, otherwise) => {
                fields_of(pipe, found);
                fields(body, found);
                fields(otherwise, found);
            }
        }
    }
}

fn fields_of(pipe: &Pipe, found: &mut BTreeSet<String>) {
    for operand in pipe.commands.iter().flatten() {
        found.extend(operand.chain.iter().cloned());
        if let Base::Pipe(inner) = &operand.base {
            fields_of(inner, found);
        }
    }
}

/// `end`, or `else` with what follows it.
struct End {
    word: &'static str,
    rest: Vec<Word>,
}

struct Parser<'a> {
    pieces: std::vec::IntoIter<Piece<'a>>,
    /// Those that are declared where the parser is.
    variables: Vec<String>,
}

impl Parser<'_> {
    fn block(&mut self, depth: usize) -> Result<(Vec<Node>, Option<End>), String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let words = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text.to_owned()));
                    continue;
                }
                Piece::Action(words) => words,
            };
            let name = match words.first().map(|word| &word.token) {
                Some(Token::Name(name)) => name.as_str(),
                _ => "",
            };
            match name {
                "end" if words.len() == 1 => return Ok((nodes, Some(End { word: "end", rest: Vec::new() }))),
                "else" => return Ok((nodes, Some(End { word: "else", rest: words[1..].to_vec() }))),
                "if" | "with" | "range" => nodes.push(self.control(&words, depth)?),
                "define" | "template" | "block" | "break" | "continue" => {
                    return Err(format!("`{name}` is not supported"));
                }
                _ => nodes.push(Node::Action(self.pipe(&words, depth, false)?)),
            }
        }
        Ok((nodes, None))
    }

    fn control(&mut self, words: &[Word], depth: usize) -> Result<Node, String> {
        let keyword = match words.first().map(|word| &word.token) {
            Some(Token::Name(name)) => name.clone(),
            _ => String::new(),
        };
        let known = self.variables.len();
        let pipe = self.pipe(&words[1..], depth, keyword == "range")?;
        let (body, end) = self.block(depth + 1)?;
        let mut otherwise = Vec::new();
        match end {
            None => return Err(format!("`{keyword}` without an end")),
            Some(end) if end.word == "else" && end.rest.is_empty() => {
                let (nodes, last) = self.block(depth + 1)?;
                if last.is_none_or(|last| last.word != "end") {
                    return Err(format!("`{keyword}` without an end"));
                }
                otherwise = nodes;
            }
            // `else if` is an `if` inside `else`, with one `end` for both.
            Some(end) if end.word == "else" => {
                let is_same = matches!(&end.rest[0].token, Token::Name(name) if *name == keyword && name != "range");
                if !is_same || depth >= MAX_DEPTH {
                    return Err("this `else` is not supported".to_owned());
                }
                otherwise = vec![self.control(&end.rest, depth + 1)?];
            }
            Some(_) => {}
        }
        self.variables.truncate(known);
        Ok(match keyword.as_str() {
            "if" => Node::If(pipe, body, otherwise),
            "with" => Node::With(pipe, body, otherwise),
            _ => Node::Range(pipe, body, otherwise),
        })
    }

    fn pipe(&mut self, words: &[Word], depth: usize, is_range: bool) -> Result<Pipe, String> {
        let mut words = words;
        let mut pipe = Pipe { variables: Vec::new(), assigns: false, commands: Vec::new() };
        let token = |at: usize, words: &[Word]| words.get(at).map(|word| word.token.clone());
        match (token(0, words), token(1, words), token(2, words), token(3, words)) {
            (Some(Token::Variable(one)), Some(operator @ (Token::Declare | Token::Assign)), _, _) => {
                pipe.variables = vec![one];
                pipe.assigns = operator == Token::Assign;
                words = &words[2..];
            }
            (Some(Token::Variable(one)), Some(Token::Comma), Some(Token::Variable(two)), Some(Token::Declare))
                if is_range =>
            {
                pipe.variables = vec![one, two];
                words = &words[4..];
            }
            _ => {}
        }
        pipe.commands = self.commands(&mut words.iter(), depth, false)?;
        if pipe.variables.iter().any(String::is_empty) {
            return Err("`$` cannot be set".to_owned());
        }
        if pipe.assigns {
            pipe.variables.iter().try_for_each(|name| self.known(name))?;
        } else {
            self.variables.extend(pipe.variables.iter().cloned());
        }
        Ok(pipe)
    }

    fn known(&self, name: &String) -> Result<(), String> {
        if self.variables.contains(name) { Ok(()) } else { Err(format!("there is no variable ${name}")) }
    }

    /// Commands up to the end of the words, or inside parentheses up to the `)`.
    fn commands(
        &self,
        words: &mut std::slice::Iter<'_, Word>,
        depth: usize,
        inside: bool,
    ) -> Result<Vec<Vec<Operand>>, String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let mut commands = Vec::new();
        let mut command: Vec<Operand> = Vec::new();
        let mut is_joined = false;
        loop {
            let Some(word) = words.next() else {
                if inside {
                    return Err("there is no `)`".to_owned());
                }
                break;
            };
            let operand = match &word.token {
                Token::Close if inside => break,
                Token::Close => return Err("there is a `)` too many".to_owned()),
                Token::Pipe => {
                    commands.push(complete(std::mem::take(&mut command))?);
                    is_joined = false;
                    continue;
                }
                Token::Field(name) => match command.last_mut().filter(|_| is_joined && !word.apart) {
                    Some(operand) => {
                        operand.chain.push(name.clone());
                        continue;
                    }
                    None => Operand { base: Base::Dot, chain: vec![name.clone()] },
                },
                token => Operand { base: self.base(token, words, depth)?, chain: Vec::new() },
            };
            is_joined =
                !matches!(operand.base, Base::Literal(_) | Base::Function(_)) && !matches!(word.token, Token::Dot);
            command.push(operand);
        }
        commands.push(complete(command)?);
        Ok(commands)
    }

    fn base(&self, token: &Token, words: &mut std::slice::Iter<'_, Word>, depth: usize) -> Result<Base, String> {
        Ok(match token {
            Token::Dot => Base::Dot,
            Token::Variable(name) => {
                self.known(name)?;
                Base::Variable(name.clone())
            }
            Token::Text(text) => Base::Literal(Value::Text(text.clone())),
            Token::Number(number) => Base::Literal(Value::Number(*number)),
            Token::Name(name) => match name.as_str() {
                "true" | "false" => Base::Literal(Value::Bool(name == "true")),
                name if FUNCTIONS.contains(&name) => Base::Function(name.to_owned()),
                name => return Err(format!("the function `{name}` is not supported")),
            },
            Token::Open => {
                let commands = self.commands(words, depth + 1, true)?;
                Base::Pipe(Pipe { variables: Vec::new(), assigns: false, commands })
            }
            _ => return Err("an operator in the wrong place".to_owned()),
        })
    }
}

fn complete(command: Vec<Operand>) -> Result<Vec<Operand>, String> {
    match command.as_slice() {
        [] => Err("an action without a value".to_owned()),
        [first, _, ..] if !matches!(first.base, Base::Function(_)) => Err("only functions take arguments".to_owned()),
        _ => Ok(command),
    }
}
