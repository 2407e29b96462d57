//! Tests of results.

use super::*;
use crate::problem::Location;
use crate::tekton::mk::{list, map, one, result, run, text};
use crate::tekton::variables::references::results_of_task;

fn typed(kind: ParamType, content: &str) -> Result<ParamValue, String> {
    parse(&ResultSpec { kind, ..result("r") }, content.as_bytes())
}

#[test]
fn files_become_values_of_the_declared_type() {
    assert_eq!(typed(ParamType::String, "a\n"), Ok(text("a\n")));
    assert_eq!(typed(ParamType::String, "[\"a\"]"), Ok(text("[\"a\"]")));
    assert_eq!(typed(ParamType::Array, " [\"a\",\"b\"]\n"), Ok(list(&["a", "b"])));
    assert_eq!(typed(ParamType::Array, "[]"), Ok(list(&[])));
    assert_eq!(typed(ParamType::Object, "{\"k\":\"v\"}"), Ok(map(&[("k", "v")])));
    for (kind, content) in [
        (ParamType::Array, "a"),
        (ParamType::Array, "[1]"),
        (ParamType::Array, "{\"k\":\"v\"}"),
        (ParamType::Object, "{\"k\":1}"),
        (ParamType::Object, ""),
    ] {
        assert!(typed(kind, content).expect_err(content).contains("Provided results don't match declared results"));
    }
    let properties = vec!["k".to_owned(), "l".to_owned()];
    let spec = ResultSpec { kind: ParamType::Object, properties, ..result("r") };
    assert!(parse(&spec, b"{\"k\":\"v\"}").expect_err("a key is missing").contains("r lacks l"));
}

#[test]
fn all_results_together_are_limited() {
    let files = |content: usize| BTreeMap::from([("r".to_owned(), vec![b'x'; content])]);
    let overhead = "[{\"key\":\"r\",\"type\":1,\"value\":\"\"}]".len();
    assert!(!are_too_large(&files(MAX_BYTES - overhead)));
    assert!(are_too_large(&files(MAX_BYTES - overhead + 1)));
    assert!(are_too_large(&files(1 << 20)));
    assert!(!are_too_large(&BTreeMap::new()));
}

#[test]
fn undeclared_results_are_found() {
    let user = one("b", "$(tasks.a.results.r) $(tasks.a.results.no) $(tasks.c.results.r)", &[]);
    let problems = undeclared(&results_of_task(&user), &run(vec![one("a", "x", &["r"]), user.clone()]).pipeline);
    assert_eq!(
        problems,
        [
            "InvalidTaskResultReference: \"no\" is not a named result returned by pipeline task \"a\"",
            "InvalidTaskResultReference: referenced pipeline task \"c\" does not exist"
        ]
    );
}

#[test]
fn references_are_parsed() {
    for (key, expected) in [
        ("tasks.a.results.r", Some(("a", "r", true))),
        ("tasks.a.results.r[0]", Some(("a", "r", true))),
        ("tasks.a.results.r[*]", Some(("a", "r", true))),
        ("tasks.a.results.r.key", Some(("a", "r", true))),
        ("tasks.a.results['r.s']", Some(("a", "r.s", false))),
        ("tasks.a.results[\"r\"][0]", Some(("a", "r", false))),
        ("tasks.a.status", None),
        ("tasks.a.results.", None),
        ("tasks..results.r", None),
        ("tasks.a.matrix.r.length", None),
    ] {
        let found = result_of(key);
        let found = found.as_ref().map(|found| (found.task.as_str(), found.result.as_str(), found.dotted));
        assert_eq!(found, expected, "{key}");
    }
}

#[test]
fn results_of_the_pipeline_need_their_sources() {
    let mut table = Table::default();
    table.put_text("tasks.a.results.r", "x");
    table.put("tasks.a.results.l", list(&["1", "2"]));
    table.put("tasks.a.results.o", map(&[("k", "v")]));
    let spec =
        |name: &str, value: ParamValue| PipelineResult { name: name.to_owned(), value, origin: Location::default() };
    let specs = [
        spec("text", text("<$(tasks.a.results.r)>")),
        spec("list", text("$(tasks.a.results.l[*])")),
        spec("item", text("$(tasks.a.results.l[1])")),
        spec("behind", text("$(tasks.a.results.l[2])")),
        spec("key", text("$(tasks.a.results.o.k)")),
        spec("map", text("$(tasks.a.results.o[*])")),
        spec("lost", text("$(tasks.a.results.lost)")),
        spec("skipped", text("$(tasks.b.results.r)")),
        spec("mixed", list(&["$(tasks.a.results.r)", "$(tasks.b.results.r)"])),
        spec("last", text("$(finally.f.results.r)")),
    ];
    let (values, lacking) = of_pipeline(&specs, &table, &|reference| reference.task == "a", &Budget::default());
    let names: Vec<&str> = values.keys().map(String::as_str).collect();
    assert_eq!(names, ["item", "key", "list", "map", "text"]);
    assert_eq!((&values["text"], &values["list"]), (&text("<x>"), &list(&["1", "2"])));
    assert_eq!((&values["item"], &values["map"]), (&text("2"), &map(&[("k", "v")])));
    assert_eq!(lacking, ["behind", "lost"]);
    assert!(run(Vec::new()).pipeline.results.is_empty());
}
