//! Paths of a repository as text: always with `/`, relative to its top folder. It touches no file.

/// A path as kustomize and Flux write it, in the one plain way and relative to the repository: `./config/../apps` is
/// `apps`. Nothing where it leaves the repository.
pub fn plain_path(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder that a file is in; empty for the top.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a path is a folder's or lies below it.
pub fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path stays in the repository and is written in the one plain way.
pub fn is_plain_path(path: &str) -> bool {
    !path.is_empty()
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !path.contains(['\\', '\0'])
        && !path.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain() {
        for (folder, path, expected) in [
            ("", "./config/flavours/workload/", Some("config/flavours/workload")),
            ("config/flavours/workload", "../../bases/nginx", Some("config/bases/nginx")),
            ("config", "../..", None),
            ("config", "..", Some("")),
            (".lighthouse/jobs", "../pr.yaml", Some(".lighthouse/pr.yaml")),
            ("", "a/./b//c", Some("a/b/c")),
            ("a", "../../b", None),
        ] {
            assert_eq!(plain_path(folder, path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn plain_paths_are_known() {
        for (path, is_plain) in
            [("a/b.yaml", true), ("", false), ("/a", false), ("a/../b", false), ("a//b", false), ("a\n", false)]
        {
            assert_eq!(is_plain_path(path), is_plain, "{path}");
        }
    }
}
