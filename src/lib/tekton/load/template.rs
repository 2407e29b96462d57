//! What `stepTemplate` adds to the steps: by name, by path, or where a step says nothing.

use crate::tekton::node::{FROM_TEMPLATE, Node, Value};

/// Merges the template of a task into each of its steps, and forgets it.
pub(super) fn merge_into_steps(task: &mut Node) {
    let Some(template) = task.remove("stepTemplate") else { return };
    if matches!(template.node.value, Value::Map(_)) {
        for step in task.items_of_mut("steps") {
            let names = template.node.items_of("env").iter().filter_map(|one| one.text_of("name"));
            let names = names.filter(|name| step.named("env", name).is_none()).map(Node::text).collect();
            let mut merged = merged(&template.node, step);
            merged.set(FROM_TEMPLATE, Node::list(names));
            *step = merged;
        }
    }
}

/// What is written in `over` on top of what is written in `base`: variables merge by name, mounts by their path, all else
/// is replaced.
pub(super) fn merged(base: &Node, over: &Node) -> Node {
    if !matches!(over.value, Value::Map(_)) {
        return over.clone();
    }
    let mut result = over.clone();
    for entry in base.entries().iter().filter(|entry| !entry.node.is_null()) {
        match (entry.key.as_str(), over.get(&entry.key)) {
            ("env", Some(own)) => result.set("env", patched_list(&entry.node, own, "name")),
            ("volumeMounts", Some(own)) => result.set("volumeMounts", patched_list(&entry.node, own, "mountPath")),
            (_, Some(own)) if !is_empty(own) => {}
            _ => result.set(&entry.key, entry.node.clone()),
        }
    }
    result
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

/// As a strategic merge patch orders a list: the items of `over` in their order; those that only `base` has in theirs, each
/// before the first item of `over` that comes after it in `base`, or else at the end.
fn patched_list(base: &Node, over: &Node, key: &str) -> Node {
    let location = |item: &Node| base.items().iter().position(|known| known.text_of(key) == item.text_of(key));
    let is_own = |item: &Node| over.items().iter().any(|own| own.text_of(key) == item.text_of(key));
    let mut rest = base.items().iter().enumerate().filter(|(_, item)| !is_own(item)).peekable();
    let mut items = Vec::new();
    for own in over.items() {
        if let Some(location) = location(own) {
            while let Some((_, item)) = rest.next_if(|(index, _)| *index < location) {
                items.push(item.clone());
            }
        }
        items.push(own.clone());
    }
    items.extend(rest.map(|(_, item)| item.clone()));
    Node { at: over.at.clone(), value: Value::List(items) }
}

/// The items of `base`, each replaced by the one of `over` with the same keys, then the other ones of `over`. `keys` are
/// paths with dots; the first that an item has is its identity.
pub(super) fn merged_list(base: &Node, over: &Node, keys: &[&str]) -> Node {
    let identity = |item: &Node| -> Option<String> {
        keys.iter().find_map(|key| {
            let found = key.split('.').try_fold(item, |node, part| node.get(part))?;
            Some(format!("{key}={}", found.as_text()?))
        })
    };
    let mut items = base.items().to_vec();
    for own in over.items() {
        let name = identity(own);
        match items.iter().position(|item| name.is_some() && identity(item) == name) {
            Some(index) => items[index] = own.clone(),
            None => items.push(own.clone()),
        }
    }
    Node { at: over.at.clone(), value: Value::List(items) }
}
