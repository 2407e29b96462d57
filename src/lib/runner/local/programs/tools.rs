//! What the user puts in the place of programs ([`Tools`]): of those that images start by themselves, and of commands. It
//! knows what a plan shows of them, not how they get there: see [`super::shims`].

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, ErrorKind, Result};
use crate::tekton::plan::{Plan, StepPlan};
use crate::tekton::types::{PipelineRun, StepSpec};

/// What one option says, or why it cannot be used.
type Checked<T> = std::result::Result<T, &'static str>;

const OPEN: &str = "a quote is not closed";
const EMPTY: &str = "one side is empty";

/// What the user puts in the place of images and programs.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    images: Vec<Image>,
    /// The programs in the place of commands.
    pub overrides: Vec<Override>,
}

/// What an image starts by itself.
#[derive(Debug, Clone)]
struct Image {
    written: String,
    origin: Origin,
    glob: GlobMatcher,
    program: Vec<String>,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A flag, for this run.
    Flag,
    /// The fleet file, for all runs.
    File,
}

/// Another program for a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// As the user has written it.
    pub written: String,
    pub origin: Origin,
    /// The words that the command begins with, at least one: the name of a program.
    pub command: Vec<String>,
    /// The program and its first arguments, at least one word.
    pub program: Vec<String>,
}

impl Image {
    fn new(written: &str, origin: Origin, image: &str, program: Vec<String>) -> Checked<Image> {
        let image = image.trim();
        if image.is_empty() || program.is_empty() {
            return Err(EMPTY);
        }
        let glob = GlobBuilder::new(image).literal_separator(false).build();
        let glob = glob.map_err(|_| "the image is not a pattern")?.compile_matcher();
        Ok(Image { written: written.to_owned(), origin, glob, program })
    }
}

impl Override {
    fn new(written: &str, origin: Origin, command: Vec<String>, program: Vec<String>) -> Checked<Override> {
        let Some(name) = command.first().filter(|_| !program.is_empty()) else { return Err(EMPTY) };
        if name.is_empty() || name.contains('/') || matches!(name.as_str(), "." | ".." | "kfleet") {
            return Err("only the name of a program other than kfleet can be overridden, not a path");
        }
        Ok(Override { written: written.to_owned(), origin, command, program })
    }

    /// The name of the program that is overridden.
    pub fn name(&self) -> &str {
        &self.command[0]
    }
}

impl Tools {
    /// `tools` are `IMAGE=PROGRAM ARGUMENT..`: what an image starts by itself, for steps without a command; `*` in IMAGE
    /// stands for anything, and without a tag it stands for all. `overrides` are `PROGRAM WORD..=PROGRAM ARGUMENT..`: a
    /// command that begins with these words runs another program, with the rest of its arguments. Words are split and
    /// quoted as in a shell.
    ///
    /// # Errors
    /// One of them has another form ([`ErrorKind::Usage`]).
    pub fn parse(tools: &[String], overrides: &[String]) -> Result<Tools> {
        let mut parsed = Tools::default();
        for text in tools {
            const HINT: &str = "write --tool 'IMAGE=PROGRAM ARGUMENT..', such as --tool 'example/fmt=kfleet fmt'";
            let fail = |why: &str| refused("--tool", text, why, HINT);
            let (image, program) = text.split_once('=').ok_or_else(|| fail("it has no ="))?;
            let program = words(program).ok_or_else(|| fail(OPEN))?;
            parsed.images.push(Image::new(text, Origin::Flag, image, program).map_err(fail)?);
        }
        for text in overrides {
            const HINT: &str = "write --override 'COMMAND=PROGRAM', such as --override 'make generate=kfleet generate'";
            let fail = |why: &str| refused("--override", text, why, HINT);
            if !text.contains('=') {
                return Err(fail("it has no ="));
            }
            // A = within quotes belongs to a word.
            let sides = text.match_indices('=').find_map(|(at, _)| Some((words(&text[..at])?, &text[at + 1..])));
            let sides = sides.and_then(|(command, program)| Some((command, words(program)?)));
            let (command, program) = sides.ok_or_else(|| fail(OPEN))?;
            parsed.overrides.push(Override::new(text, Origin::Flag, command, program).map_err(fail)?);
        }
        Ok(parsed)
    }

