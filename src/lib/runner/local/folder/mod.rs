//! Where everything of a run is kept ([`RunFolder`]), and what each step sees of it (`task_folder`). Steps are hostile: what
//! they can write to is reached by `confined_path` only.
//!
//! ```text
//! <run>/claims/<claim>             volumes that tasks share
//! <run>/tasks/<n>-<task run>/
//!     volumes/<n>                  volumes of the task
//!     workspace home results artifacts
//!     run/<step>/status            exit code and results of a step: /tekton/run/<step>
//!     steps/                       links to them by name and by number: /tekton/steps
//!     creds/<step> scripts         /tekton/creds, /tekton/scripts
//!     own/<step>/{root,tmp}        what only the step sees: /root, /tmp
//!     hosts                        /etc/hosts of containers
//!     variables-<step>             variables of containers
//!     mount                        an empty folder, for the root of a sandbox
//! ```

pub(crate) mod confined_path;
pub(crate) mod disk;
mod leftovers;
pub mod mounts;
mod run_folder;
pub(crate) mod task_folder;

pub use run_folder::RunFolder;
pub(crate) use task_folder::TaskFolder;

/// A text as a part of a name: letters, digits and `-`, at most 63.
pub(crate) fn name_of(text: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    text.chars().take(63).map(plain).collect()
}
