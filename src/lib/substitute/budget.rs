//! Limits of the work for one text: a few bytes of template can ask for any amount of it.

use super::{MAX_BYTES, MAX_STEPS};

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    TooLarge,
    TooSlow,
    /// The library that clusterctl uses panics here.
    BadLength,
    /// The library gives the whole value.
    NoNumber,
}

/// What may still be done for one text.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    steps: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { bytes: MAX_BYTES, steps: MAX_STEPS }
    }
}

impl Budget {
    /// Appends bytes to a text.
    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        self.bytes = self.bytes.checked_sub(bytes.len()).ok_or(Failure::TooLarge)?;
        out.extend_from_slice(bytes);
        Ok(())
    }

    /// Counts steps of a search.
    pub(super) fn step(&mut self, steps: usize) -> Result<(), Failure> {
        self.steps = self.steps.checked_sub(steps).ok_or(Failure::TooSlow)?;
        Ok(())
    }
}
