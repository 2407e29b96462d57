//! What Tekton objects mean: loading, converting, substituting, and one validated plan for a run.

pub mod load;
pub mod types;
