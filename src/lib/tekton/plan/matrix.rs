//! Matrices: the combinations of values with which a task is run.

use std::collections::BTreeMap;

use crate::tekton::types::{Matrix, Param, ParamValue};

/// One combination: values by the names of parameters.
pub type Combination = BTreeMap<String, String>;

/// Whether one of the lists is empty, so that the task is skipped.
pub fn has_empty_list(matrix: &Matrix) -> bool {
    matrix.params.iter().any(|param| matches!(&param.value, ParamValue::Array(items) if items.is_empty()))
}

/// All combinations, the values of the first parameter changing fastest. An entry of `include` adds to the combinations
/// that it does not contradict; one that agrees with no value of any combination becomes a combination of its own.
///
/// # Errors
/// A list is not a list, a text is not text, or there are too many combinations.
pub fn combinations(matrix: &Matrix) -> Result<Vec<Combination>, String> {
    let mut included = Vec::new();
    for entry in &matrix.include {
        included.push(entry.iter().map(text_of).collect::<Result<Combination, String>>()?);
    }
    if matrix.params.is_empty() {
        return limited(included);
    }
    let mut all: Vec<Combination> = Vec::new();
    for (at, param) in matrix.params.iter().enumerate() {
        let ParamValue::Array(items) = &param.value else {
            return Err(format!("parameter {} of the matrix is not a list", param.name));
        };
        if items.len().saturating_mul(all.len().max(1)) > Matrix::MAX_COMBINATIONS {
            return Err(too_many());
        }
        let before = if at == 0 { vec![Combination::new()] } else { all };
        all = Vec::with_capacity(items.len() * before.len());
        for item in items {
            for combination in &before {
                let mut combination = combination.clone();
                combination.insert(param.name.clone(), item.clone());
                all.push(combination);
            }
        }
    }
    for combination in &mut all {
        for entry in &included {
            if entry.iter().all(|(name, value)| combination.get(name).is_none_or(|own| own == value)) {
                combination.extend(entry.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
    }
    for entry in included {
        let agrees = |combination: &Combination| entry.iter().any(|(name, value)| combination.get(name) == Some(value));
        if !entry.is_empty() && !all.iter().any(agrees) {
            all.push(entry);
        }
    }
    limited(all)
}

fn limited(all: Vec<Combination>) -> Result<Vec<Combination>, String> {
    if all.len() > Matrix::MAX_COMBINATIONS { Err(too_many()) } else { Ok(all) }
}

fn too_many() -> String {
    format!("the matrix has more than {} combinations", Matrix::MAX_COMBINATIONS)
}

fn text_of(param: &Param) -> Result<(String, String), String> {
    match &param.value {
        ParamValue::String(text) => Ok((param.name.clone(), text.clone())),
        _ => Err(format!("parameter {} in `include` of the matrix is not text", param.name)),
    }
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
