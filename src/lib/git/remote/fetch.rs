//! Commits out of repositories by URL: what a reference is there now, and its files into the cache.

use git2::Repository;
use std::path::PathBuf;

use super::cache::{CacheEntry, INCOMING};
use super::failure::Trouble;
use super::program::Git;
use super::url::Remote;
use super::{Reference, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::process::Output;
use crate::suggest::nearest;
use crate::text::seconds;
use crate::tree::Lock;

/// How much a server's list of references may hold.
const LIST_LIMIT: usize = 64 * 1024 * 1024;

/// A commit that is in the cache with all of its files, but without its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its full name: 40 hexadecimal digits, in lower case.
    pub commit: String,
    /// The URL as people see it: without user and password.
    pub url: String,
    /// The bare repository that has it: see [`read_tree`](crate::git::read_tree).
    pub repository: PathBuf,
}

/// Brings a commit into the cache. A [`Reference::Commit`] that is there needs no network; any other reference is asked
/// for, because it may have moved. The history is left out, but for servers that do not give a bare commit: then all
/// branches and tags are fetched with theirs.
///
/// # Errors
/// The URL, its protocol or the reference is refused ([`ErrorKind::Failed`]); git is missing, or the repository cannot
/// be reached or read ([`ErrorKind::Environment`]); it does not have the reference ([`ErrorKind::Failed`]); it all takes
/// too long ([`ErrorKind::Timeout`]).
pub fn fetch(url: &str, reference: &Reference, settings: &Settings) -> Result<Fetched> {
    let call = Call::new(url, reference, settings, "fetch", "from")?;
    let entry = CacheEntry::of(&settings.cache, &call.remote.identity);
    let fetched =
        |commit: String| Fetched { commit, url: call.remote.shown.clone(), repository: entry.repository.clone() };
    let is_here =
        |commit: &str| matches!(reference, Reference::Commit(wanted) if wanted == commit) && entry.has(commit);
    if is_here(&reference.wanted()) {
        return Ok(fetched(reference.wanted()));
    }
    let Some((lock, repository)) = entry.open(call.git.deadline)? else {
        let message = format!("{}: another kfleet has been at it for {}", call.git.doing, seconds(settings.timeout));
        return Err(Error::new(ErrorKind::Timeout, message).with_hint("wait for it to end, and run the command again"));
    };
    // Another process may have brought it while this one waited.
    if is_here(&reference.wanted()) {
        return Ok(fetched(reference.wanted()));
    }
    let cached = Cached { call: &call, entry: &entry, repository: &repository, lock: &lock };
    let commit = match reference {
        Reference::Commit(commit) => cached.fetch_commit(commit)?,
        other => match cached.fetch_shallow(&other.wanted())? {
            Err(Trouble::NoReference) => return Err(call.no_reference()),
            Err(trouble) => return Err(trouble.explain(&call.git.doing, "")),
            Ok(commit) => commit,
        },
    };
    Ok(fetched(commit))
}

/// A commit that is in the cache. Needs no network, and no git program.
///
/// # Errors
/// The URL, its protocol or the commit's name is refused ([`ErrorKind::Failed`]).
pub fn cached(url: &str, commit: &str, settings: &Settings) -> Result<Option<Fetched>> {
    let reference = Reference::Commit(commit.to_owned());
    let call = Call::new(url, &reference, settings, "read", "from")?;
    let entry = CacheEntry::of(&settings.cache, &call.remote.identity);
    let is_here = entry.has(commit);
    Ok(is_here.then(|| Fetched { commit: commit.to_owned(), url: call.remote.shown, repository: entry.repository }))
}

/// The commit that a reference stands for now. A [`Reference::Commit`] stands for itself, whether it exists or not.
///
/// # Errors
/// As [`fetch`].
pub fn resolve(url: &str, reference: &Reference, settings: &Settings) -> Result<String> {
    let call = Call::new(url, reference, settings, "look up", "at")?;
    if let Reference::Commit(commit) = reference {
        return Ok(commit.clone());
    }
    let candidates = reference.candidates();
    // An annotated tag has a second line, with the commit.
    let names: Vec<String> = candidates.iter().flat_map(|name| [format!("{name}^{{}}"), name.clone()]).collect();
    let listed = call.list(&names)?;
    let id_of = |wanted: &String| listed.iter().find(|(_, name)| name == wanted).map(|(id, _)| id.clone());
    names.iter().find_map(id_of).ok_or_else(|| call.no_reference())
}

/// One call, which may run git more than once.
struct Call<'a> {
    remote: Remote,
    reference: &'a Reference,
    settings: &'a Settings,
    git: Git<'a>,
}

