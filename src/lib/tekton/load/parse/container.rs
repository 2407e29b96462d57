//! Steps and sidecars.

use std::collections::BTreeSet;

use super::fields::Fields;
use super::params;
use super::when::conditions;
use crate::tekton::node::{At, BY_REFERENCE, FROM_TEMPLATE, Node};
use crate::tekton::report::Report;
use crate::tekton::types::{
    EnvFrom, EnvValue, EnvVar, ObjectKind, ObjectRef, StepSpec, StepWorkspace, VolumeMount, is_dns_label,
};

/// The fields that steps and sidecars share.
fn container(node: &Node, what: &str, fields: &mut Fields<'_>, report: &Report) -> StepSpec {
    let name_at = fields.get("name").map_or(&node.at, |name| &name.at);
    let step = StepSpec {
        origin: node.at.location(),
        name: fields.text("name").unwrap_or_default(),
        image: fields.text("image").unwrap_or_default(),
        command: fields.texts("command"),
        args: fields.texts("args"),
        script: fields.word("script"),
        working_dir: fields.word("workingDir"),
        env: variables(fields.list("env"), what, report),
        env_from: env_from(fields.list("envFrom"), what, report),
        mounts: mounts(fields.list("volumeMounts"), what, report),
        workspaces: workspaces(fields.list("workspaces"), what, report),
        ..StepSpec::default()
    };
    if !step.name.is_empty() && !step.name.contains("$(") && !is_dns_label(&step.name) {
        let hint = "use lower-case letters, digits and `-`, at most 63";
        report.error_with(name_at, format!("`{}` cannot be the name of a step or sidecar", step.name), hint);
    }
    let is_gap = fields.get(BY_REFERENCE).is_some();
    if step.image.is_empty() && !is_gap {
        report.error(&node.at, format!("{what} has no `image`"));
    }
    if let Some(script) = fields.get("script").filter(|_| step.script.is_some()) {
        if !step.command.is_empty() {
            let hint = "put the command into the script, or into its #! line";
            report.error_with(&script.at, format!("{what} has both `script` and `command`"), hint);
        }
        if script.as_text().is_some_and(|text| text.trim_start().starts_with("#!win")) {
            report.error(&script.at, format!("{what} has a script for Windows, which kfleet does not run"));
        }
    }
    fields.inert(&["computeResources", "securityContext", "imagePullPolicy"]);
    fields.refuse("volumeDevices", "mount a volume with files");
    step
}

/// A step, merged with the template.
pub(super) fn step(node: &Node, index: usize, report: &Report) -> StepSpec {
    let what = match node.text_of("name") {
        Some(name) if !name.is_empty() => format!("step `{name}`"),
        _ => format!("step {index}"),
    };
    let mut fields = Fields::of(node, what.as_str(), report);
    let mut step = container(node, &what, &mut fields, report);
    fields.skip(&["displayName"]);
    step.template_env = fields.texts(FROM_TEMPLATE);
    step.timeout = fields.timeout("timeout");
    step.on_error = on_error(&mut fields, &what, report);
    step.when = conditions(fields.list("when"), report);
    step.stdout_path = output(&mut fields, "stdoutConfig", report);
    step.stderr_path = output(&mut fields, "stderrConfig", report);
    step.results = params::results(fields.list("results"), true, report);
    fields.end(&[("resources", "in v1 it is `computeResources`"), ("ref", "write it at a step")]);
    step
}

fn output(fields: &mut Fields<'_>, name: &'static str, report: &Report) -> Option<String> {
    let node = fields.get(name)?;
    let mut config = Fields::of(node, format!("`{name}`"), report);
    let path = config.word("path");
    config.end(&[]);
    path
}

/// `onError` of a step or a pipeline task.
pub(super) fn on_error(fields: &mut Fields<'_>, what: &str, report: &Report) -> Option<String> {
    let node = fields.get("onError")?;
    let text = fields.word("onError")?;
    if !matches!(text.as_str(), "continue" | "stopAndFail") && !text.starts_with("$(params") {
        let message = format!("`onError` of {what} is `{text}`");
        report.error_with(&node.at, message, "write continue or stopAndFail");
    }
    Some(text)
}

