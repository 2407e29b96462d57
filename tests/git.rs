//! Remote repositories by file, https and ssh, against real servers on loopback.
#![allow(clippy::disallowed_methods, reason = "tests make files, read the environment and start programs")]

mod support;

use kfleet::error::{Error, ErrorKind};
use kfleet::git::{Protocol, Reference, Settings, fetch, read_file, read_tree, read_tree_within, resolve};
use kfleet::process::Environment;
use kfleet::tree::{Limits, Lock, Tree};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};
use support::git_servers::{HttpsServer, LOGIN, Origin, SshServer, silent_port};

/// Settings that are nobody's, with a cache and a home of their own.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Home {
        Home { folder: tempfile::tempdir().expect("a folder") }
    }

    fn settings(&self, more: &[(&str, &str)]) -> Settings {
        let mut environment: Environment = [
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_CONFIG_SYSTEM", "/dev/null".into()),
            ("HOME", self.folder.path().as_os_str().to_owned()),
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            // As a hook has it: of no concern to remote repositories.
            ("GIT_DIR", "/nonexistent".into()),
        ]
        .into_iter()
        .collect();
        for (name, value) in more {
            environment.set(*name, *value);
        }
        let settings = Settings::new(environment, self.folder.path().join("new/cache")).allow(Protocol::File);
        Settings { timeout: Duration::from_secs(60), ..settings }
    }
}

fn named(name: &str) -> Reference {
    Reference::parse(Some(name))
}

/// An error that keeps the rules for all of them.
fn checked(error: Error) -> (ErrorKind, String, String) {
    let text = format!("{error} {error:?}");
    for secret in ["pass word@1", "pass%20word%401", "wr0ng-secret"] {
        assert!(!text.contains(secret) && !error.hint.as_deref().unwrap_or_default().contains(secret), "{text}");
    }
    let hint = error.hint.clone().unwrap_or_else(|| panic!("no hint: {error}"));
    assert!(!error.to_string().ends_with('.') && !hint.ends_with('.'), "{error} {hint}");
    assert!(error.to_string().starts_with("cannot "), "{error}");
    (error.kind, error.to_string(), hint)
}

/// Both ways to ask fail in the same way.
fn fails(url: &str, reference: &Reference, settings: &Settings) -> (ErrorKind, String, String) {
    let (kind, message, hint) = fails_to_fetch(url, reference, settings);
    if !matches!(reference, Reference::Commit(_)) {
        let other = checked(resolve(url, reference, settings).expect_err(url));
        assert_eq!((kind, &hint), (other.0, &other.2), "{message} {}", other.1);
    }
    (kind, message, hint)
}

/// Paths in the user's settings are relative to where git starts: to the fleet's root.
#[test]
fn git_starts_in_the_folder_of_the_settings() {
    let (origin, home) = (Origin::new(), Home::new());
    let settings = home.settings(&[("GIT_CONFIG_GLOBAL", "own.conf")]);
    let text = format!("[url \"{}\"]\n\tinsteadOf = file:///alias\n", origin.url());
    std::fs::write(home.folder.path().join("own.conf"), text).expect("written");
    assert!(resolve("file:///alias", &Reference::Head, &settings).is_err());
    let settings = Settings { folder: home.folder.path().to_owned(), ..settings };
    assert_eq!(resolve("file:///alias", &Reference::Head, &settings).expect("resolved"), origin.commits[3]);
    assert_eq!(fetch("file:///alias", &Reference::Head, &settings).expect("fetched").commit, origin.commits[3]);
}

