//! What a run of vet looks at.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The clusters to look at; all, and the whole repository, where there is none.
    pub clusters: Vec<String>,
    /// The ids of the rules; all where there is none.
    pub rules: Vec<String>,
    /// The version of Flux that clusters have or will have.
    pub flux: (u32, u32),
    /// The version of Kubernetes that clusters have or will have.
    pub kubernetes: (u32, u32),
}

impl Default for Options {
    fn default() -> Self {
        Options { clusters: Vec::new(), rules: Vec::new(), flux: (2, 9), kubernetes: (1, 36) }
    }
}
