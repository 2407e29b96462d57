//! Writes objects as texts, and lets equal ones share a path. Work goes chunk by chunk, in parallel. No file is looked at.

use super::claims::{Claim, Edit};
use super::findings::unproven_problem;
use super::gather::{Gathered, chunk_bytes, objects};
use super::{Action, Compatibility, Options};
use crate::manifest::Source;
use crate::manifest::findings::syntax_problem;
use crate::manifest::namespaces::ANNOTATION;
use crate::problem::{Location, Problem};
use crate::yaml::edit;
use crate::yaml::emit::{self, Frame, Style};
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::scalar;
use crate::yaml::scan::SyntaxError;
use crate::yaml::split::Span;
use crate::yaml::tape::{Kind, Tape, Token};
use rayon::prelude::*;

impl Edit {
    fn changes_object(&self) -> bool {
        self.namespace.is_some() || self.clear_namespace || self.drop_annotation
    }
}

/// One file: what is in it.
#[derive(Debug, Clone)]
pub struct Output {
    /// Relative to the output folder.
    pub path: String,
    /// The object, by index; `None` for a Namespace that is made up.
    pub entry: Option<usize>,
    pub edit: Edit,
    pub action: Action,
    /// The text, where it is held in memory.
    pub bytes: Option<Vec<u8>>,
    /// The change as a unified diff, when it was asked for.
    pub diff: Option<String>,
}

#[derive(Debug)]
pub struct Rendered {
    /// Sorted by path.
    pub outputs: Vec<Output>,
    /// What cannot be rendered, and different objects for one path.
    pub problems: Vec<Problem>,
}

/// Renders all claims; `finish` makes an output of each text. Claims of one path that render to the same text are one
/// output; others are a problem.
pub fn render_all(
    gathered: &Gathered,
    options: &Options,
    mut claims: Vec<Claim>,
    finish: impl Fn(&Claim, Unchecked<'_, '_>) -> Result<Output, Box<Problem>> + Sync,
) -> Rendered {
    let chunk_of = |claim: &Claim| claim.entry.map(|entry| gathered.entries[entry].chunk);
    // Entries are in the order of the chunks, and of the documents in them.
    claims.par_sort_by_key(|claim| claim.entry);
    let renderer = Renderer { gathered, options };
    // A chunk's claims are cut into parts, so that one big input keeps all cores busy.
    let parts: Vec<&[Claim]> = claims
        .chunk_by(|a, b| chunk_of(a) == chunk_of(b))
        .flat_map(|claims| claims.chunks((claims.len() / PARTS_PER_CHUNK).max(CLAIMS_PER_PART)))
        .collect();
    let results: Vec<(Vec<Done>, Vec<Problem>)> = parts
        .into_par_iter()
        .map_init(Engine::default, |engine, claims| {
            let mut done = Vec::with_capacity(claims.len());
            let mut problems = Vec::new();
            let result = renderer.texts(engine, claims, |claim, text| match finish(claim, text) {
                Ok(output) => done.push(Done { output, contested: claim.contested }),
                Err(problem) => problems.push(*problem),
            });
            problems.extend(result.err().map(|problem| *problem));
            (done, problems)
        })
        .collect();
    let mut done = Vec::with_capacity(claims.len());
    let mut problems = Vec::new();
    for (outputs, found) in results {
        done.extend(outputs);
        problems.extend(found);
    }
    done.par_sort_unstable_by(|a, b| (&a.output.path, a.output.entry).cmp(&(&b.output.path, b.output.entry)));
    let outputs = settle(gathered, options, done, &mut problems);
    Rendered { outputs, problems }
}

/// What became of a claim.
struct Done {
    output: Output,
    contested: bool,
}

/// How many outputs are rendered in one go, at least.
const CLAIMS_PER_PART: usize = 256;

/// Into how many parts a chunk is cut at most: each of them parses its documents again, and a list of all objects of a
/// cluster is one document.
const PARTS_PER_CHUNK: usize = 16;

/// Lets one of several equal outputs stand for all, and reports the unequal ones.
fn settle(gathered: &Gathered, options: &Options, done: Vec<Done>, problems: &mut Vec<Problem>) -> Vec<Output> {
    let mut outputs: Vec<Output> = Vec::with_capacity(done.len());
    for done in done {
        match outputs.last().filter(|last| done.contested && last.path == done.output.path) {
            None => outputs.push(done.output),
            Some(last) if last.bytes != done.output.bytes => {
                problems.push(clash(gathered, options, last, &done.output));
            }
            Some(_) => {}
        }
    }
    outputs
}

fn clash(gathered: &Gathered, options: &Options, first: &Output, second: &Output) -> Problem {
    let origin = |output: &Output| match output.entry {
        Some(entry) => {
            let entry = &gathered.entries[entry];
            (
                entry.location.clone(),
                format!("{} (document {})", entry.location, document_number(gathered, entry.chunk, entry.document)),
            )
        }
        None => (Location::default(), "--create-missing-namespaces".to_owned()),
    };
    let (_, first) = origin(first);
    let (location, second_shown) = origin(second);
    let path = options.shown(&second.path);
    let message = format!("file already exists: two different objects for {path}: {first} and {second_shown}");
    Problem::error(location, message).with_hint("remove one of them, or give it another name or namespace")
}

