//! Files out of a repository's object database, at one commit: nothing is checked out, nothing is fetched.

use std::path::Path;

use git2::{Commit, ErrorCode, ObjectType, Odb, Oid, Repository, TreeEntry};

use crate::error::{Error, ErrorKind, Result};
use crate::suggest::nearest;
use crate::text::is_commit;
use crate::tree::{Contents, Limits, PassedOver, Tree, is_safe_name};

/// How deep folders may lie in each other.
const DEPTH: usize = 200;

/// How long the list of a folder on the way to a path may be: some 200,000 names.
const FOLDER_BYTES: usize = 8 * 1024 * 1024;

/// Reads the files below `path`, or the single file `path`, at a commit (40 hexadecimal digits). The path is relative to
/// the repository's root, which is `""`. The repository is bare, or a folder with a `.git` in it. Symbolic links and
/// submodules are left out, and listed.
///
/// # Errors
/// The repository cannot be used ([`ErrorKind::Environment`]); it does not have the commit, the commit does not have the
/// path, a part of the path is a symbolic link or a submodule, a name is unsafe or not UTF-8, or there is more than
/// [`Limits::default`] allows ([`ErrorKind::Failed`]).
pub fn read_tree(repository: &Path, commit: &str, path: &str) -> Result<Tree> {
    read_tree_within(repository, commit, path, Limits::default()).map(|contents| contents.tree)
}

/// As [`read_tree`], with limits, and with what was left out.
///
/// # Errors
/// As [`read_tree`].
pub fn read_tree_within(repository: &Path, commit: &str, path: &str, limits: Limits) -> Result<Contents> {
    read(repository, commit, path, limits, Wanted::Anything)
}

fn read(repository: &Path, commit: &str, path: &str, limits: Limits, wanted: Wanted) -> Result<Contents> {
    let short = commit.get(..12).unwrap_or(commit);
    let place = if path.is_empty() { "the files".to_owned() } else { path.escape_debug().to_string() };
    let doing = format!("cannot read {place} at commit {}", short.escape_debug());
    let opened = open(repository, &doing)?;
    let parts = parts(path, &doing)?;
    let mut reader = Reader {
        odb: opened.odb().map_err(|cause| unusable(&doing, &cause))?,
        repository: &opened,
        doing: &doing,
        limits,
        entries: 0,
        total: 0,
        contents: Contents::default(),
    };
    let root = reader.commit(commit)?.tree_id();
    reader.descend(root, &parts, wanted)?;
    Ok(reader.contents)
}

/// Reads one file at a commit, of at most so many bytes.
///
/// # Errors
/// As [`read_tree`]; or the path is a folder.
pub fn read_file(repository: &Path, commit: &str, path: &str, most_bytes: usize) -> Result<Vec<u8>> {
    let limits = Limits { entries: 0, file: most_bytes, total: most_bytes };
    let mut contents = read(repository, commit, path, limits, Wanted::File)?;
    Ok(contents.tree.pop_first().map(|(_, bytes)| bytes).unwrap_or_default())
}

/// What a path may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Anything,
    File,
}

/// Opens the bare repository at a folder, or the one in it.
pub(super) fn open(folder: &Path, doing: &str) -> Result<Repository> {
    let opened = if folder.join(".git").exists() { Repository::open(folder) } else { Repository::open_bare(folder) };
    opened.map_err(|cause| {
        let reason = if cause.code() == ErrorCode::NotFound { "it is not a git repository" } else { cause.message() };
        let message = format!("{doing}: cannot open {}: {reason}", folder.display());
        let hint = match cause.code() {
            ErrorCode::Owner => "it belongs to another user; add it to git's safe.directory if you trust it",
            _ => "check the path, and who may read it",
        };
        Error::new(ErrorKind::Environment, message).with_hint(hint)
    })
}

/// The branch that is checked out, whether it has a commit or not.
pub(super) fn branch_of(repository: &Repository) -> std::result::Result<Option<String>, git2::Error> {
    let head = repository.find_reference("HEAD")?;
    let branch = head.symbolic_target().ok().flatten().and_then(|name| name.strip_prefix("refs/heads/"));
    Ok(branch.map(str::to_owned))
}

/// The parts of a path, if it is one below the root.
fn parts<'a>(path: &'a str, doing: &str) -> Result<Vec<&'a str>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if path.starts_with('/') || parts.contains(&"..") {
        let message = format!("{doing}: the path is not a plain path below the root of the repository");
        return Err(Error::new(ErrorKind::Failed, message).with_hint("leave out the leading / and all .."));
    }
    Ok(parts)
}

fn unusable(doing: &str, cause: &git2::Error) -> Error {
    Error::new(ErrorKind::Environment, format!("{doing}: {}", cause.message()))
        .with_hint("the repository may be damaged: see what `git fsck` says, or remove it from the cache")
}

struct Reader<'a> {
    repository: &'a Repository,
    odb: Odb<'a>,
    doing: &'a str,
    limits: Limits,
    entries: usize,
    total: usize,
    contents: Contents,
}

