//! The first step of a layout: every document is parsed and checked once, and its identity kept.

use super::Compatibility;
use super::chunks::{self, Chunk};
use super::findings::marker_lint;
use crate::manifest::crd::CrdFacts;
use crate::manifest::findings::{finding_problem, location, syntax_problem};
use crate::manifest::gvk::Gvk;
use crate::manifest::{Identity, Source};
use crate::problem::{Location, Problem, Severity};
use crate::tree::Input;
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::tape::Tape;
use rayon::prelude::*;

/// The bytes of inputs and outputs that a run holds in memory at most; what goes beyond is read again.
pub const HOLD_BUDGET: u64 = 24 << 20;

/// One object: what it says, and where its text is.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Index of its chunk.
    pub chunk: usize,
    /// Number of its document in the chunk, from 0, empty ones counted.
    pub document: usize,
    /// In a list object: its number among all objects of the document.
    pub item: Option<usize>,
    /// Where it starts.
    pub location: Location,
    /// What it says about itself.
    pub object: Identity,
}

/// All documents of all inputs.
#[derive(Debug, Default)]
pub struct Gathered {
    /// As they were given.
    pub inputs: Vec<Input>,
    /// The parts that the inputs are read in.
    pub chunks: Vec<Chunk>,
    /// In the order of the inputs and of the text.
    pub entries: Vec<Entry>,
    /// What the CustomResourceDefinitions among them say.
    pub crds: Vec<CrdFacts>,
    /// Errors and warnings.
    pub problems: Vec<Problem>,
    /// Remarks for the curious.
    pub notes: Vec<String>,
    /// Inputs with documents that are not manifests, by index.
    pub mixed: Vec<bool>,
}

impl Gathered {
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no object at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[derive(Default)]
struct Part {
    entries: Vec<Entry>,
    crds: Vec<CrdFacts>,
    problems: Vec<Problem>,
    notes: Vec<String>,
    /// Where documents start that hold comments only.
    comments: Vec<Location>,
    mixed: bool,
}

/// Parses all inputs. Problems are collected, none ends the run.
pub fn gather(mut inputs: Vec<Input>, compatibility: Compatibility) -> Gathered {
    let mut gathered = Gathered::default();
    for (index, input) in inputs.iter().enumerate() {
        match chunks::cut(index, input) {
            Ok(chunks) => gathered.chunks.extend(chunks),
            Err(error) => gathered.problems.push(error.into_problem()),
        }
    }
    let parts: Vec<Part> = gathered
        .chunks
        .par_iter()
        .enumerate()
        .map_init(Engine::default, |engine, (index, chunk)| {
            read_chunk(engine, index, *chunk, &inputs[chunk.input], compatibility)
        })
        .collect();
    gathered.mixed = vec![false; inputs.len()];
    let mut comments = Vec::new();
    for (chunk, part) in gathered.chunks.iter().zip(parts) {
        gathered.entries.extend(part.entries);
        gathered.crds.extend(part.crds);
        gathered.problems.extend(part.problems);
        gathered.notes.extend(part.notes);
        comments.extend(part.comments);
        gathered.mixed[chunk.input] |= part.mixed;
    }
    gathered.problems.extend(comments.chunk_by(|a, b| a.file == b.file).filter_map(lost_comments));
    if inputs.iter().filter_map(|input| input.held()).map(|held| held.len() as u64).sum::<u64>() > HOLD_BUDGET {
        inputs.iter_mut().for_each(Input::release);
    }
    gathered.inputs = inputs;
    gathered
}

/// The warning about the documents of a file that hold comments only.
fn lost_comments(places: &[Location]) -> Option<Problem> {
    let message = match places.len() {
        1 => "a document of comments only: the layout has no place for it".to_owned(),
        number => format!("{number} documents of comments only: the layout has no place for them"),
    };
    let hint = "move the comments into the manifest that they are about";
    Some(Problem::warning(places.first()?.clone(), message).with_hint(hint))
}

/// The bytes of a chunk: those that are held, or a copy in `buffer`.
pub(super) fn chunk_bytes<'a>(
    input: &'a Input,
    chunk: Chunk,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], Box<Problem>> {
    if let Some(held) = input.held() {
        return Ok(&held[chunk.offset as usize..chunk.offset as usize + chunk.len]);
    }
    input.read_range(chunk.offset, chunk.len, buffer).map_err(|error| Box::new(error.into_problem()))?;
    Ok(buffer)
}

