//! Rules of secrets and of rights. What is secret is never shown.

use super::is_components;
use crate::flux::SOURCE;
use crate::flux::url::has_password;
use crate::manifest::value::each_text;
use crate::manifest::{Manifest, ManifestFile};
use crate::ops::vet::patched::Patched;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::problem::Severity;
use base64::Engine;
use serde_json::Value;

pub(super) const RULES: &[Rule] = &[
    Rule::error("SEC01", "a secret in clear", in_clear).explained(
        "A Secret with data, a private key, a token, the key of a kubeconfig or a password in a URL: all who can read the\n\
         repository know it, and its history keeps it. Encrypt it with SOPS or take it from an external store, and\n\
         replace the secret itself: it is known.",
    ),
    Rule::error("SEC02", "encrypted objects and no decryption, or the other way round", decryption).explained(
        "Flux applies an object that SOPS has encrypted as it is, encrypted text and all, unless the Kustomization has\n\
         `decryption`. Decryption with nothing to decrypt is a warning.",
    ),
    Rule::warning("SEC03", "rights without limits", unlimited).explained(
        "cluster-admin for an account that is not the system's, or a role that may do everything with everything: who\n\
         gets hold of the account has the cluster. Name what is needed.",
    ),
];

fn is_encrypted(value: &Value) -> bool {
    value.get("sops").is_some_and(Value::is_object)
}

/// Words that stand for a value that is put in later, by Flux, a template or a store of secrets.
fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    let is_between = |start: &str, end: &str| text.starts_with(start) && text.ends_with(end);
    text.is_empty()
        || is_between("${", "}")
        || is_between("{{", "}}")
        || is_between("<", ">")
        || ["ENC[", "op://", "ref+", "vault:", "bao:"].iter().any(|start| text.starts_with(start))
}

/// Keys of Secrets whose values are known to many: names, addresses, and the public halves of keys.
const PUBLIC_KEYS: [&str; 14] = [
    "username",
    "user",
    "url",
    "host",
    "hostname",
    "port",
    "type",
    "project",
    "name",
    "server",
    "known_hosts",
    "ca.crt",
    "identity.pub",
    "address",
];

/// Whether what a Secret holds under a key is not a secret: a placeholder, a public key, a name.
fn is_public(key: &str, text: &str, is_encoded: bool) -> bool {
    let decoded = is_encoded.then(|| base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()).flatten();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned());
    let is_public_key = (text.contains("-----BEGIN ") && !text.contains("PRIVATE KEY") && !text.contains("ENCRYPTED"))
        || ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", "age1"].iter().any(|start| text.trim().starts_with(start));
    is_placeholder(&text) || is_public_key || PUBLIC_KEYS.contains(&key.to_lowercase().as_str())
}

fn in_clear(facts: &Facts<'_>, found: &mut Findings) {
    for object in facts.objects.iter().filter(|object| object.is("", "Secret") && !is_encrypted(object.value())) {
        for field in ["data", "stringData"] {
            let values = object.get(&[field]).and_then(Value::as_object);
            let is_clear = |(key, value): (&String, &Value)| {
                value.as_str().is_some_and(|text| !is_placeholder(text) && !is_public(key, text, field == "data"))
            };
            if values.is_some_and(|map| map.iter().any(is_clear)) {
                let message = format!("{} holds its {field} in clear", object.shown());
                found
                    .add(object.key_location(&[field]), message)
                    .hint("encrypt it with SOPS, or use an external store");
            }
        }
    }
    for (file, content) in facts.contents().filter(|(file, _)| !is_components(file)) {
        for document in content.documents.iter().filter(|document| !is_encrypted(&document.value)) {
            // The words of a CustomResourceDefinition explain, and Secrets are reported whole.
            let kind = document.value.get("kind").and_then(Value::as_str).unwrap_or_default();
            if matches!(kind, "CustomResourceDefinition" | "Secret") {
                continue;
            }
            let group = document.value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
            let is_source = group.starts_with(SOURCE);
            each_text(&document.value, &mut |path, text| {
                if is_source && path == ["spec", "url"] {
                    return;
                }
                if let Some(what) = secret_in(path.last().map_or("", String::as_str), text) {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    let hint = "encrypt it with SOPS, or use an external store; replace the secret itself";
                    found.add(content.location(file, document, &path), format!("{what} in clear")).hint(hint);
                }
            });
        }
    }
}

/// The texts in a file that must not be shown, line by line: what Secrets hold, and passwords in URLs.
pub(in crate::ops::vet) fn hidden_texts(file: &str, content: &ManifestFile) -> Vec<String> {
    let mut found = Vec::new();
    for object in content.manifests(file).filter(|object| object.is("", "Secret")) {
        for field in ["data", "stringData"] {
            if let Some(value) = object.get(&[field]) {
                each_text(value, &mut |_, text| found.extend(text.lines().map(|line| line.trim().to_owned())));
            }
        }
    }
    for document in &content.documents {
        each_text(&document.value, &mut |path, text| {
            if secret_in(path.last().map_or("", String::as_str), text).is_some() || has_password(text) {
                found.extend(text.lines().map(|line| line.trim().to_owned()));
            }
        });
    }
    found
}

