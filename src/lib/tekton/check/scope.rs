//! [`Scope`]: which parameters a text may name, and of which type they are.

use std::collections::BTreeMap;

use super::subject::{Subject, suggestion};
use crate::tekton::node::{At, Node};
use crate::tekton::report::Report;
use crate::tekton::types::{Matrix, ParamSpec, ParamType, ParamValue, PipelineTask};
use crate::tekton::variables::key::{Part, Variable, variables};

/// What is known about a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// `None`: it may be anything.
    kind: Option<ParamType>,
    keys: Vec<String>,
}

impl Known {
    fn declared(spec: &ParamSpec) -> Known {
        let mut keys = spec.properties.clone();
        if let Some(ParamValue::Object(map)) = &spec.default {
            keys.extend(map.keys().cloned());
        }
        Known { kind: Some(spec.kind), keys }
    }

    fn given(value: &ParamValue) -> Known {
        let keys = match value {
            // A whole array or object may come of a text that is one reference.
            ParamValue::String(text) if text.contains("$(") => return Known { kind: None, keys: Vec::new() },
            ParamValue::Object(map) => map.keys().cloned().collect(),
            _ => Vec::new(),
        };
        Known { kind: Some(value.kind()), keys }
    }
}

/// Where a text stands, for what it may refer to as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Text that must stay one text.
    Text,
    /// An item of a list, which a whole array may become.
    Item,
    /// A value of a condition: as an item, with `[*]` only.
    Condition,
    /// The value of a parameter, which may become an array or object, with `[*]` only.
    Value,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Scope {
    params: BTreeMap<String, Known>,
    /// Those that the old form reaches.
    old: BTreeMap<String, Known>,
    is_task: bool,
}

impl Scope {
    /// Of the texts of the pipeline.
    pub(super) fn of_pipeline(subject: &Subject<'_>) -> Scope {
        let mut params = BTreeMap::new();
        if subject.is_inline {
            params.extend(subject.run.params.iter().map(|param| (param.name.clone(), Known::given(&param.value))));
        }
        let declared = &subject.run.pipeline.params;
        params.extend(declared.iter().map(|spec| (spec.name.clone(), Known::declared(spec))));
        Scope { params, ..Scope::default() }
    }

    /// Of the texts of a task.
    pub(super) fn of_task(subject: &Subject<'_>, task: &PipelineTask) -> Scope {
        let own = task.task.params.iter().map(|spec| (spec.name.clone(), Known::declared(spec)));
        if !task.inline {
            let params: BTreeMap<String, Known> = own.collect();
            return Scope { old: params.clone(), params, is_task: true };
        }
        let mut given: BTreeMap<String, Known> =
            task.params.iter().map(|param| (param.name.clone(), Known::given(&param.value))).collect();
        for param in task.matrix.iter().flat_map(Matrix::all_params) {
            given.insert(param.name.clone(), Known { kind: Some(ParamType::String), keys: Vec::new() });
        }
        let mut params = Scope::of_pipeline(subject).params;
        params.extend(given.clone());
        params.extend(own);
        let reachable = |name: &str| {
            given.contains_key(name)
                || task.task.params.iter().any(|declared| declared.name == name && declared.default.is_some())
        };
        let old = params.iter().filter(|(name, _)| reachable(name));
        let old = old.map(|(name, known)| (name.clone(), known.clone())).collect();
        Scope { params, old, is_task: true }
    }

    /// Checks the parameters that a text names.
    pub(super) fn check(&self, text: &str, slot: Slot, at: &At, report: &Report) {
        let found = variables(text);
        for one in &found {
            let here = at.within(text, one.byte);
            match one.variable {
                Variable::Param { name, is_old, part } => {
                    let is_alone = one.text.len() == text.len();
                    self.check_param(one.text, (name, is_old, part), slot, is_alone, &here, report);
                }
                Variable::Artifacts => {
                    let hint = "hand data on by results and workspaces";
                    report.error_with(&here, format!("{}: kfleet has no artifacts", one.text), hint);
                }
                Variable::Broken => {
                    let hint = "write names with dots as [\"name\"]";
                    report.error_with(&here, format!("{} is not a reference that Tekton knows", one.text), hint);
                }
                _ => {}
            }
        }
    }

