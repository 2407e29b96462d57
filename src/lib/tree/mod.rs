//! The only module that touches files: walks, reads, and writes that are never torn.
