//! Tests of [`walk`].

use std::ffi::OsStr;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

/// Makes files; a path that ends in `/` makes a folder.
fn mk_dir(paths: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for path in paths {
        mk_file(dir.path(), path, "");
    }
    dir
}

fn mk_file(dir: &Path, path: &str, content: &str) {
    let full = dir.join(path);
    if path.ends_with('/') {
        fs::create_dir_all(full).unwrap();
    } else {
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, content).unwrap();
    }
}

fn mk_options() -> WalkOptions {
    WalkOptions { extensions: vec!["yaml".into(), "yml".into()], gitignore: true, ..WalkOptions::default() }
}

fn walk_in(dir: &Path, roots: &[&str], options: &WalkOptions) -> Walk {
    walk(&roots.iter().map(|root| dir.join(root)).collect::<Vec<_>>(), options)
}

/// Names relative to the folder of the test.
fn names(dir: &Path, walk: &Walk) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    walk.files.iter().map(|file| file.name.replace(&prefix, "")).collect()
}

fn passed_over(dir: &Path, walk: &Walk) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    walk.passed_over.iter().map(|item| format!("{}: {}", item.path.replace(&prefix, ""), item.reason)).collect()
}

#[test]
fn finds_endings_in_any_case_hidden_files_too_in_order_of_parts() {
    let dir = mk_dir(&[
        "b.yaml",
        "a.yaml",
        "a/z.YML",
        "a-b/x.yaml",
        ".hidden/.x.yaml",
        "a/t.txt",
        "yaml",
        ".git/x.yaml",
        "e/",
    ]);
    let found = walk_in(dir.path(), &[""], &mk_options());
    assert_eq!(names(dir.path(), &found), [".hidden/.x.yaml", "a/z.YML", "a-b/x.yaml", "a.yaml", "b.yaml"]);
    assert!(found.passed_over.is_empty() && found.problems.is_empty(), "{found:?}");
    let all = walk_in(dir.path(), &[""], &WalkOptions::default());
    assert_eq!(all.files.len(), 7);
}

#[test]
fn names_are_roots_as_given_with_the_rest() {
    assert_eq!(place(Path::new("./a/b"), Path::new("./")), (Path::new("a/b"), PathBuf::from("a/b")));
    assert_eq!(place(Path::new("./a/b"), Path::new("./a/")), (Path::new("b"), PathBuf::from("./a/b")));
    assert_eq!(place(Path::new("a//b"), Path::new("a//")), (Path::new("b"), PathBuf::from("a/b")));
    let shown = place(Path::new("../x/b"), Path::new("../x/")).1;
    assert_eq!(shown.to_str(), Some("../x/b"));
    // The tests run in the folder of the package.
    let here = walk(&[".".into()], &WalkOptions { gitignore: true, ..WalkOptions::default() });
    assert!(here.files.iter().any(|file| file.name == "Cargo.toml" && file.path == Path::new("Cargo.toml")));
    assert!(!here.files.iter().any(|file| file.name.starts_with("target/")));
}

#[test]
fn gitignore_counts_inside_and_outside_of_repositories_but_not_above_them() {
    let dir = mk_dir(&[
        "top/repo/sub/a.yaml",
        "top/repo/sub/b.yaml",
        "top/repo/sub/c.yaml",
        "top/repo/sub/d.yaml",
        "top/repo/gone/e.yaml",
    ]);
    mk_file(dir.path(), "top/.gitignore", "a.yaml\n");
    mk_file(dir.path(), "top/repo/.gitignore", "/sub/b.yaml\ngone/\n");
    mk_file(dir.path(), "top/repo/sub/.gitignore", "c.yaml\n");
    mk_file(dir.path(), "top/repo/.ignore", "d.yaml\n");
    let found = |root: &str| names(dir.path(), &walk_in(dir.path(), &[root], &mk_options()));
    assert_eq!(found("top/repo/sub"), ["a.yaml", "b.yaml", "d.yaml"].map(|name| format!("top/repo/sub/{name}")));
    assert_eq!(found("top"), ["top/repo/sub/d.yaml"]);
    mk_file(dir.path(), "top/repo/.git/info/exclude", "d.yaml\n");
    assert_eq!(found("top/repo/sub"), ["a.yaml", "d.yaml"].map(|name| format!("top/repo/sub/{name}")));
    assert_eq!(found("top/repo"), ["a.yaml", "d.yaml"].map(|name| format!("top/repo/sub/{name}")));
    assert_eq!(found("top/repo/gone/e.yaml"), ["top/repo/gone/e.yaml"], "named files count whatever git ignores");
    let all = WalkOptions { gitignore: false, ..mk_options() };
    assert_eq!(walk_in(dir.path(), &["top"], &all).files.len(), 5);
}

