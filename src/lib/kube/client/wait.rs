//! Waiting until an object is as it must be. It asks again and again, which needs no right but `get`, and it does not know
//! what the conditions mean.

use super::Client;
use super::object::ObjectRef;
use crate::kube::failure::{Failure, Reason};
use serde_json::Value;
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// How far an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// As it must be.
    Met,
    /// Not yet; in words, such as `Ready=False BuildFailed: no such path`.
    Unmet(String),
    /// It never will be; why.
    Hopeless(String),
}

/// What one look found.
pub(super) enum Look<T> {
    Done(T),
    /// Look again; what holds it up.
    Again(String),
}

/// Whether all these conditions (type and status) hold for the object's current generation: a controller that has not yet
/// seen the newest generation says nothing about it.
pub fn conditions(object: &Value, wanted: &[(&str, &str)]) -> Standing {
    let generation = object["metadata"]["generation"].as_i64().unwrap_or_default();
    let is_stale = |place: &Value| place["observedGeneration"].as_i64().is_some_and(|seen| seen < generation);
    let status = &object["status"];
    if is_stale(status) {
        let seen = status["observedGeneration"].as_i64().unwrap_or_default();
        return Standing::Unmet(format!("its controller has seen generation {seen} of {generation}"));
    }
    let found = |name: &str| status["conditions"].as_array()?.iter().find(|condition| condition["type"] == name);
    for (name, value) in wanted {
        let Some(condition) = found(name) else { return Standing::Unmet(format!("it has no condition {name}")) };
        if is_stale(condition) {
            return Standing::Unmet(format!("its condition {name} is of an older generation"));
        }
        if condition["status"] != *value {
            let text = |field: &str| condition[field].as_str().unwrap_or_default().trim();
            let (reason, message) = (text("reason"), text("message"));
            let colon = if message.is_empty() { "" } else { ": " };
            let shown = format!("{name}={} {reason}{colon}{message}", text("status"));
            return Standing::Unmet(shown.trim_end().to_owned());
        }
    }
    Standing::Met
}

impl Client {
    /// Waits until `check` is met by the object and returns it. A missing object may still come, and a server that is
    /// away may come back. `progress` gets the words of each new standing.
    ///
    /// # Errors
    /// The time is over ([`Reason::Timeout`], with the last standing), the check is hopeless ([`Reason::Invalid`]), or
    /// the server refuses.
    pub async fn wait(
        &self,
        target: &ObjectRef,
        check: &dyn Fn(&Value) -> Standing,
        until: Instant,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Value, Failure> {
        self.look_until(target.to_string(), until, progress, async || {
            let Some(object) = self.get_until(target, Some(until)).await? else {
                return Ok(Look::Again("it is not there".to_owned()));
            };
            match check(&object) {
                Standing::Met => Ok(Look::Done(object)),
                Standing::Unmet(why) => Ok(Look::Again(why)),
                Standing::Hopeless(why) => Err(Failure::new(Reason::Invalid, format!("{target}: {why}"))),
            }
        })
        .await
    }

    pub(super) async fn look_until<T>(
        &self,
        what: String,
        until: Instant,
        progress: &mut dyn FnMut(&str),
        mut look: impl AsyncFnMut() -> Result<Look<T>, Failure>,
    ) -> Result<T, Failure> {
        let until = until.min(self.0.deadline);
        let time = until.saturating_duration_since(Instant::now());
        let (mut last, mut pause) = (String::new(), FIRST);
        loop {
            let standing = match look().await {
                Ok(Look::Done(found)) => return Ok(found),
                Ok(Look::Again(standing)) => standing,
                Err(failure) => match failure.reason {
                    Reason::Unreachable | Reason::Unavailable => failure.message,
                    // What was last seen says more.
                    Reason::Timeout if !last.is_empty() => last.clone(),
                    _ => return Err(failure),
                },
            };
            if standing != last {
                progress(&standing);
                last = standing;
            }
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                let message = format!("{what}: not as it must be after {} s: {last}", time.as_secs_f64().round());
                return Err(Failure::new(Reason::Timeout, message));
            }
            tokio::time::sleep(pause.min(rest)).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_hold_for_the_current_generation() {
        let ready = |status: &str| json!([{"type": "Ready", "status": status, "reason": "Why", "message": "so"}]);
        let unmet = |text: &str| Standing::Unmet(text.to_owned());
        for (object, expected) in [
            (json!({}), unmet("it has no condition Ready")),
            (json!({"status": {"conditions": []}}), unmet("it has no condition Ready")),
            (json!({"status": {"conditions": ready("True")}}), Standing::Met),
            (json!({"status": {"conditions": ready("False")}}), unmet("Ready=False Why: so")),
            (json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}), unmet("Ready=Unknown")),
            (
                json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1, "conditions": ready("True")}}),
                unmet("its controller has seen generation 1 of 2"),
            ),
            (
                json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 2, "conditions": ready("True")}}),
                Standing::Met,
            ),
            (
                json!({"metadata": {"generation": 2}, "status": {"conditions":
                    [{"type": "Ready", "status": "True", "observedGeneration": 1}]}}),
                unmet("its condition Ready is of an older generation"),
            ),
        ] {
            assert_eq!(conditions(&object, &[("Ready", "True")]), expected, "{object}");
        }
    }
}
