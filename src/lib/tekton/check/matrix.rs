//! The matrix of a task.

use super::subject::Subject;
use crate::tekton::node::{At, Node};
use crate::tekton::types::{Matrix, ParamValue, PipelineTask};
use crate::tekton::variables::key::{Part, Variable, variables};

pub(super) fn check(subject: &Subject<'_>) {
    for (task, node, _) in subject.tasks() {
        if let Some((matrix, node)) = task.matrix.as_ref().zip(node.get("matrix")) {
            check_one(subject, task, matrix, node);
        }
    }
}

fn check_one(subject: &Subject<'_>, task: &PipelineTask, matrix: &Matrix, node: &Node) {
    let report = subject.report;
    let location_of = |name: &str| -> &At { node.named("params", name).map_or(&node.at, |param| &param.at) };
    if matrix.params.is_empty() && matrix.include.is_empty() {
        report.error(&node.at, format!("`matrix` of task `{}` is empty", task.name));
    }
    for param in &matrix.params {
        let is_list = match &param.value {
            ParamValue::Array(_) => true,
            ParamValue::String(text) => is_whole(text),
            ParamValue::Object(_) => false,
        };
        if !is_list {
            let message = format!("param `{}` of the matrix of task `{}` is not a list", param.name, task.name);
            report.error_with(location_of(&param.name), message, "write a list, or a whole array as $(params.x[*])");
        }
    }
    for param in matrix.include.iter().flatten() {
        if !matches!(param.value, ParamValue::String(_)) {
            let message = format!("param `{}` in `include` of task `{}` must be a text", param.name, task.name);
            report.error(&node.at, message);
        }
    }
    for name in matrix.all_params().map(|param| &param.name) {
        if task.params.iter().any(|param| param.name == *name && param.origin.line > 0) {
            let message = format!("param `{name}` of task `{}` is in both `params` and `matrix`", task.name);
            report.error(location_of(name), message);
        }
    }
    let sizes = matrix.params.iter().map(|param| match &param.value {
        ParamValue::Array(items) => items.len(),
        // Known later; the planner counts again.
        _ => 1,
    });
    let product = sizes.fold(1_usize, usize::saturating_mul);
    let count = if matrix.params.is_empty() { matrix.include.len() } else { product };
    if count > Matrix::MAX_COMBINATIONS {
        let (name, most) = (&task.name, Matrix::MAX_COMBINATIONS);
        report.error(&node.at, format!("the matrix of task `{name}` has {count} combinations: {most} are allowed"));
    }
}

/// Whether a text is one reference to a whole array.
fn is_whole(text: &str) -> bool {
    let [one] = variables(text)[..] else { return false };
    let (Variable::Param { part, .. } | Variable::TaskResult { part, .. }) = one.variable else { return false };
    one.text.len() == text.len() && part == Part::Star
}