    /// What a fleet file says: programs by image, and by the beginning of a command. What is wrong comes with the section
    /// and the key that it is in.
    pub fn of_file(
        tools: &BTreeMap<String, String>,
        overrides: &BTreeMap<String, String>,
    ) -> (Tools, Vec<([String; 2], &'static str)>) {
        let (mut read, mut wrong) = (Tools::default(), Vec::new());
        for (image, program) in tools {
            match words(program).ok_or(OPEN).and_then(|program| Image::new(image, Origin::File, image, program)) {
                Ok(image) => read.images.push(image),
                Err(why) => wrong.push((["tools".to_owned(), image.clone()], why)),
            }
        }
        for (command, program) in overrides {
            let sides = words(command).zip(words(program)).ok_or(OPEN);
            match sides.and_then(|(words, program)| Override::new(command, Origin::File, words, program)) {
                Ok(other) => read.overrides.push(other),
                Err(why) => wrong.push((["overrides".to_owned(), command.clone()], why)),
            }
        }
        (read, wrong)
    }

    /// These, and others where these say nothing of the same image or command.
    #[must_use]
    pub fn or(mut self, mut others: Tools) -> Tools {
        others.images.retain(|other| self.images.iter().all(|own| own.glob.glob() != other.glob.glob()));
        others.overrides.retain(|other| self.overrides.iter().all(|own| own.command != other.command));
        self.images.append(&mut others.images);
        self.overrides.append(&mut others.overrides);
        self
    }

    /// The programs in the place of commands that have to be there, with who says so: those of flags, and those of the
    /// fleet file that the plan shows.
    pub fn stand_ins(&self, plan: &Plan) -> Vec<(&str, String)> {
        let needed = self.overrides.iter().filter(|other| other.origin == Origin::Flag || is_in_plan(other, plan));
        let told = needed.map(|other| {
            let said = match other.origin {
                Origin::Flag => format!("--override '{}'", other.written),
                Origin::File => format!("pipelines.overrides '{}' in the fleet file", other.written),
            };
            (other.program[0].as_str(), said)
        });
        told.collect()
    }

    /// What an image starts by itself, where the user has said so.
    pub fn entrypoint(&self, image: &str) -> Option<&[String]> {
        self.of_image(image).map(|found| found.program.as_slice())
    }

    fn of_image(&self, image: &str) -> Option<&Image> {
        let bare = image.split('@').next().unwrap_or(image);
        let after_host = bare.rfind('/').map_or(0, |at| at + 1);
        let untagged = bare[after_host..].find(':').map_or(bare, |at| &bare[..after_host + at]);
        self.images.iter().find(|known| [image, bare, untagged].iter().any(|name| known.glob.is_match(name)))
    }

    /// Gives steps that start their image's own program the one that the user has named for it. Returns which of the
    /// options have served, as they are written.
    pub fn apply(&self, run: &mut PipelineRun) -> Vec<&str> {
        let mut served = Vec::new();
        for task in run.pipeline.tasks.iter_mut().chain(&mut run.pipeline.finally) {
            served.extend(task.task.steps.iter_mut().filter_map(|step| self.apply_to(step)));
        }
        served
    }

    fn apply_to(&self, step: &mut StepSpec) -> Option<&str> {
        if !step.command.is_empty() || step.script.is_some() {
            return None;
        }
        let found = self.of_image(&step.image)?;
        step.command = found.program.clone();
        Some(&found.written)
    }

    /// The flags, as they are written, that have neither `served` by [`Tools::apply`] nor override a command that the
    /// plan shows. What programs start by themselves is not seen.
    pub fn unused(&self, plan: &Plan, served: &[&str]) -> Vec<String> {
        let images = self.images.iter().filter(|image| image.origin == Origin::Flag).map(|image| &image.written);
        let images = images.filter(|written| !served.contains(&written.as_str()));
        let overrides = self.overrides.iter().filter(|other| other.origin == Origin::Flag && !is_in_plan(other, plan));
        let overrides = overrides.map(|other| &other.written);
        let flags = images.map(|written| ("--tool", written)).chain(overrides.map(|written| ("--override", written)));
        flags.map(|(flag, written)| format!("{flag} '{written}'")).collect()
    }
}

/// Words as a shell splits them; nothing where a quote is not closed.
fn words(text: &str) -> Option<Vec<String>> {
    // No comments: what follows a # would be dropped. No argument of a program holds a NUL.
    let words = shlex::split(&text.replace('#', "\0"))?;
    Some(words.into_iter().map(|word| word.replace('\0', "#")).collect())
}

fn refused(flag: &str, text: &str, why: &str, hint: &str) -> Error {
    let message = format!("{flag} '{}' is not understood: {why}", text.escape_debug());
    Error::new(ErrorKind::Usage, message).with_hint(hint)
}

fn is_in_plan(wanted: &Override, plan: &Plan) -> bool {
    let tasks = plan.tasks.iter().chain(&plan.finally);
    tasks.flat_map(|task| &task.steps).any(|step| !step.passed_over && is_in_step(&wanted.command, step))
}

/// Whether the words of a command stand one after the other in the command of a step, or in a shell text of it.
fn is_in_step(wanted: &[String], step: &StepPlan) -> bool {
    if step.argv.starts_with(wanted) {
        return true;
    }
    let text = step.argv.iter().skip(usize::from(step.script.is_none()));
    let text = step.script.iter().chain(text).map(String::as_str).collect::<Vec<_>>().join(" ");
    let ends = |c: char| c.is_whitespace() || ";|&(){}`\\".contains(c);
    let words: Vec<&str> = text.split(ends).filter(|word| !word.is_empty()).collect();
    // What is in variables and quotes is not known.
    let may_be = |word: &str, wanted: &str| word == wanted || word.contains(['$', '"', '\'']);
    words
        .windows(wanted.len())
        .any(|part| part[0] == wanted[0] && part.iter().zip(wanted).skip(1).all(|(word, wanted)| may_be(word, wanted)))
}

#[cfg(test)]
#[path = "tools_tests.rs"]
mod tests;
