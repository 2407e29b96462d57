//! Tests of [`Root`], attacks included.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};

use rayon::prelude::*;

use super::*;

struct Scene {
    dir: tempfile::TempDir,
    root: Root,
}

fn mk_scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/a.yaml"), "outside").unwrap();
    let root = Root::open(&dir.path().join("out")).unwrap();
    Scene { dir, root }
}

impl Scene {
    fn out(&self, path: &str) -> PathBuf {
        self.dir.path().join("out").join(path)
    }

    fn assert_outside_untouched(&self) {
        assert_eq!(fs::read_to_string(self.dir.path().join("outside/a.yaml")).unwrap(), "outside");
        assert_eq!(fs::read_dir(self.dir.path().join("outside")).unwrap().count(), 1);
    }
}

#[test]
fn writes_compares_reads_lists_and_removes() {
    let Scene { dir, root } = &mk_scene();
    assert_eq!(root.compare("a/b/c.yaml", b"1").unwrap(), State::Missing);
    assert_eq!(root.list("").unwrap(), [""; 0]);
    assert!(!root.remove("a/b/c.yaml").unwrap());
    assert!(!dir.path().join("out").exists(), "looking must not make the folder");
    root.write("a/b/c.yaml", b"12").unwrap();
    root.write("a/b.yaml", b"").unwrap();
    root.write("a/b/text", b"x").unwrap();
    for (bytes, state) in
        [("12", State::Same), ("13", State::Different), ("123", State::Different), ("", State::Different)]
    {
        assert_eq!(root.compare("a/b/c.yaml", bytes.as_bytes()).unwrap(), state);
    }
    assert_eq!(root.compare("a/b.yaml", b"").unwrap(), State::Same);
    assert_eq!(root.read("a/b/c.yaml").unwrap().unwrap(), b"12");
    assert_eq!(root.read("a/none").unwrap(), None);
    assert_eq!(root.list("").unwrap(), ["a/b.yaml", "a/b/c.yaml"]);
    assert_eq!(root.list("a/b").unwrap(), ["a/b/c.yaml"]);
    assert_eq!(root.list("none/at/all").unwrap(), [""; 0]);
    assert!(root.remove("a/b/c.yaml").unwrap());
    assert_eq!(root.remove_empty_folders(["a/b/c.yaml"]).unwrap(), [""; 0], "a/b still holds text");
    assert!(root.remove("a/b/text").unwrap() && root.remove("a/b.yaml").unwrap());
    assert_eq!(root.remove_empty_folders(["a/b/c.yaml", "a/b.yaml"]).unwrap(), ["a", "a/b"]);
    assert!(dir.path().join("out").exists());
    root.write("a/b/c.yaml", b"again").unwrap();
}

#[test]
fn big_files_are_compared_in_pieces() {
    let Scene { root, .. } = &mk_scene();
    for len in [256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1_000_000] {
        let bytes: Vec<u8> = (0..len).map(|n: u32| (n % 253) as u8).collect();
        root.write("big.yaml", &bytes).unwrap();
        assert_eq!(root.compare("big.yaml", &bytes).unwrap(), State::Same);
        let mut other = bytes.clone();
        *other.last_mut().unwrap() ^= 1;
        assert_eq!(root.compare("big.yaml", &other).unwrap(), State::Different);
    }
}

#[test]
fn paths_that_could_leave_the_root_are_refused() {
    let scene = mk_scene();
    let mut paths = vec!["", "/", "/etc/x", "..", "../x", "a/../x", "a/..", "./x", "a//b", "a/", "a\0b"];
    let long = format!("{}.yaml", "n".repeat(300));
    paths.push(&long);
    for path in paths {
        assert!(scene.root.write(path, b"x").is_err(), "{path:?}");
        assert!(scene.root.compare(path, b"x").is_err(), "{path:?}");
        assert!(scene.root.remove(path).is_err(), "{path:?}");
    }
    let error = scene.root.write(&long, b"x").unwrap_err();
    assert_eq!(error.reason, "the name is too long for the file system");
    assert!(scene.root.list("..").is_err());
    assert!(scene.root.remove_empty_folders(["../outside/a.yaml"]).is_err());
    scene.assert_outside_untouched();
}

