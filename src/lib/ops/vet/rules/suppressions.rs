//! The rule of suppressions itself. It is checked last, when it is known which of them have suppressed something.

use crate::ops::vet::rules::Rule;

pub(super) const RULES: &[Rule] =
    &[Rule::warning("VET01", "a suppression that suppresses nothing", |_, _| {}).explained(
        "`# kfleet: ignore ID reason`, on a line or on the line above it, suppresses the findings of one rule on that\n\
         line. One that names no rule, gives no reason or suppresses nothing is reported, so that none outlives its reason.",
    )];
