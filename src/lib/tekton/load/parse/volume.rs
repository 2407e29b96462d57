//! Volumes, and what the workspaces of a run are.

use super::container::leaves;
use super::fields::Fields;
use crate::tekton::node::Node;
use crate::tekton::report::Report;
use crate::tekton::types::{
    ObjectFiles, ObjectItem, ObjectKind, ObjectRef, VolumeKind, VolumeSpec, WorkspaceBinding, is_dns_label,
};

/// Volumes that kfleet has no stand-in for, and what to use.
const REFUSED: [(&str, &str); 13] = [
    ("csi", "use a persistentVolumeClaim, a secret or a configMap"),
    ("downwardAPI", "there is no pod: write the values"),
    ("ephemeral", "use an emptyDir"),
    ("image", "use an emptyDir that a step fills"),
    ("nfs", "use a persistentVolumeClaim"),
    ("iscsi", "use a persistentVolumeClaim"),
    ("fc", "use a persistentVolumeClaim"),
    ("gitRepo", "clone in a step"),
    ("awsElasticBlockStore", "use a persistentVolumeClaim"),
    ("gcePersistentDisk", "use a persistentVolumeClaim"),
    ("azureDisk", "use a persistentVolumeClaim"),
    ("azureFile", "use a persistentVolumeClaim"),
    ("cephfs", "use a persistentVolumeClaim"),
];

pub(super) fn volumes(nodes: &[Node], report: &Report) -> Vec<VolumeSpec> {
    let mut volumes: Vec<VolumeSpec> = Vec::new();
    for node in nodes {
        let name = node.text_of("name").unwrap_or_default().to_owned();
        let what = format!("volume `{name}`");
        let mut fields = Fields::of(node, what.as_str(), report);
        fields.text("name");
        if name.is_empty() {
            report.error(&node.at, "a volume has no `name`");
        } else if !name.contains("$(") && !is_dns_label(&name) {
            let hint = "use lower-case letters, digits and `-`, at most 63";
            report.error_with(&node.at, format!("`{name}` cannot be the name of a volume"), hint);
        }
        if volumes.iter().any(|known| known.name == name) {
            report.error(&node.at, format!("there are two volumes `{name}`"));
        }
        let source = source(&mut fields, node, &what, true, report);
        fields.end(&[
            ("persistentVolumeClaims", "write persistentVolumeClaim"),
            ("volumeClaimTemplate", "use a workspace"),
        ]);
        if let Some(source) = source {
            volumes.push(VolumeSpec { name, source, origin: node.at.location() });
        }
    }
    volumes
}

/// `workspaces` of a run.
pub(super) fn bindings(nodes: &[Node], report: &Report) -> Vec<WorkspaceBinding> {
    let mut bindings: Vec<WorkspaceBinding> = Vec::new();
    for node in nodes {
        let name = node.text_of("name").unwrap_or_default().to_owned();
        let what = format!("workspace `{name}`");
        let mut fields = Fields::of(node, what.as_str(), report);
        fields.text("name");
        let sub_path = fields.word("subPath");
        if let Some(path) = sub_path.as_deref().filter(|path| leaves(path)) {
            report.error(&node.at, format!("`subPath` `{path}` of {what} leaves the volume"));
        }
        let template = fields.get("volumeClaimTemplate");
        let source = match template {
            // What is in the template says how the volume is provided, which is not done here.
            Some(_) => Some(VolumeKind::Claim { name: name.clone(), read_only: false }),
            None => source(&mut fields, node, &what, false, report),
        };
        if template.is_some() {
            for other in ["emptyDir", "persistentVolumeClaim", "configMap", "secret", "projected"] {
                if fields.get(other).is_some() {
                    report.error(&node.at, format!("{what} has both `volumeClaimTemplate` and `{other}`"));
                }
            }
        }
        fields.end(&[]);
        if name.is_empty() {
            report.error(&node.at, "a workspace has no `name`");
        }
        if bindings.iter().any(|known| known.name == name) {
            report.error(&node.at, format!("{what} is bound twice"));
        } else if let Some(source) = source {
            bindings.push(WorkspaceBinding { name, sub_path, source, origin: node.at.location() });
        }
    }
    bindings
}