#[test]
fn links_are_neither_written_through_nor_replaced() {
    let scene = mk_scene();
    scene.root.write("cluster/x.yaml", b"x").unwrap();
    symlink(scene.dir.path().join("outside"), scene.out("folder")).unwrap();
    symlink("../../outside/a.yaml", scene.out("cluster/link.yaml")).unwrap();
    symlink("nowhere", scene.out("cluster/broken.yaml")).unwrap();
    for path in ["folder/a.yaml", "folder/new/a.yaml", "cluster/link.yaml", "cluster/broken.yaml"] {
        for error in [
            scene.root.write(path, b"x").unwrap_err(),
            scene.root.compare(path, b"outside").unwrap_err(),
            scene.root.remove(path).unwrap_err(),
        ] {
            assert!(error.to_string().ends_with("is a symbolic link"), "{error}");
            assert!(error.hint.is_some());
        }
    }
    assert!(scene.root.list("folder").is_err());
    assert_eq!(scene.root.list("").unwrap(), ["cluster/x.yaml"]);
    scene.assert_outside_untouched();
}

#[test]
fn a_folder_that_becomes_a_link_meanwhile_leads_nowhere_else() {
    let scene = mk_scene();
    scene.root.write("a/b/old.yaml", b"1").unwrap();
    fs::rename(scene.out("a/b"), scene.out("moved")).unwrap();
    symlink(scene.dir.path().join("outside"), scene.out("a/b")).unwrap();
    // The folder that is open stays the one written to; a fresh look finds the link.
    scene.root.write("a/b/new.yaml", b"2").unwrap();
    assert_eq!(fs::read_to_string(scene.out("moved/new.yaml")).unwrap(), "2");
    let fresh = Root::open(&scene.out("")).unwrap();
    assert!(fresh.write("a/b/new.yaml", b"3").is_err());
    scene.assert_outside_untouched();
}

