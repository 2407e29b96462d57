//! Tests of matrices, with the cases of Tekton's documentation.

use super::*;
use crate::tekton::mk::{list, param, text};

fn all(params: &[(&str, &[&str])], include: &[&[(&str, &str)]]) -> Vec<String> {
    let matrix = Matrix {
        params: params.iter().map(|(name, items)| param(name, list(items))).collect(),
        include: include.iter().map(|set| set.iter().map(|(name, value)| param(name, text(value))).collect()).collect(),
    };
    let show = |combination: Combination| {
        combination.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    combinations(&matrix).expect("combinations").into_iter().map(show).collect()
}

#[test]
fn the_first_parameter_changes_fastest() {
    assert_eq!(all(&[("a", &["1", "2"]), ("b", &["x", "y"])], &[]), ["a=1 b=x", "a=2 b=x", "a=1 b=y", "a=2 b=y"]);
    assert_eq!(all(&[("a", &["1", "2"]), ("b", &["x", "y"]), ("c", &["p", "q"])], &[]).len(), 8);
}

#[test]
fn include_adds_to_combinations_or_makes_new_ones() {
    let params: &[(&str, &[&str])] = &[("arch", &["amd", "arm"]), ("os", &["linux"])];
    assert_eq!(all(params, &[&[("arch", "amd"), ("flag", "f")]]), ["arch=amd flag=f os=linux", "arch=arm os=linux"]);
    assert_eq!(all(params, &[&[("flag", "f")]]), ["arch=amd flag=f os=linux", "arch=arm flag=f os=linux"]);
    assert_eq!(
        all(params, &[&[("arch", "s390"), ("flag", "f")]]),
        ["arch=amd os=linux", "arch=arm os=linux", "arch=s390 flag=f"]
    );
    assert_eq!(all(&[], &[&[("a", "1")], &[("b", "2")]]), ["a=1", "b=2"]);
    // It shares one value, but contradicts another: it neither adds nor becomes a new one.
    assert_eq!(all(params, &[&[("arch", "amd"), ("os", "mac")]]), ["arch=amd os=linux", "arch=arm os=linux"]);
}

#[test]
fn there_are_at_most_256() {
    let sixteen: Vec<String> = (0..16).map(|at| at.to_string()).collect();
    let items: Vec<&str> = sixteen.iter().map(String::as_str).collect();
    assert_eq!(all(&[("a", &items), ("b", &items)], &[]).len(), 256);
    let param_of = |name: &str| param(name, list(&items));
    let of = |params| Matrix { params, include: Vec::new() };
    assert!(combinations(&of(vec![param_of("a"), param_of("b"), param("c", list(&["x", "y"]))])).is_err());
    let huge = ParamValue::Array(vec![String::new(); 1 << 20]);
    assert!(combinations(&of(vec![param("a", huge)])).is_err());
    let included = Matrix { params: Vec::new(), include: vec![vec![param("a", text("x"))]; 257] };
    assert!(combinations(&included).is_err());
    assert!(combinations(&of(vec![param("a", text("x"))])).is_err());
    assert!(has_empty_list(&of(vec![param("a", list(&[]))])));
}
