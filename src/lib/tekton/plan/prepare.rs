//! The first stage of a run, before any task is ready: values of parameters, the variables of the pipeline replaced, the
//! order of tasks, timeouts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::problem::Problem;

use super::graph::{self, Graph};
use super::options::{PlanOptions, RunContext};
use super::params::{self, Values};
use super::resolve::{CEL, Common};
use super::results;
use super::timeouts::{self, Limits};
use crate::tekton::types::{Origin, PipelineResult, PipelineRun, PipelineTask, When, is_dns_label};
use crate::tekton::variables::fields::{self, Field};
use crate::tekton::variables::key::is_late;
use crate::tekton::variables::references::{self, ResultRef};
use crate::tekton::variables::substitute::{Budget, Expander, Table};

/// What the controller carries out.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// What all runs of tasks share.
    pub common: Common,
    /// The values of the pipeline's parameters.
    pub params: Values,
    /// The tasks, as written.
    pub tasks: Vec<PreparedTask>,
    /// The tasks of `finally`.
    pub finally: Vec<PreparedTask>,
    /// The order of `tasks`.
    pub graph: Graph,
    /// The results of the pipeline.
    pub results: Vec<PipelineResult>,
    /// The timeouts of the run.
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
            declared.filter(|origin| !origin.file.is_empty()).unwrap_or(&run.origin).error(message)
        }));
        Values::new()
    });
    let limits = timeouts::of_run(&run.timeouts).unwrap_or_else(|wrong| {
        problems.push(run.origin.error(wrong));
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
        problems.push(run.origin.error("a step to begin with needs a task that it belongs to"));
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
        problems.push(origin.error(message));
    }
}

fn check_names(run: &PipelineRun, problems: &mut Vec<Problem>) {
    let all = || run.pipeline.tasks.iter().chain(&run.pipeline.finally);
    let mut names = BTreeSet::new();
    for task in all() {
        if !is_dns_label(&task.name) {
            problems.push(
                task.origin.error(format!("{:?} cannot be the name of a task: it is not a DNS label", task.name)),
            );
        }
        if !names.insert(task.name.as_str()) {
            problems.push(task.origin.error(format!("there are two tasks named {}", task.name)));
        }
        let conditions = task.when.iter().chain(task.task.steps.iter().flat_map(|step| &step.when));
        for condition in conditions {
            if let When::Cel { origin, .. } = condition {
                problems.push(origin.error(CEL));
            }
        }
    }
    for spec in run.task_run_specs.iter().filter(|spec| !names.contains(spec.task.as_str())) {
        problems.push(
            run.origin.error(format!("taskRunSpecs is about {}, which is not a task of the pipeline", spec.task)),
        );
    }
    if run.pipeline.tasks.is_empty() {
        problems.push(run.origin.error("the pipeline has no tasks"));
    }
}

fn check_references(run: &PipelineRun, problems: &mut Vec<Problem>) -> Graph {
    let pipeline = &run.pipeline;
    let mut of_tasks = Vec::with_capacity(pipeline.tasks.len());
    for (task, is_finally) in
        pipeline.tasks.iter().map(|task| (task, false)).chain(pipeline.finally.iter().map(|task| (task, true)))
    {
        let references = references::results_of_task(task);
        let (wrong, known): (Vec<_>, Vec<_>) = references.iter().cloned().partition(|reference| reference.finally);
        for reference in wrong {
            let message = format!("{} uses a result of {}, a task of finally", task.name, reference.task);
            problems.push(task.origin.error(message));
        }
        let wrong = results::undeclared(&known.into_iter().collect(), &pipeline.tasks, &pipeline.finally);
        problems.extend(wrong.into_iter().map(|wrong| task.origin.error(format!("{wrong} (used by {})", task.name))));
        if is_finally && !task.run_after.is_empty() {
            problems.push(task.origin.error(format!("{} is in finally, where runAfter is not allowed", task.name)));
        }
        if !is_finally {
            of_tasks.push(references);
        }
    }
    for result in &pipeline.results {
        let references = references::results_in(&result.value);
        let wrong = results::undeclared(&references, &pipeline.tasks, &pipeline.finally);
        problems.extend(
            wrong.into_iter().map(|wrong| result.origin.error(format!("{wrong} (used by the result {})", result.name))),
        );
    }
    graph::build(&pipeline.tasks, &of_tasks).unwrap_or_else(|wrong| {
        problems.extend(wrong.into_iter().map(|(at, message)| {
            let origin = pipeline.tasks.get(at).map_or(&run.origin, |task| &task.origin);
            origin.error(message)
        }));
        Graph::default()
    })
}

