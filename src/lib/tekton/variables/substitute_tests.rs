//! Tests of replacing references.

use super::*;
use crate::tekton::mk::{list, map, text, values};

fn params() -> Table<'static> {
    Table::of_params(&values(&[
        ("a", text("one")),
        ("dotted.name", text("dots")),
        ("loop", text("$(params.a)")),
        ("arr", list(&["x", "y"])),
        ("none", list(&[])),
        ("obj", map(&[("key", "value")])),
    ]))
}

fn replaced(source: &str) -> (String, Vec<String>) {
    let (table, budget) = (params().with_old_params(), Budget::default());
    let expander = Expander::strict(&table, &budget);
    let mut source = source.to_owned();
    expander.in_place(&mut source);
    (source, expander.into_problems())
}

#[test]
fn known_keys_are_replaced_in_one_pass() {
    for (source, expected) in [
        ("", ""),
        ("no reference $ (params.a) $() $(", "no reference $ (params.a) $() $("),
        ("$(params.a)", "one"),
        ("<$(params.a)$(params.a)>", "<oneone>"),
        ("$(params[\"a\"]) $(params['a'])", "one one"),
        ("$(params['dotted.name']) $(params.dotted.name)", "dots dots"),
        ("$(inputs.params.a)", "one"),
        ("$(params.arr[0])-$(params.arr[1]) $(params['arr'][1])", "x-y y"),
        ("$(params.obj.key)", "value"),
        ("$(params.loop)", "$(params.a)"),
        ("$(git status) $(context.task.name)", "$(git status) $(context.task.name)"),
        ("$($(params.a))", "$(one)"),
        ("$$(params.a)", "$one"),
        ("$(params.a\u{e4})$(params.a)\u{e4}", "$(params.a\u{e4})one\u{e4}"),
        ("$( params.a) $(params.a )", "$( params.a) $(params.a )"),
    ] {
        assert_eq!(replaced(source).0, expected, "{source}");
    }
}

#[test]
fn what_cannot_be_replaced_is_said() {
    for (source, part) in [
        ("$(params.b)", "names no parameter"),
        ("$(inputs.params.b)", "names no parameter"),
        ("$(params.obj.other)", "names no parameter"),
        ("$(params.arr[2])", "ParamArrayIndexingInvalid"),
        ("a $(params.arr[*]) b", "a whole list"),
        ("a $(params.arr)", "a whole list"),
        ("a $(params.obj)", "a whole map"),
        ("$(params.arr[99999999999999999999999])", "names no parameter"),
        ("$(params.arr[-1])", "names no parameter"),
    ] {
        let (left, problems) = replaced(source);
        assert_eq!(left, source);
        assert!(problems.len() == 1 && problems[0].contains(part), "{source}: {problems:?}");
    }
    assert!(replaced("$(other) $(tasks.a.results.b) $(params.a)").1.is_empty());
}

#[test]
fn whole_elements_become_lists() {
    let (table, budget) = (params(), Budget::default());
    let expander = Expander::strict(&table, &budget);
    let mut items: Vec<String> =
        ["a", "$(params.arr[*])", "$(params.arr)", "$(params.none[*])", "$(params.a)"].map(str::to_owned).to_vec();
    expander.list(&mut items);
    assert_eq!(items, ["a", "x", "y", "x", "y", "one"]);
    for (source, expected) in [
        ("$(params.arr[*])", list(&["x", "y"])),
        ("$(params.arr)", list(&["x", "y"])),
        ("$(params.obj[*])", map(&[("key", "value")])),
        ("$(params.obj)", map(&[("key", "value")])),
        ("$(params.a)", text("one")),
    ] {
        let mut value = text(source);
        expander.value(&mut value);
        assert_eq!(value, expected, "{source}");
    }
    let mut value = map(&[("k", "$(params.a)")]);
    expander.value(&mut value);
    assert_eq!(value, map(&[("k", "one")]));
    assert!(expander.into_problems().is_empty());
}

#[test]
fn an_upper_table_wins() {
    let below = params();
    let mut table = Table::over(&below);
    table.put_text("params.a", "two");
    assert_eq!(table.get("params.a"), Some(Found::Text("two")));
    assert_eq!(table.get("params.obj.key"), Some(Found::Text("value")));
}

#[test]
fn sizes_are_limited_and_time_is_linear() {
    let mut table = Table::default();
    table.put_text("params.big", "x".repeat(1 << 20));
    table.put("params.list", ParamValue::Array(vec!["x".repeat(1 << 20); 20]));
    let budget = Budget::default();
    let expander = Expander::new(&table, &budget);
    let mut source = "$(params.big)".repeat(100);
    let before = source.clone();
    expander.in_place(&mut source);
    assert_eq!(source, before);
    let mut items = vec!["$(params.list)".to_owned()];
    expander.list(&mut items);
    assert!(items.len() < 20);
    assert_eq!(expander.into_problems().len(), 1);

    let start = std::time::Instant::now();
    for source in ["$(".repeat(1 << 20), "$(params.a".repeat(1 << 18), "$(x)".repeat(1 << 18), "$(a[".repeat(1 << 18)] {
        assert!(replaced(&source).0 == source);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
