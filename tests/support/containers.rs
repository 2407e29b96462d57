//! A podman of the tests' own, with one image that is made of this machine's busybox: nothing is fetched, and the images and
//! containers of whoever runs the tests stay out of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The image, with an ENTRYPOINT that prints `entry` and its arguments.
pub const IMAGE: &str = "busybox";

/// A podman that has the image.
pub struct Podman {
    /// What makes podman use the images and settings of the tests.
    pub variables: Vec<(String, String)>,
}

/// Podman, where it can run containers here; else the test counts as skipped.
pub fn of_podman(test: &str) -> Option<&'static Podman> {
    static ANSWER: OnceLock<Result<Podman, String>> = OnceLock::new();
    match ANSWER.get_or_init(Podman::make) {
        Ok(podman) => Some(podman),
        Err(reason) => {
            super::count_skipped(test, reason);
            None
        }
    }
}

impl Podman {
    fn make() -> Result<Podman, String> {
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
        let busybox = busybox.ok_or("there is no busybox to make an image of")?;
        // The same for all test programs, and for the next time. The kernel takes only short names of sockets.
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("podman");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let (storage, settings) = (folder.join("storage.conf"), folder.join("containers.conf"));
        // By itself podman asks for more than some machines give.
        let run = ["run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];
        let run = [&run[..], &["--entrypoint", "/bin/true", IMAGE]].concat();
        let mut why = String::new();
        // The fast driver does not work everywhere, and crun needs control groups that some machines lack.
        for driver in ["overlay", "vfs"] {
            let [graph, state] = ["graph", "state"].map(|name| folder.join(driver).join(name).display().to_string());
            let text = format!("[storage]\ndriver = \"{driver}\"\ngraphroot = \"{graph}\"\nrunroot = \"{state}\"\n");
            fs::write(&storage, text).map_err(|error| error.to_string())?;
            for text in ["", "[engine]\nruntime = \"runc\"\n"] {
                fs::write(&settings, text).map_err(|error| error.to_string())?;
                let variable = |name: &str, path: &Path| (name.to_owned(), path.display().to_string());
                let variables =
                    vec![variable("CONTAINERS_STORAGE_CONF", &storage), variable("CONTAINERS_CONF", &settings)];
                let podman = Podman { variables };
                match podman.import(&folder, Path::new(busybox)).and_then(|()| podman.says(&run)) {
                    Ok(_) => return Ok(podman),
                    Err(error) => why = error,
                }
            }
        }
        Err(format!("podman cannot run a container here: {why}"))
    }

    fn import(&self, folder: &Path, busybox: &Path) -> Result<(), String> {
        let root = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
        let list = Command::new(busybox).arg("--list").output().map_err(|error| error.to_string())?;
        let make = || -> std::io::Result<()> {
            for name in ["bin", "etc", "root", "tmp"] {
                fs::create_dir(root.path().join(name))?;
            }
            fs::write(root.path().join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
            fs::copy(busybox, root.path().join("bin/busybox"))?;
            for name in String::from_utf8_lossy(&list.stdout).lines().filter(|name| *name != "busybox") {
                symlink("busybox", root.path().join("bin").join(name))?;
            }
            Ok(())
        };
        make().map_err(|error| error.to_string())?;
        let archive = folder.join("image.tar");
        let packed = Command::new("tar").arg("-C").arg(root.path()).arg("-cf").arg(&archive).arg(".").status();
        if !packed.is_ok_and(|status| status.success()) {
            return Err("tar cannot pack the image".to_owned());
        }
        let change = "ENTRYPOINT [\"/bin/echo\", \"entry\"]";
        let archive = archive.display().to_string();
        self.says(&["import", "--quiet", "--change", change, &archive, &format!("localhost/{IMAGE}:latest")]).map(drop)
    }

    /// Runs podman.
    pub fn run(&self, arguments: &[&str]) -> std::io::Result<Output> {
        let variables = self.variables.iter().map(|(name, value)| (name, value));
        Command::new("podman").args(arguments).envs(variables).output()
    }

    fn says(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.run(arguments).map_err(|error| format!("podman: {error}"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ")),
        }
    }

    /// The containers with this in their names.
    pub fn containers(&self, name: &str) -> Vec<String> {
        let filter = format!("name={name}");
        let listed = self.says(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}} {{.Status}}"]);
        listed.expect("podman lists").lines().map(str::to_owned).collect()
    }
}