fn read_chunk(engine: &mut Engine, index: usize, chunk: Chunk, input: &Input, compatibility: Compatibility) -> Part {
    let mut part = Part::default();
    let mut buffer = Vec::new();
    let bytes = match chunk_bytes(input, chunk, &mut buffer) {
        Ok(bytes) => bytes,
        Err(problem) => {
            part.problems.push(*problem);
            return part;
        }
    };
    let name = input.name();
    let text = match Text::new(bytes) {
        Ok(text) => text,
        Err(error) => {
            part.problems.push(syntax_problem(name, &mut Positions::new(bytes, chunk.lines_before), &error));
            return part;
        }
    };
    let mut tape = std::mem::take(&mut engine.tape);
    let mut findings = Vec::new();
    let mut positions = Positions::new(&text.bytes, chunk.lines_before);
    for (document, span) in text.documents().into_iter().enumerate() {
        findings.clear();
        if let Err(error) = engine.parse(&text, span, &mut tape, &mut findings) {
            part.problems.push(syntax_problem(name, &mut positions, &error));
            continue;
        }
        part.problems.extend(marker_lint(name, &text.bytes, span, &mut positions));
        part.problems.extend(findings.iter().map(|finding| finding_problem(name, finding, &mut positions)));
        if findings.iter().any(|finding| finding.is_error) {
            continue;
        }
        let mut reader =
            Reader { part: &mut part, index, document, name, text: &text, compatibility, positions: &mut positions };
        reader.document(&tape, input.path().is_none());
    }
    engine.tape = tape;
    part
}

struct Reader<'a, 't> {
    part: &'a mut Part,
    index: usize,
    document: usize,
    name: &'a str,
    text: &'a Text<'a>,
    compatibility: Compatibility,
    positions: &'a mut Positions<'t>,
}

impl Reader<'_, '_> {
    fn location(&mut self, offset: usize) -> Location {
        location(self.name, self.positions, offset)
    }

    fn problem(&mut self, severity: Severity, offset: usize, message: String, hint: Option<&str>) {
        let location = self.location(offset);
        self.part.problems.push(Problem { severity, location, message, hint: hint.map(str::to_owned) });
    }

    fn document(&mut self, tape: &Tape, is_stream: bool) {
        if tape.is_empty() {
            if let Some(comment) = tape.tokens.first() {
                let location = self.location(comment.start as usize);
                self.part.comments.push(location);
                self.part.mixed = true;
            }
            return;
        }
        let source = Source { tape, bytes: &self.text.bytes, json: self.text.json };
        let root = tape.node_at(0);
        if is_null(source, root) {
            return;
        }
        let objects = objects(source, root);
        let is_list = objects != [root];
        for (number, node) in objects.into_iter().enumerate() {
            self.object(source, node, is_list.then_some(number), is_stream);
        }
    }

    fn object(&mut self, source: Source<'_>, node: usize, item: Option<usize>, is_stream: bool) {
        let offset = source.tape.tokens[node].start as usize;
        let object = match source.object(node) {
            Ok(object) => object,
            Err(error) => {
                let left_alone =
                    error.is_other_yaml && item.is_none() && !is_stream && self.compatibility == Compatibility::Kfleet;
                if left_alone {
                    let location = self.location(error.offset);
                    self.part.notes.push(format!("{location}: left alone, no manifest: {}", error.message));
                    self.part.mixed = true;
                } else {
                    let hint = error.is_other_yaml.then_some("every manifest needs apiVersion and kind");
                    self.problem(Severity::Error, error.offset, error.message, hint);
                }
                return;
            }
        };
        if self.compatibility == Compatibility::Kfleet && is_kustomization(&object.gvk) {
            let location = self.location(offset);
            self.part
                .notes
                .push(format!("{location}: left alone: a {} configures a tool, no cluster", object.gvk.kind));
            self.part.mixed = true;
            return;
        }
        if &*object.gvk.kind == "CustomResourceDefinition" {
            match source.crd(node, self.location(offset)) {
                Ok(crd) => self.part.crds.push(crd),
                Err(error) if self.compatibility == Compatibility::Kfleet => {
                    let message = format!("this CustomResourceDefinition does not define a kind: {}", error.message);
                    let hint = "a patch of one is not a manifest: leave it out with --exclude";
                    self.problem(Severity::Error, error.offset, message, Some(hint));
                }
                Err(error) => self.problem(Severity::Error, error.offset, error.message, None),
            }
        }
        let location = self.location(offset);
        self.part.entries.push(Entry { chunk: self.index, document: self.document, item, location, object });
    }
}

/// The objects of a document: its root, or, where that is a list object, the items of it, lists in lists unwrapped.
pub(super) fn objects(source: Source<'_>, root: usize) -> Vec<usize> {
    let mut objects = Vec::new();
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        match source.list_items(node) {
            Some(items) => pending.extend(items.into_iter().rev()),
            None => objects.push(node),
        }
    }
    objects
}

/// Whether a kind configures kustomize or kfleet, and no cluster.
pub fn is_kustomization(gvk: &Gvk) -> bool {
    matches!(&*gvk.group, "kustomize.config.k8s.io" | "kfleet.dev")
}

fn is_null(source: Source<'_>, root: usize) -> bool {
    use crate::yaml::tape::Kind;
    let token = source.tape.tokens[root];
    match token.kind {
        Kind::Null => true,
        Kind::Plain => matches!(source.tape.text(source.bytes, token), b"~" | b"null" | b"Null" | b"NULL"),
        _ => false,
    }
}
