//! What Tekton objects mean: loading, converting, substituting, and one validated plan for a run.

pub mod describe;
pub mod environment;
pub mod fields;
pub mod graph;
pub mod load;
pub mod matrix;
pub(crate) mod mentions;
#[cfg(test)]
pub(crate) mod mk;
pub mod needs;
pub mod notes;
pub mod objects;
pub mod params;
pub mod plan;
pub mod prepare;
pub mod references;
pub mod resolve;
pub mod results;
pub mod show;
pub mod substitute;
pub mod task_run;
pub mod timeouts;
pub mod types;
pub mod when;
pub mod workspaces;
