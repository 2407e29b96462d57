//! The canonical path of an object below the output directory: `cluster/<plural>[.<group>]/<name>.yaml` or
//! `namespaces/<namespace>/<kind>[.<group>]-<name>.yaml`, as kfmt lays it out. Everything here comes from manifests
//! that nobody has checked: a path that would leave its directory is never made. It touches no file.

use std::borrow::Cow;
use std::fmt;

use super::plural::kfmt_plural;
use crate::manifest::gvk::Gvk;
use crate::manifest::scopes::{KindInfo, Scope};

/// The groups that are left out of file names, sorted. Frozen: adding one would move files in every tree.
pub const UNNAMED_GROUPS: [&str; 24] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "imagepolicy.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// The longest name of a file or folder that common file systems take, in bytes.
const MAX_COMPONENT: usize = 255;

/// Which plurals folders are named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PluralRule {
    /// The resource's name in the API; kfmt's guess where it is not known.
    #[default]
    True,
    /// kfmt's guess throughout.
    Kfmt,
}

/// Why an object has no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathError {
    /// A part is empty. Shown in kfmt's words.
    Empty(Part),
    /// A part cannot stand in a path.
    Illegal {
        part: Part,
        /// Its value as it is in the manifest.
        value: String,
        why: &'static str,
    },
    /// The name of the file or folder would be too long for a file system.
    TooLong {
        /// The name of the file or folder.
        component: String,
    },
}

/// The parts of an object's identity that a path is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `metadata.name`.
    Name,
    /// `metadata.namespace`, or the one that stands in for it.
    Namespace,
    Kind,
    /// The group in `apiVersion`.
    Group,
    /// The name of the resource.
    Plural,
}

/// The canonical path of an object, with `/` between its three parts, relative to the output directory. `namespace`
/// is the effective one; it is not looked at when the scope is the cluster.
pub fn canonical_path(
    gvk: &Gvk,
    info: &KindInfo<'_>,
    namespace: &str,
    name: &str,
    rule: PluralRule,
) -> Result<String, PathError> {
    verify_component(Part::Name, name)?;
    verify_word(Part::Kind, &gvk.kind)?;
    let (dot, group) = if is_unnamed_group(&gvk.group) { ("", "") } else { (".", &*gvk.group) };
    verify_word_or_none(Part::Group, group)?;
    let mut path = String::with_capacity(64 + name.len());
    match info.scope {
        Scope::Cluster => {
            let mut plural = plural_of(gvk, info, rule);
            verify_word(Part::Plural, &plural)?;
            if plural.bytes().any(|byte| byte.is_ascii_uppercase()) {
                plural.to_mut().make_ascii_lowercase();
            }
            path.extend(["cluster/", &plural, dot, group, "/", name, ".yaml"]);
        }
        Scope::Namespaced => {
            verify_component(Part::Namespace, namespace)?;
            path.extend(["namespaces/", namespace, "/"]);
            path.extend(gvk.kind.chars().map(|c| c.to_ascii_lowercase()));
            path.extend([dot, group, "-", name, ".yaml"]);
        }
    }
    match path.split('/').find(|component| component.len() > MAX_COMPONENT) {
        Some(component) => Err(PathError::TooLong { component: component.to_owned() }),
        None => Ok(path),
    }
}

/// The plural that folders of this kind are named by.
pub fn plural_of<'a>(gvk: &Gvk, info: &'a KindInfo<'_>, rule: PluralRule) -> Cow<'a, str> {
    match (&info.plural, rule) {
        (Some(plural), PluralRule::True) => Cow::Borrowed(plural),
        _ => Cow::Owned(kfmt_plural(&gvk.kind)),
    }
}

/// Whether file names leave this group out.
pub fn is_unnamed_group(group: &str) -> bool {
    UNNAMED_GROUPS.binary_search(&group).is_ok()
}

