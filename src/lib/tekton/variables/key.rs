//! `Variable`: what the key of a reference means, such as `params.x` or `tasks.t.results.r`. A reference whose key is none of
//! these belongs to the shell or the kubelet.

use super::scan::{References, keys};
use crate::tekton::types::ParamValue;

/// What follows the name of a parameter or result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// Nothing: the whole.
    Whole,
    /// `[*]`: all items of an array, or all of an object.
    Star,
    /// `[3]`.
    Item,
    /// `.key`.
    Key(&'t str),
}

/// One reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable<'t> {
    /// `params.x`, or the old `inputs.params.x`.
    Param { name: &'t str, is_old: bool, part: Part<'t> },
    /// `context.scope.name`.
    Context { scope: &'t str, name: &'t str },
    /// `tasks.t.results.r`, or `finally.t.results.r` in results of the pipeline.
    TaskResult { of_finally: bool, task: &'t str, result: &'t str, part: Part<'t>, has_brackets: bool },
    /// `tasks.t.status`, `tasks.t.reason`; without a task `tasks.status`.
    Status { task: Option<&'t str> },
    /// `tasks.t.matrix.length`, `tasks.t.matrix.r.length`.
    MatrixLength { task: &'t str },
    /// `results.r.path`.
    Result { name: &'t str },
    /// `step.results.r.path`.
    OwnStepResult { name: &'t str },
    /// `steps.s.results.r`.
    StepResult { step: &'t str, result: &'t str },
    /// `steps.step-s.exitCode.path`.
    ExitCode { step: &'t str },
    /// `workspaces.w.path` and so on.
    Workspace { name: &'t str, field: &'t str },
    /// Artifacts, which kfleet does not have.
    Artifacts,
    /// Begins as one of the above and goes on as none.
    Broken,
}

/// A reference and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Occurrence<'t> {
    /// The byte of its `$`.
    pub(crate) byte: usize,
    /// All of it, `$(` and `)` included.
    pub(crate) text: &'t str,
    pub(crate) variable: Variable<'t>,
}

/// A part of a path: a name, or what is in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'t> {
    Name(&'t str),
    Quoted(&'t str),
    Star,
    Item,
}

impl<'t> Segment<'t> {
    fn name(self) -> Option<&'t str> {
        match self {
            Segment::Name(name) | Segment::Quoted(name) => Some(name),
            Segment::Star | Segment::Item => None,
        }
    }
}

/// All references of a text, in order.
pub(crate) fn variables(text: &str) -> Vec<Occurrence<'_>> {
    let found = |(range, key): (std::ops::Range<usize>, _)| {
        Some(Occurrence { byte: range.start, text: &text[range], variable: variable_of(key)? })
    };
    References::new(text).filter_map(found).collect()
}

/// What a key refers to.
pub(crate) fn variable_of(key: &str) -> Option<Variable<'_>> {
    // Tekton takes everything that begins like this for a parameter.
    let lost = key.starts_with("params.").then_some(Variable::Broken);
    segments(key).and_then(|segments| variable(&segments)).or(lost)
}

/// Splits `a.b["c"][0]`; `None` where a text is nothing like that.
fn segments(text: &str) -> Option<Vec<Segment<'_>>> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let mut segments = Vec::new();
    let mut rest = text;
    loop {
        if let Some(inside) = rest.strip_prefix('[') {
            let (word, behind) = inside.split_once(']')?;
            let quoted = ['"', '\''].into_iter().find_map(|quote| word.strip_prefix(quote)?.strip_suffix(quote));
            segments.push(match (quoted, word) {
                (Some(name), _) => Segment::Quoted(name),
                (None, "*") => Segment::Star,
                (None, word) if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) => Segment::Item,
                _ => return None,
            });
            rest = behind;
        } else {
            let end = rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            if name.is_empty() {
                return None;
            }
            segments.push(Segment::Name(name));
            rest = behind;
        }
        match rest.as_bytes().first() {
            None => return Some(segments),
            Some(b'.') => rest = &rest[1..],
            Some(b'[') => {}
            Some(_) => return None,
        }
    }
}

fn variable<'t>(segments: &[Segment<'t>]) -> Option<Variable<'t>> {
    use Segment::{Name, Quoted};
    let broken = Some(Variable::Broken);
    Some(match segments {
        [Name("inputs"), Name("params"), name, rest @ ..] | [Name("params"), name, rest @ ..] => {
            match (name.name(), part(rest)) {
                (Some(name), Some(part)) => Variable::Param { name, is_old: segments[0] == Name("inputs"), part },
                _ => return broken,
            }
        }
        [Name("context"), Name(scope), Name(name)] => Variable::Context { scope, name },
        [Name("context"), ..] => return broken,
        [Name("tasks"), Name("status")] => Variable::Status { task: None },
        [Name("tasks"), Name(task), Name("status" | "reason")] => Variable::Status { task: Some(task) },
        [Name("tasks"), Name(task), Name("matrix"), Name("length")]
        | [Name("tasks"), Name(task), Name("matrix"), Name(_), Name("length")] => Variable::MatrixLength { task },
        [Name("tasks"), Name(_), Name("outputs" | "inputs"), ..] => Variable::Artifacts,
        [Name(scope @ ("tasks" | "finally")), task, results, result, rest @ ..]
            if results.name() == Some("results") =>
        {
            let has_brackets = [*task, *results, *result].iter().any(|segment| matches!(segment, Quoted(_)));
            match (task.name(), result.name(), part(rest)) {
                (Some(task), Some(result), Some(part)) => {
                    Variable::TaskResult { of_finally: *scope == "finally", task, result, part, has_brackets }
                }
                _ => return broken,
            }
        }
        [Name("results"), name, Name("path")] => Variable::Result { name: name.name()? },
        [Name("step"), Name("results"), name, Name("path")] => Variable::OwnStepResult { name: name.name()? },
        [Name("steps"), Name(step), Name("results"), result, rest @ ..] => match (result.name(), part(rest)) {
            (Some(result), Some(_)) => Variable::StepResult { step, result },
            _ => return broken,
        },
        [Name("steps"), Name(step), Name("exitCode"), Name("path")] => Variable::ExitCode { step },
        [Name("steps"), Name(_), Name("outputs" | "inputs"), ..] => Variable::Artifacts,
        [Name("workspaces"), name, Name(field)] => Variable::Workspace { name: name.name()?, field },
        [Name("artifacts" | "outputs"), ..] => Variable::Artifacts,
        [Name("step"), Name("artifacts"), ..] => Variable::Artifacts,
        [Name("tasks" | "results" | "steps" | "workspaces"), _, _, ..] => return broken,
        _ => return None,
    })
}

