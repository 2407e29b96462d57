//! The modules of kfleet that the fuzz targets need.

#[path = "../src/lib/address.rs"]
pub mod address;
#[path = "../src/lib/digest.rs"]
pub mod digest;
#[path = "../src/lib/fleet/mod.rs"]
pub mod fleet;
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
