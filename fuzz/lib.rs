//! The modules of kfleet that the fuzz targets need.

#[path = "../src/lib/address.rs"]
pub mod address;
#[path = "../src/lib/digest.rs"]
pub mod digest;
#[path = "../src/lib/error.rs"]
pub mod error;

/// The fleet file and its lock only.
#[path = "../src/lib/fleet"]
pub mod fleet {
    pub mod document;
    pub mod file;
    mod helm;
    pub mod lock;
    pub mod oci;
    pub mod schema;
    pub mod types;
}

#[path = "../src/lib/manifest/mod.rs"]
pub mod manifest;

/// What reads files, events and output: nothing that runs a step.
#[path = "../src/lib/pipeline"]
pub mod pipeline {
    pub mod event;
    pub mod finding;
    pub mod job;
    pub mod objects;
    pub mod task_run;
    pub mod tekton;
    pub mod trigger;

    /// Lines only.
    pub mod log {
        mod clean;
        mod lines;

        pub use clean::{Colours, clean};
        pub use lines::{LINE_LIMIT, Lines};
    }

    /// Masking only.
    pub mod runner {
        pub mod mask;
        mod mask_forms;
        pub mod masking_sink;
    }
}

#[path = "../src/lib/problem.rs"]
pub mod problem;
#[path = "../src/lib/substitute/mod.rs"]
pub mod substitute;
#[path = "../src/lib/text.rs"]
pub mod text;
#[path = "../src/lib/tree/mod.rs"]
pub mod tree;
#[path = "../src/lib/yaml/mod.rs"]
pub mod yaml;

/// Text mode only.
#[path = "../src/lib/ops"]
pub mod ops {
    /// See above.
    #[path = "."]
    pub mod fmt {
        #[path = "fmt/text.rs"]
        pub mod text;
    }
}
