//! The modules of kfleet that the fuzz targets need.

#[path = "../src/lib/address.rs"]
pub mod address;
#[path = "../src/lib/digest.rs"]
pub mod digest;

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
#[path = "../src/lib/problem.rs"]
pub mod problem;
#[path = "../src/lib/substitute/mod.rs"]
pub mod substitute;
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
