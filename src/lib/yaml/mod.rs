//! YAML as text: documents, a tape of tokens over them, the canonical emitter, and the proof that nothing was lost.
//!
//! The way of a document: bytes → [`input`] (encoding, documents) → [`scan`], or [`slow`] where that does not know the
//! YAML → [`tape`] → [`check`] → edits → [`emit`] → [`verify`]. [`engine`] walks it.

pub mod canonical;
pub mod check;
mod commented_out;
pub mod edit;
pub mod emit;
pub mod engine;
pub mod input;
pub mod resolve;
pub mod scalar;
pub mod scan;
pub mod slow;
pub mod splice;
pub mod split;
pub mod tape;
pub mod value;
pub mod verify;