pub(super) fn sidecar(node: &Node, report: &Report) -> StepSpec {
    let what = format!("sidecar `{}`", node.text_of("name").unwrap_or_default());
    let mut fields = Fields::of(node, what.as_str(), report);
    let container = container(node, &what, &mut fields, report);
    if container.name == "tekton-log-results" {
        report.error(&node.at, "Tekton keeps the sidecar name `tekton-log-results` for itself");
    }
    fields.inert(&[
        "livenessProbe",
        "startupProbe",
        "readinessProbe",
        "lifecycle",
        "terminationMessagePath",
        "terminationMessagePolicy",
    ]);
    fields.inert(&["ports", "stdin", "stdinOnce", "tty", "restartPolicy"]);
    fields.end(&[("resources", "in v1 it is `computeResources`")]);
    container
}

/// `env`.
pub(super) fn variables(nodes: &[Node], what: &str, report: &Report) -> Vec<EnvVar> {
    let mut variables: Vec<EnvVar> = Vec::new();
    for node in nodes {
        let name = node.text_of("name").unwrap_or_default().to_owned();
        let mut fields = Fields::of(node, format!("variable `{name}` of {what}"), report);
        fields.text("name");
        let text = fields.text("value");
        let from = fields.get("valueFrom");
        fields.end(&[]);
        if name.is_empty() || name.contains('=') {
            report.error(&node.at, format!("`{name}` cannot be the name of a variable"));
            continue;
        }
        let value = match from {
            Some(from) if text.as_ref().is_some_and(|text| !text.is_empty()) => {
                report.error(&from.at, format!("variable `{name}` has both `value` and `valueFrom`"));
                continue;
            }
            Some(from) => match value_from(from, &name, report) {
                Some(value) => value,
                None => continue,
            },
            None => EnvValue::Text(text.unwrap_or_default()),
        };
        match variables.iter_mut().find(|known| known.name == name) {
            // The last of a name wins, and the list holds each once.
            Some(known) => known.value = value,
            None => variables.push(EnvVar { name, value }),
        }
    }
    variables
}

fn value_from(node: &Node, name: &str, report: &Report) -> Option<EnvValue> {
    let mut fields = Fields::of(node, format!("`valueFrom` of variable `{name}`"), report);
    let (secret, map) = (fields.get("secretKeyRef"), fields.get("configMapKeyRef"));
    for (field, why) in [
        ("fieldRef", "there is no pod: write the value"),
        ("resourceFieldRef", "there is no pod: write the value"),
        ("fileKeyRef", "use a Secret or a ConfigMap"),
    ] {
        fields.refuse(field, why);
    }
    fields.end(&[]);
    let (kind, node) = match (secret, map) {
        (Some(secret), None) => (ObjectKind::Secret, secret),
        (None, Some(map)) => (ObjectKind::ConfigMap, map),
        (None, None) => {
            if node.entries().is_empty() {
                report.error(&node.at, format!("`valueFrom` of variable `{name}` is empty"));
            }
            return None;
        }
        (Some(_), Some(_)) => {
            return report.fail(&node.at, format!("`valueFrom` of variable `{name}` has two sources"));
        }
    };
    let mut fields = Fields::of(node, format!("`valueFrom` of variable `{name}`"), report);
    let object = ObjectRef { kind, name: fields.word("name").unwrap_or_default(), optional: fields.flag("optional") };
    let key = fields.word("key").unwrap_or_default();
    fields.end(&[]);
    if object.name.is_empty() || key.is_empty() {
        report.error(&node.at, format!("`valueFrom` of variable `{name}` needs `name` and `key`"));
    }
    Some(EnvValue::Key(object, key))
}

