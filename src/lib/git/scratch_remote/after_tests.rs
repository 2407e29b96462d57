//! What becomes of odd things that a run has pushed.
#![allow(clippy::disallowed_methods, reason = "tests make files and run git")]

use super::tests::{Made, commit, git, git_command, settings};
use crate::error::ErrorKind;
use crate::git::{Brought, StepSettings};
use std::fs;

#[test]
fn refs_without_commits_keep_nothing_from_being_told_and_held() {
    let made = Made::new();
    let old = made.git(&["rev-parse", "HEAD:a"]);
    made.git(&["tag", "old", &old]);
    let (snapshot, throwaway) = made.begin();
    let step = made.generate(&throwaway, "gen/x", "x\n");
    git(&step, &["tag", "blob", "HEAD:gen/x"]);
    git(&step, &["tag", "tree", "HEAD^{tree}"]);
    git(&step, &["tag", "-a", "-m", "Blob", "about", "HEAD:gen/x"]);
    git(&step, &["push", "-q", "origin", "blob", "tree", "about", "+HEAD:refs/tags/old", "HEAD:refs/heads/other"]);
    let pushes = throwaway.pushes().unwrap();
    let told: Vec<(&str, usize, usize)> =
        pushes.iter().map(|push| (push.reference.as_str(), push.commit_count, push.files.len())).collect();
    let expected = [
        ("refs/heads/feature", 1, 1),
        ("refs/heads/other", 1, 1),
        ("refs/tags/about", 0, 0),
        ("refs/tags/blob", 0, 0),
        ("refs/tags/old", 1, 1),
        ("refs/tags/tree", 0, 0),
    ];
    assert_eq!(told, expected);
    assert!(pushes.iter().all(|push| push.new.is_some()));
    let held = made.clone().hold(&throwaway, &pushes, "run").unwrap();
    let held: Vec<String> = held.into_iter().map(Result::unwrap).collect();
    assert_eq!(held, ["heads/feature", "heads/other", "tags/old"].map(|name| format!("refs/kfleet/run/{name}")));
    assert!(made.bring(&throwaway, &snapshot).unwrap().is_some());
}

#[test]
fn what_changes_while_a_filter_works_is_not_lost() {
    let made = Made::new();
    let mine = made.work().join("mine.up");
    made.write(".gitattributes", "*.up filter=up\n");
    made.write("mine.up", "one\n");
    made.commit("Attributes");
    let (snapshot, throwaway) = made.begin();
    made.generate(&throwaway, "mine.up", "two\n");
    // Somebody saves the file meanwhile.
    made.git(&["config", "filter.up.smudge", &format!("echo edited > {}; cat", mine.display())]);
    let error = made.bring(&throwaway, &snapshot).unwrap_err();
    assert_eq!(error.message, "cannot take what the run has pushed: changed here since the run began: mine.up");
    assert_eq!(made.read("mine.up"), "edited\n");
}

