//! Words in braces: `{version}` in a source stands for a value of its addon.

use crate::suggest::did_you_mean;
use std::collections::BTreeMap;

/// The words that braces can name, and their values.
pub type Words<'a> = BTreeMap<&'a str, &'a str>;

/// Why words in braces cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexpanded {
    pub message: String,
    pub hint: Option<String>,
}

/// Replaces `{word}` by its value; `{{` stands for a brace.
///
/// # Errors
/// An unknown word, or a brace that is not closed.
pub fn expand(text: &str, words: &Words<'_>) -> Result<String, Unexpanded> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            out.push('{');
            rest = after;
            continue;
        }
        let Some(end) = rest.find('}') else {
            let message = format!("a brace in `{text}` is not closed");
            return Err(Unexpanded { message, hint: Some("write {{ for a brace that is meant".to_owned()) });
        };
        let word = &rest[..end];
        let Some(value) = words.get(word) else {
            let near = did_you_mean(word, words.keys().copied()).map(|near| format!("did you mean `{{{near}}}`?"));
            let hint = match word {
                "version" => "the addon has no version".to_owned(),
                _ => near.unwrap_or_else(|| "name it under the addon's `variables`".to_owned()),
            };
            return Err(Unexpanded { message: format!("nothing stands for `{{{word}}}`"), hint: Some(hint) });
        };
        out.push_str(value);
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// [`expand`], where there is a text.
pub(super) fn expand_some(text: Option<&String>, words: &Words<'_>) -> Result<Option<String>, Unexpanded> {
    text.map(|text| expand(text, words)).transpose()
}
