//! Conditions: whether a task or step runs.

use crate::tekton::types::When;
use crate::tekton::variables::key::is_late;

/// Whether all conditions hold; their references have been replaced.
pub fn holds(conditions: &[When]) -> bool {
    conditions.iter().all(|condition| match condition {
        When::Values { input, negated, values, .. } => values.contains(input) != *negated,
        // The planner refuses these.
        When::Cel { .. } => false,
    })
}

/// Whether the outcome is known before the run.
pub fn is_known(conditions: &[When]) -> bool {
    conditions.iter().all(|condition| match condition {
        When::Values { input, values, .. } => !is_late(input) && !values.iter().any(|value| is_late(value)),
        When::Cel { .. } => false,
    })
}

/// A condition as people read it.
pub fn describe(condition: &When) -> String {
    match condition {
        When::Values { input, negated, values, .. } => {
            let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
            format!("{input:?} {} [{}]", if *negated { "notin" } else { "in" }, values.join(", "))
        }
        When::Cel { expression, .. } => format!("cel {expression:?}"),
    }
}
