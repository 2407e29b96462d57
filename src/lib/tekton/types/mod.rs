//! The objects of Tekton v1 as kfleet uses them: everything is inline, converted and merged, nothing is substituted yet.
//! The loader makes them from files, the planner reads them. Fields that are not here are either refused by the loader or
//! mean nothing outside a cluster. `load/parse/` has a file of the same name for each file here.

mod container;
pub mod objects;
mod params;
mod pipeline;
mod run;
mod task;
pub mod task_run;
mod volume;

use crate::problem::{Location, Problem};
use crate::text::visible;

pub use self::container::{EnvFrom, EnvValue, EnvVar, StepSpec, StepWorkspace, VolumeMount};
pub use self::objects::{ObjectKind, ObjectRef};
pub use self::params::{Param, ParamSpec, ParamType, ParamValue, ResultSpec};
pub use self::pipeline::{Matrix, PipelineResult, PipelineSpec, PipelineTask, When, WorkspaceUse};
pub use self::run::{PipelineRun, TaskRunSpec, Timeout, Timeouts};
pub use self::task::{TaskSpec, WorkspaceSpec};
pub use self::volume::{ObjectFiles, ObjectItem, VolumeKind, VolumeSpec, WorkspaceBinding};

/// Something that is wrong with what is written at a place.
pub(in crate::tekton) fn error_at(location: &Location, message: impl AsRef<str>) -> Problem {
    Problem::error(location.clone(), visible(message.as_ref()))
}

/// Whether a text is a DNS label, as names of tasks, steps and volumes must be: small letters, digits and dashes, at most 63.
pub(in crate::tekton) fn is_dns_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}
