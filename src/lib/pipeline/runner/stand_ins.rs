//! Programs that kfleet puts first in the `PATH` of steps: kfleet itself, the part of `jx` that pipelines need, and what
//! the user puts in the place of others ([`Tools`]). They are shell scripts, so that they run in any image.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::tekton::types::{PipelineRun, StepSpec};
use crate::tree;

/// What the user puts in the place of images and programs.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    images: Vec<(GlobMatcher, Vec<String>)>,
    overrides: Vec<(Vec<String>, Vec<String>)>,
}

impl Tools {
    /// `tools` are `IMAGE=PROGRAM ARGUMENT..`: what an image starts by itself, for steps without a command; `*` in IMAGE
    /// stands for anything, and without a tag it stands for all. `overrides` are `PROGRAM WORD..=PROGRAM ARGUMENT..`: a
    /// command that begins with these words runs another program, with the rest of its arguments.
    ///
    /// # Errors
    /// One of them has another form ([`ErrorKind::Usage`]).
    pub fn parse(tools: &[String], overrides: &[String]) -> Result<Tools> {
        let fail = |text: &str, hint: &str| {
            Error::new(ErrorKind::Usage, format!("`{}` is not understood", text.escape_debug())).with_hint(hint)
        };
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut parsed = Tools::default();
        for text in tools {
            const HINT: &str = "write --tool 'IMAGE=PROGRAM ARGUMENT..', such as --tool 'example/fmt=kfleet fmt'";
            let (image, program) = text.split_once('=').ok_or_else(|| fail(text, HINT))?;
            let (image, program) = (image.trim(), words(program));
            if image.is_empty() || program.is_empty() {
                return Err(fail(text, HINT));
            }
            let glob = GlobBuilder::new(image).literal_separator(false).build().map_err(|_| fail(text, HINT))?;
            parsed.images.push((glob.compile_matcher(), program));
        }
        for text in overrides {
            const HINT: &str = "write --override 'COMMAND=PROGRAM', such as --override 'make generate=kfleet generate'";
            let (command, program) = text.split_once('=').ok_or_else(|| fail(text, HINT))?;
            let (command, program) = (words(command), words(program));
            let is_name = |name: &String| !name.contains('/') && !matches!(name.as_str(), "." | ".." | "kfleet");
            if !command.first().is_some_and(is_name) || program.is_empty() {
                return Err(fail(text, HINT));
            }
            parsed.overrides.push((command, program));
        }
        Ok(parsed)
    }

    /// What an image starts by itself, where the user has said so.
    pub fn entrypoint(&self, image: &str) -> Option<&[String]> {
        let bare = image.split('@').next().unwrap_or(image);
        let after_host = bare.rfind('/').map_or(0, |at| at + 1);
        let untagged = bare[after_host..].find(':').map_or(bare, |at| &bare[..after_host + at]);
        let found = self.images.iter().find(|(glob, _)| [image, bare, untagged].iter().any(|name| glob.is_match(name)));
        found.map(|(_, program)| program.as_slice())
    }

    /// Gives steps that start their image's own program the one that the user has named for it.
    pub fn apply(&self, run: &mut PipelineRun) {
        for task in run.pipeline.tasks.iter_mut().chain(&mut run.pipeline.finally) {
            task.task.steps.iter_mut().for_each(|step| self.apply_to(step));
        }
    }

    fn apply_to(&self, step: &mut StepSpec) {
        if step.command.is_empty()
            && step.script.is_none()
            && let Some(program) = self.entrypoint(&step.image)
        {
            step.command = program.to_vec();
        }
    }
}

/// What the stand-in for `jx` knows of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: Option<u64>,
    /// The branch that it comes from.
    pub head_branch: String,
}

/// How steps get kfleet itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kfleet {
    /// They see the host: a link leads to the program.
    Link(PathBuf),
    /// An empty file, over which the engine puts the program.
    Place,
}

/// Writes the stand-ins into a folder, which is made.
///
/// # Errors
/// A file cannot be written.
pub fn write(folder: &Path, kfleet: &Kfleet, tools: &Tools, pull: &PullRequest) -> Result<()> {
    tree::make_folder(folder)?;
    let root = tree::Root::open(folder)?;
    let put = |name: &str, text: &str| -> Result<()> {
        Ok(root.place(name, &tree::Entry::File { bytes: text.into(), is_executable: true })?)
    };
    match kfleet {
        Kfleet::Place => put("kfleet", "")?,
        Kfleet::Link(program) => symlink(program, folder.join("kfleet"))
            .map_err(|cause| tree::Error::from_io("make", folder.join("kfleet").display().to_string(), cause))?,
    }
    put("jx", &jx(pull))?;
    let mut names: Vec<&String> = tools.overrides.iter().filter_map(|(command, _)| command.first()).collect();
    names.sort();
    names.dedup();
    names.into_iter().try_for_each(|name| put(name, &stand_in(name, &tools.overrides)))
}

/// The part of `jx` that pipelines need.
fn jx(pull: &PullRequest) -> String {
    let number = pull.number.map(|number| number.to_string()).unwrap_or_default();
    JX.replace("@NUMBER@", &quoted(&number)).replace("@BRANCH@", &quoted(&pull.head_branch))
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
fn stand_in(name: &str, overrides: &[(Vec<String>, Vec<String>)]) -> String {
    let mut text = format!("#!/bin/sh\n# Stands in for {}, as --override says.\n", name.replace('\n', " "));
    for (command, program) in overrides.iter().filter(|(command, _)| command.first().is_some_and(|first| first == name))
    {
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
        let is_program = |path: &Path| {
            fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
        };
        if name.contains('/') {
            // What is not absolute is a file of the work tree.
            return !name.starts_with('/') || is_program(Path::new(name));
        }
        self.folders.iter().any(|folder| is_program(&folder.join(name)))
    }
}

#[cfg(test)]
#[path = "stand_ins_tests.rs"]
mod tests;
