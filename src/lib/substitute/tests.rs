//! Tests of substitution: what strict mode refuses and says, places, and limits. The bytes of compat mode are held against
//! the vectors in `tests/substitute.rs`.

use super::*;

fn values() -> BTreeMap<String, String> {
    let pairs = [("V", "value"), ("W", "w"), ("E", ""), ("B", "{x}"), ("N", "-1"), ("D", "$")];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn shown(problem: &Problem) -> String {
    let severity = if problem.severity == Severity::Warning { "warning: " } else { "" };
    format!("{severity}{}:{}: {}", problem.location.line, problem.location.column, problem.message)
}

fn try_substitute(text: &str, mode: Mode) -> Result<Substituted, Vec<String>> {
    substitute("in", text, &values(), mode).map_err(|problems| problems.iter().map(shown).collect())
}

fn strict(text: &str) -> Result<String, Vec<String>> {
    try_substitute(text, Mode::Strict).map(|substituted| substituted.text)
}

fn refused(text: &str) -> Vec<String> {
    strict(text).expect_err(text)
}

#[test]
fn strict_mode_takes_what_does_what_it_seems_to() {
    for (template, expected) in [
        ("a: ${V}\nb: ${ W }\n", "a: value\nb: w\n"),
        ("${U:=d} ${U:-e} ${U=f} ${V:=d}", "d e f value"),
        ("${E}|${T:=d}x", "|dx"),
        ("${U:=[\"10.0.0.0/8\"]}", "[\"10.0.0.0/8\"]"),
        ("${U:=${V}-x} ${U:=${T:=q}}", "value-x q"),
        ("${V^^} ${V^} ${#V} ${V:1} ${V:1:2} ${V:2:0}|", "VALUE Value 5 alue al |"),
        ("${V/a/b} ${V//u/} ${V/%e/\\/} ${V%l*} ${V##*a}", "vblue vale valu/ va lue"),
        ("$V $$V $(V) 5$$ \\${V}", "$V $V $(V) 5$ \\value"),
        ("", ""),
    ] {
        assert_eq!(strict(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn strict_mode_refuses_what_does_not_do_what_it_seems_to() {
    for (template, expected) in [
        ("é: ${U}", "1:4: there is no value for `U`"),
        ("\n${V:=${U}}", "2:6: there is no value for `U`"),
        ("${U:1:2}", "1:1: there is no value for `U`"),
        ("${U%x}", "1:1: there is no value for `U`"),
        ("${#U}", "1:1: there is no value for `U`"),
        ("${U:=}", "1:1: there is no value for `U`"),
        ("${v}", "1:1: there is no value for `v`"),
        ("${V:?m}", "1:1: `:?` does not mean here what it means in a shell: it is a default"),
        ("${V:+m}", "1:1: `:+` does not mean here what it means in a shell: it is a default"),
        ("${V:1:-1}", "1:1: the length of this part of the value is negative"),
        ("${V:9:-1}", "1:1: the length of this part of the value is negative"),
        ("${V:1:${N}}", "1:1: the length of this part of the value is negative"),
        ("${V: -2}", "1:1: the offset or the length of this part of the value is not a number"),
        ("${V:1:b}", "1:1: the offset or the length of this part of the value is not a number"),
        ("${U:={\"a\":1}}", "1:1: the default of `U` has a brace, and ends at the first closing one"),
        ("${U:=d} ${V}\n${V:=d}", "1:9: `V` has a default elsewhere in this text, but not here"),
        ("${V:=${V}}", "1:6: `V` has a default elsewhere in this text, but not here"),
        ("x: ${V", "1:4: `${V` is not closed"),
        ("${V:=a\nb: ${W}\n", "1:1: `${V:=a` is not closed"),
        ("a: ${V:=x\nb: c}", "1:4: `${V` seems not to be closed: it goes on to a later brace"),
        ("${V/a} / b}", "1:1: `${V` seems not to be closed: it goes on to a later brace"),
        ("a: ${V\nb: c}", "1:4: `${V` is not closed"),
        ("${}", "1:1: a variable without a name"),
        ("${V.x}", "1:1: `.` cannot follow `${V`"),
        ("${V-d}", "1:1: `-` cannot follow `${V`"),
        ("${V%}", "1:1: `${V%` ends too early"),
        ("${é}", "1:1: the name of this variable has a letter beyond ASCII"),
        ("a\0b", "1:2: a NUL character"),
        ("a: $${V}", "1:4: `${` is left in the result, and Flux's post-build substitution would replace it"),
        ("a $$ ${D}{", "1:6: `${` is left in the result, and Flux's post-build substitution would replace it"),
    ] {
        let problems = refused(template);
        assert_eq!(problems, [expected], "{template}");
    }
}

#[test]
fn all_problems_are_told_in_order() {
    let expected = [
        "1:1: there is no value for `U`",
        "2:4: a variable without a name",
        "3:4: `.` cannot follow `${V`",
        "warning: 4:3: the variable `W` stands in a comment, and is replaced there too",
        "5:4: there is no value for `T`",
    ];
    assert_eq!(refused("${U}: 1\nb: ${} ${}\nc: ${V.x}\n# ${W}\nd: ${T:1}\n"), expected);
    let unset = refused("${U} ${T} ${U}");
    assert_eq!(unset.len(), 3, "strict mode reports each place");
    let unset = try_substitute("${U} ${T} ${U} ${S:=} ${U:=d}", Mode::Compat).expect_err("unset");
    let names = ["1:1: there is no value for `U`", "1:6: there is no value for `T`", "1:16: there is no value for `S`"];
    assert_eq!(unset, names, "compat mode reports each name, as clusterctl does");
}

#[test]
fn places_are_those_of_the_file() {
    assert_eq!(refused("\u{feff}${U}"), ["1:1: there is no value for `U`"]);
    assert_eq!(refused("a\r\nb\rc ${U}"), ["3:3: there is no value for `U`"]);
    assert_eq!(refused("${ V } ${  W\n} ${V } é ${U}"), ["2:11: there is no value for `U`"]);
}

#[test]
fn variables_in_comments_are_told() {
    let warnings = |text: &str| -> Vec<String> {
        let substituted = substitute("in", text, &values(), Mode::Strict).expect(text);
        substituted.warnings.iter().map(|warning| warning.location.to_string()).collect()
    };
    let text = "# ${V}\na: ${V} # ${W} ${V}\nb: '# ${V}'\nc: x#${V}\n";
    assert_eq!(warnings(text), ["in:1:3", "in:2:11", "in:2:16"]);
    // A script in a block is not a comment.
    assert!(warnings("run: |\n  # ${V}\n  echo\n").is_empty());
    // What is not YAML before its variables are replaced: only lines that start with a number sign.
    assert_eq!(warnings("a: [${V}]\n  # ${V}\nb: c # ${V}\n"), ["in:2:5"]);
    assert!(warnings("${V}\n").is_empty());
    assert!(try_substitute("# ${V}\n", Mode::Compat).expect("taken").warnings.is_empty());
}

#[test]
fn leftovers_are_taken_where_flux_is_told_so() {
    let object = |field: &str| {
        format!("kind: A\nmetadata:\n  {field}:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\ndata: $${{X}}\n")
    };
    assert!(strict(&object("annotations")).is_ok_and(|text| text.ends_with("data: ${X}\n")));
    assert!(strict(&object("labels")).is_ok());
    let text = format!("{}---\nb: $${{X}}\n---\n{}", object("annotations"), object("finalizers"));
    let positions: Vec<String> = refused(&text).iter().map(|problem| problem.chars().take(5).collect()).collect();
    assert_eq!(positions, ["7:4: ", "13:7:"]);
}

#[test]
fn used_and_unused_names_are_told() {
    let used = try_substitute("${V:=${W:=${T}}}", Mode::Compat).expect("taken").used;
    assert_eq!(used.iter().map(String::as_str).collect::<Vec<_>>(), ["T", "V", "W"]);
    assert_eq!(unused(&values(), &used), ["B", "D", "E", "N"]);
}

#[test]
fn work_is_bounded() {
    let error = |text: &str, value: &str| {
        let values = BTreeMap::from([("V".to_owned(), value.to_owned())]);
        // A text that is taken is too long to be shown.
        let result = substitute("in", text, &values, Mode::Compat).map(|substituted| substituted.text.len());
        let problems = result.expect_err("refused");
        shown(&problems[0])
    };
    let million = "x".repeat(1 << 20);
    assert!(error(&"${V}".repeat(65), &million).contains("grows beyond 64 MiB"));
    assert!(error("${V//x/${V}}", &million).contains("grows beyond 64 MiB"));
    assert!(error(&format!("{}${{V}}{}", "${U:=".repeat(64), "}".repeat(64)), "x").contains("more than 64 deep"));
    assert!(error(&"${U:=".repeat(1 << 18), "x").contains("more than 64 deep"));
    assert!(error("${V##*x*x*y}", &million).contains("takes too long"));
    assert!(error(&"${V//x/}".repeat(1 << 16), &million).contains("takes too long"));
    let nested = format!("{}${{V}}{}", "${U:=".repeat(63), "}".repeat(63));
    assert_eq!(try_substitute(&nested, Mode::Strict).map(|substituted| substituted.text), Ok("value".to_owned()));
    let problems = substitute("in", &"${U}\n".repeat(100_000), &values(), Mode::Strict).expect_err("refused");
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(problems[MAX_PROBLEMS].message, "99000 more problems are not shown");
}