#[test]
fn files_are_written_as_git_writes_them() {
    let made = Made::new();
    made.git(&["config", "filter.up.smudge", "tr a-z A-Z"]);
    made.git(&["config", "filter.up.clean", "tr A-Z a-z"]);
    made.git(&["config", "filter.up.required", "true"]);
    made.write(".gitattributes", "*.up filter=up\n*.utf working-tree-encoding=UTF-16LE text\n");
    made.write("sub/old.up", "ONE\n");
    made.commit("Attributes");
    assert_eq!(made.git(&["show", "HEAD:sub/old.up"]), "one");
    let (snapshot, throwaway) = made.begin();
    let step = made.generate(&throwaway, "sub/old.up", "two\n");
    fs::write(step.join("sub/new.up"), "new\n").unwrap();
    fs::write(step.join("w.txt"), "1\n").unwrap();
    // The attributes that come count for what comes with them.
    fs::write(step.join("sub/.gitattributes"), "*.low filter=up\n").unwrap();
    fs::write(step.join(".gitattributes"), "*.up filter=up\n*.txt text eol=crlf\n*.utf -text\n").unwrap();
    fs::write(step.join("sub/x.low"), "low\n").unwrap();
    commit(&step, "x.low", "low\n");
    // Where a filter cannot write a file, none is written.
    made.git(&["config", "filter.up.smudge", "false"]);
    let error = made.bring(&throwaway, &snapshot).unwrap_err();
    assert_eq!((error.kind, error.message.contains("smudge filter")), (ErrorKind::Refused, true), "{error}");
    assert_eq!((made.read("sub/old.up").as_str(), made.work().join("w.txt").exists()), ("ONE\n", false), "{error}");
    made.git(&["config", "filter.up.smudge", "tr a-z A-Z"]);
    assert!(matches!(made.bring(&throwaway, &snapshot).unwrap().unwrap(), Brought::Forward { .. }));
    for (path, text) in [
        ("sub/old.up", "TWO\n"),
        ("sub/new.up", "NEW\n"),
        ("w.txt", "1\r\n"),
        ("sub/x.low", "LOW\n"),
        ("x.low", "low\n"),
    ] {
        assert_eq!(made.read(path), text, "{path}");
    }
    assert_eq!(made.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_failure_gives_the_work_tree_back() {
    let made = Made::new();
    made.git(&["config", "filter.up.smudge", "tr a-z A-Z"]);
    made.git(&["config", "filter.up.clean", "tr A-Z a-z"]);
    made.write(".gitattributes", "*.up filter=up\n");
    made.write("1.up", "ONE\n");
    made.commit("Attributes");
    let (snapshot, throwaway) = made.begin();
    let step = made.generate(&throwaway, "1.up", "two\n");
    commit(&step, "z/new", "z\n");
    let planned = made.clone().bring(&throwaway, &snapshot, made.folder.path(), &settings()).unwrap().unwrap();
    // Since the plan something has come that is in the way of the last file.
    made.write("z/new/mine", "m\n");
    planned.apply(&settings()).unwrap_err();
    assert_eq!((made.read("1.up").as_str(), made.read("z/new/mine").as_str()), ("ONE\n", "m\n"));
    assert_eq!(made.git(&["status", "--porcelain"]), "?? z/");
}

#[test]
fn files_and_folders_take_the_places_of_each_other() {
    let made = Made::new();
    made.write("sub/deep/c", "c\n");
    made.commit("Deep");
    let begin = made.git(&["rev-parse", "HEAD"]);
    for is_dirty in [false, true] {
        if is_dirty {
            made.git(&["reset", "-q", "--hard", &begin]);
            made.write("other", "o\n");
        }
        let (snapshot, throwaway) = made.begin();
        let step = made.generate(&throwaway, "first", "1\n");
        git(&step, &["rm", "-q", "-r", "sub", "gone"]);
        fs::write(step.join("sub"), "file\n").unwrap();
        commit(&step, "gone/x", "x\n");
        commit(&step, "gone/y/z", "z\n");
        let plan = || made.clone().bring(&throwaway, &snapshot, made.folder.path(), &settings());
        // What git does not know is not lost: ignored files, those that came later, those that were not committed.
        for path in ["sub/x.log", "sub/deep/later"] {
            made.write(path, "mine\n");
            let error = plan().unwrap_err();
            assert_eq!((error.kind, error.message.contains("sub")), (ErrorKind::Refused, true), "{error}");
            assert_eq!((made.read(path).as_str(), made.read("sub/b").as_str()), ("mine\n", "b\n"));
            fs::remove_file(made.work().join(path)).unwrap();
        }
        // Nor is it where it comes after the plan; then all is as it was.
        let planned = plan().unwrap().unwrap();
        made.write("sub/x.log", "mine\n");
        planned.apply(&settings()).unwrap_err();
        let all = ["sub/b", "sub/deep/c", "gone", "sub/x.log"].map(|path| made.read(path));
        assert_eq!(all, ["b\n", "c\n", "gone\n", "mine\n"]);
        assert_eq!(made.git(&["status", "--porcelain"]), if is_dirty { "?? other" } else { "" });
        fs::remove_file(made.work().join("sub/x.log")).unwrap();
        let planned = plan().unwrap().unwrap();
        planned.apply(&settings()).unwrap();
        assert_eq!(["sub", "gone/x", "gone/y/z"].map(|path| made.read(path)), ["file\n", "x\n", "z\n"]);
        if !is_dirty {
            assert_eq!(made.git(&["status", "--porcelain"]), "");
        }
    }
}

#[test]
fn files_that_are_not_committed_are_in_the_way_of_one_in_the_place_of_their_folder() {
    let made = Made::new();
    made.write("sub/mine", "mine\n");
    let (snapshot, throwaway) = made.begin();
    let step = made.generate(&throwaway, "first", "1\n");
    git(&step, &["rm", "-q", "-r", "sub"]);
    commit(&step, "sub", "file\n");
    let error = made.bring(&throwaway, &snapshot).unwrap_err();
    assert!(error.message.contains("sub/mine is in the way of the file sub"), "{error}");
    assert_eq!(made.read("sub/mine"), "mine\n");
}

#[test]
fn a_folder_that_could_not_come_gives_way_to_the_file_that_was_there() {
    let made = Made::new();
    let (snapshot, throwaway) = made.begin();
    let step = made.generate(&throwaway, "first", "1\n");
    git(&step, &["rm", "-q", "gone"]);
    commit(&step, "gone/x", "x\n");
    commit(&step, "late", "l\n");
    let planned = made.clone().bring(&throwaway, &snapshot, made.folder.path(), &settings()).unwrap().unwrap();
    made.write("late/mine", "m\n");
    planned.apply(&settings()).unwrap_err();
    assert_eq!((made.read("gone").as_str(), made.read("late/mine").as_str()), ("gone\n", "m\n"));
}

#[test]
fn what_is_staged_stays_staged() {
    let made = Made::new();
    let head = made.git(&["rev-parse", "HEAD"]);
    // The work tree is as it was committed, the index is not: a file, and another in the place of a folder.
    made.write("a", "staged\n");
    made.write("new/x", "staged too\n");
    made.git(&["add", "a", "new/x"]);
    made.write("a", "1\n2\n3\n4\n5\n");
    fs::remove_dir_all(made.work().join("new")).unwrap();
    for (path, text) in [("a", "pushed\n"), ("new", "pushed\n")] {
        let snapshot = made.snapshot();
        assert_eq!(snapshot.is_synthetic, path != "a");
        let throwaway = made.throwaway(&snapshot);
        made.generate(&throwaway, path, text);
        let brought = made.bring(&throwaway, &snapshot).unwrap().unwrap();
        assert_eq!(made.read(path), text);
        assert_eq!(
            (made.git(&["show", ":a"]).as_str(), made.git(&["show", ":new/x"]).as_str()),
            ("staged", "staged too")
        );
        let expected = Brought::Files(vec![path.to_owned()]);
        assert_eq!((brought, made.git(&["rev-parse", "HEAD"])), (expected, head.clone()));
    }
}

#[test]
fn what_is_staged_elsewhere_keeps_no_branch_from_going_forward() {
    let made = Made::new();
    made.write("far", "staged\n");
    made.git(&["add", "far"]);
    fs::remove_file(made.work().join("far")).unwrap();
    let (snapshot, throwaway) = made.begin();
    made.generate(&throwaway, "a", "pushed\n");
    assert!(matches!(made.bring(&throwaway, &snapshot).unwrap().unwrap(), Brought::Forward { .. }));
    assert_eq!(made.git(&["status", "--porcelain"]), "AD far");
}

#[test]
fn split_indexes_and_sparse_checkouts_are_read() {
    for kind in ["split", "sparse", "sparse with a full index", "patterns"] {
        let made = Made::new();
        made.write("far/c/d", "d\n");
        made.write("far/e", "e\n");
        made.commit("Far");
        let all = made.git(&["ls-files"]);
        match kind {
            "split" => made.git(&["-c", "core.splitIndex=true", "update-index", "--split-index"]),
            "sparse" => made.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "sub"]),
            "patterns" => made.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/far"]),
            _ => made.git(&["sparse-checkout", "set", "--cone", "--no-sparse-index", "sub"]),
        };
        let is_sparse = kind != "split";
        assert_eq!(made.work().join("far").exists(), !is_sparse, "{kind}");
        let index = fs::read(made.work().join(".git/index")).unwrap();
        let snapshot = made.snapshot();
        assert!(!snapshot.is_synthetic, "{kind}");
        made.write("sub/b", "changed\n");
        made.write("far/untracked", "u\n");
        let snapshot = made.snapshot();
        assert_eq!(fs::read(made.work().join(".git/index")).unwrap(), index, "{kind}");
        let listed = made.throwaway(&snapshot);
        let listed = git(&listed.folder, &["ls-tree", "-r", "--name-only", &snapshot.commit]);
        assert_eq!(listed, all.replace("far/e\n", "far/e\nfar/untracked\n"), "{kind}");
        made.write("sub/b", "b\n");
        fs::remove_file(made.work().join("far/untracked")).unwrap();
        // It goes forward, the index included; new files may come anywhere.
        let (snapshot, throwaway) = made.begin();
        let step = made.generate(&throwaway, "sub/b", "pushed\n");
        commit(&step, "far/new", "n\n");
        let brought = made.bring(&throwaway, &snapshot).unwrap().unwrap();
        assert!(matches!(brought, Brought::Forward { .. }), "{kind}");
        assert_eq!((made.read("sub/b").as_str(), made.read("far/new").as_str()), ("pushed\n", "n\n"), "{kind}");
        assert_eq!(made.git(&["status", "--porcelain"]), "", "{kind}");
        // Files that are not there cannot change.
        let (snapshot, throwaway) = made.begin();
        let step = made.generate(&throwaway, "far/c/d", "pushed\n");
        commit(&step, "a", "pushed\n");
        let brought = made.bring(&throwaway, &snapshot);
        if is_sparse {
            let error = brought.unwrap_err();
            assert!(error.message.contains("git does not look at far/c/d"), "{kind}: {error}");
            assert!(!made.work().join("far/c").exists() && made.read("a") != "pushed\n", "{kind}");
        } else {
            assert!(matches!(brought, Ok(Some(Brought::Forward { .. }))));
        }
        assert_eq!(made.git(&["status", "--porcelain"]), "", "{kind}");
    }
}

