//! Conditions of pipeline tasks and steps.

use super::fields::Fields;
use crate::tekton::node::Node;
use crate::tekton::report::Report;
use crate::tekton::types::When;

pub(super) fn conditions(nodes: &[Node], report: &Report) -> Vec<When> {
    nodes.iter().filter_map(|node| when(node, report)).collect()
}

fn when(node: &Node, report: &Report) -> Option<When> {
    let mut fields = Fields::of(node, "a condition", report);
    let input = fields.text("input");
    let operator = fields.get("operator");
    let operator_text = fields.text("operator").unwrap_or_default();
    let values_node = fields.get("values");
    // A reference to a whole array may stand for the list.
    let values = match values_node.and_then(Node::as_text) {
        Some(text) => vec![text.to_owned()],
        None => fields.texts("values"),
    };
    let cel = fields.word("cel");
    fields.end(&[]);
    let origin = node.at.location();
    if let Some(expression) = cel {
        if input.is_some_and(|input| !input.is_empty()) || operator.is_some() || !values.is_empty() {
            report.error(&node.at, "a condition has either `cel` or input, operator and values");
        }
        return Some(When::Cel { expression, origin });
    }
    if operator.is_none() && values.is_empty() && input.is_none() {
        return report.fail(&node.at, "this condition is empty");
    }
    let at = operator.map_or(&node.at, |operator| &operator.at);
    let negated = match operator_text.as_str() {
        "in" => false,
        "notin" => true,
        other => return report.fail_with(at, format!("there is no operator `{other}`"), "write in or notin"),
    };
    if values.is_empty() {
        let at = values_node.map_or(&node.at, |values| &values.at);
        report.error(at, "this condition has no `values`");
    }
    Some(When::Values { input: input.unwrap_or_default(), negated, values, origin })
}
