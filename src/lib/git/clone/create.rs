//! A repository's first commits, by libgit2: no hook runs, no template of the user is copied, and a git program is needed
//! only where the user's settings ask for signed commits. The user's settings are found where git looks for them: libgit2 itself reads `HOME` and
//! `XDG_CONFIG_HOME` of this process for that.

use std::path::Path;

use git2::{Commit, Config, ConfigLevel, ErrorCode, Index, Oid, Repository, RepositoryInitOptions, Signature};

use super::index::{Answered, entry, writable_index};
use super::signing::{Committing, is_signed};
use crate::error::{Error, ErrorKind, Result};
use crate::git::read::{branch_of, open};
use crate::process::Environment;
use crate::tree::{Tree, remove_file};

/// What a folder's own repository is: those above it do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Whether there is a commit.
    pub has_commits: bool,
    /// The branch that is checked out, whether it has a commit or not.
    pub branch: Option<String>,
    /// The URL of the remote `origin`.
    pub origin: Option<String>,
}

/// Looks at a folder's own repository; nothing if it has none.
pub fn about(folder: &Path) -> Result<Option<About>> {
    if folder.join(".git").symlink_metadata().is_err() {
        return Ok(None);
    }
    let doing = "cannot look at the repository";
    let repository = open(folder, doing)?;
    let fail = |cause: git2::Error| failed(doing, &cause);
    let has_commits = match repository.head() {
        Ok(_) => true,
        Err(cause) if matches!(cause.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
            repository.references().map_err(fail)?.next().is_some()
        }
        Err(cause) => return Err(fail(cause)),
    };
    let branch = branch_of(&repository).map_err(fail)?;
    let origin = repository.find_remote("origin").ok();
    let origin = origin.and_then(|remote| remote.url().ok().map(str::to_owned));
    Ok(Some(About { has_commits, branch, origin }))
}

/// The branch that the user's settings give new repositories.
pub fn default_branch(environment: &Environment) -> Option<String> {
    let config = match environment.get("GIT_CONFIG_GLOBAL") {
        Some(file) => Config::open(Path::new(file)),
        None => Config::open_default(),
    };
    config.ok()?.get_string("init.defaultBranch").ok().filter(|name| is_branch(name))
}

/// Whether git accepts a branch of this name.
pub fn is_branch(name: &str) -> bool {
    git2::Branch::name_is_valid(name).unwrap_or(false)
}

/// A repository without commits.
pub struct NewRepository {
    repository: Repository,
    author: Signature<'static>,
    committer: Signature<'static>,
    environment: Environment,
    is_signed: bool,
}

impl NewRepository {
    /// Makes one in a folder.
    ///
    /// # Errors
    /// It cannot be made, or the user has no identity ([`ErrorKind::Environment`]).
    pub fn create(folder: &Path, environment: &Environment) -> Result<NewRepository> {
        let mut options = RepositoryInitOptions::new();
        options.no_reinit(true).external_template(false);
        let made = Repository::init_opts(folder, &options);
        let repository = made.map_err(|cause| failed("cannot make a git repository", &cause))?;
        NewRepository::with_identity(repository, environment)
    }

    /// Opens the one of a folder.
    ///
    /// # Errors
    /// It cannot be read, or the user has no identity ([`ErrorKind::Environment`]).
    pub fn open(folder: &Path, environment: &Environment) -> Result<NewRepository> {
        NewRepository::with_identity(open(folder, "cannot commit")?, environment)
    }

    fn with_identity(repository: Repository, environment: &Environment) -> Result<NewRepository> {
        let config = config(&repository, environment).map_err(|cause| failed("cannot read git's settings", &cause))?;
        let author = signature("author", environment, &config)?;
        let committer = signature("committer", environment, &config)?;
        let (environment, is_signed) = (environment.clone(), is_signed(&config));
        Ok(NewRepository { repository, author, committer, environment, is_signed })
    }

    /// Writes a commit that holds exactly these files. No branch has it yet.
    ///
    /// # Errors
    /// The objects cannot be written, or the commit not be signed.
    pub fn commit(&self, files: &Tree, message: &str, parent: Option<&str>) -> Result<String> {
        let written = || {
            let mut index = Index::new()?;
            for (path, bytes) in files.iter() {
                index.add(&entry(path.as_bytes(), 0o100_644, self.repository.blob(bytes)?))?;
            }
            let tree = self.repository.find_tree(index.write_tree_to(&self.repository)?)?;
            let parent = parent.map(|id| self.repository.find_commit(Oid::from_str(id)?)).transpose()?;
            Ok((tree, parent))
        };
        let (tree, parent) = written().map_err(|cause| failed("cannot commit", &cause))?;
        let NewRepository { author, committer, environment, is_signed, .. } = self;
        let committing = Committing { author, committer, environment, is_signed: *is_signed };
        let parents: Vec<&Commit<'_>> = parent.iter().collect();
        Ok(committing.write(&self.repository, message, &tree, &parents)?.to_string())
    }

    /// Makes a commit the tip of a new branch, and checks the branch out as far as git's own files go.
    pub fn set_branch(&self, branch: &str, commit: &str) -> Result<()> {
        let name = format!("refs/heads/{branch}");
        let set = || {
            self.repository.set_head(&name)?;
            self.repository.reference(&name, Oid::from_str(commit)?, false, "commit (initial)")?;
            index_of_head(&self.repository)
        };
        set().map_err(|cause| failed("cannot set the branch", &cause))
    }
}