/// The number of a document in its input, from 1.
fn document_number(gathered: &Gathered, chunk: usize, document: usize) -> usize {
    let input = gathered.chunks[chunk].input;
    let earlier = gathered.chunks[..chunk].iter().enumerate().filter(|(_, other)| other.input == input);
    let before: usize = earlier
        .map(|(index, _)| {
            gathered
                .entries
                .iter()
                .filter(|entry| entry.chunk == index)
                .map(|entry| entry.document + 1)
                .max()
                .unwrap_or(0)
        })
        .sum();
    before + document + 1
}

/// Makes texts of objects.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'a> {
    pub gathered: &'a Gathered,
    pub options: &'a Options,
}

impl Renderer<'_> {
    /// Renders claims of one chunk, in the order given, which is that of their documents; hands out each text.
    ///
    /// # Errors
    /// The chunk cannot be read; texts before that were handed out.
    pub fn texts(
        &self,
        engine: &mut Engine,
        claims: &[Claim],
        mut take: impl FnMut(&Claim, Unchecked<'_, '_>),
    ) -> Result<(), Box<Problem>> {
        let mut out = Vec::new();
        let first = claims.first().and_then(|claim| claim.entry);
        let Some(chunk) = first.map(|entry| self.gathered.entries[entry].chunk) else {
            for claim in claims {
                if let Some(name) = &claim.edit.made_up_namespace {
                    let name = scalar::text_of(name);
                    let text = format!("---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n");
                    take(claim, Unchecked { bytes: text.as_bytes(), proof: None });
                }
            }
            return Ok(());
        };
        let chunk = self.gathered.chunks[chunk];
        let input = &self.gathered.inputs[chunk.input];
        let name = input.name();
        let mut buffer = Vec::new();
        let bytes = chunk_bytes(input, chunk, &mut buffer)?;
        let problem =
            |error: SyntaxError| Box::new(syntax_problem(name, &mut Positions::new(bytes, chunk.lines_before), &error));
        let text = Text::new(bytes).map_err(problem)?;
        let documents = text.documents();
        let mut tape = std::mem::take(&mut engine.tape);
        let mut parsed = None;
        let mut nodes = Vec::new();
        for claim in claims {
            let Some(entry) = claim.entry.map(|entry| &self.gathered.entries[entry]) else { continue };
            if parsed != Some(entry.document) {
                let span = documents.get(entry.document).copied().unwrap_or_default();
                parse(engine, &text, span, &mut tape).map_err(problem)?;
                parsed = Some(entry.document);
                nodes.clear();
                if entry.item.is_some() {
                    let source = Source { tape: &tape, bytes: &text.bytes, json: text.json };
                    nodes = objects(source, tape.node_at(0));
                }
            }
            let source = Source { tape: &tape, bytes: &text.bytes, json: text.json };
            let object = self.object_tape(source, &nodes, entry.item, &claim.edit).map_err(problem)?;
            let node = entry.item.map_or_else(|| tape.node_at(0), |number| nodes[number]);
            let is_parted = object.is_some() || documents.iter().filter(|span| span.end > span.body).count() > 1;
            let may_change = self.options.rewrite.sops || self.options.compatibility != Compatibility::Kfleet;
            if is_parted && !may_change && source.is_encrypted(node) {
                return Err(problem(signed_by_sops(tape.tokens[node].start as usize)));
            }
            let object = object.as_ref().unwrap_or(&tape);
            let style = Style { json: text.json, ..self.options.style };
            if let Some(error) = emit::refusal(object, style) {
                return Err(problem(error));
            }
            let comment = self.options.comment.then(|| format!("# Source: {}", one_line(name)));
            let comment = comment.filter(|line| !starts_with_comment(object, &text.bytes, line));
            let frame = Frame { marker: true, keep_prefix: false, source: comment.as_deref() };
            out.clear();
            emit::emit(object, &text.bytes, 0..object.tokens.len(), frame, style, &mut out);
            let lines_before = chunk.lines_before;
            let proof = Proof { engine, tape: object, source: &text.bytes, lines_before, frame, style, name };
            take(claim, Unchecked { bytes: &out, proof: Some(proof) });
        }
        engine.tape = tape;
        Ok(())
    }

    /// The tape of one object with its edits; `None` where it is the document's tape as it stands.
    fn object_tape(
        &self,
        source: Source<'_>,
        nodes: &[usize],
        item: Option<usize>,
        edit: &Edit,
    ) -> Result<Option<Tape>, SyntaxError> {
        let mut own = match item {
            Some(number) => Some(item_tape(source, nodes, number)?),
            None => None,
        };
        if own.is_none() && edit.changes_object() {
            own = Some(if source.tape.has_anchors {
                edit::expand(source.tape, source.bytes, 0..source.tape.tokens.len())?
            } else {
                source.tape.clone()
            });
        }
        if let Some(tape) = &mut own {
            apply_edit(tape, source, edit);
        }
        let rewritten = edit::rewrite(own.as_ref().unwrap_or(source.tape), source.bytes, self.options.rewrite)?;
        Ok(rewritten.or(own))
    }
}

