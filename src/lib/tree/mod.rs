//! Files: the only module of the library that touches them. It finds inputs ([`walk`]), reads them ([`Input`]), and
//! writes results so that a reader, or a killed run, sees old or new files and never torn ones ([`Root`],
//! [`replace_file`]). [`Tree`] is the same thing without a disk: what plans are made of.
//!
//! This module knows nothing of YAML or of manifests. Rules that hold throughout:
//! - Symbolic links found inside a folder are neither followed nor written through. A link that the user names is
//!   followed for reading.
//! - Pipes, sockets and devices found inside a folder are never opened.
//! - Results do not depend on the machine: no global git settings, no `.ignore` files, no order of directory entries.
//! - Nothing is synced to the disk: the promise holds for a killed process and a full disk, not for a power failure.

#![expect(clippy::disallowed_methods, reason = "this is the one module that touches files")]

mod atomic;
mod contents;
mod copy;
mod error;
mod input;
mod lock;
mod map;
mod private;
mod root;
mod scratch;
mod stage;
mod store;
mod swap;
mod walk;
mod work_file;

pub use atomic::{Below, remove_file, replace_file};
pub use contents::{Contents, Limits, is_safe_name};
pub use copy::{copy_file, copy_folder, make_folder, remove_all, verify_plain_folder};
pub use error::{Error, Result};
pub use input::{Input, read_named};
pub use lock::Lock;
pub use map::{Change, Tree};
pub use private::{read_private, read_value_file};
pub use root::{Root, State};
pub use scratch::Scratch;
pub use stage::{Staged, list_folder};
pub use store::Store;
pub use swap::Folders;
pub use walk::{Form, Found, PassedOver, Walk, WalkOptions, verify_patterns, walk};
pub use work_file::Entry;
