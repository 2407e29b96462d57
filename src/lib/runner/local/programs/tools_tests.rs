//! How options are read, and which of them a plan needs.

use super::*;

#[test]
fn images_have_the_programs_that_the_user_names() {
    let tools = Tools::parse(&["example/fmt=kfleet fmt".into(), "r.example:5000/*=x".into()], &[]).unwrap();
    for (image, program) in [
        ("example/fmt", Some("kfleet fmt")),
        ("example/fmt:v1", Some("kfleet fmt")),
        ("example/fmt:v1@sha256:00", Some("kfleet fmt")),
        ("r.example:5000/a/b:1", Some("x")),
        ("example/fmt-two", None),
        ("r.example:5001/a", None),
    ] {
        assert_eq!(tools.entrypoint(image).map(|words| words.join(" ")).as_deref(), program, "{image}");
    }
    let step = |command: &[&str], script: Option<&str>| StepSpec {
        image: "example/fmt".into(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        args: vec!["--check".into()],
        script: script.map(str::to_owned),
        ..StepSpec::default()
    };
    let mut steps = [step(&[], None), step(&["make"], None), step(&[], Some("x"))];
    let served: Vec<&str> = steps.iter_mut().filter_map(|step| tools.apply_to(step)).collect();
    assert_eq!(served, ["example/fmt=kfleet fmt"]);
    assert_eq!(steps.map(|step| step.command.join(" ")), ["kfleet fmt", "make", ""]);
    assert!(Tools::parse(&["x".into()], &[]).is_err() && Tools::parse(&["=x".into()], &[]).is_err());
}

fn parsed(overrides: &[&str]) -> Result<Tools> {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Tools::parse(&[], &overrides)
}

#[test]
fn words_are_split_as_in_a_shell() {
    for (text, command, program) in [
        ("make generate=kfleet generate", &["make", "generate"][..], &["kfleet", "generate"][..]),
        ("make 'a=b c' = sh -c \"echo '1  2'\" \\#3", &["make", "a=b c"], &["sh", "-c", "echo '1  2'", "#3"]),
        ("make x\\=y=z=1 #2", &["make", "x=y"], &["z=1", "#2"]),
    ] {
        let tools = parsed(&[text]).unwrap();
        assert_eq!(
            (&tools.overrides[0].command[..], &tools.overrides[0].program[..]),
            (&own(command)[..], &own(program)[..])
        );
    }
    let tools = Tools::parse(&["a/b:1=fmt 'x y'".into()], &[]).unwrap();
    assert_eq!(tools.entrypoint("a/b:1"), Some(&own(&["fmt", "x y"])[..]));
    for (text, why) in [
        ("make", "no ="),
        ("=x", "empty"),
        ("make=", "empty"),
        ("''=x", "not a path"),
        ("/bin/make=x", "not a path"),
        ("kfleet=x", "kfleet"),
        ("make=sh -c 'x", "quote"),
        ("make 'x=y", "quote"),
        ("make=x\\", "quote"),
    ] {
        let error = parsed(&[text]).unwrap_err();
        assert!(error.kind == ErrorKind::Usage && error.message.contains(why), "{text}: {error}");
    }
    for (text, why) in [("a/b", "no ="), ("a/b= ", "empty"), ("a/b='x", "quote"), ("a[=x", "pattern")] {
        let error = Tools::parse(&[text.to_owned()], &[]).unwrap_err();
        assert!(error.kind == ErrorKind::Usage && error.message.contains(why), "{text}: {error}");
    }
}

fn own(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn mk_step(argv: &[&str], script: Option<&str>) -> StepPlan {
    StepPlan { argv: own(argv), script: script.map(str::to_owned), ..StepPlan::default() }
}

#[test]
fn overrides_are_looked_for_in_commands_and_shell_texts() {
    for (command, argv, script, is_there) in [
        (&["make"][..], &["make", "all"][..], None, true),
        (&["make", "all"], &["make", "all", "-j"], None, true),
        (&["make", "generate"], &["make", "all"], None, false),
        (&["make"], &["/usr/bin/make"], None, false),
        (&["make", "all"], &["/bin/sh", "-c", "cd x && make all"], None, true),
        (&["make", "all"], &["/usr/bin/env", "make", "all"], None, true),
        (&["make", "all"], &[], Some("#!/bin/sh\ncd x;make \\\n  all"), true),
        (&["make", "all"], &[], Some("make \"$TARGET\""), true),
        (&["make", "all"], &[], Some("\"$TOOL\" all"), false),
        (&["make"], &[], Some("makefile"), false),
    ] {
        assert_eq!(is_in_step(&own(command), &mk_step(argv, script)), is_there, "{command:?} in {argv:?} {script:?}");
    }
}

fn mk_plan() -> Plan {
    use crate::tekton::{mk, plan};
    let run = mk::run(vec![mk::one("t", "echo x", &[])]);
    plan::plan(&run, &mk::context(), &plan::PlanOptions::default()).unwrap()
}

#[test]
fn flags_win_over_the_fleet_file() {
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let tools = map(&[("a/fmt", "kfleet fmt"), ("a/x", "x 'y z'"), ("b", "")]);
    let overrides = map(&[("make generate", "kfleet generate"), ("make", "true"), ("/bin/make", "x"), ("a 'b", "x")]);
    let (file, wrong) = Tools::of_file(&tools, &overrides);
    let wrong: Vec<String> = wrong.into_iter().map(|(at, why)| format!("{}: {why}", at.join("."))).collect();
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert_eq!(wrong[0], "tools.b: one side is empty");
    let flags = Tools::parse(&["a/fmt=mine".into()], &["make=false".into()]).unwrap();
    let tools = flags.or(file);
    assert_eq!(tools.entrypoint("a/fmt:1").unwrap(), ["mine"]);
    assert_eq!(tools.entrypoint("a/x").unwrap(), ["x", "y z"]);
    let programs: Vec<String> = tools.overrides.iter().map(|other| other.program.join(" ")).collect();
    assert_eq!(programs, ["false", "kfleet generate"]);
    // The file is for all runs: what this one has no use for is not a mistake.
    let plan = mk_plan();
    assert_eq!(tools.unused(&plan, &[]), ["--tool 'a/fmt=mine'", "--override 'make=false'"]);
    assert_eq!(tools.stand_ins(&plan), [("false", "--override 'make=false'".to_owned())]);
}