#[test]
fn conflicts_and_hidden_files_of_the_index_are_refused() {
    let made = Made::new();
    made.git(&["update-index", "--skip-worktree", "a"]);
    made.git(&["update-index", "--assume-unchanged", "gone"]);
    for path in ["a", "gone"] {
        made.write(path, "mine alone\n");
        let (snapshot, throwaway) = made.begin();
        made.generate(&throwaway, path, "pushed\n");
        let error = made.bring(&throwaway, &snapshot).unwrap_err();
        assert!(error.message.contains(&format!("git does not look at {path}")), "{error}");
        assert_eq!(made.read(path), "mine alone\n");
    }
    made.git(&["update-index", "--no-skip-worktree", "a"]);
    made.commit("Mine");
    made.git(&["checkout", "-q", "-b", "other", "HEAD~1"]);
    made.write("a", "theirs\n");
    made.commit("Theirs");
    assert!(!git_command(&made.work(), &["merge", "-q", "feature"]).output().unwrap().status.success());
    let error = made.clone().snapshot(made.folder.path(), &settings()).unwrap_err();
    assert!(error.message.contains("a merge has conflicts"), "{error}");
}

#[test]
fn only_this_repository_leads_to_the_throwaway_remote() {
    let made = Made::new();
    let set = StepSettings::new("file:///kfleet/remote.git", Some("https://h.example/acme/fleet"));
    let file = made.folder.path().join("gitconfig");
    fs::write(&file, set.file()).unwrap();
    let leads = |url: &str| {
        let mut git = git_command(&made.work(), &["ls-remote", "--get-url", url]);
        let output = git.env("GIT_CONFIG_SYSTEM", &file).envs(set.environment()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    for start in ["https://h.example/acme/", "git@h.example:acme/", "ssh://git@h.example/acme/"] {
        for own in ["fleet", "fleet.git"] {
            assert_eq!(leads(&format!("{start}{own}")), "file:///kfleet/remote.git", "{start}{own}");
        }
        assert_eq!(leads(&format!("{start}fleet.git/")), "file:///kfleet/remote.git/");
        for other in ["fleet-docs", "fleet-docs.git", "fleet.github.io", "fleet.gitops", "fleets", "fleet2", "flee"] {
            assert_eq!(leads(&format!("{start}{other}")), format!("{start}{other}"));
        }
    }
    // Steps may want to be advised.
    assert!(set.file().contains("detachedHead = false") && !format!("{:?}", set.environment()).contains("advice"));
}
