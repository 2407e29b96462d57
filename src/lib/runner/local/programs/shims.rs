//! Programs that kfleet puts first in the `PATH` of steps: kfleet itself, the part of `jx` that pipelines need, and what
//! the user puts in the place of others ([`Override`]). They are shell scripts, so that they run in any image.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::runner::local::beside::program::has_program;
use crate::runner::local::programs::tools::{Override, Tools};
use crate::tree;

/// Writes the stand-ins into a folder, which is made. kfleet is a link to the program for steps that see the host, else an
/// empty file, over which the engine puts it. The number and the branch are those of the pull request.
///
/// # Errors
/// A file cannot be written.
pub fn write(folder: &Path, link: Option<&Path>, tools: &Tools, number: Option<u64>, branch: &str) -> Result<()> {
    tree::make_folder(folder)?;
    let root = tree::Root::open(folder)?;
    let put = |name: &str, text: &str| -> Result<()> {
        Ok(root.place(name, &tree::Entry::File { bytes: text.into(), is_executable: true })?)
    };
    match link {
        None => put("kfleet", "")?,
        Some(program) => symlink(program, folder.join("kfleet"))
            .map_err(|cause| tree::Error::from_io("make", folder.join("kfleet").display().to_string(), cause))?,
    }
    put("jx", &jx(number, branch))?;
    let names: BTreeSet<&str> = tools.overrides.iter().map(Override::name).collect();
    names.into_iter().try_for_each(|name| put(name, &stand_in(name, &tools.overrides)))
}

/// The part of `jx` that pipelines need.
fn jx(number: Option<u64>, branch: &str) -> String {
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    JX.replace("@NUMBER@", &quoted(&number)).replace("@BRANCH@", &quoted(branch))
}

const JX: &str = r#"#!/bin/sh
# The part of jx that pipelines need: pushes HEAD to the branch that the pull request comes from.
set -eu
number=@NUMBER@
branch=@BRANCH@
fail() { echo "jx: $1" >&2; exit "$2"; }
if [ "${1-}" != gitops ] || [ "${2-}" != pr ] || [ "${3-}" != push ]; then
  fail "\`jx $*\` is not provided by kfleet; \`jx gitops pr push\` is" 3
fi
shift 3
pr=${PULL_NUMBER-$number} force= ignore= name= email=
while [ $# -gt 0 ]; do
  option=$1
  shift
  case $option in
    --pr|--name|--email)
      [ $# -gt 0 ] || fail "$option needs a value" 2
      value=$1
      shift ;;
    --pr=*|--name=*|--email=*) value=${option#*=} option=${option%%=*} ;;
    --force|--ignore-no-pr|--force=true|--ignore-no-pr=true) value=true option=${option%%=*} ;;
    --force=false|--ignore-no-pr=false) value= option=${option%%=*} ;;
    *) fail "the option $option of \`jx gitops pr push\` is not provided by kfleet" 3 ;;
  esac
  case $option in
    --pr) pr=$value ;;
    --name) name=$value ;;
    --email) email=$value ;;
    --force) force=$value ;;
    --ignore-no-pr) ignore=$value ;;
  esac
done
if [ -z "$pr" ] || [ -z "$number" ]; then
  if [ -n "$ignore" ]; then
    echo "jx: no pull request, nothing is pushed"
    exit 0
  fi
  fail "there is no pull request to push to" 1
fi
[ "$pr" = "$number" ] || fail "this run is about pull request $number, not $pr" 1
if [ -n "$name" ]; then git config user.name "$name"; fi
if [ -n "$email" ]; then git config user.email "$email"; fi
exec git push ${force:+--force-with-lease} origin "HEAD:refs/heads/$branch"
"#;

/// A script that runs other programs for some commands, and the real program for all else.
fn stand_in(name: &str, overrides: &[Override]) -> String {
    let mut text = format!("#!/bin/sh\n# Stands in for {}, as --override says.\n", name.replace('\n', " "));
    for Override { command, program, .. } in overrides.iter().filter(|other| other.name() == name) {
        let words = &command[1..];
        let tests: Vec<String> =
            words.iter().enumerate().map(|(at, word)| format!("[ \"${{{}-}}\" = {} ]", at + 1, quoted(word))).collect();
        let test = if tests.is_empty() { ":".to_owned() } else { tests.join(" && ") };
        let program: Vec<String> = program.iter().map(|word| quoted(word)).collect();
        let shift = if words.is_empty() { String::new() } else { format!("  shift {}\n", words.len()) };
        text.push_str(&format!("if {test}; then\n{shift}  exec {} \"$@\"\nfi\n", program.join(" ")));
    }
    text.push_str(&REAL.replace("@NAME@", &quoted(name)));
    text
}

const REAL: &str = r#"name=@NAME@
here=${0%/*}
IFS=:
for folder in $PATH; do
  if [ "$folder" != "$here" ] && [ -x "$folder/$name" ]; then
    unset IFS
    exec "$folder/$name" "$@"
  fi
done
echo "$name: not found" >&2
exit 127
"#;

/// A word of a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The programs that steps find on the host.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    folders: Vec<PathBuf>,
}

impl Programs {
    /// In the folders of a `PATH`, and before them in that of the stand-ins.
    pub fn new(stand_ins: Option<&Path>, path: Option<&std::ffi::OsStr>) -> Programs {
        let listed = path.unwrap_or_default().as_encoded_bytes().split(|byte| *byte == b':');
        let listed =
            listed.filter_map(|folder| std::str::from_utf8(folder).ok()).filter(|folder| folder.starts_with('/'));
        Programs { folders: stand_ins.map(Path::to_owned).into_iter().chain(listed.map(PathBuf::from)).collect() }
    }

    /// Whether there is a program of this name, or at this path.
    pub fn has(&self, name: &str) -> bool {
        if name.contains('/') {
            // What is not absolute is a file of the work tree.
            return !name.starts_with('/') || has_program(Path::new(name));
        }
        self.folders.iter().any(|folder| has_program(&folder.join(name)))
    }
}

#[cfg(test)]
#[path = "shims_tests.rs"]
mod tests;