#[test]
fn branches_tags_and_commits_are_fetched() {
    let (origin, home) = (Origin::new(), Home::new());
    let settings = home.settings(&[]);
    for (reference, number) in [
        (Reference::Head, 3),
        (Reference::Branch("feature/x".into()), 2),
        (Reference::Tag("v1.0.0".into()), 0),
        (Reference::Tag("light".into()), 2),
        (named("main"), 3),
        (named("v1.0.0"), 0),
        (named("refs/heads/feature/x"), 2),
        (named(&origin.commits[3]), 3),
        (named(&origin.commits[1]), 1),
    ] {
        let expected = &origin.commits[number];
        assert_eq!(&resolve(&origin.url(), &reference, &settings).expect("resolved"), expected, "{reference}");
        let fetched = fetch(&origin.url(), &reference, &settings).expect("fetched");
        assert_eq!(&fetched.commit, expected, "{reference}");
        assert_eq!(read_tree(&fetched.repository, expected, "base/a.yaml").expect("read").len(), 1);
    }
    // A path is a URL too; a tag wins over a branch of the same name, as in git.
    origin.git(&["-C", "fleet.git", "tag", "main", &origin.commits[1]]);
    let path = origin.path().display().to_string();
    assert_eq!(fetch(&path, &named("main"), &settings).expect("fetched").commit, origin.commits[1]);
    assert_eq!(resolve(&path, &named("main"), &settings).expect("resolved"), origin.commits[1]);
    assert_eq!(fetch(&path, &Reference::Branch("main".into()), &settings).expect("fetched").commit, origin.commits[3]);
}

#[test]
fn a_branch_that_moves_is_followed_and_history_is_left_out() {
    let (origin, home) = (Origin::new(), Home::new());
    let settings = home.settings(&[]);
    let main = Reference::Branch("main".into());
    let first = fetch(&origin.url(), &main, &settings).expect("fetched");
    assert_eq!(origin.git(&["-C", &first.repository.display().to_string(), "rev-list", "--count", &first.commit]), "1");
    origin.git(&["-C", "fleet.git", "update-ref", "refs/heads/main", &origin.commits[0]]);
    assert_eq!(fetch(&origin.url(), &main, &settings).expect("fetched").commit, origin.commits[0]);
    // The old one is still there, without the origin.
    std::fs::remove_dir_all(origin.path()).expect("removed");
    assert_eq!(fetch(&origin.url(), &named(&first.commit), &settings).expect("cached"), first);
    assert!(fetch(&origin.url(), &main, &settings).is_err());
}

#[test]
fn servers_that_give_no_bare_commit_are_asked_for_branches() {
    let (origin, home) = (Origin::new(), Home::new());
    let old = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "protocol.version"), ("GIT_CONFIG_VALUE_0", "0")];
    let settings = home.settings(&old);
    let count = |repository: &Path| {
        let repository = repository.display().to_string();
        origin.git(&["-C", &repository, "rev-list", "--count", "--all"]).parse::<usize>().expect("a number")
    };
    // At a tip, and at an annotated tag: still without history.
    for number in [3, 0] {
        let fetched = fetch(&origin.url(), &named(&origin.commits[number]), &settings).expect("fetched");
        assert_eq!(fetched.commit, origin.commits[number]);
        assert!(count(&fetched.repository) <= 2);
    }
    let fetched = fetch(&origin.url(), &named(&origin.commits[1]), &settings).expect("fetched");
    assert_eq!((fetched.commit.as_str(), count(&fetched.repository)), (origin.commits[1].as_str(), 4));
    let (kind, message, hint) = fails(&origin.url(), &named(&"1".repeat(40)), &settings);
    assert_eq!(kind, ErrorKind::Failed);
    assert!(
        message.contains(": the repository does not have it") && hint.starts_with("no branch and no tag"),
        "{hint}"
    );
}

#[test]
fn what_the_repository_does_not_have_is_told_with_what_it_has() {
    let (origin, home) = (Origin::new(), Home::new());
    let settings = home.settings(&[]);
    let url = origin.url();
    let (kind, message, hint) = fails(&url, &named("mian"), &settings);
    assert_eq!(kind, ErrorKind::Failed);
    assert_eq!(message, format!("cannot fetch mian from {url}: the repository does not have it"));
    assert_eq!(hint, "the nearest names are main");
    let (_, _, hint) = fails(&url, &Reference::Tag("1.0.1".into()), &settings);
    assert_eq!(hint, "the nearest names are v1.0.0");
    let (_, message, _) = fails(&url, &named(&"1".repeat(40)), &settings);
    assert!(message.ends_with(": the repository does not have it"), "{message}");
    let (_, message, _) = checked(fetch(&url, &Reference::Tag("blob".into()), &settings).expect_err("no commit"));
    assert!(message.ends_with(": it is not a commit"), "{message}");
    origin.git(&["init", "-q", "--bare", "empty.git"]);
    let (_, _, hint) = fails(&url.replace("fleet", "empty"), &Reference::Head, &settings);
    assert_eq!(hint, "the repository is empty: it has no branches and no tags");
    let (kind, message, _) = fails(&url.replace("fleet", "none"), &Reference::Head, &settings);
    assert_eq!(kind, ErrorKind::Environment);
    assert!(message.contains("there is no such repository"), "{message}");
}

