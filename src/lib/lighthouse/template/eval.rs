//! Filling in. The depth of the tree is limited when it is read; steps and output are limited here.

use super::Value;
use super::parse::{Base, Node, Operand, Pipe};
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

const MAX_STEPS: usize = 100_000;
const MAX_OUTPUT: usize = 256 * 1024;
/// Of `printf`.
const MAX_WIDTH: usize = 1000;

pub(super) fn render(nodes: &[Node], data: &Value) -> Result<String, String> {
    let mut state = State { out: String::new(), steps: 0, variables: vec![(String::new(), data.clone())] };
    state.nodes(nodes, data)?;
    Ok(state.out)
}

struct State {
    out: String,
    steps: usize,
    /// The innermost last; the first is `$`.
    variables: Vec<(String, Value)>,
}

impl State {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<(), String> {
        for node in nodes {
            self.step()?;
            match node {
                Node::Text(text) => self.write(text)?,
                Node::Action(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.variables.is_empty() {
                        self.write(&printed(&value)?)?;
                    } else {
                        self.set(pipe, value);
                    }
                }
                Node::If(pipe, body, otherwise) | Node::With(pipe, body, otherwise) => {
                    let known = self.variables.len();
                    let value = self.pipe(pipe, dot)?;
                    self.set(pipe, value.clone());
                    let is_true = truth(&value);
                    let inner = if is_true && matches!(node, Node::With(..)) { &value } else { dot };
                    self.nodes(if is_true { body } else { otherwise }, inner)?;
                    self.variables.truncate(known);
                }
                Node::Range(pipe, body, otherwise) => self.range(pipe, body, otherwise, dot)?,
            }
        }
        Ok(())
    }

    fn range(&mut self, pipe: &Pipe, body: &[Node], otherwise: &[Node], dot: &Value) -> Result<(), String> {
        let known = self.variables.len();
        let Value::List(items) = self.pipe(pipe, dot)? else { return Err("`range` needs a list".to_owned()) };
        for (number, item) in items.iter().enumerate() {
            self.step()?;
            let index = Value::Number(i64::try_from(number).unwrap_or(i64::MAX));
            match pipe.variables.as_slice() {
                [one, two] => {
                    self.variables.push((one.clone(), index));
                    self.variables.push((two.clone(), item.clone()));
                }
                _ => self.set(pipe, item.clone()),
            }
            self.nodes(body, item)?;
            self.variables.truncate(known);
        }
        if items.is_empty() {
            self.nodes(otherwise, dot)?;
        }
        Ok(())
    }

