//! Ways through the value of an object: one step by a path, and all its texts.

use serde_json::Value;

/// One step from a value to a value inside it: a key, or the number of an item.
pub fn step<'a>(value: &'a Value, part: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        value => value.get(part),
    }
}

/// Shows each text in a value with its path.
pub fn each_text(value: &Value, each: &mut dyn FnMut(&[String], &str)) {
    each_value(value, &mut |path, value| {
        if let Value::String(text) = value {
            each(path, text);
        }
    });
}

/// Shows a value and all values in it with their paths.
pub fn each_value(value: &Value, each: &mut dyn FnMut(&[String], &Value)) {
    let mut waiting: Vec<(Vec<String>, &Value)> = vec![(Vec::new(), value)];
    while let Some((path, value)) = waiting.pop() {
        let below = |part: String| [path.as_slice(), &[part]].concat();
        match value {
            Value::Object(map) => waiting.extend(map.iter().map(|(key, value)| (below(key.clone()), value))),
            Value::Array(items) => {
                waiting.extend(items.iter().enumerate().map(|(number, value)| (below(number.to_string()), value)));
            }
            _ => {}
        }
        each(&path, value);
    }
}
