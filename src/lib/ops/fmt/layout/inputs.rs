//! The inputs of a layout: read at once as far as that is little, else when they are needed.

use crate::problem::Problem;
use crate::tree::{self, Found, Input};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files up to this size are read whole; bigger ones in parts. A run lets go of what it holds when it becomes much.
pub const HOLD_FILE: u64 = 16 << 20;

/// When so many bytes are held, further files are read when they are needed.
const HOLD_ALL: usize = 24 << 20;

/// Reads files, in parallel and in order. Returns also what is wrong with those that cannot be read.
pub fn read_inputs(files: &[Found]) -> (Vec<Input>, Vec<Problem>) {
    // What is held all at once stays small: with many bytes the files are read again when they are needed.
    let held = AtomicUsize::new(0);
    let read_file = |file| {
        if held.load(Ordering::Relaxed) > HOLD_ALL {
            return Input::unread(file);
        }
        let input = Input::from_file(file, HOLD_FILE)?;
        held.fetch_add(input.held().map_or(0, <[u8]>::len), Ordering::Relaxed);
        Ok(input)
    };
    let results: Vec<tree::Result<Input>> = files.par_iter().map(read_file).collect();
    let (mut read, mut problems) = (Vec::with_capacity(results.len()), Vec::new());
    for result in results {
        match result {
            Ok(input) => read.push(input),
            Err(error) => problems.push(error.into_problem()),
        }
    }
    (read, problems)
}
