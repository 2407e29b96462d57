//! The fleet, typed: the fleet file ([`mod@file`]) and its lock ([`lock`]), read by one way ([`document`], [`schema`], [`mod@reference`]); and
//! what the repository's manifests say of its clusters (`cluster_folders`, [`clusters`], [`applied`], [`select_clusters`], [`select_sync`], [`pins`], [`misleading_pins`], [`own_repository`], [`waves`], [`reconcile_disabled`]).

pub mod applied;
mod cluster_folders;
pub mod clusters;
pub mod document;
pub mod file;
pub mod lock;
pub mod misleading_pins;
pub mod own_repository;
pub mod pins;
pub mod reconcile_disabled;
pub mod reference;
pub mod repository;
pub mod schema;
pub mod select_clusters;
pub mod select_sync;
pub mod types;
pub mod waves;
