//! [`Subject`]: everything that the checks look at.

use std::collections::BTreeSet;

use crate::tekton::node::Node;
use crate::tekton::report::Report;
use crate::tekton::types::{PipelineRun, PipelineTask};

/// The typed run, and the nodes for the places of texts.
pub(in crate::tekton) struct Subject<'a> {
    pub(in crate::tekton) run: &'a PipelineRun,
    /// The `spec` of the run.
    pub(in crate::tekton) node: &'a Node,
    /// Whether the pipeline is written in the run, so that parameters of the run reach into it.
    pub(in crate::tekton) is_inline: bool,
    /// Parameters whose value whoever causes the event can choose.
    pub(in crate::tekton) event_controlled: &'a [String],
    /// Whether Lighthouse starts the run.
    pub(in crate::tekton) by_lighthouse: bool,
    pub(in crate::tekton) report: &'a Report,
}

impl<'a> Subject<'a> {
    pub(super) fn pipeline_node(&self) -> Option<&'a Node> {
        self.node.get("pipelineSpec")
    }

    /// The tasks with their nodes, those of `finally` last; and whether they are of it.
    pub(super) fn tasks(&self) -> Vec<(&'a PipelineTask, &'a Node, bool)> {
        let nodes = |list| self.pipeline_node().map_or(&[][..], |node| node.items_of(list));
        let tasks = self.run.pipeline.tasks.iter().zip(nodes("tasks")).map(|(task, node)| (task, node, false));
        let finally = self.run.pipeline.finally.iter().zip(nodes("finally")).map(|(task, node)| (task, node, true));
        tasks.chain(finally).collect()
    }
}

/// Names as a hint: the nearest one, or all of a few.
pub(super) fn suggestion<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone) -> Option<String> {
    if let Some(near) = crate::suggest::nearest(name, known.clone()).first() {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: BTreeSet<&str> = known.collect();
    let all: Vec<&str> = all.into_iter().collect();
    (!all.is_empty() && all.len() <= 8).then(|| format!("there are {}", all.join(", ")))
}

/// As [`suggestion`], or else another hint.
pub(super) fn suggestion_or<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone, other: &str) -> String {
    suggestion(name, known).unwrap_or_else(|| other.to_owned())
}