    fn set(&mut self, pipe: &Pipe, value: Value) {
        for name in &pipe.variables {
            match self.variables.iter_mut().rev().find(|(known, _)| pipe.assigns && known == name) {
                Some((_, known)) => *known = value.clone(),
                None => self.variables.push((name.clone(), value.clone())),
            }
        }
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, String> {
        let mut result = None;
        for command in &pipe.commands {
            result = Some(self.command(command, dot, result)?);
        }
        result.ok_or_else(|| "an action without a value".to_owned())
    }

    fn command(&mut self, command: &[Operand], dot: &Value, last: Option<Value>) -> Result<Value, String> {
        self.step()?;
        let Some((first, arguments)) = command.split_first() else {
            return Err("an action without a value".to_owned());
        };
        let Base::Function(name) = &first.base else {
            if last.is_some() {
                return Err("only functions take what is piped".to_owned());
            }
            return self.operand(first, dot);
        };
        let values = arguments.iter().map(|operand| self.operand(operand, dot));
        let mut values = values.collect::<Result<Vec<_>, _>>()?;
        values.extend(last);
        call(name, &values)
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, String> {
        self.step()?;
        let mut value = match &operand.base {
            Base::Dot => dot.clone(),
            Base::Variable(name) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                found.map(|(_, value)| value.clone()).ok_or_else(|| format!("there is no variable ${name}"))?
            }
            Base::Literal(value) => value.clone(),
            Base::Function(name) => call(name, &[])?,
            Base::Pipe(pipe) => self.pipe(pipe, dot)?,
        };
        for name in &operand.chain {
            let Value::Fields(fields) = value else { return Err(format!("this has no fields, so no .{name}")) };
            let found = fields.into_iter().find(|(known, _)| known == name);
            value = found.map(|(_, value)| value).ok_or_else(|| format!("there is no field .{name}"))?;
        }
        Ok(value)
    }

    fn step(&mut self) -> Result<(), String> {
        self.steps += 1;
        if self.steps > MAX_STEPS { Err("it takes too many steps".to_owned()) } else { Ok(()) }
    }

    fn write(&mut self, text: &str) -> Result<(), String> {
        if self.out.len() + text.len() > MAX_OUTPUT {
            return Err("its result is too long".to_owned());
        }
        self.out.push_str(text);
        Ok(())
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Text(text) => !text.is_empty(),
        Value::Number(number) => *number != 0,
        Value::Bool(value) => *value,
        Value::List(items) => !items.is_empty(),
        Value::Fields(_) => true,
    }
}

fn printed(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::List(_) | Value::Fields(_) => Err("only texts, numbers and truth values can be written".to_owned()),
    }
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let wrong = || format!("wrong arguments of `{name}`");
    match (name, arguments) {
        ("index", [value, indices @ ..]) => {
            indices.iter().try_fold(value.clone(), |value, index| match (value, index) {
                (Value::List(items), Value::Number(at)) => {
                    let item = usize::try_from(*at).ok().and_then(|at| items.get(at).cloned());
                    item.ok_or_else(|| format!("there is no item {at}: the list has {}", items.len()))
                }
                _ => Err(wrong()),
            })
        }
        ("len", [value]) => {
            let length = match value {
                Value::Text(text) => text.len(),
                Value::List(items) => items.len(),
                _ => return Err(wrong()),
            };
            Ok(Value::Number(i64::try_from(length).unwrap_or(i64::MAX)))
        }
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            for other in others {
                if order(first, other).ok_or_else(wrong)?.is_eq() {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        ("ne", [one, two]) => Ok(Value::Bool(order(one, two).ok_or_else(wrong)?.is_ne())),
        ("lt" | "le" | "gt" | "ge", [one, two]) => {
            if matches!(one, Value::Bool(_)) {
                return Err(wrong());
            }
            let order = order(one, two).ok_or_else(wrong)?;
            Ok(Value::Bool(match name {
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
        ("not", [value]) => Ok(Value::Bool(!truth(value))),
        ("and", [.., last]) => Ok(arguments.iter().find(|value| !truth(value)).unwrap_or(last).clone()),
        ("or", [.., last]) => Ok(arguments.iter().find(|value| truth(value)).unwrap_or(last).clone()),
        ("print", values) => {
            let mut out = String::new();
            for (at, value) in values.iter().enumerate() {
                // As in Go: a blank between two of which neither is text.
                let is_text = |value: &Value| matches!(value, Value::Text(_));
                if at > 0 && !is_text(value) && !is_text(&values[at - 1]) {
                    out.push(' ');
                }
                out.push_str(&printed(value)?);
            }
            Ok(Value::Text(out))
        }
        ("printf", [Value::Text(format), values @ ..]) => formatted(format, values).map(Value::Text),
        _ => Err(wrong()),
    }
}

fn order(one: &Value, two: &Value) -> Option<std::cmp::Ordering> {
    match (one, two) {
        (Value::Text(one), Value::Text(two)) => Some(one.cmp(two)),
        (Value::Number(one), Value::Number(two)) => Some(one.cmp(two)),
        (Value::Bool(one), Value::Bool(two)) => Some(one.cmp(two)),
        _ => None,
    }
}

fn number(chars: &mut Peekable<Chars<'_>>) -> usize {
    let digits: String = std::iter::from_fn(|| chars.next_if(char::is_ascii_digit)).collect();
    digits.parse().unwrap_or(0)
}

/// `%s %d %v %q %t %x %%` with `-`, `0`, a width and a precision.
fn formatted(format: &str, values: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let (mut left, mut zeros) = (false, false);
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '0')) {
            left |= flag == '-';
            zeros |= flag == '0';
        }
        let width = number(&mut chars);
        let precision = chars.next_if_eq(&'.').map(|_| number(&mut chars));
        let verb = chars.next().ok_or("`printf`: a % at the end")?;
        if verb == '%' {
            out.push('%');
            continue;
        }
        let value = values.next().ok_or("`printf`: there are too few arguments")?;
        let text = match (verb, value) {
            ('s' | 'v', Value::Text(text)) => match precision {
                Some(precision) => text.chars().take(precision).collect(),
                None => text.clone(),
            },
            ('d' | 'v', Value::Number(number)) => number.to_string(),
            ('t' | 'v', Value::Bool(value)) => value.to_string(),
            ('q', Value::Text(text)) => format!("\"{}\"", text.escape_debug()),
            ('x', Value::Number(number)) if *number < 0 => format!("-{:x}", number.unsigned_abs()),
            ('x', Value::Number(number)) => format!("{number:x}"),
            ('x', Value::Text(text)) => text.bytes().fold(String::new(), |mut out, byte| {
                // Writing to a String cannot fail.
                let _ = write!(out, "{byte:02x}");
                out
            }),
            _ => return Err(format!("`printf`: %{} does not fit its argument", verb.escape_debug())),
        };
        let missing = width.min(MAX_WIDTH).saturating_sub(text.chars().count());
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) if zeros && matches!(value, Value::Number(_)) => ("-", digits),
            _ => ("", text.as_str()),
        };
        match (left, zeros) {
            (true, _) => out.extend([text.as_str(), &" ".repeat(missing)]),
            (false, true) => out.extend([sign, &"0".repeat(missing), digits]),
            (false, false) => out.extend([&" ".repeat(missing), text.as_str()]),
        }
        if out.len() > MAX_OUTPUT {
            return Err("its result is too long".to_owned());
        }
    }
    if values.next().is_some() {
        return Err("`printf`: there are too many arguments".to_owned());
    }
    Ok(out)
}