#[test]
fn urls_and_names_that_git_would_obey_are_refused() {
    let (origin, home) = (Origin::new(), Home::new());
    let made = home.folder.path().join("made");
    let command = format!("ext::touch {}", made.display());
    let settings = home.settings(&[]);
    for url in [&command, "--upload-pack=touch made", "-x", "ssh://-oProxyCommand=touch/x", "git://127.0.0.1/x"] {
        assert_eq!(fails(url, &Reference::Head, &settings).0, ErrorKind::Failed);
    }
    for name in ["--upload-pack=touch made", "-x", "a:b", "a b"] {
        assert_eq!(fails(&origin.url(), &named(name), &settings).0, ErrorKind::Failed);
    }
    // Neither do the user's settings lead to what is not allowed.
    for to in ["http://127.0.0.1:1/", &command.replace(' ', "%20"), "ext::sh -c touch% made "] {
        let key = format!("url.{to}.insteadOf");
        let more = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", key.as_str()),
            ("GIT_CONFIG_VALUE_0", "https://moved.example/"),
        ];
        let (_, message, _) = fails("https://moved.example/x", &Reference::Head, &home.settings(&more));
        assert!(message.contains("a protocol that is not allowed"), "{message}");
    }
    let strict = Settings::new(settings.environment, &settings.cache);
    for (url, protocol) in [(origin.url().as_str(), "file"), ("http://127.0.0.1:1/x", "http")] {
        let (kind, message, _) = fails(url, &Reference::Head, &strict);
        assert_eq!(kind, ErrorKind::Failed);
        assert!(message.ends_with(&format!("the protocol {protocol} is not allowed here")), "{message}");
    }
    assert!(!made.exists());
}

#[test]
fn servers_that_cannot_be_reached_are_told_apart() {
    let home = Home::new();
    let settings = home.settings(&[]).allow(Protocol::Http);
    for (url, reason) in [
        ("https://no-such-host.invalid/x.git", "no such host is known"),
        ("ssh://git@no-such-host.invalid/x.git", "no such host is known"),
        ("http://127.0.0.1:1/x.git", "the connection is refused"),
        ("https://u:wr0ng-secret@127.0.0.1:1/x.git", "the connection is refused"),
        ("ssh://git@127.0.0.1:1/x.git", "the connection is refused"),
    ] {
        if url.starts_with("ssh") && !Path::new("/usr/bin/ssh").exists() {
            support::skip("servers_that_cannot_be_reached_are_told_apart", "there is no ssh");
            continue;
        }
        let (kind, message, _) = fails(url, &Reference::Head, &settings);
        assert_eq!(kind, ErrorKind::Environment);
        assert!(message.ends_with(reason) || message.ends_with("the server cannot be reached"), "{url}: {message}");
    }
    let (kind, message, _) =
        fails("https://127.0.0.1:1/x.git", &Reference::Head, &home.settings(&[("PATH", "/nonexistent")]));
    assert_eq!(kind, ErrorKind::Environment);
    assert!(message.contains("cannot run git: the program is not installed"), "{message}");
}

