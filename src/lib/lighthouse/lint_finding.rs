//! [`Finding`]: what a linter of pipelines has to say, with a stable name.

use serde::Serialize;

use crate::problem::Problem;

/// One thing that a linter found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable name of the rule, such as `unused-param`.
    pub id: &'static str,
    /// How bad it is, where it is, what it is, and what to do.
    #[serde(flatten)]
    pub problem: Problem,
}