impl<'a> Call<'a> {
    fn new(url: &str, reference: &'a Reference, settings: &'a Settings, verb: &str, at: &str) -> Result<Call<'a>> {
        let remote = Remote::parse(url)?;
        reference.verify()?;
        let doing = format!("cannot {verb} {reference} {at} {}", remote.shown);
        if !settings.protocols.contains(&remote.protocol) {
            let message = format!("{doing}: the protocol {} is not allowed here", remote.protocol.name());
            return Err(Error::new(ErrorKind::Failed, message).with_hint("use https or ssh"));
        }
        let mut git = Git::new(settings, doing);
        git.credentials.clone_from(&remote.credentials);
        git.secrets.clone_from(&remote.secrets);
        Ok(Call { remote, reference, settings, git })
    }

    /// The references with these names, or all branches and tags: each with its object.
    fn list(&self, names: &[String]) -> Result<Vec<(String, String)>> {
        // Whatever repository the current folder belongs to has no say.
        let program = self.git.network(None)?.env("GIT_DIR", "/dev/null").output_limit(LIST_LIMIT).args(["ls-remote"]);
        let program = if names.is_empty() { program.args(["--heads", "--tags"]) } else { program };
        let output = self.git.run(program.arg("--").arg(&self.remote.address).args(names))?;
        if !output.is_success() {
            return Err(Trouble::of_output(&output).explain(&self.git.doing, &output.complaint()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let pairs = text.lines().filter_map(|line| line.split_once('\t'));
        Ok(pairs.map(|(id, name)| (id.to_owned(), name.to_owned())).collect())
    }

    /// The repository is there, the reference is not.
    fn no_reference(&self) -> Error {
        let error = Trouble::NoReference.explain(&self.git.doing, "");
        let Ok(known) = self.list(&[]) else { return error };
        if known.is_empty() {
            return error.with_hint("the repository is empty: it has no branches and no tags");
        }
        let bare = |name: &'_ str| {
            let name = name.strip_suffix("^{}").unwrap_or(name);
            name.strip_prefix("refs/heads/").or(name.strip_prefix("refs/tags/")).unwrap_or(name).to_owned()
        };
        let names: Vec<String> = known.iter().map(|(_, name)| bare(name)).collect();
        let wanted = self.reference.wanted();
        let near = nearest(&bare(&wanted), names.iter().map(String::as_str));
        if near.is_empty() { error } else { error.with_hint(format!("the nearest names are {}", near.join(", "))) }
    }
}

/// A fetch into a repository that is locked.
struct Cached<'a> {
    call: &'a Call<'a>,
    entry: &'a CacheEntry,
    repository: &'a Repository,
    lock: &'a Lock,
}

impl Cached<'_> {
    /// Fetches one object by a name that the server knows. The inner error is one that a caller can act on.
    fn fetch_shallow(&self, wanted: &str) -> Result<std::result::Result<String, Trouble>> {
        let output = self.fetch(&["--depth=1"], &[&format!("+{wanted}:{INCOMING}")])?;
        if !output.is_success() {
            return match Trouble::of_output(&output) {
                trouble @ (Trouble::NoReference | Trouble::CommitNotServed) => Ok(Err(trouble)),
                trouble => Err(trouble.explain(&self.call.git.doing, &output.complaint())),
            };
        }
        match self.entry.keep_incoming(self.repository)? {
            Some(commit) => Ok(Ok(commit)),
            None => Err(Error::new(ErrorKind::Failed, format!("{}: it is not a commit", self.call.git.doing))
                .with_hint("name a branch, a commit, or the tag of a commit")),
        }
    }

    /// Fetches a bare commit: some servers give only what a branch or a tag is at.
    fn fetch_commit(&self, commit: &str) -> Result<String> {
        if let Ok(commit) = self.fetch_shallow(commit)? {
            return Ok(commit);
        }
        let listed = self.call.list(&[])?;
        if let Some((_, name)) = listed.iter().find(|(id, _)| id == commit) {
            let name = name.strip_suffix("^{}").unwrap_or(name);
            // It may have moved in between.
            if self.fetch_shallow(name)?.is_ok_and(|fetched| fetched == commit) {
                return Ok(commit.to_owned());
            }
        }
        let whole: &[&str] = if self.repository.is_shallow() { &["--unshallow"] } else { &[] };
        let all = ["+refs/heads/*:refs/kfleet/all/heads/*", "+refs/tags/*:refs/kfleet/all/tags/*"];
        let output = self.fetch(whole, &all)?;
        if !output.is_success() {
            let trouble = Trouble::of_output(&output);
            return Err(trouble.explain(&self.call.git.doing, &output.complaint()));
        }
        if self.entry.keep_commit(self.repository, commit)? {
            return Ok(commit.to_owned());
        }
        let error = Trouble::CommitNotServed.explain(&self.call.git.doing, "");
        Err(error.with_hint("no branch and no tag leads to it: push it, or check the digits"))
    }

    fn fetch(&self, depth: &[&str], wanted: &[&str]) -> Result<Output> {
        let mut git_dir = std::ffi::OsString::from("--git-dir=");
        git_dir.push(&self.entry.repository);
        let program = self
            .call
            .git
            .network(None)?
            // Loose objects of a killed run would be a commit without its files.
            .args(["-c", "fetch.unpackLimit=1", "-c", "fetch.writeCommitGraph=false"])
            // Longer files pass through without being held in memory.
            .args(["-c", "core.bigFileThreshold=16m"])
            .arg(git_dir)
            .args(["fetch", "--quiet", "--force", "--no-tags", "--no-prune", "--no-recurse-submodules"])
            .args(depth.iter().copied())
            .arg("--")
            .arg(&self.call.remote.address)
            .args(wanted.iter().copied())
            // If this process is killed, nobody else works on the repository before git has ended too.
            .stdin_file(self.lock.share()?);
        let Some(most_bytes) = self.call.settings.most_bytes else { return self.call.git.run(program) };
        let output = self.call.git.run(program.file_limit(most_bytes))?;
        if !output.is_success() && Trouble::of_output(&output) == Trouble::TooLong {
            self.entry.sweep()?;
            let message = format!("{}: it is longer than {most_bytes} bytes", self.call.git.doing);
            return Err(Error::new(ErrorKind::Failed, message).with_hint("take the files from a smaller repository"));
        }
        Ok(output)
    }
}