fn part<'t>(segments: &[Segment<'t>]) -> Option<Part<'t>> {
    match segments {
        [] => Some(Part::Whole),
        [Segment::Star] => Some(Part::Star),
        [Segment::Item] => Some(Part::Item),
        [Segment::Name(key)] => Some(Part::Key(key)),
        _ => None,
    }
}

/// The name of the parameter that a key such as `params.a`, `params.a[0]`, `params.a.key` or `params["a"]` means.
pub fn param_of(key: &str) -> Option<&str> {
    let key = key.strip_prefix("inputs.").unwrap_or(key);
    if let Some(rest) = key.strip_prefix("params.") {
        return rest.split(['.', '[']).next().filter(|name| !name.is_empty());
    }
    let rest = key.strip_prefix("params[")?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(name, _)| name)
}

/// How keys begin that Tekton replaces somewhere.
const SCOPES: [&str; 13] = [
    "params",
    "inputs",
    "context",
    "tasks",
    "finally",
    "workspaces",
    "results",
    "step",
    "steps",
    "credentials",
    "artifacts",
    "outputs",
    "resources",
];

/// Whether Tekton would replace a reference of this key somewhere.
pub fn is_replaced(key: &str) -> bool {
    SCOPES.contains(&key.split(['.', '[']).next().unwrap_or_default())
}

/// Whether a text has a reference that is known only while the run goes on.
pub fn is_late(text: &str) -> bool {
    keys(text).any(|key| {
        let late = ["tasks.", "finally.", "steps."].iter().any(|prefix| key.starts_with(prefix));
        (late && !key.ends_with(".exitCode.path")) || key == "context.task.retry-count"
    })
}

/// Whether a value has a reference that is known only while the run goes on.
pub fn is_late_value(value: &ParamValue) -> bool {
    value.texts().into_iter().any(is_late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_shell_text() {
        let param = |name, is_old, part| Some(Variable::Param { name, is_old, part });
        let cases = [
            ("$(params.x)", param("x", false, Part::Whole)),
            ("a$(inputs.params.x)b", param("x", true, Part::Whole)),
            ("$(params[\"a.b\"])", param("a.b", false, Part::Whole)),
            ("$(params['a.b'][*])", param("a.b", false, Part::Star)),
            ("$(params.x[12])", param("x", false, Part::Item)),
            ("$(params.x.key)", param("x", false, Part::Key("key"))),
            ("$(echo $(params.x))", param("x", false, Part::Whole)),
            ("$$(params.x)", param("x", false, Part::Whole)),
            ("$(params.x.y.z)", Some(Variable::Broken)),
            ("$(params.x | sort)", Some(Variable::Broken)),
            ("$(params)", None),
            ("$(HOME)", None),
            ("$(git status --porcelain)", None),
            ("$(params.x", None),
            ("$(context.task.name)", Some(Variable::Context { scope: "task", name: "name" })),
            ("$(results.r.path)", Some(Variable::Result { name: "r" })),
            ("$(steps.step-a.exitCode.path)", Some(Variable::ExitCode { step: "step-a" })),
            ("$(steps.a.results.r[1])", Some(Variable::StepResult { step: "a", result: "r" })),
            ("$(workspaces.w.bound)", Some(Variable::Workspace { name: "w", field: "bound" })),
            ("$(tasks.status)", Some(Variable::Status { task: None })),
            ("$(tasks.t.reason)", Some(Variable::Status { task: Some("t") })),
            ("$(tasks.t.matrix.r.length)", Some(Variable::MatrixLength { task: "t" })),
            ("$(tasks.t.outputs)", Some(Variable::Artifacts)),
        ];
        for (text, expected) in cases {
            assert_eq!(variables(text).first().map(|found| found.variable), expected, "{text}");
        }
    }

    #[test]
    fn results_of_tasks_may_be_written_with_brackets() {
        let result = |text| match variables(text).first().map(|found| found.variable) {
            Some(Variable::TaskResult { task, result, part, has_brackets, .. }) => (task, result, part, has_brackets),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(result("$(tasks.t.results.r)"), ("t", "r", Part::Whole, false));
        assert_eq!(result("$(tasks.t.results.r.k)"), ("t", "r", Part::Key("k"), false));
        assert_eq!(result("$(tasks.t.results['a.b'][*])"), ("t", "a.b", Part::Star, true));
    }
}
