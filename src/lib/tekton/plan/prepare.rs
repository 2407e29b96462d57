//! The first stage of a run, before any task is ready: values of parameters, the variables of the pipeline replaced, the
//! order of tasks, timeouts.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::problem::{Location, Problem};

use super::graph::{self, Graph};
use super::options::{PlanOptions, RunContext};
use super::params::{self, Values};
use super::resolve::{CEL, Common, goes_on, step_name};
use super::results;
use super::timeouts::{self, Limits};
use crate::tekton::types::{PipelineResult, PipelineRun, PipelineTask, When, error_at, is_dns_label};
use crate::tekton::variables::fields;
use crate::tekton::variables::key::is_late;
use crate::tekton::variables::references::{self, ResultRef};
use crate::tekton::variables::substitute::{Budget, Expander, Table};

/// What the controller carries out.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// What all runs of tasks share.
    pub common: Common,
    pub params: Values,
    /// The tasks, as written.
    pub tasks: Vec<PreparedTask>,
    pub finally: Vec<PreparedTask>,
    pub graph: Graph,
    pub results: Vec<PipelineResult>,
    pub limits: Limits,
}

/// A task in which the variables of the pipeline have been replaced.
#[derive(Debug, Clone)]
pub struct PreparedTask {
    pub task: PipelineTask,
    /// Results of other tasks that it uses.
    pub references: BTreeSet<ResultRef>,
    /// Of each attempt.
    pub timeout: Option<Duration>,
    /// `onError: continue`: the run does not mind its failure.
    pub ignore_failure: bool,
    /// How many of its steps are passed over.
    pub first_step: usize,
}

