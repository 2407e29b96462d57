//! YAML as text: documents, a tape of tokens over them, the canonical emitter, and the proof that nothing was lost.
