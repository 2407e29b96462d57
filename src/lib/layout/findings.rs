//! What text that is being formatted is warned of, and what a failed proof looks like. It knows no objects.

use crate::manifest::findings::location;
use crate::problem::Problem;
use crate::yaml::engine::Unproven;
use crate::yaml::input::Positions;
use crate::yaml::split::Span;

/// `---#`: kubectl and kustomize take it as a marker, other readers do not.
pub fn marker_lint(name: &str, bytes: &[u8], span: Span, positions: &mut Positions<'_>) -> Option<Problem> {
    (span.is_explicit() && bytes.get(span.body) == Some(&b'#')).then(|| {
        let message = "`---#` is a document marker for kubectl and kustomize only";
        Problem::warning(location(name, positions, span.body), message).with_hint("write a space before the `#`")
    })
}

/// A failed proof as the user sees it.
pub fn unproven_problem(name: &str, positions: &mut Positions<'_>, unproven: &Unproven) -> Problem {
    let message =
        format!("internal error: formatting would not be lossless ({}); the file is left as it is", unproven.what);
    let hint = "this is a defect of kfleet: please report it with the file";
    Problem::error(location(name, positions, unproven.offset), message).with_hint(hint)
}