#[test]
fn nothing_takes_longer_than_it_may() {
    let (origin, home) = (Origin::new(), Home::new());
    let settings = Settings { timeout: Duration::from_secs(1), ..home.settings(&[]) };
    let url = format!("https://127.0.0.1:{}/x.git", silent_port());
    let start = Instant::now();
    let (kind, message, _) = fails(&url, &Reference::Head, &settings);
    assert_eq!(kind, ErrorKind::Timeout);
    assert_eq!(message, format!("cannot fetch HEAD from {url}: it took longer than 1 second"));
    assert!(start.elapsed() < Duration::from_secs(10));
    // Another process that holds the lock counts too.
    let fetched = fetch(&origin.url(), &Reference::Head, &settings).expect("fetched");
    // A program that another thread starts holds copies of all files for a moment.
    let lock = Lock::take(&fetched.repository.with_extension("lock"), Instant::now() + settings.timeout)
        .expect("a lock")
        .expect("free");
    let (kind, message, _) = checked(fetch(&origin.url(), &Reference::Head, &settings).expect_err("locked"));
    assert_eq!(kind, ErrorKind::Timeout);
    assert!(message.ends_with("another kfleet has been at it for 1 second"), "{message}");
    fetch(&origin.url(), &named(&fetched.commit), &settings).expect("the cache needs no lock");
    drop(lock);
    fetch(&origin.url(), &Reference::Head, &settings).expect("free again");
}

#[test]
fn several_fetches_at_once_get_what_they_want() {
    let (origin, home) = (Origin::new(), Home::new());
    let settings = home.settings(&[]);
    let wanted = [("main", 3), ("v1.0.0", 0), ("feature/x", 2), ("main", 3)];
    std::thread::scope(|scope| {
        for (name, number) in wanted.iter().chain(&wanted) {
            let (origin, settings) = (&origin, &settings);
            scope.spawn(move || {
                let fetched = fetch(&origin.url(), &named(name), settings).expect(name);
                assert_eq!(fetched.commit, origin.commits[*number], "{name}");
                assert!(read_tree(&fetched.repository, &fetched.commit, "").expect("read").contains_key("base/a.yaml"));
            });
        }
    });
}

#[test]
fn what_a_killed_run_has_left_does_not_matter_and_no_hook_runs() {
    let (origin, home) = (Origin::new(), Home::new());
    let settings = home.settings(&[]);
    let repository = fetch(&origin.url(), &named("v1.0.0"), &settings).expect("fetched").repository;
    let left = ["shallow.lock", "packed-refs.lock", "refs/kfleet/incoming.lock", "objects/pack/tmp_pack_x"];
    for name in left {
        std::fs::write(repository.join(name), "").expect("written");
    }
    let made = home.folder.path().join("made");
    let hook = repository.join("hooks/reference-transaction");
    std::fs::create_dir_all(repository.join("hooks")).expect("made");
    std::fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", made.display())).expect("written");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("executable");
    assert_eq!(fetch(&origin.url(), &named("main"), &settings).expect("fetched").commit, origin.commits[3]);
    for name in left {
        assert!(!repository.join(name).exists(), "{name}");
    }
    assert!(!made.exists());
    // Killed while the repository was made.
    std::fs::remove_file(repository.join("HEAD")).expect("removed");
    fetch(&origin.url(), &named("main"), &settings).expect("fetched");
}

