//! The Secrets and ConfigMaps that a run is given: by options, and by a file of the user outside the repository. Never by
//! the repository, never by a cluster. No error repeats anything of their content.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::process::Environment;
use crate::tekton::objects::Objects;
use crate::tekton::types::ObjectKind;
use crate::tree::{self, list_folder, read_private, read_value_file};
use crate::yaml::engine::Engine;
use crate::yaml::input::{Text, location};
use crate::yaml::tape::Tape;
use crate::yaml::value::to_value;

/// Kubernetes takes no more in one object.
const LIMIT: usize = 1024 * 1024;

/// Adds what one option gives: `NAME=DIR` (each file a key), `NAME=FILE` (a Secret or ConfigMap as YAML, else one key
/// named after the file), `NAME:KEY=FILE`, or `NAME:KEY=env:VARIABLE`. Paths start at `root`; errors name them as they are
/// given.
///
/// # Errors
/// It is none of these forms, the variable is not set ([`ErrorKind::Usage`]), or a file cannot be read.
pub fn add_option(
    objects: &mut Objects,
    kind: ObjectKind,
    text: &str,
    root: &Path,
    environment: &Environment,
) -> Result<()> {
    let flag = flag(kind);
    let usage = |what: String, hint: String| Err(Error::new(ErrorKind::Usage, what).with_hint(hint));
    let forms =
        format!("write {flag} NAME=DIR, {flag} NAME=FILE, {flag} NAME:KEY=FILE or {flag} NAME:KEY=env:VARIABLE");
    // What does not fit is not repeated: perhaps it is the secret itself.
    let Some((target, source)) = text.split_once('=') else {
        return usage(format!("what {flag} got has no `=` between a name and where its value is"), forms);
    };
    let (name, key) = target.split_once(':').map_or((target, None), |(name, key)| (name, Some(key)));
    if source.trim_start_matches('=').is_empty() {
        return usage(format!("what {flag} got does not say after the `=` where the value is"), forms);
    }
    if name.is_empty() {
        return usage(format!("what {flag} got has no name before the `=`"), forms);
    }
    if !is_name(name) {
        let rule = "a name has lower-case letters, digits, `-` and `.` only";
        return usage(format!("the name that {flag} got is none that Kubernetes takes"), format!("{rule}; {forms}"));
    }
    if let Some(key) = key.filter(|key| !is_key(key)) {
        let what = if key.is_empty() { "has no key after the `:`" } else { "has a key that Kubernetes does not take" };
        let rule = "a key has letters, digits, `-`, `_` and `.` only";
        return usage(format!("{flag} {name}: {what}"), format!("{rule}; {forms}"));
    }
    let doing = format!("{flag} {target}");
    if let Some(variable) = source.strip_prefix("env:") {
        if variable.is_empty() {
            return usage(format!("{doing}=env: does not name a variable"), forms);
        }
        let Some(key) = key else {
            let what = format!("{doing}={source} does not say which key the variable is for");
            return usage(what, format!("write {flag} {name}:KEY={source}"));
        };
        let Some(value) = environment.get(variable) else {
            let variable = variable.escape_debug();
            let hint = format!("export {variable}, and see that its name is spelled right");
            return usage(format!("{doing}: the environment variable {variable} is not set"), hint);
        };
        objects.put(kind, name, key, value.as_encoded_bytes().to_vec());
        return Ok(());
    }
    let path = Path::new(source);
    let real = |path: &Path| if root == Path::new(".") { path.to_owned() } else { root.join(path) };
    let fail = |path: &Path, error: tree::Error| {
        in_environment(&doing, tree::Error { file: path.display().to_string(), ..error })
    };
    let read = |path: &Path| read_value_file(&real(path), LIMIT).map_err(|error| fail(path, error));
    if let Some(key) = key {
        objects.put(kind, name, key, read(path)?);
        return Ok(());
    }
    if real(path).is_dir() {
        let mut any = false;
        for file in list_folder(&real(path)).map_err(|error| fail(path, error))?.unwrap_or_default() {
            // A mounted volume of Kubernetes keeps its versions in such folders.
            let at = path.join(&file);
            if file.starts_with("..") || !real(&at).is_file() {
                continue;
            }
            if !is_key(&file) {
                return usage(
                    format!("{doing}: the file name {} is not a key", file.escape_debug()),
                    "rename it".to_owned(),
                );
            }
            objects.put(kind, name, &file, read(&at)?);
            any = true;
        }
        if !any {
            return usage(format!("{doing}: the folder has no files"), "each file is a key".to_owned());
        }
        return Ok(());
    }
    let bytes = read(path)?;
    let is_yaml = path.extension().is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
    if is_yaml
        && let Ok(documents) = documents(&bytes, source)
        && let [document] = &documents[..]
        && kind_of(document) == Some(kind)
    {
        return add_manifest(objects, kind, name, document, source);
    }
    let file = path.file_name().and_then(|file| file.to_str()).filter(|file| is_key(file));
    let Some(key) = file else { return usage(format!("{doing}: the file name is not a key"), forms) };
    objects.put(kind, name, key, bytes);
    Ok(())
}