fn check_workspaces(run: &PipelineRun, problems: &mut Vec<Problem>) {
    for declared in run.pipeline.workspaces.iter().filter(|declared| !declared.optional) {
        if run.workspaces.iter().all(|binding| binding.name != declared.name) {
            let message = format!(
                "InvalidWorkspaceBindings: pipeline requires workspace with name \"{}\" be provided by pipelinerun",
                declared.name
            );
            problems.push(run.origin.error(message));
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
        let is_inline = run.pipeline.name.is_empty();
        of_context
            .put_text("context.pipeline.name", if is_inline { &context.name } else { &run.pipeline.name }.as_str());
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
        let mut wrong = Vec::new();
        let expander = Expander::strict(&self.params, budget);
        fields::of_pipeline_task(&mut task, &mut |field| expander.field(field));
        wrong.extend(expander.into_problems());
        if task.inline {
            // Parameters of the pipeline reach into the task; its own `params` of the same name come first.
            let known: BTreeMap<&str, _> =
                task.params.iter().map(|param| (param.name.as_str(), &param.value)).collect();
            let mut table = Table::over(&self.params);
            for (name, value) in known {
                if self.params.get(&format!("params.{name}")).is_some() {
                    table.put(format!("params.{name}"), value.clone());
                }
            }
            let expander = Expander::new(&table, budget);
            fields::of_task(&mut task.task, &mut |field| expander.field(field));
            wrong.extend(expander.into_problems());
        }
        for table in [&self.context, &self.bound] {
            let expander = Expander::new(table, budget);
            fields::of_pipeline_task(&mut task, &mut |field| expander.field(field));
            if task.inline {
                fields::of_task(&mut task.task, &mut |field| expander.field(field));
            }
            wrong.extend(expander.into_problems());
        }
        let ignore_failure = match task.on_error.as_deref() {
            None | Some("" | "stopAndFail") => false,
            Some("continue") => true,
            Some(other) => {
                wrong.push(format!("onError is {other:?}, not continue or stopAndFail"));
                false
            }
        };
        if ignore_failure && task.retries > 0 {
            wrong.push("onError: continue cannot be used together with retries".to_owned());
        }
        let name = &task.name;
        problems.extend(wrong.into_iter().map(|wrong| written.origin.error(format!("task {name}: {wrong}"))));
        PreparedTask { task, references, timeout, ignore_failure, first_step: 0 }
    }

    /// What workspaces are bound to, and the variables of pods.
    fn common(&self, common: &mut Common, budget: &Budget, problems: &mut Vec<Problem>) {
        for table in [&self.params, &self.context] {
            let expander = Expander::new(table, budget);
            for binding in &mut common.workspaces {
                fields::of_volume(&mut binding.source, &mut |field| expander.field(field));
                binding.sub_path.iter_mut().for_each(|path| expander.field(Field::Text(path)));
            }
            let of_tasks = common.task_run_specs.iter_mut().flat_map(|spec| &mut spec.pod_env);
            for variable in common.pod_env.iter_mut().chain(of_tasks) {
                fields::of_variable(&mut variable.value, &mut |field| expander.field(field));
            }
            problems.extend(expander.into_problems().into_iter().map(|wrong| Origin::default().error(wrong)));
        }
        for binding in &mut common.workspaces {
            let mut late = binding.sub_path.as_deref().is_some_and(is_late);
            fields::of_volume(&mut binding.source, &mut |field| {
                fields::texts_of(field, &mut |text| late |= is_late(text));
            });
            if late {
                let message =
                    format!("workspace {} is bound to a result of a task, which is not supported", binding.name);
                problems.push(binding.origin.error(message));
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
        let mut missing = run.origin.error(format!("the pipeline has no task {only}"));
        missing.hint = Some(format!("its tasks are {}", names.join(", ")));
        problems.push(missing);
        return;
    };
    if let Some(reference) = task.references.iter().next() {
        let message = format!("{only} cannot run alone: it uses results of {}", reference.task);
        problems.push(task.task.origin.error(message));
    }
    task.task.run_after.clear();
    if let Some(step) = from_step {
        let steps = &task.task.task.steps;
        let found = steps.iter().enumerate().position(|(index, spec)| super::resolve::step_name(index, spec) == step);
        match found {
            Some(index) => task.first_step = index,
            None => problems.push(task.task.origin.error(format!("{only} has no step {step}"))),
        }
    }
}