#[test]
fn https_with_a_login() {
    let (origin, home) = (Origin::new(), Home::new());
    let server = HttpsServer::start(origin.folder.path());
    let ca = home.folder.path().join("ca.pem").display().to_string();
    std::fs::write(&ca, &server.ca).expect("written");
    let settings = home.settings(&[("GIT_SSL_CAINFO", &ca)]);
    let url = |login: &str| format!("https://{login}{}/fleet.git", server.address);
    let good = url("robot:pass%20word%401@");
    for (name, number) in [("HEAD", 3), ("v1.0.0", 0), ("feature/x", 2), (origin.commits[1].as_str(), 1)] {
        assert_eq!(resolve(&good, &named(name), &settings).expect(name), origin.commits[number]);
        assert_eq!(fetch(&good, &named(name), &settings).expect(name).commit, origin.commits[number]);
    }
    // A commit in the cache needs neither network nor login.
    let before = server.requests();
    let cached = fetch(&url(""), &named(&origin.commits[1]), &settings).expect("cached");
    assert_eq!((cached.commit.as_str(), server.requests()), (origin.commits[1].as_str(), before));
    for login in ["", "robot@", "robot:wr0ng-secret@"] {
        let (kind, message, _) = fails(&url(login), &Reference::Head, &settings);
        assert_eq!(kind, ErrorKind::Environment);
        let expected = format!("cannot fetch HEAD from {}: the server does not accept the credentials", url(""));
        assert_eq!(message, expected);
    }
    // The user's own helper.
    let helper = format!("!f() {{ echo username={}; echo 'password={}'; }}; f", LOGIN.0, LOGIN.1);
    let more = [
        ("GIT_SSL_CAINFO", ca.as_str()),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "credential.helper"),
        ("GIT_CONFIG_VALUE_0", &helper),
    ];
    assert_eq!(fetch(&url(""), &named("main"), &home.settings(&more)).expect("fetched").commit, origin.commits[3]);
    let (_, message, _) = fails(&good.replace("fleet", "none"), &Reference::Head, &settings);
    assert!(message.contains("there is no such repository"), "{message}");
    let (_, message, _) = fails(&good.replace("fleet", "forbidden"), &Reference::Head, &settings);
    assert!(message.contains("does not allow it to these credentials (403)"), "{message}");
    for more in [vec![], vec![("GIT_SSL_CAINFO", "/nonexistent/ca.pem")]] {
        let (kind, message, hint) = fails(&good, &Reference::Head, &home.settings(&more));
        assert_eq!(kind, ErrorKind::Environment);
        assert!(message.contains("certificate cannot be trusted") && hint.contains("GIT_SSL_CAINFO"), "{message}");
    }
    // Those who are not trusted make no use of any of these, nor of a netrc, nor of a login in the URL.
    let netrc = format!("machine 127.0.0.1 login {} password \"{}\"\n", LOGIN.0, LOGIN.1);
    let nobody = home.settings(&more).without_credentials();
    std::fs::write(home.folder.path().join(".netrc"), netrc).expect("written");
    for login in ["", "robot:pass%20word%401@"] {
        let (kind, message, _) = fails(&url(login), &Reference::Branch("light".into()), &nobody);
        assert!(kind == ErrorKind::Environment && message.contains("does not accept the credentials"), "{message}");
    }
    std::fs::remove_file(home.folder.path().join(".netrc")).expect("removed");
    let ssh = fails("ssh://git@127.0.0.1/x", &Reference::Head, &nobody).1;
    assert!(ssh.contains("the protocol ssh is not allowed here"), "{ssh}");
    // Nothing of the password is on the disk.
    let written = Tree::from_dir(home.folder.path()).expect("read");
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    for (path, bytes) in written.iter() {
        assert!(!has(bytes, "pass%20word%401") && !has(bytes, LOGIN.1), "{path}");
    }
}

#[test]
fn a_fetch_has_a_limit_and_leaves_nothing_behind() {
    let (origin, home) = (Origin::new(), Home::new());
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let noise: Vec<u8> = (0..200_000).map(|_| random()).collect();
    std::fs::write(origin.folder.path().join("base/big.bin"), &noise).expect("written");
    origin.git(&["add", "base"]);
    origin.git(&["commit", "-q", "-m", "big"]);
    origin.git(&["push", "-q", "fleet.git", "main"]);
    let commit = origin.git(&["rev-parse", "HEAD"]);
    let settings = Settings { most_bytes: Some(50_000), ..home.settings(&[]) };
    let (kind, message, _) = fails_to_fetch(&origin.url(), &named("main"), &settings);
    assert_eq!(kind, ErrorKind::Failed);
    assert!(message.contains("it is longer than 50000 bytes"), "{message}");
    let (_, message, _) = fails_to_fetch(&origin.url(), &named(&commit), &settings);
    assert!(message.contains("it is longer than 50000 bytes"), "{message}");
    let left: u64 = Tree::from_dir(home.folder.path()).expect("read").values().map(|bytes| bytes.len() as u64).sum();
    assert!(left < 50_000, "{left} bytes are left");
    let small = fetch(&origin.url(), &named("v1.0.0"), &settings).expect("small");
    assert_eq!(small.commit, origin.commits[0]);
    let settings = Settings { most_bytes: Some(1_000_000), ..settings };
    let fetched = fetch(&origin.url(), &named(&commit), &settings).expect("fetched");
    // One file is read, and nothing that leads elsewhere.
    let read = |path: &str| read_file(&fetched.repository, &commit, path, 1000).map_err(|error| error.to_string());
    assert_eq!(read("base/a.yaml").as_deref(), Ok(&b"file: 0\n"[..]));
    for (path, expected) in [
        ("base", "it is a folder"),
        ("", "it is a folder"),
        ("base/link.yaml", "base/link.yaml is a symbolic link"),
        ("base/link.yaml/x", "base/link.yaml is a symbolic link"),
        ("base/big.bin", "base/big.bin is longer than 1000 bytes"),
        ("../base/a.yaml", "not a plain path"),
        ("base/../base/a.yaml", "not a plain path"),
        ("/base/a.yaml", "not a plain path"),
        ("base/none.yaml", "the commit has no base/none.yaml"),
    ] {
        let error = read(path).expect_err(path);
        assert!(error.contains(expected), "{path}: {error}");
    }
}

