//! Variables, as Tekton calls `$(params.x)` and the like: finding them in texts, knowing what they mean, and replacing them.

pub mod fields;
pub(crate) mod key;
pub mod references;
pub mod substitute;
