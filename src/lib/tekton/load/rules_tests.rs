//! One case for each rule: a run that breaks it, and what is said where.

use super::load_tests::by_request;
use super::*;

/// A run with one task `t`, whose `taskSpec` is given; line 1 is its first line.
fn task(spec: &str) -> String {
    pipeline(&format!("tasks:\n- name: t\n  taskSpec:\n{}", indented(spec)))
}

/// A run whose `pipelineSpec` is given.
fn pipeline(spec: &str) -> String {
    format!("apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec:\n  pipelineSpec:\n{}", indented(spec))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn outcome(text: &str, by_lighthouse: bool) -> (Vec<String>, Vec<String>) {
    let source = Source::File("run.yaml".to_owned());
    let events = ["BRANCH".to_owned()];
    let request = Request { by_lighthouse, event_controlled: &events, ..Request::of_file(&source, &[]) };
    let (problems, findings) = match by_request(text, &[], request) {
        Ok(loaded) => (Vec::new(), loaded.findings),
        Err(refused) => (refused.problems, refused.findings),
    };
    let shown = |problem: &Problem| {
        let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}:{} {}{hint}", problem.location.line, problem.location.column, problem.message)
    };
    let findings = findings.iter().map(|finding| format!("{} {}", finding.id, shown(&finding.problem)));
    (problems.iter().map(shown).collect(), findings.collect())
}