fn fails_to_fetch(url: &str, reference: &Reference, settings: &Settings) -> (ErrorKind, String, String) {
    checked(fetch(url, reference, settings).expect_err(url))
}

#[test]
fn ssh_with_a_deploy_key() {
    let (origin, home) = (Origin::new(), Home::new());
    let keys = tempfile::tempdir().expect("a folder");
    let server = match SshServer::start(keys.path()) {
        Ok(server) => server,
        Err(reason) => return support::skip("ssh_with_a_deploy_key", &reason),
    };
    let user = String::from_utf8(std::process::Command::new("id").arg("-un").output().expect("id runs").stdout);
    let user = user.expect("UTF-8").trim().to_owned();
    let url = format!("ssh://{user}@127.0.0.1:{}{}", server.port, origin.path().display());
    let settings = |key: &str, hosts: &str| home.settings(&[("GIT_SSH_COMMAND", &server.client(key, hosts))]);
    let good = settings("key", "known");
    assert_eq!(resolve(&url, &named("v1.0.0"), &good).expect("resolved"), origin.commits[0]);
    assert_eq!(fetch(&url, &named("main"), &good).expect("fetched").commit, origin.commits[3]);
    assert_eq!(fetch(&url, &named(&origin.commits[1]), &good).expect("fetched").commit, origin.commits[1]);
    // The same from git's settings, which the environment must not override.
    let command = server.client("key", "known");
    let more =
        [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "core.sshCommand"), ("GIT_CONFIG_VALUE_0", command.as_str())];
    assert_eq!(fetch(&url, &named("light"), &home.settings(&more)).expect("fetched").commit, origin.commits[2]);
    for (url, settings, reason) in [
        (url.clone(), settings("other", "known"), "the server does not accept the credentials"),
        (url.clone(), settings("key", "nobody"), "the host key of the server is not known, or has changed"),
        (url.clone(), home.settings(&[]), "the host key of the server is not known, or has changed"),
        (url.replace("fleet", "none"), good, "there is no such repository, or these credentials do not show it"),
    ] {
        let (kind, message, _) = fails(&url, &Reference::Head, &settings);
        assert_eq!(kind, ErrorKind::Environment);
        assert_eq!(message, format!("cannot fetch HEAD from {url}: {reason}"));
    }
}

