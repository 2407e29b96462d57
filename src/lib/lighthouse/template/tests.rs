//! Templates: what is filled in, and what is refused.

use super::*;

fn data() -> Value {
    let pull = |number, author: &str| {
        Value::Fields(vec![("Number", Value::Number(number)), ("Author", author.into()), ("SHA", "bbb2".into())])
    };
    let pulls = Value::List(vec![pull(7, "ann"), pull(8, "bob")]);
    let refs = vec![("Org", "acme".into()), ("BaseRef", "main".into()), ("Empty", "".into()), ("Pulls", pulls)];
    Value::Fields(vec![("Refs", Value::Fields(refs))])
}

fn render(text: &str) -> Result<String, String> {
    Template::parse(text)?.render(&data())
}

#[test]
fn templates_are_filled_in() {
    for (text, expected) in [
        ("", ""),
        ("plain } text", "plain } text"),
        ("{{ .Refs.Org }}/{{.Refs.BaseRef}}", "acme/main"),
        ("a {{- .Refs.Org -}} b", "aacmeb"),
        ("a {{-  /* no */  -}} b", "ab"),
        ("a{{/* c */}}b", "ab"),
        ("{{ (index .Refs.Pulls 1).Number }}", "8"),
        ("{{ with index .Refs.Pulls 0 }}{{ .Author }}{{ $.Refs.Org }}{{ end }}", "annacme"),
        ("{{ range $i, $v := .Refs.Pulls }}{{ if $i }},{{ end }}{{ $i }}={{ $v.Number }}{{ end }}", "0=7,1=8"),
        ("{{ range .Refs.Pulls }}{{ .Number }};{{ else }}none{{ end }}", "7;8;"),
        ("{{ range $v := .Refs.Pulls }}{{ $v.SHA }}{{ end }}", "bbb2bbb2"),
        ("{{ if .Refs.Empty }}a{{ else if eq .Refs.Org \"acme\" }}b{{ else }}c{{ end }}", "b"),
        ("{{ with .Refs.Empty }}a{{ else }}b{{ end }}", "b"),
        ("{{ $x := .Refs.Org }}{{ $x = `raw` }}{{ $x }}", "raw"),
        ("{{ len .Refs.Pulls }}{{ len \"é\" }}", "22"),
        ("{{ eq 1 2 1 }} {{ ne `a` `b` }} {{ lt 1 2 }} {{ ge 1 2 }} {{ not true }}", "true true true false false"),
        ("{{ and .Refs.Org .Refs.BaseRef }} {{ or .Refs.Empty `x` }}", "main x"),
        (
            "{{ printf \"%s-%05d|%-4s|%.2s|%q|%t|%x|%%\" .Refs.Org 42 `a` `abc` `q` true 255 }}",
            "acme-00042|a   |ab|\"q\"|true|ff|%",
        ),
        ("{{ .Refs.Org | printf \"%4s:%s\" `x` }}", "   x:acme"),
        ("{{ print 1 2 `a` }}", "1 2a"),
        ("{{ \"\\\"\\n\" }}", "\"\n"),
        ("{{ -3 }}", "-3"),
    ] {
        assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_wrong_or_unsupported_is_said() {
    for (text, expected) in [
        ("{{ .Refs.Nope }}", "there is no field .Nope"),
        ("{{ .Nope }}", "there is no field .Nope"),
        ("{{ .Refs.Org.X }}", "this has no fields"),
        ("{{ .Refs }}", "only texts"),
        ("{{ index .Refs.Pulls 2 }}", "there is no item 2"),
        ("{{ $x }}", "there is no variable $x"),
        ("{{ if .Refs }}", "without an end"),
        ("{{ end }}", "without a beginning"),
        ("{{ else }}", "without a beginning"),
        ("{{ template `x` }}", "not supported"),
        ("{{ html .Refs.Org }}", "`html` is not supported"),
        ("{{ .Refs.Org", "does not end"),
        ("{{ \"a }}", "does not end"),
        ("{{ }}", "without a value"),
        ("{{ (len `a` }}", "no `)`"),
        ("{{ len `a`) }}", "too many"),
        ("{{ eq 1 `a` }}", "wrong arguments of `eq`"),
        ("{{ printf \"%d\" `a` }}", "does not fit"),
        ("{{ printf \"%d\" }}", "too few"),
        ("{{ 1.5 }}", "not a whole number"),
        ("{{ .Refs.Org .Refs.Org }}", "only functions take arguments"),
        ("{{ range .Refs.Org }}{{ end }}", "needs a list"),
        ("{{ # }}", "has no meaning"),
    ] {
        let error = render(text).expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn work_and_depth_are_limited() {
    let deep = format!("{}x{}", "{{if .Refs}}".repeat(5000), "{{end}}".repeat(5000));
    assert!(render(&deep).is_err_and(|error| error.contains("deeply")));
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(render(&deep).is_err_and(|error| error.contains("deeply")));
    let long = format!("{}x{}", "{{range $.Refs.Pulls}}".repeat(40), "{{end}}".repeat(40));
    assert!(render(&long).is_err_and(|error| error.contains("steps")));
    assert!(render("{{ printf \"%99999999999999999999d\" 1 }}").is_ok());
    let elses = format!("{{{{if .Refs.Empty}}}}{}{{{{end}}}}", "{{else if .Refs.Empty}}".repeat(5000));
    assert!(render(&elses).is_err());
}

#[test]
fn no_template_panics() {
    let pieces = [
        "{{", "}}", "{{-", "-}}", " ", ".Refs", ".Pulls", "$", "$i", ":=", "=", ",", "if", "range", "with", "else",
        "end", "(", ")", "|", "index", "len", "eq", "printf", "\"%s\"", "`", "\"", "0", "-1", "é", "/*", "*/", "\\",
    ];
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..20_000 {
        let text: String = (0..random.usize(1..12)).map(|_| pieces[random.usize(..pieces.len())]).collect();
        let _ = render(&text);
    }
}