/// Prepares a run.
///
/// # Errors
/// Everything that is wrong with it.
pub fn prepare(run: &PipelineRun, context: &RunContext, options: &PlanOptions) -> Result<Prepared, Vec<Problem>> {
    let mut problems = Vec::new();
    if options.trust.is_untrusted() {
        refuse_references(run, &mut problems);
    }
    check_names(run, &mut problems);
    let budget = Budget::default();
    let values = params::of_pipeline(&run.pipeline.params, &run.params, &budget).unwrap_or_else(|wrong| {
        problems.extend(wrong.into_iter().map(|(at, message)| {
            let declared = at.and_then(|at| run.pipeline.params.get(at)).map(|spec| &spec.origin);
            error_at(declared.filter(|origin| !origin.file.is_empty()).unwrap_or(&run.origin), message)
        }));
        Values::new()
    });
    let limits = timeouts::of_run(&run.timeouts).unwrap_or_else(|wrong| {
        problems.push(error_at(&run.origin, wrong));
        Limits::default()
    });
    let graph = check_references(run, &mut problems);
    check_workspaces(run, &mut problems);
    // What follows would only repeat what is wrong already.
    if !problems.is_empty() {
        return Err(problems);
    }
    let stages = Stages::new(run, context, &values);
    let mut prepare = |task: &PipelineTask, is_finally: bool| {
        let timeout = timeouts::of_task(run, &limits, task, is_finally);
        stages.prepare(task, timeout, &budget, &mut problems)
    };
    let mut tasks: Vec<PreparedTask> = run.pipeline.tasks.iter().map(|task| prepare(task, false)).collect();
    let mut finally: Vec<PreparedTask> = run.pipeline.finally.iter().map(|task| prepare(task, true)).collect();
    let mut common = Common {
        context: context.clone(),
        workspaces: run.workspaces.clone(),
        pod_env: run.pod_env.clone(),
        task_run_specs: run.task_run_specs.clone(),
    };
    stages.common(&mut common, &budget, &mut problems);
    let mut graph = graph;
    let mut results = run.pipeline.results.clone();
    if let Some(only) = &options.only {
        select(only, options.from_step.as_deref(), &mut tasks, &mut finally, run, &mut problems);
        graph = Graph { after: vec![BTreeSet::new(); tasks.len()], order: (0..tasks.len()).collect() };
        results.clear();
    } else if options.from_step.is_some() {
        problems.push(error_at(&run.origin, "a step to begin with needs a task that it belongs to"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Prepared { common, params: values, tasks, finally, graph, results, limits })
}

fn refuse_references(run: &PipelineRun, problems: &mut Vec<Problem>) {
    for param in params::with_references(&run.params) {
        let origin = if param.origin.file.is_empty() { &run.origin } else { &param.origin };
        let message = format!(
            "the value of parameter {} holds a reference such as $(params.x), which the pipeline would replace; a run that \
             is not trusted refuses that",
            param.name
        );
        problems.push(error_at(origin, message));
    }
}

fn check_names(run: &PipelineRun, problems: &mut Vec<Problem>) {
    let mut refuse = |origin: &Location, message: &str| problems.push(error_at(origin, message));
    let mut names = BTreeSet::new();
    for task in run.pipeline.all_tasks() {
        if !is_dns_label(&task.name) {
            let message = format!("{:?} cannot be the name of a task: it is not a DNS label", task.name);
            refuse(&task.origin, &message);
        }
        if !names.insert(task.name.as_str()) {
            refuse(&task.origin, &format!("there are two tasks named {}", task.name));
        }
        for condition in task.when.iter().chain(task.task.steps.iter().flat_map(|step| &step.when)) {
            if let When::Cel { origin, .. } = condition {
                refuse(origin, CEL);
            }
        }
    }
    for spec in run.task_run_specs.iter().filter(|spec| !names.contains(spec.task.as_str())) {
        let message = format!("taskRunSpecs is about {}, which is not a task of the pipeline", spec.task);
        refuse(&run.origin, &message);
    }
    if run.pipeline.tasks.is_empty() {
        refuse(&run.origin, "the pipeline has no tasks");
    }
}

fn check_references(run: &PipelineRun, problems: &mut Vec<Problem>) -> Graph {
    let pipeline = &run.pipeline;
    let mut refuse = |origin: &Location, message: String| problems.push(error_at(origin, message));
    let mut of_tasks = Vec::with_capacity(pipeline.tasks.len());
    for (index, task) in pipeline.all_tasks().enumerate() {
        let (name, references) = (&task.name, references::results_of_task(task));
        let (wrong, known): (Vec<_>, Vec<_>) = references.iter().cloned().partition(|reference| reference.finally);
        for reference in wrong {
            refuse(&task.origin, format!("{name} uses a result of {}, a task of finally", reference.task));
        }
        for wrong in results::undeclared(&known.into_iter().collect(), pipeline) {
            refuse(&task.origin, format!("{wrong} (used by {name})"));
        }
        if index < pipeline.tasks.len() {
            of_tasks.push(references);
        } else if !task.run_after.is_empty() {
            refuse(&task.origin, format!("{name} is in finally, where runAfter is not allowed"));
        }
    }
    for result in &pipeline.results {
        for wrong in results::undeclared(&references::results_in(&result.value), pipeline) {
            refuse(&result.origin, format!("{wrong} (used by the result {})", result.name));
        }
    }
    graph::build(&pipeline.tasks, &of_tasks).unwrap_or_else(|wrong| {
        let origin = |at: usize| pipeline.tasks.get(at).map_or(&run.origin, |task| &task.origin);
        problems.extend(wrong.into_iter().map(|(at, message)| error_at(origin(at), message)));
        Graph::default()
    })
}

fn check_workspaces(run: &PipelineRun, problems: &mut Vec<Problem>) {
    for declared in run.pipeline.workspaces.iter().filter(|declared| !declared.optional) {
        if run.workspaces.iter().all(|binding| binding.name != declared.name) {
            let what = format!("requires workspace with name \"{}\" be provided by pipelinerun", declared.name);
            problems.push(error_at(&run.origin, format!("InvalidWorkspaceBindings: pipeline {what}")));
        }
    }
}

/// The tables of the pipeline's stages, in their order.
struct Stages {
    params: Table<'static>,
    context: Table<'static>,
    bound: Table<'static>,
}

impl Stages {
    fn new(run: &PipelineRun, context: &RunContext, values: &Values) -> Self {
        let mut of_context = Table::default();
        of_context.put_text("context.pipelineRun.name", context.name.as_str());
        of_context.put_text("context.pipelineRun.namespace", context.namespace.as_str());
        of_context.put_text("context.pipelineRun.uid", context.uid.as_str());
        // A pipeline that is written in its run has the name of the run, as upstream.
        let name = if run.pipeline.name.is_empty() { &context.name } else { &run.pipeline.name };
        of_context.put_text("context.pipeline.name", name.as_str());
        let mut bound = Table::default();
        for declared in &run.pipeline.workspaces {
            bound.put_text(format!("workspaces.{}.bound", declared.name), "false");
        }
        for binding in &run.workspaces {
            bound.put_text(format!("workspaces.{}.bound", binding.name), "true");
        }
        Stages { params: Table::of_params(values), context: of_context, bound }
    }

    fn prepare(
        &self,
        written: &PipelineTask,
        timeout: Option<Duration>,
        budget: &Budget,
        problems: &mut Vec<Problem>,
    ) -> PreparedTask {
        let references = references::results_of_task(written);
        let mut task = written.clone();
        let expander = Expander::strict(&self.params, budget);
        let mut wrong = expander.over(|visit| fields::of_pipeline_task(&mut task, visit));
        if task.inline {
            // Parameters of the pipeline reach into the task; its own `params` of the same name come first.
            let mut table = Table::over(&self.params);
            for param in &task.params {
                let key = format!("params.{}", param.name);
                if self.params.get(&key).is_some() {
                    table.put(key, param.value.clone());
                }
            }
            wrong.extend(Expander::new(&table, budget).over(|visit| fields::of_task(&mut task.task, visit)));
        }
        for table in [&self.context, &self.bound] {
            wrong.extend(Expander::new(table, budget).over(|visit| fields::of_task_in_place(&mut task, visit)));
        }
        let ignore_failure = goes_on(task.on_error.as_deref(), &mut wrong);
        if ignore_failure && task.retries > 0 {
            wrong.push("onError: continue cannot be used together with retries".to_owned());
        }
        let name = &task.name;
        problems.extend(wrong.iter().map(|wrong| error_at(&written.origin, format!("task {name}: {wrong}"))));
        PreparedTask { task, references, timeout, ignore_failure, first_step: 0 }
    }

    /// What workspaces are bound to, and the variables of pods.
    fn common(&self, common: &mut Common, budget: &Budget, problems: &mut Vec<Problem>) {
        for table in [&self.params, &self.context] {
            let wrong = Expander::new(table, budget).over(|visit| {
                common.workspaces.iter_mut().for_each(|binding| fields::of_binding(binding, visit));
                let of_tasks = common.task_run_specs.iter_mut().flat_map(|spec| &mut spec.pod_env);
                for variable in common.pod_env.iter_mut().chain(of_tasks) {
                    fields::of_variable(&mut variable.value, visit);
                }
            });
            problems.extend(wrong.iter().map(|wrong| error_at(&Location::default(), wrong)));
        }
        for binding in &mut common.workspaces {
            let mut late = false;
            fields::of_binding(binding, &mut |field| {
                fields::texts_of(field, &mut |text| late |= is_late(text));
            });
            if late {
                let what = "is bound to a result of a task, which is not supported";
                problems.push(error_at(&binding.origin, format!("workspace {} {what}", binding.name)));
            }
        }
    }
}

/// Keeps one task, from one of its steps on.
fn select(
    only: &str,
    from_step: Option<&str>,
    tasks: &mut Vec<PreparedTask>,
    finally: &mut Vec<PreparedTask>,
    run: &PipelineRun,
    problems: &mut Vec<Problem>,
) {
    let names: Vec<String> = tasks.iter().chain(finally.iter()).map(|task| task.task.name.clone()).collect();
    tasks.append(finally);
    tasks.retain(|task| task.task.name == only);
    let Some(task) = tasks.first_mut() else {
        let missing = error_at(&run.origin, format!("the pipeline has no task {only}"));
        problems.push(missing.with_hint(format!("its tasks are {}", names.join(", "))));
        return;
    };
    if let Some(reference) = task.references.iter().next() {
        let message = format!("{only} cannot run alone: it uses results of {}", reference.task);
        problems.push(error_at(&task.task.origin, message));
    }
    task.task.run_after.clear();
    if let Some(step) = from_step {
        let mut steps = task.task.task.steps.iter().enumerate();
        match steps.position(|(index, spec)| step_name(index, spec) == step) {
            Some(index) => task.first_step = index,
            None => problems.push(error_at(&task.task.origin, format!("{only} has no step {step}"))),
        }
    }
}
