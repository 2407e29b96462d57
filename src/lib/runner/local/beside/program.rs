//! The program of a step: how it is found, and what is said where it cannot start, as container runtimes word it.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Finds the program of a command line: in `path` where its name has no `/`. The error is as container runtimes word it.
pub(crate) fn find_program(name: &str, path: &str) -> Result<PathBuf, String> {
    if name.is_empty() {
        return Err("exec: \"\": no command".to_owned());
    }
    if name.contains('/') {
        return match Path::new(name).metadata() {
            Ok(found) if is_program(&found) => Ok(PathBuf::from(name)),
            Ok(_) => Err(format!("exec: {name:?}: permission denied")),
            Err(cause) if cause.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(format!("exec: {name:?}: permission denied"))
            }
            Err(_) => Err(format!("exec: {name:?}: no such file or directory")),
        };
    }
    let folders = path.split(':').filter(|folder| folder.starts_with('/'));
    let found = folders.map(|folder| Path::new(folder).join(name)).find(|program| has_program(program));
    found.ok_or_else(|| format!("exec: {name:?}: executable file not found in $PATH"))
}

fn is_program(found: &Metadata) -> bool {
    found.is_file() && found.permissions().mode() & 0o111 != 0
}

/// Whether there is a program at a path.
pub(crate) fn has_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| is_program(&found))
}

/// What an error that the system gives for a program that is there means.
pub(crate) fn unstarted(program: &Path, cause: &std::io::Error) -> String {
    let shown = program.display();
    match cause.kind() {
        std::io::ErrorKind::NotFound => format!(
            "fork/exec {shown}: no such file or directory: the interpreter in its first line, or the loader it needs, is missing"
        ),
        std::io::ErrorKind::PermissionDenied => format!("fork/exec {shown}: permission denied"),
        std::io::ErrorKind::ArgumentListTooLong => format!("fork/exec {shown}: argument list too long"),
        _ => format!("fork/exec {shown}: {}", reason(cause)),
    }
}

/// An error of the system, without its number.
pub(crate) fn reason(cause: &std::io::Error) -> String {
    let text = cause.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_runtimes_find_them() {
        assert_eq!(find_program("sh", "/none:/usr/bin:/bin").unwrap().file_name().unwrap(), "sh");
        assert_eq!(find_program("/bin/sh", "").unwrap(), Path::new("/bin/sh"));
        for (name, reason) in [
            ("no-such-program", "exec: \"no-such-program\": executable file not found in $PATH"),
            ("/none/x", "exec: \"/none/x\": no such file or directory"),
            ("/etc/passwd", "exec: \"/etc/passwd\": permission denied"),
            ("/usr", "exec: \"/usr\": permission denied"),
            ("", "exec: \"\": no command"),
        ] {
            assert_eq!(find_program(name, "relative:/bin").unwrap_err(), reason);
        }
    }
}