#[test]
fn bad_lines_of_gitignore_are_warned_of() {
    let dir = mk_dir(&["a.yaml", "b.yaml"]);
    mk_file(dir.path(), ".gitignore", "b.yaml\n[z-a]\n");
    let found = walk_in(dir.path(), &[""], &mk_options());
    assert_eq!(names(dir.path(), &found), ["a.yaml"]);
    assert_eq!(found.problems.len(), 1);
    assert_eq!((found.problems[0].severity, found.problems[0].location.line), (Severity::Warning, 2));
    assert!(found.problems[0].location.file.ends_with("/.gitignore"));
}

#[test]
fn exclusions_hold_for_folders_files_and_named_files() {
    let dir = mk_dir(&["a/x.yaml", "a/b/x.yaml", "a/b/y.yaml", "gen/x.yaml", "c/gen.yaml", "c/keep.yaml"]);
    let found = |globs: &[&str]| {
        let exclude = globs.iter().map(|glob| (*glob).to_owned()).collect();
        walk_in(dir.path(), &[""], &WalkOptions { exclude, ..mk_options() })
    };
    let walked = found(&["gen", "/a/b/*", "!y.yaml", "*/gen.yaml"]);
    assert_eq!(names(dir.path(), &walked), ["a/b/y.yaml", "a/x.yaml", "c/keep.yaml"]);
    let expected = ["a/b/x.yaml", "c/gen.yaml", "gen"].map(|path| format!("{path}: excluded by a pattern of this run"));
    assert_eq!(passed_over(dir.path(), &walked), expected);
    let options = WalkOptions { exclude: vec!["x.yaml".into()], ..mk_options() };
    assert!(walk_in(dir.path(), &["a/x.yaml"], &options).files.is_empty());
    let bad = found(&["[z-a]", "gen"]);
    assert_eq!(bad.problems.len(), 1);
    assert_eq!(bad.problems[0].location.file, "[z-a]");
    assert_eq!(bad.files.len(), 5);
}

#[test]
fn templates_of_charts_are_passed_over_unless_asked_for_or_named() {
    let dir = mk_dir(&[
        "chart/Chart.yaml",
        "chart/templates/t.yaml",
        "chart/charts/sub/templates/t.yaml",
        "chart/charts/sub/values.yaml",
        "templates/t.yaml",
    ]);
    let found = walk_in(dir.path(), &[""], &mk_options());
    let expected = ["chart/Chart.yaml", "chart/charts/sub/values.yaml", "templates/t.yaml"];
    assert_eq!(names(dir.path(), &found), expected);
    let expected = ["chart/charts/sub/templates", "chart/templates"]
        .map(|path| format!("{path}: holds the templates of a Helm chart"));
    assert_eq!(passed_over(dir.path(), &found), expected);
    let all = WalkOptions { helm_templates: true, ..mk_options() };
    assert_eq!(walk_in(dir.path(), &[""], &all).files.len(), 5);
    assert_eq!(walk_in(dir.path(), &["chart/templates"], &mk_options()).files.len(), 1);
}

