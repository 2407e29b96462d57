//! What a run needs from outside: programs, images, objects, paths of the host.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::resolve::{Specified, SpecifiedStep};
use crate::tekton::types::{EnvValue, ObjectFiles, ObjectKind, ObjectRef, VolumeKind};
use crate::tekton::variables::key::is_late;

/// What a run needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needs {
    /// Programs that steps start: first words of commands, and interpreters of scripts.
    pub tools: BTreeSet<String>,
    /// Words of scripts that look like programs: only hints.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub advisory: BTreeSet<String>,
    pub images: BTreeSet<String>,
    /// Those of them whose own ENTRYPOINT is run.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub entrypoints: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, ObjectNeed>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config_maps: BTreeMap<String, ObjectNeed>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub host_paths: BTreeSet<String>,
    /// Containers beside the steps, as `task/sidecar`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub sidecars: BTreeSet<String>,
}

/// What is needed of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectNeed {
    /// Keys that must be there.
    pub keys: BTreeSet<String>,
    /// Whether the run also goes without the object.
    pub optional: bool,
}

/// Words with which a shell begins a command that is none of a program.
const SHELL_WORDS: [&str; 54] = [
    ".", ":", "[", "[[", "alias", "bg", "break", "case", "cd", "command", "continue", "declare", "do", "done", "echo",
    "elif", "else", "esac", "eval", "exec", "exit", "export", "false", "fg", "fi", "for", "function", "getopts",
    "hash", "if", "in", "let", "local", "printf", "pwd", "read", "readonly", "return", "select", "set", "shift",
    "shopt", "source", "test", "then", "time", "times", "trap", "true", "type", "umask", "unset", "until", "while",
];

/// Words that a command may follow.
const BEFORE_COMMANDS: [&str; 10] = ["!", "then", "do", "else", "if", "elif", "while", "until", "exec", "time"];

/// How much of a script is searched for words.
const SEARCHED_BYTES: usize = 256 << 10;

impl Needs {
    pub fn add(&mut self, task: &str, specified: &Specified) {
        for step in &specified.steps {
            self.add_step(step);
        }
        for sidecar in &specified.sidecars {
            self.sidecars.insert(format!("{task}/{}", sidecar.name));
            self.add_image(sidecar);
            self.add_objects(sidecar);
        }
        let mounts = specified.steps.iter().chain(&specified.sidecars).flat_map(|step| &step.mounts);
        let mounted: BTreeSet<&str> = mounts.map(|mount| mount.volume.as_str()).collect();
        for (name, source) in &specified.storage.volumes {
            match source {
                VolumeKind::HostPath(path) if mounted.contains(name.as_str()) => {
                    self.host_paths.insert(path.clone());
                }
                VolumeKind::EmptyDir | VolumeKind::Claim { .. } | VolumeKind::HostPath(_) => {}
                VolumeKind::Object(files) => self.add_files(files),
                VolumeKind::Projected(sources) => sources.iter().for_each(|files| self.add_files(files)),
            }
        }
    }

    fn add_step(&mut self, step: &SpecifiedStep) {
        self.add_image(step);
        self.add_objects(step);
        if let Some(script) = &step.script {
            let interpreter =
                script.trim_start().lines().next().and_then(|line| line.strip_prefix("#!")).unwrap_or_default();
            let words: Vec<&str> = interpreter.split_whitespace().collect();
            let is_env = words.first().is_some_and(|word| word.ends_with("/env"));
            self.tools.extend(words.first().map(|word| (*word).to_owned()));
            let program = words.iter().skip(1).find(|word| !word.starts_with('-')).filter(|_| is_env);
            self.tools.extend(program.map(|word| (*word).to_owned()));
            if is_shell(program.or(words.first()).unwrap_or(&"")) {
                self.add_words(script);
            }
            return;
        }
        let Some(program) = step.spec.command.first() else {
            self.entrypoints.insert(step.spec.image.clone());
            return;
        };
        let is_own = program.starts_with('.') || program.starts_with("/workspace/") || program.starts_with("/tekton/");
        if !is_own && !is_late(program) && !program.contains("$(") {
            self.tools.insert(program.clone());
        }
        let words: Vec<&String> = step.spec.command.iter().skip(1).chain(&step.spec.args).collect();
        let takes_text = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('c');
        if is_shell(program)
            && let Some(at) = words.iter().position(|word| takes_text(word))
            && let Some(text) = words.get(at + 1)
        {
            self.add_words(text);
        }
    }

    fn add_image(&mut self, step: &SpecifiedStep) {
        if !is_late(&step.spec.image) {
            self.images.insert(step.spec.image.clone());
        }
    }

    fn add_objects(&mut self, step: &SpecifiedStep) {
        for from in &step.spec.env_from {
            self.add_object(&from.object, None);
        }
        for variable in &step.spec.env {
            if let EnvValue::Key(object, key) = &variable.value {
                self.add_object(object, Some(key));
            }
        }
    }

    fn add_files(&mut self, files: &ObjectFiles) {
        self.add_object(&files.object, None);
        for item in &files.items {
            self.add_object(&files.object, Some(&item.key));
        }
    }

    fn add_object(&mut self, object: &ObjectRef, key: Option<&String>) {
        if is_late(&object.name) {
            return;
        }
        let objects = match object.kind {
            ObjectKind::Secret => &mut self.secrets,
            ObjectKind::ConfigMap => &mut self.config_maps,
        };
        let unknown = ObjectNeed { keys: BTreeSet::new(), optional: object.optional };
        let need = objects.entry(object.name.clone()).or_insert(unknown);
        need.optional &= object.optional;
        if !object.optional {
            need.keys.extend(key.filter(|key| !is_late(key)).cloned());
        }
    }

    /// Adds the first word of each command of a shell text, as far as that is easy to see.
    fn add_words(&mut self, text: &str) {
        for line in
            text[..text.floor_char_boundary(SEARCHED_BYTES)].lines().filter(|line| !line.trim_start().starts_with('#'))
        {
            for command in line.split([';', '|', '&', '(', '`', '{']) {
                let mut words = command.split_whitespace().skip_while(|word| {
                    let assigns = word.split_once('=').is_some_and(|(name, _)| is_variable(name));
                    assigns || BEFORE_COMMANDS.contains(word)
                });
                let Some(word) = words.next() else { continue };
                let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '+');
                let is_word = word.chars().all(plain) && word.starts_with(|letter: char| letter.is_ascii_alphabetic());
                if is_word && !SHELL_WORDS.contains(&word) {
                    self.advisory.insert(word.to_owned());
                }
            }
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh")
}