fn env_from(nodes: &[Node], what: &str, report: &Report) -> Vec<EnvFrom> {
    let mut all = Vec::new();
    for node in nodes {
        let mut fields = Fields::of(node, format!("`envFrom` of {what}"), report);
        let prefix = fields.text("prefix").unwrap_or_default();
        let (secret, map) = (fields.get("secretRef"), fields.get("configMapRef"));
        fields.end(&[("secretKeyRef", "write secretRef"), ("configMapKeyRef", "write configMapRef")]);
        let (kind, found) = match (secret, map) {
            (Some(secret), None) => (ObjectKind::Secret, secret),
            (None, Some(map)) => (ObjectKind::ConfigMap, map),
            _ => {
                report.error(&node.at, format!("`envFrom` of {what} needs one of `secretRef` and `configMapRef`"));
                continue;
            }
        };
        let mut fields = Fields::of(found, format!("`envFrom` of {what}"), report);
        let (name, optional) = (fields.word("name").unwrap_or_default(), fields.flag("optional"));
        fields.end(&[]);
        if name.is_empty() {
            report.error(&found.at, format!("`envFrom` of {what} has no `name`"));
        }
        all.push(EnvFrom { prefix, object: ObjectRef { kind, name, optional } });
    }
    all
}

fn mounts(nodes: &[Node], what: &str, report: &Report) -> Vec<VolumeMount> {
    let mut mounts: Vec<VolumeMount> = Vec::new();
    for node in nodes {
        let mut fields = Fields::of(node, format!("a mount of {what}"), report);
        let path_at = fields.get("mountPath").map_or(&node.at, |path| &path.at);
        let mount = VolumeMount {
            name: fields.word("name").unwrap_or_default(),
            path: fields.word("mountPath").unwrap_or_default(),
            sub_path: fields.word("subPath"),
            read_only: fields.flag("readOnly"),
        };
        fields.refuse("subPathExpr", "use `subPath`");
        fields.inert(&["mountPropagation", "recursiveReadOnly"]);
        fields.end(&[("path", "did you mean `mountPath`?")]);
        if mount.name.is_empty() || mount.path.is_empty() {
            report.error(&node.at, format!("a mount of {what} needs `name` and `mountPath`"));
            continue;
        }
        if mount.name.starts_with("tekton-internal-") {
            report.error(&node.at, format!("`{}` of {what} is a name of Tekton's own volumes", mount.name));
        }
        if let Some(sub_path) = mount.sub_path.as_deref().filter(|path| leaves(path)) {
            report.error(&node.at, format!("`subPath` `{sub_path}` of {what} leaves the volume"));
        }
        mount_path(&mount.path, what, path_at, report);
        if mounts.iter().any(|known| known.path == mount.path) {
            report.error(&node.at, format!("{what} mounts two volumes at {}", mount.path));
            continue;
        }
        mounts.push(mount);
    }
    mounts
}

/// Where something may be mounted.
fn mount_path(path: &str, what: &str, at: &At, report: &Report) {
    let plain: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let is_home = matches!(plain.as_slice(), ["tekton", "home", ..]);
    if matches!(plain.as_slice(), ["tekton", _, ..]) && !is_home {
        let hint = "mount it elsewhere; only /tekton/home is free";
        report.error_with(at, format!("{what} mounts at {path}, which is Tekton's own"), hint);
    } else if plain.contains(&"..") {
        report.error(at, format!("{what} mounts at {path}: `..` cannot be used"));
    } else if path.contains(':') {
        report.error(at, format!("{what} mounts at {path}: `:` cannot be used"));
    }
}

/// Whether a path within a volume is none.
pub(super) fn leaves(path: &str) -> bool {
    path.starts_with('/') || path.split('/').any(|part| part == "..")
}

fn workspaces(nodes: &[Node], what: &str, report: &Report) -> Vec<StepWorkspace> {
    let (mut all, mut names) = (Vec::new(), BTreeSet::new());
    for node in nodes {
        let mut fields = Fields::of(node, format!("a workspace of {what}"), report);
        let path_at = fields.get("mountPath").map_or(&node.at, |path| &path.at);
        let workspace =
            StepWorkspace { name: fields.word("name").unwrap_or_default(), mount_path: fields.word("mountPath") };
        fields.end(&[]);
        if let Some(path) = &workspace.mount_path {
            mount_path(path, what, path_at, report);
        }
        if !names.insert(workspace.name.clone()) {
            report.error(&node.at, format!("{what} lists workspace `{}` twice", workspace.name));
            continue;
        }
        all.push(workspace);
    }
    all
}