#[test]
fn trees_are_read_without_a_checkout() {
    let (origin, home) = (Origin::new(), Home::new());
    let fetched = fetch(&origin.url(), &Reference::Head, &home.settings(&[])).expect("fetched");
    let read = |path: &str| read_tree(&fetched.repository, &fetched.commit, path);
    let below_base = Tree::from([("a.yaml", "file: 0\n"), ("d.yaml", "file: 3\n"), ("sub/b.yaml", "file: 1\n")]);
    for path in ["base", "./base/", "base/."] {
        assert_eq!(read(path).expect(path), below_base);
    }
    assert_eq!(read("base/sub/b.yaml").expect("a file"), Tree::from([("b.yaml", "file: 1\n")]));
    assert_eq!(read("").expect("all").len(), 4);
    // The origin's own folder, which is not bare, at an older commit.
    let older = read_tree(origin.folder.path(), &origin.commits[0], "").expect("read");
    assert_eq!(older, Tree::from([("base/a.yaml", "file: 0\n")]));
    let contents = read_tree_within(&fetched.repository, &fetched.commit, "base", Limits::default()).expect("read");
    assert_eq!(contents.tree, below_base);
    let left_out: Vec<String> =
        contents.passed_over.iter().map(|item| format!("{} {}", item.path, item.reason)).collect();
    assert_eq!(
        left_out,
        [
            "base/link.yaml is a symbolic link, which is not followed",
            "base/module is a submodule, which is not followed"
        ]
    );
    let short = &fetched.commit[..12];
    for (path, reason) in [
        ("bsae", "the commit has no bsae"),
        ("base/none/x", "the commit has no base/none"),
        ("base/a.yaml/x", "base/a.yaml is a file, not a folder"),
        ("base/link.yaml", "base/link.yaml is a symbolic link"),
        ("base/module/x", "base/module is a submodule"),
        ("../x", "the path is not a plain path below the root of the repository"),
        ("/base", "the path is not a plain path below the root of the repository"),
    ] {
        let error = read(path).expect_err(path);
        assert_eq!(
            (error.kind, error.to_string()),
            (ErrorKind::Failed, format!("cannot read {path} at commit {short}: {reason}"))
        );
    }
    assert_eq!(read("bsae").expect_err("a hint").hint.as_deref(), Some("the nearest name is base"));
    for commit in [&"1".repeat(40), "main", &fetched.commit[..10], ""] {
        assert_eq!(read_tree(&fetched.repository, commit, "base").expect_err(commit).kind, ErrorKind::Failed);
    }
    let error = read_tree(home.folder.path(), &fetched.commit, "").expect_err("no repository");
    assert_eq!(error.kind, ErrorKind::Environment);
    assert!(error.to_string().ends_with("it is not a git repository"), "{error}");
}

#[test]
fn big_deep_and_unsafe_trees_are_refused() {
    let origin = Origin::new();
    let limits = Limits::default();
    for (limits, reason) in [
        (Limits { entries: 3, ..limits }, "there are more than 3 files and folders"),
        (Limits { total: 20, ..limits }, "the files are longer than 20 bytes together"),
    ] {
        let error = read_tree_within(&origin.path(), &origin.commits[3], "", limits).expect_err(reason);
        assert!(error.to_string().ends_with(reason), "{error}");
    }
    let file = Limits { file: 5, ..limits };
    let error = read_tree_within(&origin.path(), &origin.commits[3], "base/a.yaml", file).expect_err("too long");
    assert!(error.to_string().ends_with("base/a.yaml is longer than 5 bytes"), "{error}");
    let repository = git2::Repository::open_bare(origin.path()).expect("a repository");
    let blob = repository.blob(b"x").expect("a file");
    let commit_of = |tree: git2::Oid| {
        let author = git2::Signature::now("T", "t@example.com").expect("an author");
        let tree = repository.find_tree(tree).expect("a tree");
        repository.commit(None, &author, &author, "x", &tree, &[]).expect("a commit").to_string()
    };
    let folder_of = |entries: &[(&str, git2::Oid, i32)]| {
        let mut folder = repository.treebuilder(None).expect("a folder");
        for (name, id, mode) in entries {
            folder.insert(name, *id, *mode).expect("an entry");
        }
        folder.write().expect("written")
    };
    for name in [&b".."[..], b".git", b".GIT", b"a\\b", b"\xff"] {
        let tree = [&b"100644 "[..], name, b"\0", blob.as_bytes()].concat();
        let tree = repository.odb().expect("objects").write(git2::ObjectType::Tree, &tree).expect("written");
        let error = read_tree(&origin.path(), &commit_of(tree), "").expect_err("unsafe");
        assert!(error.to_string().contains("is not safe, or not UTF-8"), "{error}");
    }
    let mut tree = folder_of(&[("x", blob, 0o100_644)]);
    // 2^30 files in 30 objects.
    let mut bomb = tree;
    for _ in 0..30 {
        bomb = folder_of(&[("a", bomb, 0o040_000), ("b", bomb, 0o040_000)]);
    }
    let error = read_tree(&origin.path(), &commit_of(bomb), "").expect_err("a bomb");
    assert!(error.to_string().contains("there are more than 200000 files and folders"), "{error}");
    for _ in 0..210 {
        tree = folder_of(&[("d", tree, 0o040_000)]);
    }
    let error = read_tree(&origin.path(), &commit_of(tree), "").expect_err("deep");
    assert!(error.to_string().contains("deeper than 200"), "{error}");
}
