//! The modules of kfleet that the fuzz targets need.

#[path = "../src/lib/problem.rs"]
pub mod problem;
#[path = "../src/lib/substitute/mod.rs"]
pub mod substitute;
#[path = "../src/lib/yaml/mod.rs"]
pub mod yaml;

/// Identity and findings only.
#[path = "../src/lib"]
pub mod manifest {
    #[path = "manifest/findings.rs"]
    pub mod findings;
    #[path = "manifest/gvk.rs"]
    pub mod gvk;
}

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