/// Removes what a killed process has left of its work on a new repository: locks that nobody holds any more.
pub fn remove_locks(folder: &Path) -> Result<()> {
    let repository = open(folder, "cannot tidy up")?;
    let head = repository.find_reference("HEAD").ok();
    let branch =
        head.as_ref().and_then(|head| head.symbolic_target().ok().flatten()).map(|name| format!("{name}.lock"));
    for name in ["HEAD.lock", "index.lock"].into_iter().chain(branch.as_deref()) {
        remove_file(&repository.path().join(name))?;
    }
    Ok(())
}

/// Makes the index of a folder's repository that of its last commit.
pub fn reset_index(folder: &Path) -> Result<()> {
    let repository = open(folder, "cannot write the index")?;
    index_of_head(&repository).map_err(|cause| failed("cannot write the index", &cause))
}

fn index_of_head(repository: &Repository) -> Answered<()> {
    let mut index = writable_index(repository)?;
    index.read_tree(&repository.head()?.peel_to_tree()?)?;
    index.write()
}

/// The settings as git finds them: `GIT_CONFIG_GLOBAL` takes the place of the user's files.
pub(super) fn config(repository: &Repository, environment: &Environment) -> Answered<Config> {
    let Some(global) = environment.get("GIT_CONFIG_GLOBAL") else { return repository.config() };
    let mut config = Config::new()?;
    if let Ok(system) = Config::find_system() {
        config.add_file(&system, ConfigLevel::System, false)?;
    }
    config.add_file(Path::new(global), ConfigLevel::Global, false)?;
    config.add_file(&repository.commondir().join("config"), ConfigLevel::Local, false)?;
    Ok(config)
}

/// An identity as git puts it together: environment, `author.name`, `user.name`.
pub(super) fn signature(role: &str, environment: &Environment, config: &Config) -> Result<Signature<'static>> {
    let find = |part: &str| {
        let variable = format!("GIT_{}_{}", role.to_ascii_uppercase(), part.to_ascii_uppercase());
        let set = environment.get(variable).and_then(|value| value.to_str()).map(str::to_owned);
        let configured = |section: &str| config.get_string(&format!("{section}.{part}")).ok();
        set.or_else(|| configured(role))
            .or_else(|| configured("user"))
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let (Some(name), Some(email)) = (find("name"), find("email")) else {
        let error = Error::new(ErrorKind::Environment, "cannot commit: git does not know who you are");
        return Err(error.with_hint(
            "run `git config --global user.name \"YOUR NAME\"` and `git config --global user.email YOU@EXAMPLE.ORG`",
        ));
    };
    Signature::now(&name, &email).map_err(|cause| failed("cannot commit", &cause))
}

fn failed(doing: &str, cause: &git2::Error) -> Error {
    Error::new(ErrorKind::Failed, format!("{doing}: {}", cause.message()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::git::clone) fn mk_environment(email: bool) -> Environment {
        let mut environment: Environment = [("GIT_CONFIG_GLOBAL", "/dev/null")].into_iter().collect();
        for role in ["AUTHOR", "COMMITTER"] {
            environment.set(format!("GIT_{role}_NAME"), "Ann");
            if email {
                environment.set(format!("GIT_{role}_EMAIL"), "ann@example.org");
            }
        }
        environment
    }

    #[test]
    fn first_commits_are_made_without_a_git_program() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(about(dir.path()).unwrap(), None);
        let repository = NewRepository::create(dir.path(), &mk_environment(true)).unwrap();
        assert!(!about(dir.path()).unwrap().unwrap().has_commits);
        let first = repository.commit(&Tree::from([("a/b", "1")]), "One", None).unwrap();
        let second = repository.commit(&Tree::from([("a/b", "2"), ("c", "")]), "Two", Some(&first)).unwrap();
        assert!(!about(dir.path()).unwrap().unwrap().has_commits, "no branch has them yet");
        repository.set_branch("trunk", &second).unwrap();
        let now = about(dir.path()).unwrap().unwrap();
        assert_eq!(now, About { has_commits: true, branch: Some("trunk".to_owned()), origin: None });
        let read = crate::git::read_tree(dir.path(), &second, "").unwrap();
        assert_eq!(read, Tree::from([("a/b", "2"), ("c", "")]));
        let commit = repository.repository.find_commit(Oid::from_str(&second).unwrap()).unwrap();
        assert_eq!((commit.parent_id(0).unwrap().to_string(), commit.author().email()), (first, Ok("ann@example.org")));
        assert!(repository.set_branch("trunk", &second).is_err(), "nothing is replaced");
    }

    #[test]
    fn without_an_identity_nothing_is_committed() {
        let dir = tempfile::tempdir().unwrap();
        // The system's own settings may have one.
        if Config::find_system().is_ok() {
            return;
        }
        let error = NewRepository::create(dir.path(), &mk_environment(false)).err().expect("refused");
        assert_eq!(error.kind, ErrorKind::Environment);
        assert!(error.hint.unwrap().contains("git config --global user.email"));
    }
}
