//! Changes as unified diffs.

use similar::TextDiff;

/// The change of one file, with three lines of context; an empty `old` is a new file.
pub fn unified(path: &str, old: &[u8], new: &[u8]) -> String {
    let (old_text, new_text) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let path = path.trim_start_matches('/');
    let from = if old.is_empty() { "/dev/null".to_owned() } else { format!("a/{path}") };
    let to = if new.is_empty() { "/dev/null".to_owned() } else { format!("b/{path}") };
    let diff = TextDiff::from_lines(old_text.as_ref(), new_text.as_ref());
    diff.unified_diff().context_radius(3).header(&from, &to).to_string()
}