/// A key that is equal for paths which a case-insensitive file system takes for one.
pub fn case_folded(path: &str) -> String {
    // Up, then down, character by character: a plain lower-casing keeps ſ and s, or ς and σ, apart.
    path.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Whether a path is certainly its own folded form: a quick answer for the paths that most objects have.
pub fn is_case_folded(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
}

/// What may be the name of a file or folder. Names of objects may hold more than DNS names do: a colon stays.
fn verify_component(part: Part, value: &str) -> Result<(), PathError> {
    let is_common = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if value.bytes().all(is_common) && !value.is_empty() {
        return Ok(());
    }
    let why = match value {
        "" => return Err(PathError::Empty(part)),
        "." | ".." => "it is a name that file systems keep for themselves",
        _ if value.contains(['/', '\\']) => "it has a slash or backslash",
        _ if value.contains(char::is_control) => "it has a control character",
        _ => return Ok(()),
    };
    Err(PathError::Illegal { part, value: value.to_owned(), why })
}

/// As [`verify_word`], for what may be left out.
fn verify_word_or_none(part: Part, value: &str) -> Result<(), PathError> {
    if value.is_empty() { Ok(()) } else { verify_word(part, value) }
}

/// What may be a kind, group or plural: the API takes ASCII only, and lower-casing other letters would be a guess.
fn verify_word(part: Part, value: &str) -> Result<(), PathError> {
    verify_component(part, value)?;
    if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        return Ok(());
    }
    let why = "it has a character other than ASCII letters, digits, dots, dashes and underscores";
    Err(PathError::Illegal { part, value: value.to_owned(), why })
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Name => "name",
            Part::Namespace => "namespace",
            Part::Kind => "kind",
            Part::Group => "group",
            Part::Plural => "plural",
        })
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathError::Empty(part) => write!(f, "{part} is empty"),
            PathError::Illegal { part, value, why } => {
                write!(f, "{part} \"{}\" cannot be part of a path: {why}", value.escape_debug())
            }
            PathError::TooLong { component } => write!(
                f,
                "\"{}\" is {} bytes long, and a file name can have {MAX_COMPONENT} at most",
                component.escape_debug(),
                component.len()
            ),
        }
    }
}

