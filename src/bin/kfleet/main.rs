//! The `kfleet` program.

fn main() {}