/// Adds the Secrets and ConfigMaps of the user's own file: documents of YAML, each with its `metadata.name`. Nothing where
/// there is no such file.
///
/// # Errors
/// Others may read the file, it is in the repository ([`ErrorKind::Refused`]), or it holds something else.
pub fn add_user_file(objects: &mut Objects, file: &Path, repository: Option<&Path>) -> Result<()> {
    let Some(bytes) = read_private(file)? else { return Ok(()) };
    let shown = file.display().to_string();
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if repository.is_some_and(|repository| real(file).starts_with(real(repository))) {
        let error =
            Error::new(ErrorKind::Refused, format!("cannot take secrets from {shown}: it is in the repository"));
        return Err(error.with_hint("keep it outside, where it cannot be committed"));
    }
    for document in documents(&bytes, &shown)? {
        let Some(kind) = kind_of(&document) else {
            let error =
                Error::new(ErrorKind::Usage, format!("{shown} holds something that is not a Secret or ConfigMap"));
            return Err(error.with_hint("write documents with kind: Secret, metadata.name and stringData"));
        };
        let name = document.pointer("/metadata/name").and_then(Value::as_str).filter(|name| is_name(name));
        let Some(name) = name else {
            return Err(Error::new(ErrorKind::Usage, format!("{shown} holds an object without a metadata.name")));
        };
        add_manifest(objects, kind, name, &document, &shown)?;
    }
    Ok(())
}

fn add_manifest(objects: &mut Objects, kind: ObjectKind, name: &str, document: &Value, file: &str) -> Result<()> {
    let fail = |field: &str, key: &str, what: &str, hint: &str| {
        let message = format!("cannot take {name} from {file}: {field}.{} {what}", key.escape_debug());
        Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
    };
    // Plain text counts more than encoded text.
    let fields: [(&str, bool); 2] = match kind {
        ObjectKind::Secret => [("data", true), ("stringData", false)],
        ObjectKind::ConfigMap => [("binaryData", true), ("data", false)],
    };
    for (field, is_encoded) in fields {
        let empty = Map::new();
        let entries = document.get(field).and_then(Value::as_object).unwrap_or(&empty);
        for (key, value) in entries {
            let Some(text) = value.as_str() else {
                return fail(field, key, "is not text", "put it in quotes");
            };
            if !is_key(key) {
                return fail(field, key, "has a name that Kubernetes does not take", "rename it");
            }
            let bytes = if is_encoded {
                let bare: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
                match STANDARD.decode(bare) {
                    Ok(bytes) => bytes,
                    Err(_) => return fail(field, key, "is not base64", "write plain text into stringData"),
                }
            } else {
                text.as_bytes().to_vec()
            };
            objects.put(kind, name, key, bytes);
        }
    }
    Ok(())
}

/// All documents that are not empty. What is wrong is reported by its location alone: the text around it may be a secret.
fn documents(bytes: &[u8], file: &str) -> Result<Vec<Value>> {
    let fail = |offset: usize| {
        let (line, column) = location(bytes, offset);
        Error::new(ErrorKind::Usage, format!("cannot read {file}:{line}:{column}: this is not YAML"))
    };
    let text = Text::new(bytes).map_err(|error| fail(error.offset))?;
    let mut found = Vec::new();
    for span in text.documents() {
        let mut tape = Tape::default();
        let parsed = Engine::default().parse(&text, span, &mut tape, &mut Vec::new());
        parsed.map_err(|error| fail(error.offset))?;
        if !tape.is_empty() {
            let value = to_value(&tape, &text.bytes, 0).map_err(|error| fail(error.offset))?;
            if !value.is_null() {
                found.push(value);
            }
        }
    }
    Ok(found)
}

fn kind_of(document: &Value) -> Option<ObjectKind> {
    match (document.get("apiVersion")?.as_str()?, document.get("kind")?.as_str()?) {
        ("v1", "Secret") => Some(ObjectKind::Secret),
        ("v1", "ConfigMap") => Some(ObjectKind::ConfigMap),
        _ => None,
    }
}

fn flag(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Secret => "--secret",
        ObjectKind::ConfigMap => "--configmap",
    }
}

fn in_environment(doing: &str, error: tree::Error) -> Error {
    let error = Error::from(error);
    Error { kind: ErrorKind::Environment, message: format!("{doing}: {}", error.message), ..error }
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    (1..=253).contains(&name.len())
        && name.bytes().all(is_plain)
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && name.ends_with(|letter: char| letter.is_ascii_alphanumeric())
}

fn is_key(key: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (1..=253).contains(&key.len()) && key.bytes().all(is_plain) && !key.starts_with("..") && key != "."
}

#[cfg(test)]
#[path = "object_flags_tests.rs"]
mod tests;