/// What is in a volume. One of a task that does not say is an emptyDir, which the API server makes of it.
fn source(fields: &mut Fields<'_>, node: &Node, what: &str, is_of_task: bool, report: &Report) -> Option<VolumeKind> {
    let mut found = Vec::new();
    // `emptyDir:` without anything is written often, and is an emptyDir.
    let is_bare = node.entries().iter().any(|entry| entry.key == "emptyDir" && entry.node.is_null());
    if fields.get("emptyDir").is_some() || is_bare {
        if let Some(empty) = fields.get("emptyDir") {
            let mut inner = Fields::of(empty, format!("`emptyDir` of {what}"), report);
            inner.inert(&["medium", "sizeLimit"]);
            inner.end(&[]);
        }
        found.push(VolumeKind::EmptyDir);
    }
    if let Some(claim) = fields.get("persistentVolumeClaim") {
        let mut inner = Fields::of(claim, format!("`persistentVolumeClaim` of {what}"), report);
        let (name, read_only) = (inner.word("claimName").unwrap_or_default(), inner.flag("readOnly"));
        inner.end(&[("name", "did you mean `claimName`?")]);
        if name.is_empty() {
            report.error(&claim.at, format!("`persistentVolumeClaim` of {what} has no `claimName`"));
        }
        found.push(VolumeKind::Claim { name, read_only });
    }
    if let Some(host) = fields.get("hostPath") {
        let mut inner = Fields::of(host, format!("`hostPath` of {what}"), report);
        let path = inner.word("path").unwrap_or_default();
        inner.inert(&["type"]);
        inner.end(&[]);
        if !path.starts_with('/') && !path.starts_with("$(") || path.split('/').any(|part| part == "..") {
            report.error(&host.at, format!("`hostPath` of {what} needs an absolute `path` without `..`"));
        }
        found.push(VolumeKind::HostPath(path));
    }
    for (field, kind) in [("secret", ObjectKind::Secret), ("configMap", ObjectKind::ConfigMap)] {
        if let Some(node) = fields.get(field) {
            found.push(VolumeKind::Object(files(node, kind, false, what, report)));
        }
    }
    if let Some(projected) = fields.get("projected") {
        found.push(VolumeKind::Projected(projection(projected, what, report)));
    }
    let before = found.len();
    for (field, why) in REFUSED {
        fields.refuse(field, why);
    }
    let refused = REFUSED.iter().any(|(field, _)| node.get(field).is_some());
    match before {
        0 if refused => None,
        0 if is_of_task => Some(VolumeKind::EmptyDir),
        0 => report.fail_with(&node.at, format!("{what} does not say what is in it"), "write emptyDir: {}"),
        1 => found.pop(),
        _ => report.fail(&node.at, format!("{what} says in several ways what is in it")),
    }
}

/// A Secret or ConfigMap as files. Within `projected`, both are named by `name`.
fn files(node: &Node, kind: ObjectKind, is_projected: bool, what: &str, report: &Report) -> ObjectFiles {
    let mut fields = Fields::of(node, format!("the source of {what}"), report);
    let field = if kind == ObjectKind::Secret && !is_projected { "secretName" } else { "name" };
    let name = fields.word(field).unwrap_or_default();
    if name.is_empty() {
        report.error(&node.at, format!("the source of {what} has no `{field}`"));
    }
    let optional = fields.flag("optional");
    let mode = if is_projected { 0o644 } else { mode(&mut fields, "defaultMode", what, report).unwrap_or(0o644) };
    let items = fields.list("items").iter().map(|item| object_item(item, what, report)).collect();
    let hint = if field == "name" { "did you mean `name`?" } else { "did you mean `secretName`?" };
    fields.end(&[(if field == "name" { "secretName" } else { "name" }, hint)]);
    ObjectFiles { object: ObjectRef { kind, name, optional }, items, mode }
}

fn object_item(node: &Node, what: &str, report: &Report) -> ObjectItem {
    let mut fields = Fields::of(node, format!("an item of {what}"), report);
    let item = ObjectItem {
        key: fields.word("key").unwrap_or_default(),
        path: fields.word("path").unwrap_or_default(),
        mode: mode(&mut fields, "mode", what, report),
    };
    fields.end(&[]);
    if item.key.is_empty() || item.path.is_empty() {
        report.error(&node.at, format!("an item of {what} needs `key` and `path`"));
    } else if leaves(&item.path) {
        report.error(&node.at, format!("`path` `{}` of an item of {what} leaves the volume", item.path));
    }
    item
}

fn mode(fields: &mut Fields<'_>, name: &'static str, what: &str, report: &Report) -> Option<u32> {
    let node = fields.get(name)?;
    let number = fields.number(name)?;
    let mode = u32::try_from(number).ok().filter(|mode| *mode <= 0o777);
    if mode.is_none() {
        let hint = "write it like 0644";
        report.error_with(&node.at, format!("`{name}` {number} of {what} is not a mode of a file"), hint);
    }
    mode
}

fn projection(node: &Node, what: &str, report: &Report) -> Vec<ObjectFiles> {
    let mut fields = Fields::of(node, format!("`projected` of {what}"), report);
    let default_mode = mode(&mut fields, "defaultMode", what, report);
    let mut all = Vec::new();
    let sources = fields.list("sources");
    if sources.is_empty() {
        report.error(&node.at, format!("`projected` of {what} has no `sources`"));
    }
    for source in sources {
        let mut fields = Fields::of(source, format!("a source of {what}"), report);
        for (field, kind) in [("secret", ObjectKind::Secret), ("configMap", ObjectKind::ConfigMap)] {
            if let Some(node) = fields.get(field) {
                let found = files(node, kind, true, what, report);
                all.push(ObjectFiles { mode: default_mode.unwrap_or(0o644), ..found });
            }
        }
        for field in ["downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"] {
            fields.refuse(field, "there is no cluster: use a secret or a configMap");
        }
        fields.end(&[]);
    }
    fields.end(&[]);
    all
}