impl std::error::Error for PathError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::scopes::{Scopes, Via};
    use proptest::prelude::*;

    fn mk_info(scope: Scope, plural: Option<&str>) -> KindInfo<'_> {
        KindInfo { scope, plural: plural.map(Cow::Borrowed), via: Via::Crd, exact: true }
    }

    fn builtin_path(api_version: &str, kind: &str, namespace: &str, name: &str, rule: PluralRule) -> String {
        let gvk = Gvk::parse(api_version, kind).unwrap();
        let scopes = Scopes::new();
        canonical_path(&gvk, &scopes.lookup(&gvk).unwrap(), namespace, name, rule).unwrap()
    }

    #[test]
    fn lays_out_built_in_kinds() {
        let cases = [
            ("v1", "Namespace", "", "kube-system", "cluster/namespaces/kube-system.yaml"),
            ("v1", "Namespace", "ignored/..", "a", "cluster/namespaces/a.yaml"),
            ("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:node", "cluster/clusterroles/system:node.yaml"),
            ("apps/v1", "Deployment", "web", "Front", "namespaces/web/deployment-Front.yaml"),
            ("extensions/v1beta1", "Ingress", "web", "a", "namespaces/web/ingress-a.yaml"),
            ("networking.k8s.io/v1", "Ingress", "web", "a", "namespaces/web/ingress-a.yaml"),
            ("settings.k8s.io/v1alpha1", "PodPreset", "web", "a", "namespaces/web/podpreset.settings.k8s.io-a.yaml"),
            (
                "storagemigration.k8s.io/v1",
                "StorageVersionMigration",
                "",
                "a",
                "cluster/storageversionmigrations.storagemigration.k8s.io/a.yaml",
            ),
            ("v1", "ConfigMap", "ünï", "a b", "namespaces/ünï/configmap-a b.yaml"),
        ];
        for (api_version, kind, namespace, name, path) in cases {
            for rule in [PluralRule::True, PluralRule::Kfmt] {
                assert_eq!(builtin_path(api_version, kind, namespace, name, rule), path);
            }
        }
    }

    #[test]
    fn plurals_follow_the_rule() {
        let gvk = Gvk::new("test.io", "v1", "Mesh");
        let cases = [
            (Some("meshes"), PluralRule::True, "cluster/meshes.test.io/a.yaml"),
            (Some("Meshes"), PluralRule::True, "cluster/meshes.test.io/a.yaml"),
            (Some("meshes"), PluralRule::Kfmt, "cluster/meshs.test.io/a.yaml"),
            (Some("../x"), PluralRule::Kfmt, "cluster/meshs.test.io/a.yaml"),
            (None, PluralRule::True, "cluster/meshs.test.io/a.yaml"),
        ];
        for (plural, rule, path) in cases {
            assert_eq!(canonical_path(&gvk, &mk_info(Scope::Cluster, plural), "", "a", rule).unwrap(), path);
        }
    }

    #[test]
    fn refuses_what_is_no_file_name() {
        let long = "x".repeat(244);
        let longer = "x".repeat(245);
        let ok =
            [("test.io", "Mesh", "ns", "..a"), ("test.io", "Mesh", "ns", "a:b"), ("", "ConfigMap", "ns", &long[..240])];
        for (group, kind, namespace, name) in ok {
            let info = mk_info(Scope::Namespaced, None);
            canonical_path(&Gvk::new(group, "v1", kind), &info, namespace, name, PluralRule::True).unwrap();
        }
        let reserved = "cannot be part of a path: it is a name that file systems keep for themselves";
        let slash = "cannot be part of a path: it has a slash or backslash";
        let control = "cannot be part of a path: it has a control character";
        let ascii = "cannot be part of a path: it has a character other than ASCII letters, digits, dots, dashes and \
                     underscores";
        let cases = [
            ("test.io", "Mesh", "ns", "", "name is empty".to_owned()),
            ("test.io", "Mesh", "", "a", "namespace is empty".to_owned()),
            ("test.io", "", "ns", "a", "kind is empty".to_owned()),
            ("test.io", "Mesh", "ns", ".", format!("name \".\" {reserved}")),
            ("test.io", "Mesh", "ns", "..", format!("name \"..\" {reserved}")),
            ("test.io", "Mesh", "..", "a", format!("namespace \"..\" {reserved}")),
            ("..", "Mesh", "ns", "a", format!("group \"..\" {reserved}")),
            ("test.io", "Mesh", "ns", "../../x", format!("name \"../../x\" {slash}")),
            ("test.io", "Mesh", "ns", "a\\b", format!("name \"a\\\\b\" {slash}")),
            ("test.io", "Mesh", "a/b", "a", format!("namespace \"a/b\" {slash}")),
            ("test.io", "Me/sh", "ns", "a", format!("kind \"Me/sh\" {slash}")),
            ("test/io", "Mesh", "ns", "a", format!("group \"test/io\" {slash}")),
            ("test.io", "Mesh", "ns", "a\0", format!("name \"a\\0\" {control}")),
            ("test.io", "Mesh", "ns", "a\u{1b}[0m", format!("name \"a\\u{{1b}}[0m\" {control}")),
            ("test.io", "Mesh", "ns", "a\u{9b}", format!("name \"a\\u{{9b}}\" {control}")),
            ("test.io", "Mesh", "n\ns", "a", format!("namespace \"n\\ns\" {control}")),
            ("test.io", "Mésh", "ns", "a", format!("kind \"Mésh\" {ascii}")),
            ("test io", "Mesh", "ns", "a", format!("group \"test io\" {ascii}")),
            (
                "",
                "Secret",
                "ns",
                &longer,
                format!("\"secret-{longer}.yaml\" is 257 bytes long, and a file name can have 255 at most"),
            ),
        ];
        for (group, kind, namespace, name, message) in cases {
            let info = mk_info(Scope::Namespaced, None);
            let gvk = Gvk::new(group, "v1", kind);
            let error = canonical_path(&gvk, &info, namespace, name, PluralRule::True).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let info = mk_info(Scope::Cluster, Some("../x"));
        let error = canonical_path(&Gvk::new("g", "v1", "K"), &info, "", "a", PluralRule::True).unwrap_err();
        assert_eq!(error.to_string(), format!("plural \"../x\" {slash}"));
    }

    #[test]
    fn folds_case() {
        for (a, b) in [("a/B", "A/b"), ("ÄÖ", "äö"), ("ſ", "s"), ("Σ", "ς"), ("\u{212a}", "k"), ("straße", "STRASSE")]
        {
            assert_eq!(case_folded(a), case_folded(b), "{a} {b}");
        }
        assert_ne!(case_folded("a"), case_folded("ä"));
    }

    fn any_part() -> impl Strategy<Value = String> {
        prop_oneof!["[a-zA-Z.:/\\\\]{0,8}", "\\PC{0,300}", any::<String>(), Just("..".to_owned())]
    }

    proptest! {
        #[test]
        fn paths_never_escape(
            group in any_part(), kind in any_part(), plural in any_part(), namespace in any_part(), name in any_part(),
            cluster: bool, known: bool, kfmt: bool,
        ) {
            let scope = if cluster { Scope::Cluster } else { Scope::Namespaced };
            let info = mk_info(scope, known.then_some(plural.as_str()));
            let rule = if kfmt { PluralRule::Kfmt } else { PluralRule::True };
            if let Ok(path) = canonical_path(&Gvk::new(&group, "v1", &kind), &info, &namespace, &name, rule) {
                let parts: Vec<_> = path.split('/').collect();
                prop_assert_eq!(parts.len(), 3);
                prop_assert_eq!(parts[0], if cluster { "cluster" } else { "namespaces" });
                prop_assert!(parts.iter().all(|part| !["", ".", ".."].contains(part) && part.len() <= 255));
                prop_assert!(parts[2].ends_with(".yaml"));
                prop_assert!(!path.contains('\\') && !path.contains(char::is_control));
            }
        }
    }
}
