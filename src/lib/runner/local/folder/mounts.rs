//! `Mount`: what a step sees where. The same table serves all engines: the sandbox and the runtime of containers mount
//! it, the process engine rewrites paths by it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::runner::local::folder::confined_path;

/// A folder or file of the host at a path of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mount {
    /// In the step: absolute, without `.` and `..`.
    pub(crate) path: String,
    /// A folder or file of the host that steps cannot replace.
    pub(crate) base: PathBuf,
    /// What is shown of it: a path below it that steps may have tampered with. Empty: all.
    pub(crate) sub: String,
    pub(crate) read_only: bool,
}

impl Mount {
    pub(crate) fn new(path: impl Into<String>, base: impl Into<PathBuf>, read_only: bool) -> Mount {
        Mount { path: path.into(), base: base.into(), sub: String::new(), read_only }
    }

    /// The path on the host.
    pub(crate) fn host(&self) -> PathBuf {
        if self.sub.is_empty() { self.base.clone() } else { self.base.join(&self.sub) }
    }
}

/// Puts mounts in the order in which they are mounted: those above before those below. Of an own mount and an
/// implicit one at the same path, only the own one stays.
pub(crate) fn ordered(implicit: Vec<Mount>, own: Vec<Mount>) -> Vec<Mount> {
    let is_free = |mount: &Mount| !own.iter().any(|own| own.path == mount.path);
    let mut mounts: Vec<Mount> = implicit.into_iter().filter(is_free).collect();
    mounts.extend(own);
    mounts.sort_by_key(|mount| mount.path.split('/').filter(|part| !part.is_empty()).count());
    mounts
}

/// The rest of `path` below `above`, where it is there or below.
pub(crate) fn below<'a>(path: &'a str, above: &str) -> Option<&'a str> {
    let above = above.trim_end_matches('/');
    let rest = path.strip_prefix(above)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// The mount that covers a path, and the path below it.
pub(crate) fn covering<'a, 'b>(mounts: &'a [Mount], path: &'b str) -> Option<(&'a Mount, &'b str)> {
    mounts.iter().rev().find_map(|mount| Some((mount, below(path, &mount.path)?)))
}

/// Opens the folder that a path of the step is below, on the host, and gives the path below it.
///
/// # Errors
/// Nothing of the host covers the path, or it cannot be opened.
pub(crate) fn open_covering<'a>(mounts: &[Mount], path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
    let Some((mount, rest)) = covering(mounts, path) else {
        return Err(io::Error::other("it is in no folder that outlives the step"));
    };
    if rest.is_empty() {
        return Err(io::Error::other("it is a folder that is mounted"));
    }
    let base = confined_path::open_folder(&mount.base)?;
    Ok((confined_path::descend(base.as_fd(), &mount.sub, true)?, rest))
}

/// Replaces the paths of a step in a text by those of the host: where one stands as a whole path or as the beginning of
/// one.
pub(crate) fn on_host(mounts: &[Mount], text: &str) -> String {
    let mut mapped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('/') {
        let (before, path) = rest.split_at(at);
        mapped.push_str(before);
        let starts = !mapped.ends_with(is_part_of_path);
        // The longest wins: deeper mounts come later.
        let found = mounts.iter().rev().find(|mount| starts && is_path_at(path, &mount.path));
        match found {
            Some(mount) => {
                mapped.push_str(&mount.host().to_string_lossy());
                rest = &path[mount.path.len()..];
            }
            None => {
                mapped.push('/');
                rest = &path[1..];
            }
        }
    }
    mapped.push_str(rest);
    mapped
}

/// The paths below `/workspace` and `/tekton` that are written in a script: outside a sandbox or container they lead
/// nowhere, or to files of the host, because scripts cannot be rewritten.
pub fn literal_paths(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in script.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let mut rest = line;
        let mut before = None;
        while let Some(at) = rest.find('/') {
            let previous = rest[..at].chars().next_back().or(before);
            let path = &rest[at..];
            let is_literal = ["/workspace", "/tekton"].iter().any(|known| is_path_at(path, known));
            let end = if is_literal && !previous.is_some_and(is_part_of_path) {
                let end = path.find(|letter| !is_part_of_path(letter) && letter != '/').unwrap_or(path.len());
                found.push(path[..end].to_owned());
                end
            } else {
                1
            };
            before = path[..end].chars().next_back();
            rest = &path[end..];
        }
    }
    found
}

fn is_path_at(text: &str, path: &str) -> bool {
    let after = text.strip_prefix(path).map(|rest| rest.chars().next());
    after.is_some_and(|next| next.is_none_or(|letter| letter == '/' || !is_part_of_path(letter)))
}

/// Letters of names: a path that follows one is the rest of another.
fn is_part_of_path(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '~' | '}' | '*')
}

/// Whether a path of a step is plain: absolute, without `..`.
pub(crate) fn is_plain(path: &str) -> bool {
    path.starts_with('/') && confined_path::parts(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts() -> Vec<Mount> {
        let own =
            vec![Mount::new("/workspace/source", "/run/v/source", false), Mount::new("/tekton/home", "/run/h", true)];
        let implicit = ["/workspace", "/tekton/home", "/tekton/results"];
        let implicit = implicit.iter().map(|path| Mount::new(*path, format!("/run/i{path}"), false)).collect();
        ordered(implicit, own)
    }

    #[test]
    fn own_places_win_and_deeper_ones_come_later() {
        let mounts = mounts();
        let paths: Vec<&str> = mounts.iter().map(|mount| mount.path.as_str()).collect();
        assert_eq!(paths, ["/workspace", "/tekton/results", "/workspace/source", "/tekton/home"]);
        assert!(mounts[3].read_only);
        let (mount, rest) = covering(&mounts, "/workspace/source/a/b").unwrap();
        assert_eq!((mount.path.as_str(), rest), ("/workspace/source", "a/b"));
        assert_eq!(covering(&mounts, "/workspace/sourcecode").unwrap().1, "sourcecode");
        assert!(covering(&mounts, "/work").is_none());
    }

    #[test]
    fn paths_in_texts_become_those_of_the_host() {
        let mounts = mounts();
        for (text, expected) in [
            ("/workspace", "/run/i/workspace"),
            ("cd /workspace/source && ls", "cd /run/v/source && ls"),
            ("--out=/workspace/x:/tekton/home/.x", "--out=/run/i/workspace/x:/run/h/.x"),
            ("/workspaces /workspace-2 /workspace.x", "/workspaces /workspace-2 /workspace.x"),
            ("a/workspace/b $HOME/workspace ./workspace", "a/workspace/b $HOME/workspace ./workspace"),
            ("file:///workspace/x '/workspace'", "file:///run/i/workspace/x '/run/i/workspace'"),
            ("ä/ü", "ä/ü"),
        ] {
            assert_eq!(on_host(&mounts, text), expected, "{text}");
        }
    }

    #[test]
    fn scripts_with_literal_paths_are_found() {
        let script = "#!/bin/sh\n# /workspace is ours\ncd /workspace/a && echo x > /tekton/results/r\nls ./workspace /workspaces\n\
                      cat \"/workspace\"\n";
        assert_eq!(literal_paths(script), ["/workspace/a", "/tekton/results/r", "/workspace"]);
    }
}
