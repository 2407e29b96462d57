//! What the admission webhook of Tekton checks, and what it should: names that refer to something, relations between
//! fields, and places that mean something. Cycles between tasks are left to the planner, which orders them.

mod lint;
mod matrix;
mod pipeline;
mod results;
mod scope;
mod subject;
mod task;
mod timeouts;
mod workspaces;

pub(super) use self::subject::Subject;
pub(super) use self::workspaces::propagate;

pub(in crate::tekton) fn check(subject: &Subject<'_>) {
    timeouts::check(subject);
    workspaces::check(subject);
    matrix::check(subject);
    pipeline::check(subject);
    for (pipeline_task, node, _) in subject.tasks() {
        task::check(subject, pipeline_task, node);
    }
    lint::lint(subject);
}