impl<'a> Reader<'a> {
    fn fail(&self, reason: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Failed, format!("{}: {reason}", self.doing))
    }

    fn commit(&self, name: &str) -> Result<Commit<'a>> {
        let id = Oid::from_str(name).ok().filter(|_| is_commit(name));
        let Some(id) = id else {
            return Err(self.fail("it is not a full commit").with_hint("a commit has 40 hexadecimal digits"));
        };
        match self.repository.find_commit(id) {
            Err(cause) if cause.code() == ErrorCode::NotFound => {
                Err(self.fail("the repository does not have the commit").with_hint("fetch it first"))
            }
            commit => commit.map_err(|cause| unusable(self.doing, &cause)),
        }
    }

    /// Goes down to the path, and reads what is there.
    fn descend(&mut self, root: Oid, parts: &[&str], wanted: Wanted) -> Result<()> {
        let mut folder = root;
        for (number, part) in parts.iter().enumerate() {
            let here = parts[..=number].join("/");
            let listed = if number == 0 { "the root".to_owned() } else { parts[..number].join("/") };
            self.verify_at_most(FOLDER_BYTES, folder, &listed)?;
            let tree = self.repository.find_tree(folder).map_err(|cause| unusable(self.doing, &cause))?;
            let Some(entry) = tree.get_name(part) else { return Err(self.no_such(&tree, &here)) };
            match kind(&entry) {
                Kind::Folder => folder = entry.id(),
                Kind::File if number + 1 == parts.len() => return self.read(entry.id(), (*part).to_owned(), &here),
                Kind::File => return Err(self.fail(format!("{here} is a file, not a folder"))),
                Kind::Other(what) => {
                    let error = self.fail(format!("{here} is {what}"));
                    return Err(error.with_hint("name a folder or a file of the repository itself"));
                }
            }
        }
        if wanted == Wanted::File {
            return Err(self.fail("it is a folder, not a file").with_hint("name one of its files"));
        }
        let above = parts.iter().map(|part| format!("{part}/")).collect::<String>();
        self.read_folder(folder, &above)
    }

    fn no_such(&self, tree: &git2::Tree<'_>, path: &str) -> Error {
        let names: Vec<String> = tree.iter().filter_map(|entry| entry.name().map(str::to_owned).ok()).collect();
        let name = path.rsplit('/').next().unwrap_or(path);
        let near = nearest(name, names.iter().map(String::as_str));
        let error = self.fail(format!("the commit has no {}", path.escape_debug()));
        match near.first() {
            Some(near) => error.with_hint(format!("the nearest name is {}", near.escape_debug())),
            None => error.with_hint("check the spelling of the path, and whether the commit is the right one"),
        }
    }

    /// Reads all files below a folder, without recursion: depth is the input's.
    fn read_folder(&mut self, folder: Oid, above: &str) -> Result<()> {
        let mut waiting = vec![(folder, String::new(), 0)];
        while let Some((folder, prefix, depth)) = waiting.pop() {
            if depth > DEPTH {
                return Err(self.fail(format!("folders lie in each other deeper than {DEPTH}")));
            }
            self.verify_at_most(self.limits.file, folder, &format!("{above}{prefix}"))?;
            let tree = self.repository.find_tree(folder).map_err(|cause| unusable(self.doing, &cause))?;
            for entry in &tree {
                self.entries += 1;
                if self.entries > self.limits.entries {
                    return Err(self.fail(format!("there are more than {} files and folders", self.limits.entries)));
                }
                let shown = || format!("{above}{prefix}{}", String::from_utf8_lossy(entry.name_bytes()).escape_debug());
                let Some(name) = entry.name().ok().filter(|name| is_safe_name(name)) else {
                    return Err(self.fail(format!("the name {} is not safe, or not UTF-8", shown())));
                };
                let path = format!("{prefix}{name}");
                match kind(&entry) {
                    Kind::Folder => waiting.push((entry.id(), format!("{path}/"), depth + 1)),
                    Kind::File => self.read(entry.id(), path, &shown())?,
                    Kind::Other(what) => {
                        let reason = format!("is {what}, which is not followed");
                        self.contents.passed_over.push(PassedOver { path: shown(), reason });
                    }
                }
            }
        }
        self.contents.passed_over.sort();
        Ok(())
    }

    fn read(&mut self, file: Oid, path: String, shown: &str) -> Result<()> {
        self.verify_at_most(self.limits.file, file, shown)?;
        let blob = self.repository.find_blob(file).map_err(|cause| unusable(self.doing, &cause))?;
        self.total += blob.size();
        if self.total > self.limits.total {
            return Err(self.fail(format!("the files are longer than {} bytes together", self.limits.total)));
        }
        self.contents.tree.insert(path, blob.content().to_vec());
        Ok(())
    }

    /// Looks at an object's size before it is unpacked.
    fn verify_at_most(&self, most_bytes: usize, object: Oid, shown: &str) -> Result<()> {
        let (size, _) = self.odb.read_header(object).map_err(|cause| unusable(self.doing, &cause))?;
        if size > most_bytes {
            return Err(self.fail(format!("{shown} is longer than {most_bytes} bytes")));
        }
        Ok(())
    }
}

enum Kind {
    File,
    Folder,
    Other(&'static str),
}

fn kind(entry: &TreeEntry<'_>) -> Kind {
    match (entry.kind(), entry.filemode()) {
        (_, 0o120_000) => Kind::Other("a symbolic link"),
        (Some(ObjectType::Commit), _) => Kind::Other("a submodule"),
        (Some(ObjectType::Tree), _) => Kind::Folder,
        (Some(ObjectType::Blob), _) => Kind::File,
        _ => Kind::Other("of a kind that is not known"),
    }
}
