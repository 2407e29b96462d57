//! Variables, as Tekton calls `$(params.x)` and the like: finding them in texts, knowing what they mean, and replacing them.

pub mod fields;
pub mod key;
pub mod references;
pub mod scan;
pub mod substitute;