#[test]
fn links_pipes_and_sockets_in_folders_are_passed_over() {
    let dir = mk_dir(&["in/a.yaml", "out/b.yaml", "other"]);
    let at = |path: &str| dir.path().join(path);
    symlink("../out", at("in/folder")).unwrap();
    symlink("../out/b.yaml", at("in/link.yaml")).unwrap();
    symlink("nowhere", at("in/broken.yaml")).unwrap();
    symlink("../other", at("in/text")).unwrap();
    symlink("..", at("in/loop")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("in/pipe.yaml"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("in/socket.yaml")).unwrap();
    let found = walk_in(dir.path(), &["in"], &mk_options());
    assert_eq!(names(dir.path(), &found), ["in/a.yaml"]);
    let link = "is a symbolic link, which is not followed";
    let special = "is a pipe, a socket or a device";
    let expected = [
        format!("in/broken.yaml: {link}"),
        format!("in/folder: {link}"),
        format!("in/link.yaml: {link}"),
        format!("in/loop: {link}"),
        format!("in/pipe.yaml: {special}"),
        format!("in/socket.yaml: {special}"),
    ];
    assert_eq!(passed_over(dir.path(), &found), expected);
}

#[test]
fn what_is_named_is_followed_and_classified() {
    let dir = mk_dir(&["out/b.yaml", "plain.txt"]);
    let at = |path: &str| dir.path().join(path);
    symlink("out/b.yaml", at("link")).unwrap();
    symlink("out", at("folder")).unwrap();
    symlink("nowhere", at("broken")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    let form =
        |root: &str| walk_in(dir.path(), &[root], &mk_options()).files.first().map(|file| (file.form, file.named));
    assert_eq!(form("plain.txt"), Some((Form::File, true)));
    assert_eq!(form("link"), Some((Form::Link, true)));
    assert_eq!(form("pipe"), Some((Form::Stream, true)));
    assert_eq!(form("folder"), Some((Form::File, false)));
    let bad = walk_in(dir.path(), &["broken", "none", "socket", "plain.txt/x"], &mk_options());
    let messages: Vec<&str> = bad.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "cannot read: it is a symbolic link that leads nowhere",
            "cannot read: no such file or folder",
            "cannot read: a part of the path is not a folder",
            "cannot read: it is a socket or a disk, not a file"
        ]
    );
    assert!(bad.problems[1].hint.is_some());
}

#[test]
fn a_file_reached_twice_is_listed_once_whatever_the_order() {
    let dir = mk_dir(&["a/x.yaml", "a/y.txt", "a/b/z.yaml", "c.yaml"]);
    symlink("a", dir.path().join("alias")).unwrap();
    symlink("a/x.yaml", dir.path().join("0link")).unwrap();
    fs::hard_link(dir.path().join("c.yaml"), dir.path().join("hard.yaml")).unwrap();
    let roots = ["alias", "", "a/../a", "a/b", "a/x.yaml", "a/y.txt", "0link", "a/b/z.yaml"];
    let forward = walk_in(dir.path(), &roots, &mk_options());
    let mut reversed = roots;
    reversed.reverse();
    let backward = walk_in(dir.path(), &reversed, &mk_options());
    assert_eq!(forward.files, backward.files);
    let expected = ["a/../a/b/z.yaml", "a/../a/x.yaml", "a/y.txt", "c.yaml", "hard.yaml"];
    assert_eq!(names(dir.path(), &forward), expected);
    assert_eq!(forward.files.iter().filter(|file| file.named).count(), 3);
}

#[test]
fn names_that_are_not_utf8_are_found_and_shown_escaped() {
    let dir = mk_dir(&[]);
    let name = OsStr::from_bytes(b"\xff.yaml");
    if fs::write(dir.path().join(name), "a: 1\n").is_err() {
        eprintln!("skipped: this file system takes no such names");
        return;
    }
    let found = walk_in(dir.path(), &[""], &mk_options());
    assert!(found.files[0].name.ends_with("/\\xFF.yaml"));
    assert_eq!(fs::read_to_string(&found.files[0].path).unwrap(), "a: 1\n");
}

#[test]
fn an_unreadable_folder_is_a_problem_and_the_rest_is_found() {
    let dir = mk_dir(&["a.yaml", "shut/b.yaml"]);
    let shut = dir.path().join("shut");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&shut).is_ok() {
        eprintln!("skipped: root may read all folders");
        return;
    }
    let found = walk_in(dir.path(), &[""], &mk_options());
    assert_eq!(names(dir.path(), &found), ["a.yaml"]);
    assert_eq!(found.problems[0].message, "cannot read: permission denied");
    assert!(found.problems[0].hint.is_some());
}

#[test]
fn long_names_deep_folders_and_many_files() {
    let dir = mk_dir(&[]);
    let deep = vec!["d".repeat(200); 15].join("/");
    mk_file(dir.path(), &format!("{deep}/{}.yaml", "n".repeat(250)), "");
    for n in 0..10_000 {
        mk_file(dir.path(), &format!("m/{}/f{n}.yaml", n % 100), "");
    }
    let found = walk_in(dir.path(), &[""], &mk_options());
    assert_eq!((found.files.len(), found.problems.len()), (10_001, 0));
    assert!(found.files.is_sorted_by(|a, b| by_part(&a.path, &b.path).is_lt()));
}
