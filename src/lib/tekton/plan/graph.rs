//! The order of tasks: edges from `runAfter` and from references to results.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::tekton::types::PipelineTask;
use crate::tekton::variables::references::ResultRef;

/// Which tasks have to end before each task, by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// For each task, the tasks before it.
    pub after: Vec<BTreeSet<usize>>,
    /// An order in which they could run one by one: as written, where edges allow it.
    pub order: Vec<usize>,
}

/// The graph of `tasks`, with their references to results in `references`.
///
/// # Errors
/// A task that is not there, or a cycle; each with the position of the task that it is about.
pub(super) fn build(tasks: &[PipelineTask], references: &[BTreeSet<ResultRef>]) -> Result<Graph, Vec<(usize, String)>> {
    let at: BTreeMap<&str, usize> = tasks.iter().enumerate().map(|(at, task)| (task.name.as_str(), at)).collect();
    let mut after = vec![BTreeSet::new(); tasks.len()];
    let mut problems = Vec::new();
    for (position, task) in tasks.iter().enumerate() {
        for name in &task.run_after {
            match at.get(name.as_str()) {
                Some(before) => _ = after[position].insert(*before),
                None => {
                    problems.push((position, format!("task {} is to run after {name}, which is not a task", task.name)))
                }
            }
        }
        // References to tasks that are not there are found where results are checked.
        let dotted = references[position].iter().filter(|reference| reference.dotted && !reference.finally);
        after[position].extend(dotted.filter_map(|reference| at.get(reference.task.as_str())));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let order = order_of(&after);
    if order.len() < tasks.len() {
        let done: BTreeSet<usize> = order.into_iter().collect();
        let cycle = cycle_in(&after, &done);
        let names: Vec<&str> = cycle.iter().map(|at| tasks[*at].name.as_str()).collect();
        let message = format!("these tasks wait for each other: {}", names.join(" -> "));
        return Err(vec![(cycle.first().copied().unwrap_or_default(), message)]);
    }
    Ok(Graph { after, order })
}

fn order_of(after: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut open: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    let mut followers = vec![Vec::new(); after.len()];
    for (task, before) in after.iter().enumerate() {
        before.iter().for_each(|before| followers[*before].push(task));
    }
    let mut ready: VecDeque<usize> = (0..after.len()).filter(|task| open[*task] == 0).collect();
    let mut order = Vec::with_capacity(after.len());
    while let Some(task) = ready.pop_front() {
        order.push(task);
        for follower in &followers[task] {
            open[*follower] -= 1;
            if open[*follower] == 0 {
                ready.push_back(*follower);
            }
        }
    }
    order
}

/// One cycle among the tasks that are not `done`: each waits for the next, and the last is the first again.
fn cycle_in(after: &[BTreeSet<usize>], done: &BTreeSet<usize>) -> Vec<usize> {
    let Some(start) = (0..after.len()).find(|task| !done.contains(task)) else { return Vec::new() };
    let mut path = vec![start];
    let mut seen = BTreeMap::from([(start, 0)]);
    let mut task = start;
    // Every task that is not done waits for one that is not done, so that the path comes back to itself.
    while let Some(next) = after[task].iter().copied().find(|next| !done.contains(next)) {
        path.push(next);
        if let Some(first) = seen.insert(next, path.len() - 1) {
            return path.split_off(first);
        }
        task = next;
    }
    path
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
