//! Pins that are written and not committed. A cluster does not run them, so the committed ones count: a source is taken at
//! its word only once it is committed, and a promotion that was written or left half done is finished by the same command.

use crate::error::Result;
use crate::fleet::clusters::Clusters;
use crate::fleet::pins::differ_in_pins;
use crate::git::LocalClone;
use crate::tree::Tree;
use std::path::Path;

/// The fleet at `root` with its pins as they are committed. Other changes of the work tree stay.
///
/// # Errors
/// As [`Clusters::open`]; the clone cannot be read.
pub fn open(root: &Path, clone: &LocalClone) -> Result<Clusters> {
    let lacking = LocalClone::not_checked_out(root)?;
    let texts = clone.committed_texts()?;
    if texts.is_empty() {
        return Clusters::open(root, lacking);
    }
    let written = Clusters::read_with(root, lacking.clone())?.repository.files.texts;
    let is_pin = |(path, text): &(&String, &Vec<u8>)| written.get(*path).is_some_and(|now| differ_in_pins(text, now));
    let committed = texts.iter().filter(is_pin).map(|(path, text)| (path.clone(), text.clone()));
    let mut files: Tree = lacking;
    files.extend(committed);
    Clusters::open(root, files)
}