/// What sort of secret a text holds.
fn secret_in(key: &str, text: &str) -> Option<&'static str> {
    if is_placeholder(text) {
        return None;
    }
    let has_key = text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----");
    let has_kubeconfig = key == "client-key-data" || text.contains("client-key-data: ");
    match () {
        () if has_key => Some("a private key"),
        () if has_kubeconfig => Some("the key of a kubeconfig"),
        () if has_token(text) => Some("a token"),
        () if text.split([' ', '\n', '"', '\'', ',']).any(has_password) => Some("a password in a URL"),
        () => None,
    }
}

/// Tokens that show by their beginning what they are.
fn has_token(text: &str) -> bool {
    const KNOWN: [(&str, usize); 8] = [
        ("ghp_", 36),
        ("gho_", 36),
        ("ghs_", 36),
        ("github_pat_", 60),
        ("glpat-", 20),
        ("xoxb-", 20),
        ("AKIA", 16),
        ("hvs.", 24),
    ];
    KNOWN.iter().any(|(start, length)| {
        text.match_indices(start).any(|(at, _)| {
            let is_inside = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let rest = &text[at + start.len()..];
            let token = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)).count();
            !is_inside && token >= *length
        })
    })
}

fn decryption(facts: &Facts<'_>, found: &mut Findings) {
    let patched = Patched::new(facts, "decryption");
    for (cluster, pair) in facts.pairs() {
        let Some(reached) = pair.kustomization.folder().and_then(|folder| facts.applied.get(&folder)) else { continue };
        let kustomization = &pair.kustomization;
        let name = &kustomization.id.name;
        let files = reached.reach.resources.iter().chain(&reached.reach.settings);
        let documents = files.filter_map(|file| facts.repository.manifests.get(file)).flat_map(|one| &one.documents);
        let has_encrypted = documents.into_iter().any(|document| is_encrypted(&document.value));
        match &kustomization.decryption {
            None if has_encrypted && !patched.has(&kustomization.origin.file) => {
                let encrypted = facts.resources(reached).find(|object| is_encrypted(object.value()));
                let Some(object) = encrypted else { continue };
                let message = format!("{} is encrypted, and Kustomization {name} has no decryption", object.shown());
                found.add(object.key_location(&["sops"]), message).hint("add `spec.decryption`").cluster(&cluster.name);
            }
            Some(location) if !has_encrypted => {
                let message = format!("Kustomization {name} has decryption, and nothing that it applies is encrypted");
                let finding = found.add(location.clone(), message).severity(Severity::Warning);
                finding.hint("drop it").cluster(&cluster.name);
            }
            _ => {}
        }
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

fn unlimited(facts: &Facts<'_>, found: &mut Findings) {
    for object in facts.objects.iter().filter(|object| object.group() == RBAC && !is_components(object.file)) {
        match object.kind() {
            // A RoleBinding gives rights in one namespace only.
            "ClusterRoleBinding" if object.text(&["roleRef", "name"]) == Some("cluster-admin") => {
                let subject = object.list(&["subjects"]).iter().find(|subject| !is_system(subject));
                if let Some(subject) = subject {
                    let name = subject.get("name").and_then(Value::as_str).unwrap_or_default();
                    let message = format!("{} makes {name} cluster-admin", object.shown());
                    found
                        .add(object.location(&["roleRef", "name"]), message)
                        .hint("bind a role that names what it needs");
                }
            }
            "ClusterRole" | "Role" => wildcards(object, found),
            _ => {}
        }
    }
}

fn is_system(subject: &Value) -> bool {
    let text = |key: &str| subject.get(key).and_then(Value::as_str).unwrap_or_default();
    text("name").starts_with("system:") || (text("kind") == "ServiceAccount" && text("namespace") == "kube-system")
}

fn wildcards(object: &Manifest<'_>, found: &mut Findings) {
    for (number, rule) in object.list(&["rules"]).iter().enumerate() {
        let is_all = |field: &str| {
            rule.get(field)
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(|one| one.as_str() == Some("*")))
        };
        if ["apiGroups", "resources", "verbs"].into_iter().all(is_all) {
            let message = format!("{} may do everything with everything", object.shown());
            found.add(object.location(&["rules", &number.to_string()]), message).hint("name what it needs");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_words() {
        let key = format!("-----BEGIN {}PRIVATE KEY-----\nx", "RSA ");
        let token = format!("ghp_{}", "a".repeat(36));
        for (text, expected) in [
            (key.as_str(), Some("a private key")),
            (&token, Some("a token")),
            ("see https://ann:s3@git.example.org/a", Some("a password in a URL")),
            ("https://${USER}:${PASSWORD}@git.example.org/a", None),
            ("the prefix ghp_ is that of tokens", None),
            ("${TOKEN}", None),
            ("AKIA", None),
        ] {
            assert_eq!(secret_in("a", text), expected, "{text}");
        }
    }
}