/// Every case is refused with just the given problem; the numbers of lines are those of the snippet.
fn expect<T: AsRef<str>>(cases: &[(T, &str)], whole: fn(&str) -> String, skip: usize) {
    let mut wrong = Vec::new();
    let below = |problem: &String| {
        let (line, rest) = problem.split_once(':').expect("a place");
        format!("{}:{rest}", line.parse::<usize>().expect("a line").saturating_sub(skip))
    };
    for (spec, expected) in cases {
        let spec = spec.as_ref();
        let problems: Vec<String> = outcome(&whole(spec), false).0.iter().map(below).collect();
        let is_right = match *expected {
            "" => problems.is_empty(),
            expected => problems.len() == 1 && problems[0].contains(expected),
        };
        if !is_right {
            wrong.push(format!("{spec}\n  expected: {expected}\n  problems: {problems:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const STEP: &str = "steps: [{image: i}]";

#[test]
fn rules_of_steps() {
    let cases = [
        (STEP, ""),
        ("steps: []", "has no `steps`"),
        ("steps: [{name: s}]", "step `s` has no `image`"),
        ("steps: [{name: A_b, image: i}]", "`A_b` cannot be the name of a step"),
        ("steps: [{name: s, image: i}, {name: s, image: i}]", "two steps `s`"),
        ("steps: [{image: i, script: x, command: [z]}]", "both `script` and `command`"),
        ("steps: [{image: i, script: '#!win cmd'}]", "a script for Windows"),
        ("steps: [{image: i, script: x, args: [z]}]", ""),
        ("steps: [{image: i, onError: stop}]", "1:37 `onError` of step 0 is `stop` (write continue or stopAndFail)"),
        ("steps: [{image: i, onError: $(params.x)}]\nparams: [{name: x}]", ""),
        ("steps: [{image: i, timeout: 5 minutes}]", "`timeout` of step 0 is not a duration: `5 minutes`"),
        ("steps: [{image: i, timeout: -5s}]", "is negative"),
        ("steps: [{image: i, timeout: 1h2m3.5s}]", ""),
        ("steps: [{image: i, imagee: j}]", "1:28 step 0 has no field `imagee` (did you mean `image`?)"),
        ("steps: [{image: i, resources: {}}]", "in v1 it is `computeResources`"),
        ("steps: [{image: i, args: [1]}]", "must be a list of texts, and is a number (put it in quotes)"),
        ("steps: [{image: i, command: ls}]", "must be a list, and is a text"),
        ("steps: [{image: i, env: [{name: A, value: 1}]}]", "(put it in quotes)"),
        ("steps: [{image: i, env: [{value: a}]}]", "cannot be the name of a variable"),
        ("steps: [{image: i, env: [{name: A, valueFrom: {fieldRef: {fieldPath: x}}}]}]", "there is no pod"),
        ("steps: [{image: i, env: [{name: A, value: b, valueFrom: {secretKeyRef: {name: s, key: k}}}]}]", "both"),
        ("steps: [{image: i, env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]}]", "needs `name` and `key`"),
        ("steps: [{image: i, envFrom: [{secretRef: {}}]}]", "has no `name`"),
        ("steps: [{image: i, envFrom: [{prefix: a}]}]", "needs one of"),
        ("steps: [{image: i, params: [{name: a, value: b}]}]", "`params` of a step need a `ref`"),
        ("steps: [{image: i, args: [\"a\\0b\"]}]", "1:35 this text has a zero byte, which no program can be given"),
        ("steps: [{image: i, name: \"a\\n::b\"}]", "`a\\n::b` cannot be the name of a step"),
        ("steps: [{ref: {name: a}, image: i}]", ""),
        ("steps: [{image: i, when: [{input: a, operator: is, values: [b]}]}]", "there is no operator `is`"),
        ("steps: [{image: i, when: [{input: a, operator: in}]}]", "has no `values`"),
        ("steps: [{image: i, when: [{cel: 'true', operator: in}]}]", "either `cel` or"),
        ("steps: [{image: i, when: [{}]}]", "this condition is empty"),
        ("steps: [{image: i, volumeDevices: [{name: a}]}]", "`volumeDevices`"),
        ("steps: [{image: i}]\nsidecars: [{name: c}]", "sidecar `c` has no `image`"),
        ("steps: [{image: i}]\nsidecars: [{name: tekton-log-results, image: i}]", "for itself"),
        ("steps: [{image: i}]\nsidecars: [{name: c, image: i, timeout: 1s}]", "sidecar `c` has no field `timeout`"),
        ("steps: [{image: i}]\ninputs: {params: []}", "write `params` at the task"),
    ];
    // A reference that cannot be resolved says so, and that nothing may stand beside it.
    let (refs, others): (Vec<_>, Vec<_>) = cases.into_iter().partition(|(spec, _)| spec.contains("ref: {name: a}"));
    expect(&others, task, 7);
    assert_eq!(outcome(&task(refs[0].0), false).0.len(), 2);
}

#[test]
fn rules_of_volumes_and_mounts() {
    let mount = |path: &str| {
        format!(
            "volumes: [{{name: v, emptyDir: {{}}}}]\nsteps: [{{image: i, volumeMounts: [{{name: v, mountPath: {path}}}]}}]"
        )
    };
    let volume = |source: &str| format!("volumes: [{{name: v, {source}}}]\nsteps: [{{image: i}}]");
    let cases = [
        (mount("/tekton/home"), ""),
        (mount("/tekton/home/x"), ""),
        (mount("/tekton/creds"), "2:64 step 0 mounts at /tekton/creds, which is Tekton's own"),
        (mount("/tekton//steps"), "Tekton's own"),
        (mount("/tekton/./homes"), "Tekton's own"),
        (mount("/tekton"), ""),
        (mount("/a/../tekton/steps"), "`..` cannot be used"),
        (mount("/workspace"), ""),
        (mount("/a, readOnly: 1"), "must be true or false"),
        (mount("/a, subPath: ../b"), "leaves the volume"),
        (mount("/a, subPathExpr: b"), "use `subPath`"),
        (mount("/a}, {name: v, mountPath: /a"), "mounts two volumes at /a"),
        (
            mount("/a").replace("volumeMounts: [{name: v", "volumeMounts: [{name: w"),
            "there is no volume `w` in this task",
        ),
        (volume("emptyDir: {}}, {name: v, emptyDir: {}"), "there are two volumes `v`"),
        (volume("emptyDir: "), ""),
        (volume("emptyDir: {medium: Memory}"), ""),
        (volume("hostPath: {path: /a}"), ""),
        (volume("hostPath: {path: ../a}"), "needs an absolute `path`"),
        (volume("secret: {name: a}"), "has no `secretName`"),
        (volume("secret: {secretName: a, defaultMode: 0600, items: [{key: a, path: b, mode: 256}]}"), ""),
        (volume("secret: {secretName: a, items: [{key: a, path: ../b}]}"), "leaves the volume"),
        (volume("secret: {secretName: a, defaultMode: 9999}"), "is not a mode"),
        (volume("configMap: {name: a, optional: true}"), ""),
        (volume("persistentVolumeClaim: {claimName: a, readOnly: true}"), ""),
        (volume("persistentVolumeClaim: {}"), "has no `claimName`"),
        (volume("projected: {sources: [{secret: {name: a}}, {configMap: {name: b}}]}"), ""),
        (volume("projected: {sources: []}"), "has no `sources`"),
        (volume("projected: {sources: [{serviceAccountToken: {path: a}}]}"), "`serviceAccountToken`"),
        (volume("csi: {driver: a}"), "`csi`, which kfleet does not run"),
        (volume("downwardAPI: {items: [{path: a}]}"), "`downwardAPI`"),
        (volume("ephemeral: {volumeClaimTemplate: {}}"), "`ephemeral`"),
        (volume("emptyDir: {}, secret: {secretName: a}"), "says in several ways"),
        (volume("readOnly: true"), "has no field `readOnly`"),
    ];
    let (double, single): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|(spec, _)| spec.contains("secret: {name: a}") && !spec.contains("projected"));
    expect(&single, task, 7);
    for (spec, expected) in double {
        let (problems, _) = outcome(&task(&spec), false);
        assert!(problems.len() >= 2 || expected.is_empty(), "{spec}: {problems:?}");
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{spec}: {problems:?}");
    }
}

#[test]
fn rules_of_params_and_results() {
    let with = |rest: &str| format!("{STEP}\n{rest}");
    let cases = [
        (with("params: [{name: a, type: list}]"), "2:34 param `a` has the type `list` (write string, array or object)"),
        (with("params: [{name: a, default: [x]}]"), ""),
        (
            with("params: [{name: a, type: string, default: [x]}]"),
            "has the type string, and its default the type array",
        ),
        (with("params: [{name: a, type: object}]"), "is an object without `properties`"),
        (with("params: [{name: a, properties: {k: {}}}]"), ""),
        (with("params: [{name: a, properties: {k: {type: array}}}]"), "only string is there"),
        (with("params: [{name: a.b, properties: {k: {}}}]"), "`a.b` cannot be the name"),
        (with("params: [{name: a, properties: {k.l: {}}}]"), "`k.l` cannot be a key"),
        (with("params: [{name: 1a}]"), "`1a` cannot be the name of a param"),
        (with("params: [{name: a}, {name: a}]"), "param `a` is declared twice"),
        (with("params: [{name: a, enum: [x, x]}]"), "`x` twice"),
        (with("params: [{name: a, enum: [x], default: z}]"), "which its `enum` does not list"),
        (with("params: [{name: a, default: [x], enum: [x]}]"), "which only strings can have"),
        (with("params: [{name: a, value: x}]"), "a declaration has a `default`"),
        (with("results: [{name: -a}]"), "cannot be the name of a result"),
        (with("results: [{name: a, type: number}]"), "has the type `number`"),
        (with("results: [{name: a, type: object}]"), "without `properties`"),
        (with("results: [{name: a, value: x}]"), "write $(steps.STEP.results.RESULT)"),
        (with("results: [{name: a, value: $(steps.s.results.r)}]"), "there is no step `s` here"),
        (
            "results: [{name: a, value: $(steps.s.results.r)}]\nsteps: [{name: s, image: i, results: [{name: r}]}]"
                .to_owned(),
            "",
        ),
    ];
    expect(&cases, task, 7);
}

#[test]
fn references_of_tasks_are_known() {
    let script = |text: &str, rest: &str| format!("{rest}\nsteps: [{{name: s, image: i, script: 'x {text}'}}]");
    let args = |text: &str, rest: &str| format!("{rest}\nsteps: [{{name: s, image: i, args: ['{text}']}}]");
    let array = "params: [{name: a, type: array}]";
    let object = "params: [{name: o, properties: {k: {}}}]";
    let cases = [
        (script("$(params.b)", "params: [{name: bb}]"), "2:45 $(params.b) names a param that is not declared here"),
        (script("$(params.bbbc)", "params: [{name: bbbb}]"), "(did you mean `bbbb`?)"),
        (script("$(inputs.params.b)", "params: [{name: a}]"), "not declared here"),
        (script("$(inputs.params.a)", "params: [{name: a}]"), "give it to the task by `params`"),
        (script("$(inputs.params.a)", "params: [{name: a, default: b}]"), ""),
        (script("$(params[\"a.b\"])", "params: [{name: a.b}]"), ""),
        (script("$(params.a.b)", "params: [{name: a.b}]"), "write $(params[\"a.b\"])"),
        (script("$(params.a)", array), "$(params.a) is an array, and stands inside a text"),
        (script("$(params.a[0])", array), ""),
        (args("$(params.a)", array), ""),
        (args("$(params.a[*])", array), ""),
        (args("x$(params.a[*])", array), "stands inside a text"),
        (script("$(params.o)", object), "only its keys can be used here"),
        (args("$(params.o[*])", object), "only its keys can be used here"),
        (script("$(params.o.k)", object), ""),
        (script("$(params.o.l)", object), "has no key `l`"),
        (script("$(params.s.k)", "params: [{name: s}]"), "param `s` is a string"),
        (script("$(params.a.b.c)", "params: [{name: a}]"), "is not a reference that Tekton knows"),
        (script("$(context.taskRun.name) $(context.task.retry-count)", ""), ""),
        (script("$(context.pipelineRun.name)", ""), ""),
        (script("$(context.taskRun.nam)", ""), "is not a context of a task"),
        (script("$(results.r.path)", ""), "there is no result `r` here"),
        (script("$(results.r.path)", "results: [{name: r}]"), ""),
        (args("$(results.r.path)", "results: [{name: s}]"), "there are s"),
        (script("$(workspaces.w.path)", ""), "there is no workspace `w` here"),
        (script("$(steps.step-s.exitCode.path)", ""), ""),
        (script("$(steps.step-z.exitCode.path)", ""), "there is no step `z` here"),
        (script("$(steps.s.results.r)", ""), "is not replaced in `script`"),
        (args("$(steps.z.results.r)", ""), "there is no step `z`"),
        (args("$(steps.s.results.r)", ""), "there is no result of the step `r`"),
        (args("$(step.results.r.path)", ""), "there is no result of this step `r`"),
        (script("$(tasks.t.results.r)", ""), "cannot wait for its own result"),
        (script("$(tasks.u.status)", ""), "is not replaced in a task"),
        (script("$(step.artifacts.path)", ""), "kfleet has no artifacts"),
        (script("$(echo x) $(HOME) $(params) $(cat $(ls))", ""), ""),
    ];
    let (double, single): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|(spec, _)| spec.contains("steps.s.results.r)"));
    expect(&single, task, 7);
    for (spec, expected) in double {
        let (problems, _) = outcome(&task(&spec), false);
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{spec}: {problems:?}");
    }
}

#[test]
fn rules_of_pipelines() {
    let spec =
        "taskSpec: {results: [{name: r}, {name: l, type: array}, {name: o, properties: {k: {}}}], steps: [{image: i}]}";
    let with = |text: &str| text.replace("SPEC", spec);
    let value = |text: &str| {
        with(&format!(
            "params: [{{name: p}}]\ntasks:\n- {{name: a, SPEC}}\n- {{name: b, SPEC, params: [{{name: x, value: '{text}'}}]}}"
        ))
    };
    let finally = |text: &str| {
        with(&format!(
            "tasks: [{{name: a, SPEC}}]\nfinally:\n- {{name: f, SPEC}}\n- {{name: g, SPEC, params: [{{name: x, value: '{text}'}}]}}"
        ))
    };
    let cases = [
        ("description: x".to_owned(), "the pipeline has no `tasks`"),
        (with("finally: [{name: a, SPEC}]"), "has no `tasks`, only `finally`"),
        (with("tasks: [{name: A, SPEC}]"), "1:20 `A` cannot be the name of a task"),
        (with("tasks: [{name: a, SPEC}, {name: a, SPEC}]"), "there are two tasks `a`"),
        (with("tasks: [{name: a, SPEC}]\nfinally: [{name: a, SPEC}]"), "there are two tasks `a`"),
        ("tasks: [{name: a}]".to_owned(), "has nothing to run"),
        (with("tasks: [{name: a, SPEC, taskRef: {name: b}}]"), "has several of taskRef, taskSpec"),
        ("tasks: [{name: a, taskRef: {name: b}}]".to_owned(), "with --with FILE"),
        ("tasks: [{name: a, taskRef: {}}]".to_owned(), "has no `name`"),
        ("tasks: [{name: a, taskRef: {name: b, kind: ClusterTask}}]".to_owned(), "ClusterTask was removed"),
        (
            "tasks: [{name: a, taskRef: {apiVersion: example.dev/v1, kind: Wait, name: b}}]".to_owned(),
            "custom task `example.dev/v1 Wait b`",
        ),
        ("tasks: [{name: a, taskSpec: {apiVersion: example.dev/v1, kind: Wait, spec: {}}}]".to_owned(), "custom task"),
        ("tasks: [{name: a, pipelineRef: {name: b}}]".to_owned(), "is a pipeline in a pipeline"),
        ("tasks: [{name: a, taskRef: {resolver: hub, params: []}}]".to_owned(), "does not have the resolver `hub`"),
        (
            "tasks: [{name: a, taskRef: {resolver: git, params: [{name: url, value: u}]}}]".to_owned(),
            "needs the param `pathInRepo`",
        ),
        (
            "tasks: [{name: a, taskRef: {resolver: http, params: [{name: url, value: 'https://e.test/t'}]}}]"
                .to_owned(),
            "nothing may be fetched",
        ),
        ("tasks: [{name: a, taskRef: {name: b, bundle: c}}]".to_owned(), "has no field `bundle`"),
        (with("tasks: [{name: a, SPEC, runAfter: [b]}]"), "1:145 task `a` is to run after `b`, which is not a task"),
        (with("tasks: [{name: a, SPEC, runAfter: [a]}]"), "after itself"),
        (with("tasks: [{name: a, SPEC}]\nfinally: [{name: f, SPEC, runAfter: [a]}]"), "where no `runAfter` can be"),
        (with("tasks: [{name: a, SPEC, retries: -1}]"), "`retries` of task `a` is negative"),
        (with("tasks: [{name: a, SPEC, retries: 1, onError: continue}]"), "both `onError: continue` and `retries`"),
        (with("tasks: [{name: a, SPEC, onError: ignore}]"), "write continue or stopAndFail"),
        (with("tasks: [{name: a, SPEC, timeout: 0}]"), "(put it in quotes)"),
        (with("tasks: [{name: a, SPEC, timeout: '0'}]"), ""),
        (with("tasks: [{name: a, SPEC, params: [{name: x}]}]"), "has no `value`"),
        (with("tasks: [{name: a, SPEC, params: [{name: x, value: 1}, {name: x, value: 2}]}]"), "is given twice"),
        (
            with("tasks: [{name: a, SPEC, when: [{input: $(params.x), operator: in, values: [z]}]}]"),
            "not declared here",
        ),
        (with("tasks: [{name: a, SPEC, resources: {inputs: []}}]"), "PipelineResources"),
        (value("$(params.p)"), ""),
        (value("$(inputs.params.p)"), "a pipeline has no `inputs.params`"),
        (value("$(params.q)"), "4:154 $(params.q) names a param"),
        (value("$(context.pipelineRun.name) $(context.pipelineTask.retries) $(context.taskRun.name)"), ""),
        (value("$(context.pipeline.uid)"), "is not a context of a pipeline"),
        (value("$(tasks.a.results.r)"), ""),
        (value("$(tasks.a.results.l[*])"), ""),
        (value("$(tasks.a.results.o.k)"), ""),
        (value("$(tasks.a.results.o.z)"), "has no key `z`"),
        (value("$(tasks.a.results.z)"), "declares no result `z` (InvalidTaskResultReference)"),
        (value("$(tasks.c.results.r)"), "there is no task `c`"),
        (value("$(tasks.b.results.r)"), "its own result"),
        (value("$(tasks.a.status)"), "is known in `finally` only"),
        (value("$(tasks.status)"), "is known in `finally` only"),
        (finally("$(tasks.status) $(tasks.a.status) $(tasks.a.reason)"), ""),
        (finally("$(tasks.z.status)"), "there is no task `z`"),
        (finally("$(tasks.f.results.r)"), "is in `finally`, and nothing can wait for it"),
        (finally("$(finally.f.results.r)"), "for results of the pipeline only"),
        (with("tasks: [{name: a, SPEC}]\nresults: [{name: x, value: $(tasks.a.results.r)}]"), ""),
        (with("tasks: [{name: a, SPEC}]\nresults: [{name: x, value: $(tasks.z.results.r)}]"), "there is no task `z`"),
        (with("tasks: [{name: a, SPEC}]\nresults: [{name: x, value: y}]"), "names no result of a task"),
        (with("tasks: [{name: a, SPEC}]\nresults: [{name: x}]"), "has no `value`"),
        (
            with(
                "tasks: [{name: a, SPEC}]\nfinally: [{name: f, SPEC}]\nresults: [{name: x, value: $(finally.f.results.r)}]",
            ),
            "",
        ),
    ];
    expect(&cases, pipeline, 4);
}

#[test]
fn rules_of_matrices_and_workspaces() {
    let matrix = |text: &str| {
        format!(
            "tasks: [{{name: a, matrix: {text}, taskSpec: {{params: [{{name: x}}], results: [{{name: r}}], steps: [{{image: i}}]}}}}]"
        )
    };
    let many = format!(
        "{{params: [{{name: x, value: [{}]}}, {{name: z, value: [{}]}}]}}",
        ["a"; 20].join(","),
        ["b"; 20].join(",")
    );
    let workspace = |pipeline: &str, used: &str, declared: &str| {
        format!(
            "workspaces: [{pipeline}]\ntasks: [{{name: a, workspaces: [{used}], taskSpec: {{workspaces: [{declared}], steps: [{{image: i}}]}}}}]"
        )
    };
    let optional = "{name: w, optional: true}";
    let cases = [
        (matrix("{params: [{name: x, value: [a, b]}]}"), ""),
        (matrix("{params: [{name: x, value: a}]}"), "of the matrix of task `a` is not a list"),
        (matrix(&many), "has 400 combinations"),
        (matrix("{}"), "`matrix` of task `a` is empty"),
        (matrix("{include: [{name: n, params: [{name: x, value: [a]}]}]}"), "must be a text"),
        (matrix("{params: [{name: x, value: [a]}]}, params: [{name: x, value: b}]"), "in both `params` and `matrix`"),
        (matrix("{params: [{name: x, value: [a]}]}").replace("steps: [{image: i}]}}]", "steps: [{image: i}]}}, {name: b, params: [{name: p, value: $(tasks.a.results.r)}], taskSpec: {steps: [{image: i}]}}]"), "has many of each result"),
        (workspace(optional, "{name: w}", optional), ""),
        (workspace("{name: w}", "{name: w}", "{name: w}"), "workspace `w` of the pipeline is not bound"),
        (workspace(optional, "{name: w, workspace: z}", "{name: w}"), "which the pipeline does not have"),
        (workspace(optional, "", "{name: w}"), "declares workspace `w` and does not get it"),
        (workspace(optional, "{name: w}, {name: w}", optional), "gets workspace `w` twice"),
        (workspace(optional, "{name: w, subPath: ../a}", optional), "leaves the volume"),
        (workspace("{name: w, optional: true}, {name: w, optional: true}", "", ""), "is declared twice"),
    ];
    expect(&cases, pipeline, 4);
}

#[test]
fn rules_of_runs() {
    let spec = "pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{image: i}]}}]}";
    let whole: fn(&str) -> String = |rest| format!("apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec:\n  {rest}\n");
    let cases = [
        (
            format!("{spec}\n  timeouts: {{pipeline: 1h, tasks: 2h}}"),
            "`timeouts.tasks` (2h) is longer than that of the pipeline (1h)",
        ),
        (format!("{spec}\n  timeouts: {{tasks: 2h}}"), "(2h) is longer than that of the pipeline (1h)"),
        (format!("{spec}\n  timeouts: {{pipeline: '0', tasks: 2h}}"), ""),
        (format!("{spec}\n  timeouts: {{pipeline: 1h, tasks: 40m, finally: 30m}}"), "are 1h10m together"),
        (format!("{spec}\n  timeouts: {{pipeline: 1h, finally: '0'}}"), "(no limit) is longer"),
        (
            format!("{spec}\n  taskRunSpecs: [{{pipelineTaskName: t, timeout: 2h}}]"),
            "the timeout of task `t` (2h) is longer",
        ),
        (format!("{spec}\n  taskRunSpecs: [{{pipelineTaskName: u}}]"), "`taskRunSpecs` speaks of `u`"),
        (format!("{spec}\n  serviceAccountName: x"), "in v1 it is `taskRunTemplate.serviceAccountName`"),
        (format!("{spec}\n  status: Cancelled"), "`status` of a run is for those in a cluster"),
        (format!("{spec}\n  managedBy: x"), "`managedBy`"),
        (format!("{spec}\n  params: [{{name: x, value: $(tasks.t.results.r)}}]"), "cannot be the result of a task"),
        (format!("{spec}\n  workspaces: [{{name: w, emptyDir: {{}}}}, {{name: w, emptyDir: {{}}}}]"), "is bound twice"),
        (format!("{spec}\n  workspaces: [{{name: w, csi: {{driver: x}}}}]"), "`csi`"),
        (format!("{spec}\n  pipelineRef: {{name: x}}"), "both `pipelineRef` and `pipelineSpec`"),
        ("params: []".to_owned(), "this run has no pipeline"),
    ];
    expect(&cases, whole, 0);
}

#[test]
fn kinds_that_are_none_are_refused() {
    let cases = [
        ("{apiVersion: tekton.dev/v1beta1, kind: ClusterTask, spec: {}}", "ClusterTask was removed from Tekton"),
        ("{apiVersion: tekton.dev/v1alpha1, kind: PipelineResource, spec: {}}", "PipelineResource was removed"),
        ("{apiVersion: tekton.dev/v1alpha1, kind: Run, spec: {}}", "kind Run is none"),
        ("{apiVersion: tekton.dev/v1alpha1, kind: StepAction, spec: {image: i}}", "cannot be run by itself"),
        ("{apiVersion: tekton.dev/v1, kind: Task}", "has no `spec`"),
        ("{a: 1}", "it has no `kind`"),
    ];
    expect(&cases, str::to_owned, 0);
}

#[test]
fn unknown_fields_are_dropped_by_lighthouse() {
    let text = task("steps: [{image: i, imagee: j}]");
    let (problems, findings) = outcome(&text, true);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(findings[0].contains("Lighthouse drops it (did you mean `image`?)"), "{findings:?}");
}

#[test]
fn findings() {
    let spec =
        |steps: &str| format!("params: [{{name: BRANCH}}]\ntasks: [{{name: t, taskSpec: {{steps: [{steps}]}}}}]");
    let used = spec("{image: $(params.BRANCH)}");
    let cases = [
        (used.clone(), ""),
        (spec("{image: i}"), "unused-param 5:14 param `BRANCH` of the pipeline is not used"),
        (spec("{image: i, script: 'echo $(params.BRANCH)'}"), "event-text 6:61 $(params.BRANCH) is text of the event"),
        (spec("{image: i, args: [-ce, 'x $(params.BRANCH)']}"), "event-text"),
        (spec("{image: i, args: ['--x=$(params.BRANCH)']}"), ""),
        (spec("{image: $(params.BRANCH), script: \"\\n#!/bin/sh\\n\"}"), "late-shebang"),
        (spec("{image: $(params.BRANCH), securityContext: {runAsUser: 0}}, {image: i, securityContext: {runAsUser: 0}}"), "inert-field"),
        ("tasks:\n- {name: a, taskSpec: {results: [{name: r}], steps: [{image: i}]}}\n- {name: b, params: [{name: x, value: '$(tasks.a.results[\"r\"])'}], taskSpec: {params: [{name: x}], steps: [{image: $(params.x)}]}}".to_owned(), "bracket-result"),
        ("tasks: [{name: t, taskSpec: {params: [{name: x, default: z}], steps: [{image: i}]}}]".to_owned(), "unused-param"),
        ("tasks: [{name: t, params: [{name: x, value: z}], taskSpec: {steps: [{image: i}]}}]".to_owned(), "unknown-param"),
        (spec("{image: i, script: 'echo $(params.v)'}").replace("taskSpec: {", "params: [{name: v, value: v-$(params.BRANCH)}], taskSpec: {params: [{name: v}], "), "event-text"),
    ];
    for (spec, expected) in cases {
        let (problems, findings) = outcome(&pipeline(&spec), false);
        assert!(problems.is_empty(), "{spec}: {problems:?}");
        let is_right = match expected {
            "" => findings.is_empty(),
            expected => findings.len() == 1 && findings[0].contains(expected),
        };
        assert!(is_right, "{spec}\n expected {expected}\n {findings:#?}");
    }
    let shared = "tasks:\n- {name: a, workspaces: [{name: w}], taskSpec: {workspaces: [{name: w}], steps: [{image: i}]}}\n- {name: b, workspaces: [{name: w}], taskSpec: {workspaces: [{name: w}], steps: [{image: i}]}}\nworkspaces: [{name: w}]";
    let text = format!("{}  workspaces: [{{name: w, emptyDir: {{}}}}]\n", pipeline(shared));
    let (problems, findings) = outcome(&text, false);
    let is_right = problems.is_empty() && findings.len() == 1 && findings[0].contains("unshared-folder");
    assert!(is_right, "{problems:?} {findings:?}");
}

#[test]
fn places_in_scripts_are_exact() {
    let text = task("steps:\n- image: i\n  script: |\n    #!/bin/sh\n\n    echo ä $(params.x)\n");
    let (problems, _) = outcome(&text, false);
    assert_eq!(problems, ["13:20 $(params.x) names a param that is not declared here"]);
}
