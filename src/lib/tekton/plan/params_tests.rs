//! Tests of parameters.

use super::*;
use crate::tekton::mk::{declared, list, map, param, text, values};
use crate::tekton::types::ParamType;

fn pipeline(specs: &[ParamSpec], given: &[Param]) -> Result<Values, Vec<String>> {
    let problems = |all: Vec<(Option<usize>, String)>| all.into_iter().map(|(_, problem)| problem).collect();
    of_pipeline(specs, given, &Budget::default()).map_err(problems)
}

#[test]
fn given_values_come_before_defaults_and_others_stay() {
    let specs = [declared("a", Some(text("d"))), declared("b", Some(text("d"))), declared("l", Some(list(&["x"])))];
    let given = [param("a", text("g")), param("extra", text("e"))];
    let expected = values(&[("a", text("g")), ("b", text("d")), ("extra", text("e")), ("l", list(&["x"]))]);
    assert_eq!(pipeline(&specs, &given), Ok(expected));
}

#[test]
fn defaults_use_other_parameters_ten_deep() {
    let specs = [
        declared("image", Some(text("$(params.registry)/$(params.repo):$(params['tag'])"))),
        declared("registry", Some(text("$(params.host)/org"))),
        declared("host", Some(text("h"))),
        declared("repo", None),
        declared("tag", Some(text("t"))),
        declared("list", Some(list(&["$(params.image)", "$(params.other[0])"]))),
        declared("other", Some(list(&["o"]))),
        declared("map", Some(map(&[("k", "$(params.registry)")]))),
    ];
    let found = pipeline(&specs, &[param("repo", text("r"))]).expect("values");
    assert_eq!(found["image"], text("h/org/r:t"));
    assert_eq!(found["list"], list(&["h/org/r:t", "o"]));
    assert_eq!(found["map"], map(&[("k", "h/org")]));
    let chain = |length: usize| -> Vec<ParamSpec> {
        let next = |at: usize| if at + 1 == length { "end".to_owned() } else { format!("$(params.p{})", at + 1) };
        (0..length).map(|at| declared(&format!("p{at}"), Some(text(&next(at))))).collect()
    };
    assert_eq!(pipeline(&chain(11), &[]).expect("ten others")["p0"], text("end"));
    assert!(pipeline(&chain(13), &[]).expect_err("too deep")[0].contains("more than 10"));
}

#[test]
fn what_is_wrong_with_values_is_said_with_the_reason() {
    let object = |default| ParamSpec {
        kind: ParamType::Object,
        properties: vec!["k".to_owned(), "l".to_owned()],
        ..declared("o", default)
    };
    let choice = ParamSpec { allowed: vec!["x".to_owned(), "y".to_owned()], ..declared("c", None) };
    for (specs, given, part) in [
        (vec![declared("a", None)], vec![], "ParameterMissing: the pipeline needs a value for parameter a"),
        (vec![declared("a", Some(text("d")))], vec![param("a", list(&[]))], "ParameterTypeMismatch"),
        (vec![declared("a", Some(list(&[])))], vec![param("a", text(""))], "ParameterTypeMismatch"),
        (
            vec![object(None)],
            vec![param("o", map(&[("k", "v")]))],
            "ObjectParameterMissKeys: parameter o lacks the keys l",
        ),
        (vec![choice.clone()], vec![param("c", text("z"))], "InvalidParamValue"),
        (vec![declared("a", Some(text("$(params.a)")))], vec![], "leads back to itself"),
        (vec![declared("a", Some(text("$(params.no)")))], vec![], "uses no, which has no value"),
        (
            vec![declared("a", Some(text("$(params.b)"))), declared("b", Some(text("$(params.a)")))],
            vec![],
            "leads back to itself",
        ),
    ] {
        let problems = pipeline(&specs, &given).expect_err(part);
        assert!(problems[0].contains(part), "{part}: {problems:?}");
    }
    assert!(pipeline(&[object(Some(map(&[("l", "d")])))], &[param("o", map(&[("k", "v")]))]).is_ok());
    assert!(pipeline(&[choice], &[param("c", text("x"))]).is_ok());
}

#[test]
fn maps_are_merged_in_tasks_only() {
    let spec = declared("o", Some(map(&[("a", "1"), ("b", "2")])));
    let given = values(&[("o", map(&[("b", "3"), ("c", "4")]))]);
    let merged = of_task(std::slice::from_ref(&spec), &given, &Budget::default()).expect("values");
    assert_eq!(merged["o"], map(&[("a", "1"), ("b", "3"), ("c", "4")]));
    let kept = pipeline(&[spec], &[param("o", map(&[("b", "3")]))]).expect("values");
    assert_eq!(kept["o"], map(&[("b", "3")]));
}

#[test]
fn defaults_of_tasks_use_others_one_level_deep() {
    let specs = [
        declared("a", Some(text("x"))),
        declared("b", Some(text("$(params.a)!"))),
        declared("c", Some(text("$(params.b)"))),
    ];
    let problems = of_task(&specs, &Values::new(), &Budget::default()).expect_err("two levels");
    assert!(problems[0].contains("parameter c"), "{problems:?}");
    let found = of_task(&specs[..2], &values(&[("a", text("y"))]), &Budget::default()).expect("values");
    assert_eq!(found["b"], text("y!"));
    let missing = of_task(&[declared("m", None)], &Values::new(), &Budget::default()).expect_err("missing");
    assert_eq!(missing, ["missing values for these params which have no default values: m"]);
    let late = values(&[("l", text("$(tasks.a.results.r[*])"))]);
    assert!(of_task(&[declared("l", Some(list(&[])))], &late, &Budget::default()).is_ok());
}

#[test]
fn references_in_values_of_events_are_found() {
    let params = [
        param("title", text("run $(params.TOKEN)")),
        param("cost", text("$(echo 5) and $5")),
        param("list", list(&["ok", "$(tasks.a.results.b)"])),
        param("old", text("$(inputs.params.x)")),
    ];
    let names: Vec<&str> = with_references(&params).into_iter().map(|param| param.name.as_str()).collect();
    assert_eq!(names, ["title", "list", "old"]);
}

#[test]
fn names_are_read_from_keys() {
    for (key, name) in [
        ("params.a", Some("a")),
        ("params.a[0]", Some("a")),
        ("params.a.b", Some("a")),
        ("params[\"a.b\"]", Some("a.b")),
        ("params['a'][*]", Some("a")),
        ("inputs.params.a", Some("a")),
        ("params.", None),
        ("params[a]", None),
        ("tasks.a", None),
    ] {
        assert_eq!(param_of(key), name, "{key}");
    }
}
