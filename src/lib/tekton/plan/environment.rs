//! The environment of a step, and what Kubernetes does with `$(NAME)` and `$$` in commands and values.

use std::collections::BTreeMap;

use crate::tekton::types::objects::Objects;

use crate::tekton::types::{EnvFrom, EnvValue, EnvVar, ObjectRef};

/// What one text may become.
const TEXT_BYTES: usize = 16 << 20;

/// What all texts of a step may become together.
const STEP_BYTES: usize = 64 << 20;

/// Replaces variables as Kubernetes does: `$(NAME)` by its value, where it has one, and `$$` by `$`. `None`: the text would
/// become too large.
pub(super) fn expand<'a>(text: &str, get: &dyn Fn(&str) -> Option<&'a str>) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while let Some(dollar) = memchr::memchr(b'$', &bytes[at..]).map(|found| at + found) {
        match bytes.get(dollar + 1) {
            Some(b'$') => {
                out.push_str(&text[copied..=dollar]);
                at = dollar + 2;
                copied = at;
            }
            Some(b'(') => {
                // Without a closing bracket there is none for what follows either, but `$$` still means `$`.
                let Some(length) = memchr::memchr(b')', &bytes[dollar + 2..]) else {
                    out.push_str(&text[copied..].replace("$$", "$"));
                    return Some(out);
                };
                let end = dollar + 2 + length;
                if let Some(value) = get(&text[dollar + 2..end]) {
                    out.push_str(&text[copied..dollar]);
                    out.push_str(value);
                    copied = end + 1;
                }
                at = end + 1;
            }
            _ => at = dollar + 1,
        }
        if out.len() > TEXT_BYTES {
            return None;
        }
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// The environment of a step: `envFrom` in order, then `env`, whose values see `envFrom` and the entries before them; the
/// last of a name wins.
///
/// # Errors
/// An object or key that is missing, as Kubernetes says it, or a value that is too large.
pub(super) fn assemble(from: &[EnvFrom], env: &[EnvVar], objects: &Objects) -> Result<Vec<(String, String)>, String> {
    let mut order: Vec<String> = Vec::new();
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let mut bytes = 0;
    let mut put = |values: &mut BTreeMap<String, String>, name: &str, value: String| {
        bytes += value.len();
        if values.insert(name.to_owned(), value).is_none() {
            order.push(name.to_owned());
        }
        if bytes > STEP_BYTES { Err(too_large()) } else { Ok(()) }
    };
    for source in from {
        let Some(keys) = object(&source.object, objects)? else { continue };
        for (key, value) in keys {
            let name = format!("{}{key}", source.prefix);
            // Kubernetes passes over keys that cannot be names.
            if is_name(&name) {
                put(&mut values, &name, text_of(value))?;
            }
        }
    }
    for variable in env {
        let value = match &variable.value {
            EnvValue::Text(text) => expand(text, &|name| values.get(name).map(String::as_str)).ok_or_else(too_large)?,
            EnvValue::Key(reference, key) => match object(reference, objects)?.map(|keys| keys.get(key)) {
                Some(Some(value)) => text_of(value),
                None | Some(None) if reference.optional => continue,
                _ => return Err(no_key(key, reference)),
            },
        };
        if is_name(&variable.name) {
            put(&mut values, &variable.name, value)?;
        }
    }
    Ok(order.into_iter().filter_map(|name| values.remove_entry(&name)).collect())
}

/// Expands a command or its arguments with the environment of its step.
///
/// # Errors
/// It becomes too large.
pub(super) fn expand_all(texts: &[String], env: &[(String, String)]) -> Result<Vec<String>, String> {
    let values: BTreeMap<&str, &str> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut bytes = 0;
    let mut expanded = Vec::with_capacity(texts.len());
    for text in texts {
        let text = expand(text, &|name| values.get(name).copied()).ok_or_else(too_large)?;
        bytes += text.len();
        if bytes > STEP_BYTES {
            return Err(too_large());
        }
        expanded.push(text);
    }
    Ok(expanded)
}

/// The keys of an object; `None` where it is optional and missing.
///
/// # Errors
/// It is missing.
pub(super) fn object<'a>(
    reference: &ObjectRef,
    objects: &'a Objects,
) -> Result<Option<&'a BTreeMap<String, Vec<u8>>>, String> {
    match objects.get(reference.kind, &reference.name) {
        Some(keys) => Ok(Some(keys)),
        None if reference.optional => Ok(None),
        None => Err(format!("{} \"{}\" not found", reference.kind.name().to_lowercase(), reference.name)),
    }
}

pub(super) fn no_key(key: &str, object: &ObjectRef) -> String {
    format!("couldn't find key {key} in {} {}", object.kind.name(), object.name)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn too_large() -> String {
    "the environment or command becomes too large when its variables are replaced".to_owned()
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