/// The error of a change to what SOPS has signed.
fn signed_by_sops(offset: usize) -> SyntaxError {
    let message = "SOPS has signed this file: with a value that is changed or moved it cannot be decrypted any more";
    SyntaxError::new(offset, message)
        .with_hint("decrypt it first, or leave it out with --exclude; --sops changes it all the same")
}

/// A rendered text that is not proven yet.
#[derive(Debug)]
pub struct Unchecked<'a, 'e> {
    pub bytes: &'a [u8],
    proof: Option<Proof<'a, 'e>>,
}

#[derive(Debug)]
struct Proof<'a, 'e> {
    engine: &'e mut Engine,
    tape: &'a Tape,
    source: &'a [u8],
    lines_before: u64,
    frame: Frame<'a>,
    style: Style,
    name: &'a str,
}

impl Unchecked<'_, '_> {
    /// Proves that the text holds what its object holds.
    ///
    /// # Errors
    /// It does not.
    pub fn prove(&mut self) -> Result<(), Box<Problem>> {
        let Some(Proof { engine, tape, source, lines_before, frame, style, name }) = self.proof.take() else {
            return Ok(());
        };
        engine
            .prove(tape, source, 0..tape.tokens.len(), frame, style, self.bytes)
            .map_err(|unproven| Box::new(unproven_problem(name, &mut Positions::new(source, lines_before), &unproven)))
    }
}

fn parse(engine: &mut Engine, text: &Text<'_>, span: Span, tape: &mut Tape) -> Result<(), SyntaxError> {
    engine.parse(text, span, tape, &mut Vec::new())
}

/// A path in a comment stays on its line.
fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn starts_with_comment(tape: &Tape, bytes: &[u8], line: &str) -> bool {
    let first = tape.tokens.iter().find(|token| !matches!(token.kind, Kind::Map | Kind::Seq));
    first.is_some_and(|token| token.kind == Kind::Comment && tape.text(bytes, *token) == line.as_bytes())
}

/// The tape of one object of a list, the nodes of which are given, with the comments around it: those before it since the object before, and, for
/// the last one, those after it.
fn item_tape(source: Source<'_>, nodes: &[usize], number: usize) -> Result<Tape, SyntaxError> {
    let tape = source.tape;
    let node = nodes[number];
    let end = |node: usize| tape.skip_node(node);
    let from = if number == 0 { 0 } else { end(nodes[number - 1]) };
    let until = if number + 1 == nodes.len() { tape.tokens.len() } else { end(node) };
    let mut out = if tape.has_anchors {
        edit::expand(tape, source.bytes, node..end(node))?
    } else {
        let mut out = Tape { extra: tape.extra.clone(), has_comments: tape.has_comments, ..Tape::default() };
        out.tokens.extend_from_slice(&tape.tokens[node..end(node)]);
        out
    };
    // Properties of the item, and all comments around it as lines of their own.
    let around = |range: std::ops::Range<usize>| {
        tape.tokens.get(range).unwrap_or_default().iter().filter(|token| token.kind.is_comment()).map(|token| Token {
            kind: Kind::Comment,
            flags: token.flags & Token::BLANK_BEFORE,
            ..*token
        })
    };
    let tags = tape.tokens[..node].iter().rev().take_while(|token| token.kind.is_property() || token.kind.is_comment());
    let tags: Vec<Token> = tags.filter(|token| token.kind == Kind::Tag).copied().collect();
    let before: Vec<Token> = around(from.min(node)..node).chain(tags).collect();
    let after: Vec<Token> = around(end(node)..until).collect();
    out.tokens.splice(0..0, before);
    out.tokens.extend(after);
    out.link();
    Ok(out)
}

fn apply_edit(tape: &mut Tape, source: Source<'_>, edit: &Edit) {
    let root = tape.node_at(0);
    let view =
        |tape: &Tape, key: &str, map: usize| Source { tape, bytes: source.bytes, json: source.json }.get(map, key);
    if edit.drop_annotation
        && let Some(metadata) = view(tape, "metadata", root)
        && let Some(annotations) = view(tape, "annotations", metadata)
    {
        let key = Source { tape, bytes: source.bytes, json: source.json }.key(annotations, ANNOTATION);
        if let Some(key) = key
            && edit::remove_entry(tape, annotations, key)
            && let Some(metadata) = view(tape, "metadata", root)
            && let Some(key) = (Source { tape, bytes: source.bytes, json: source.json }).key(metadata, "annotations")
        {
            edit::remove_entry(tape, metadata, key);
        }
    }
    if edit.clear_namespace
        && let Some(metadata) = view(tape, "metadata", root)
        && let Some(key) = (Source { tape, bytes: source.bytes, json: source.json }).key(metadata, "namespace")
    {
        edit::remove_entry(tape, metadata, key);
    }
    if let Some(namespace) = &edit.namespace
        && let Some(metadata) = view(tape, "metadata", root)
    {
        edit::set_text(tape, source.bytes, metadata, "namespace", namespace);
    }
}
