//! From nodes to the typed objects: types of fields, unknown fields, and what single fields may hold. Rules between fields
//! and objects are for [`crate::tekton::check`]. A file here makes what the file of the same name in `types/` declares.

mod container;
mod fields;
mod params;
mod pipeline;
mod run;
mod task;
mod volume;
mod when;

pub(super) use self::run::run;
