//! Volumes, and what the workspaces of a run are.

use super::{Location, ObjectRef};

/// `volumes` of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeSpec {
    /// Unique within the task.
    pub name: String,
    pub source: VolumeKind,
    pub origin: Location,
}

/// What is in a volume or a bound workspace.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeKind {
    /// Fresh in each attempt of each task.
    EmptyDir,
    /// `persistentVolumeClaim`, or a `volumeClaimTemplate` (named after its workspace): one folder for the whole run.
    Claim {
        name: String,
        read_only: bool,
    },
    HostPath(String),
    /// `secret` or `configMap`.
    Object(ObjectFiles),
    /// `projected`: several objects in one folder.
    Projected(Vec<ObjectFiles>),
}

/// The keys of an object as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFiles {
    pub object: ObjectRef,
    /// `items`: key, path and mode; empty is all keys.
    pub items: Vec<ObjectItem>,
    /// `defaultMode`; 0644 where it is not written.
    pub mode: u32,
}

/// One of `items`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectItem {
    /// A key of the object.
    pub key: String,
    /// Where the file is, relative to the volume.
    pub path: String,
    /// Its mode, where it has one of its own.
    pub mode: Option<u32>,
}

/// What a workspace of a run is.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspaceBinding {
    /// A workspace of the pipeline.
    pub name: String,
    /// A folder in it.
    pub sub_path: Option<String>,
    pub source: VolumeKind,
    pub origin: Location,
}
