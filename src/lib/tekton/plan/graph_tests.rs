//! Tests of the order of tasks.

use super::*;
use crate::tekton::mk::task;
use crate::tekton::mk::{param, script, text};
use crate::tekton::variables::references::results_of_task;

fn graph(tasks: &[PipelineTask]) -> Result<Graph, Vec<(usize, String)>> {
    let references: Vec<_> = tasks.iter().map(results_of_task).collect();
    build(tasks, &references)
}

fn after(name: &str, before: &[&str]) -> PipelineTask {
    PipelineTask { run_after: before.iter().map(|name| (*name).to_owned()).collect(), ..task(name, Vec::new()) }
}

#[test]
fn edges_come_from_run_after_and_dotted_results() {
    let mut of_param = task("b", Vec::new());
    of_param.params.push(param("p", text("$(tasks.d.results.r)")));
    let of_script = task("c", vec![script("s", "echo $(tasks.b.results.r)")]);
    let mut bracketed = task("e", Vec::new());
    bracketed.params.push(param("p", text("$(tasks.a.results['r'])")));
    let found = graph(&[after("a", &["c"]), of_param, of_script, task("d", Vec::new()), bracketed]).expect("a graph");
    let lists: Vec<Vec<usize>> = found.after.iter().map(|before| before.iter().copied().collect()).collect();
    assert_eq!(lists, [vec![2], vec![3], vec![1], vec![], vec![]]);
    assert_eq!(found.order, [3, 4, 1, 2, 0]);
}

#[test]
fn text_of_referenced_tasks_makes_no_edge() {
    let mut referenced = task("b", vec![script("s", "echo $(tasks.a.results.r)")]);
    referenced.inline = false;
    assert!(graph(&[task("a", Vec::new()), referenced]).expect("a graph").after[1].is_empty());
}

#[test]
fn cycles_and_unknown_tasks_are_errors() {
    for (tasks, part) in [
        (vec![after("a", &["a"])], "wait for each other: a -> a"),
        (vec![after("x", &["b"]), after("a", &["b"]), after("b", &["c"]), after("c", &["a"])], "b -> c -> a -> b"),
        (vec![after("a", &["nope"])], "nope, which is not a task"),
    ] {
        let problems = graph(&tasks).expect_err(part);
        assert!(problems[0].1.contains(part), "{problems:?}");
    }
}

#[test]
fn long_chains_are_no_recursion() {
    let mut tasks = vec![after("t0", &[])];
    tasks.extend((1..20_000).map(|at| after(&format!("t{at}"), &[&format!("t{}", at - 1)])));
    assert_eq!(graph(&tasks).expect("a graph").order.len(), 20_000);
}