    fn check_param(
        &self,
        shown: &str,
        (name, is_old, part): (&str, bool, Part<'_>),
        slot: Slot,
        is_alone: bool,
        at: &At,
        report: &Report,
    ) {
        if is_old && !self.is_task {
            let hint = format!("write $(params.{name})");
            return report.error_with(at, format!("{shown}: a pipeline has no `inputs.params`"), hint);
        }
        let known = if is_old { &self.old } else { &self.params };
        let Some(param) = known.get(name) else {
            let message = format!("{shown} names a param that is not declared here");
            let hint = if is_old && self.params.contains_key(name) {
                Some(format!("write $(params.{name}), or give it to the task by `params`"))
            } else if let Part::Key(key) = part
                && known.contains_key(&format!("{name}.{key}"))
            {
                Some(format!("write $(params[\"{name}.{key}\"])"))
            } else {
                suggestion(name, known.keys().map(String::as_str))
            };
            return report.error_hinted(at, message, hint);
        };
        match (param.kind, part) {
            (None, _) | (Some(ParamType::String), Part::Whole) | (Some(ParamType::Array), Part::Item) => {}
            (Some(ParamType::Array), Part::Star) if is_alone && slot != Slot::Text => {}
            (Some(ParamType::Array), Part::Whole) if is_alone && slot == Slot::Item => {}
            (Some(ParamType::Array), Part::Whole) if is_alone && slot != Slot::Text => {
                let hint = format!("write $(params.{name}[*])");
                report.error_with(at, format!("{shown} is an array"), hint);
            }
            (Some(ParamType::Object), Part::Star) if is_alone && slot == Slot::Value => {}
            (Some(ParamType::Object), Part::Key(key)) => {
                if !param.keys.iter().any(|known| known == key) {
                    let message = format!("{shown}: param `{name}` has no key `{key}`");
                    report.error_hinted(at, message, suggestion(key, param.keys.iter().map(String::as_str)));
                }
            }
            (Some(ParamType::Array), Part::Whole | Part::Star) => {
                let hint = "give it an item of the list of its own, or name one of its items";
                report.error_with(at, format!("{shown} is an array, and stands inside a text"), hint);
            }
            (Some(ParamType::Object), _) => {
                let hint = "name one of its keys";
                report.error_with(at, format!("{shown} is an object, and only its keys can be used here"), hint);
            }
            (Some(kind), _) => {
                let kind = if kind == ParamType::Array { "an array" } else { "a string" };
                report.error(at, format!("{shown}: param `{name}` is {kind}"));
            }
        }
    }
}

/// Calls `see` for the texts of conditions.
pub(super) fn each_condition<'n>(conditions: &'n [Node], see: &mut dyn FnMut(&'n At, &'n str, Slot)) {
    for entry in conditions.iter().flat_map(Node::entries) {
        let slot = if entry.key == "values" { Slot::Condition } else { Slot::Text };
        entry.node.each_text(&mut |at, text| see(at, text, slot));
    }
}

/// Whether a context is one of tasks.
pub(super) fn is_of_task(scope: &str, name: &str) -> bool {
    matches!((scope, name), ("taskRun", "name" | "namespace" | "uid") | ("task", "name" | "retry-count"))
}

/// Whether a context is one of pipelines.
pub(super) fn is_of_pipeline(scope: &str, name: &str) -> bool {
    let of_run = matches!((scope, name), ("pipelineRun", "name" | "namespace" | "uid"));
    of_run || matches!((scope, name), ("pipeline", "name") | ("pipelineTask", "retries"))
}