#[test]
fn what_is_no_regular_file_is_not_replaced() {
    let scene = mk_scene();
    scene.root.write("a.yaml/b.yaml", b"x").unwrap();
    scene.root.write("file", b"x").unwrap();
    rustix::fs::mknodat(CWD, scene.out("pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
    for (path, reason) in [("a.yaml", "it is a folder"), ("pipe", "it is not a regular file")] {
        assert_eq!(scene.root.write(path, b"x").unwrap_err().reason, reason);
        assert_eq!(scene.root.compare(path, b"x").unwrap_err().reason, reason);
        assert_eq!(scene.root.remove(path).unwrap_err().reason, reason);
    }
    let error = scene.root.write("file/a.yaml", b"x").unwrap_err();
    assert!(error.reason.ends_with("file is not a folder"), "{error}");
    assert!(Root::open(&scene.out("file")).is_err());
}

#[test]
fn existing_files_keep_their_mode_and_new_ones_are_for_all_to_read() {
    let scene = mk_scene();
    let mode = |path: &str| fs::metadata(scene.out(path)).unwrap().permissions().mode() & 0o7777;
    scene.root.write("new.yaml", b"1").unwrap();
    assert_eq!(mode("new.yaml") & !0o044, 0o600);
    fs::set_permissions(scene.out("new.yaml"), fs::Permissions::from_mode(0o666)).unwrap();
    scene.root.write("new.yaml", b"2").unwrap();
    assert_eq!(mode("new.yaml"), 0o666);
}

#[test]
fn leftovers_of_killed_runs_are_swept_once_they_are_old() {
    let scene = mk_scene();
    scene.root.write("a/x.yaml", b"x").unwrap();
    for (name, hours) in [(".kfleet-1-2.tmp", 2), (".kfleet-1-3.tmp", 0), (".kfleet-mine.tmp", 2), (".other.tmp", 2)] {
        let file = File::create(scene.out("a").join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600 + 10)).unwrap();
    }
    assert_eq!(scene.root.list("").unwrap(), ["a/x.yaml"]);
    assert_eq!(scene.root.sweep("").unwrap(), 1);
    assert_eq!(fs::read_dir(scene.out("a")).unwrap().count(), 4);
    // A name that is taken is not written over.
    scene.root.write("a/y.yaml", b"y").unwrap();
    assert!(scene.out("a/.kfleet-1-3.tmp").exists());
}

#[test]
fn a_read_only_folder_is_an_error_with_a_hint() {
    let scene = mk_scene();
    scene.root.write("a/x.yaml", b"x").unwrap();
    fs::set_permissions(scene.out("a"), fs::Permissions::from_mode(0o555)).unwrap();
    let Err(error) = scene.root.write("a/y.yaml", b"y") else {
        eprintln!("skipped: root may write to read-only folders");
        return;
    };
    assert_eq!(error.reason, "permission denied");
    assert!(error.hint.is_some());
}

#[test]
fn many_files_in_many_folders_from_many_threads() {
    let scene = mk_scene();
    let path = |n: usize| format!("namespaces/{}/{}/f{n}.yaml", n % 7, n % 300);
    (0..10_000usize).into_par_iter().for_each(|n| scene.root.write(&path(n), path(n).as_bytes()).unwrap());
    assert_eq!(scene.root.list("").unwrap().len(), 10_000);
    let fresh = Root::open(&scene.out("")).unwrap();
    assert!(
        (0..10_000usize).into_par_iter().all(|n| fresh.compare(&path(n), path(n).as_bytes()).unwrap() == State::Same)
    );
    assert!(fresh.folders.read().unwrap().len() <= fresh.open_folders);
    let paths: Vec<String> = (0..10_000).map(path).collect();
    paths.par_iter().for_each(|path| assert!(fresh.remove(path).unwrap()));
    fresh.remove_empty_folders(paths.iter().map(String::as_str)).unwrap();
    assert_eq!(fs::read_dir(scene.out("")).unwrap().count(), 0);
}

#[test]
fn a_new_folder_appears_with_all_its_files() {
    let Scene { dir, root } = &mk_scene();
    let texts: Vec<(String, String)> = (0..50).map(|n| (format!("ns/{}/{n:02}.yaml", n / 20), n.to_string())).collect();
    let files: Vec<(&str, &[u8])> = texts.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    assert!(root.write_all(&files).is_empty());
    for (path, bytes) in &files {
        assert_eq!(root.read(path).unwrap().unwrap(), *bytes);
    }
    assert_eq!(fs::read_dir(dir.path().join("out/ns")).unwrap().count(), 3, "no temporary folder is left");
    let mode = fs::metadata(dir.path().join("out/ns/0/00.yaml")).unwrap().permissions().mode();
    // As far as the umask of who runs this allows.
    assert_eq!(mode & !0o044, 0o100_600);
    // Folders that are there keep what they hold.
    assert!(root.write_all(&[("ns/0/00.yaml", b"new"), ("ns/0/new.yaml", b"")]).is_empty());
    assert_eq!(root.list("ns/0").unwrap().len(), 21);
    assert_eq!(root.read("ns/0/00.yaml").unwrap().unwrap(), b"new");
    assert!(root.write_all(&[]).is_empty());
}

#[test]
fn files_of_a_new_folder_that_cannot_be_written_are_named() {
    let scene = mk_scene();
    scene.root.write("x.yaml", b"").unwrap();
    symlink(scene.dir.path().join("outside"), scene.out("link")).unwrap();
    let errors =
        scene.root.write_all(&[("link/a.yaml", b"1"), ("link/b.yaml", b"2"), ("x.yaml/a", b""), ("x.yaml/b", b"")]);
    assert_eq!(errors.len(), 4, "{errors:?}");
    let long = "n".repeat(300);
    let long = [format!("new/{long}"), "new/short".to_owned()];
    let errors = scene.root.write_all(&[(&long[0], b""), (&long[1], b"1")]);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(scene.root.read("new/short").unwrap().unwrap(), b"1", "the others are written");
    scene.assert_outside_untouched();
}

#[test]
fn folders_of_killed_runs_are_swept_and_never_listed() {
    let scene = mk_scene();
    scene.root.write("ns/a/x.yaml", b"").unwrap();
    let left = scene.out("ns/.kfleet-1-2.tmp");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("y.yaml"), "half").unwrap();
    assert_eq!(scene.root.list("ns").unwrap(), ["ns/a/x.yaml"]);
    assert_eq!(scene.root.sweep("ns").unwrap(), 0, "it may be in use");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 60 * 60);
    File::open(&left).unwrap().set_modified(old).unwrap();
    assert_eq!(scene.root.sweep("ns").unwrap(), 1);
    assert!(!left.exists());
}
