//! `oci` sources of the fleet file: what their type cannot say, and what they ask for once words in braces are replaced.

use super::file::{Mistake, Unexpanded, expand, is_plain_path};
use super::types::OciSource;
use crate::address::{Repository, is_digest, is_tag};
use std::collections::BTreeMap;

impl OciSource {
    /// The source with words in braces replaced.
    ///
    /// # Errors
    /// A word that nothing stands for; [`FleetFile::read`](super::file::FleetFile::read) has told its place.
    pub fn expanded(&self, words: &BTreeMap<&str, &str>) -> Result<OciSource, Unexpanded> {
        Ok(OciSource {
            url: expand(&self.url, words)?,
            reference: expand(&self.reference, words)?,
            path: self.path.as_ref().map(|path| expand(path, words)).transpose()?,
        })
    }
}

/// All that is wrong with a source.
pub(super) fn mistakes(source: &OciSource, words: &BTreeMap<&str, &str>) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut report = |field: &str, message: String, hint: Option<&str>| {
        found.push(Mistake { field: vec![field.to_owned()], message, hint: hint.map(str::to_owned) });
    };
    let mut expanded = |field: &str, text: &str| match expand(text, words) {
        Ok(text) => Some(text),
        Err(Unexpanded { message, hint }) => {
            report(field, message, hint.as_deref());
            None
        }
    };
    let url = expanded("url", &source.url);
    let reference = expanded("ref", &source.reference);
    let path = source.path.as_ref().and_then(|path| expanded("path", path));
    if let Some(Err(refusal)) = url.as_deref().map(Repository::parse) {
        // The URL is not quoted: there may be a password in it.
        let hint = match refusal.reason {
            reason if reason.contains("password") => "remove it: kfleet uses the logins of `docker login`",
            _ => refusal.hint,
        };
        report("url", format!("the artifact's URL {}", refusal.reason), Some(hint));
    }
    if let Some(reference) = reference.filter(|reference| !is_tag(reference) && !is_digest(reference)) {
        let hint = match reference.contains('+') {
            true => "a tag has no `+`; helm and others write `_` for it",
            false => "write a tag such as v1.2.0, or sha256: and 64 hexadecimal digits",
        };
        report("ref", format!("`{reference}` is no tag and no sha256 digest"), Some(hint));
    }
    if let Some(path) = path.filter(|path| !is_plain_path(path)) {
        report("path", format!("`{path}` is no plain path inside the artifact"), None);
    }
    found
}
