//! The part of Go's text/template that values of `pipeline_run_params` use: fields, variables, `if`, `range`, `with`, and
//! a few functions. Whatever else Go knows is refused by name. Nesting, steps and output have limits.

mod eval;
mod lex;
mod parse;

use std::collections::BTreeSet;

/// A template that was read.
#[derive(Debug, Clone)]
pub struct Template {
    nodes: Vec<parse::Node>,
    /// The names of all fields that it mentions.
    pub fields: BTreeSet<String>,
}

/// A value that templates work with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Number(i64),
    Bool(bool),
    List(Vec<Value>),
    /// Named fields; others are errors.
    Fields(Vec<(&'static str, Value)>),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Template, String> {
        let nodes = parse::parse(text)?;
        let mut fields = BTreeSet::new();
        parse::fields(&nodes, &mut fields);
        Ok(Template { nodes, fields })
    }

    /// Fills it in.
    ///
    /// # Errors
    /// What is wrong, in words: an unknown field, an index out of range, values that do not fit a function.
    pub fn render(&self, data: &Value) -> Result<String, String> {
        eval::render(&self.nodes, data)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

#[cfg(test)]
mod tests;
