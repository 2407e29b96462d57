//! The only module that talks to a cluster.
