//! When a request is sent again, and after which pause: a pure rule. It knows neither requests nor clocks.

use std::time::Duration;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// No connection was made, so nothing was asked: refused, or closed in the handshake.
    Unconnected,
    /// The connection ended before the whole answer: the server may have done what was asked, or not.
    Cut,
    /// The server is busy and did nothing (429).
    Busy,
    /// The server, or one that it needs, does not work at the moment (500, 502, 503, 504): it may have done something.
    Broken,
    /// The object changed since it was read (409): read it again.
    Changed,
    /// A resource version or a continue token is too old (410): list again.
    Expired,
    /// The same request has the same end: 400, 401, 403, 404, 422, conflicts of server-side apply, bad certificates.
    Final,
}

/// Whether a request may be sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Each answer counts.
    Never,
    /// Only if the server surely did nothing: requests that create something anew each time.
    Undone,
    /// Twice is as good as once.
    Safe,
}

/// Attempts at most, except where the server says when to come again.
const ATTEMPTS: u32 = 8;
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// The pause before attempt `attempt` (the first repetition is 1), or `None` to give up. `chance` (0 to 1) spreads
/// clients over the second half of the pause; what the server asks for is never undercut. A pause that ends after
/// `remaining` is not begun.
pub fn pause(
    class: Class,
    repeat: Repeat,
    attempt: u32,
    retry_after: Option<Duration>,
    remaining: Duration,
    chance: f64,
) -> Option<Duration> {
    let may = match (class, repeat) {
        (Class::Final, _) | (_, Repeat::Never) => false,
        (Class::Unconnected | Class::Busy, _) => true,
        (_, repeat) => repeat == Repeat::Safe,
    };
    let asked_to_return = class == Class::Busy && retry_after.is_some();
    if !may || (attempt > ATTEMPTS && !asked_to_return) {
        return None;
    }
    let backoff = match class {
        Class::Changed | Class::Expired if attempt == 1 => Duration::ZERO,
        _ => FIRST.saturating_mul(1 << (attempt - 1).min(10)).min(LONGEST),
    };
    let spread = backoff.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
    let pause = match (class, retry_after) {
        (Class::Busy | Class::Broken, Some(least)) => least + spread.min(FIRST),
        _ => spread,
    };
    (pause < remaining).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn millis(class: Class, repeat: Repeat, attempt: u32, retry_after: Option<u64>) -> Option<u128> {
        let retry_after = retry_after.map(Duration::from_secs);
        pause(class, repeat, attempt, retry_after, LONG, 1.0).map(|pause| pause.as_millis())
    }

    #[test]
    fn what_may_be_repeated_depends_on_what_the_server_may_have_done() {
        use Class::{Broken, Busy, Changed, Cut, Expired, Final, Unconnected};
        for (class, never, undone, safe) in [
            (Unconnected, None, Some(200), Some(200)),
            (Cut, None, None, Some(200)),
            (Busy, None, Some(200), Some(200)),
            (Broken, None, None, Some(200)),
            (Changed, None, None, Some(0)),
            (Expired, None, None, Some(0)),
            (Final, None, None, None),
        ] {
            let found = [Repeat::Never, Repeat::Undone, Repeat::Safe].map(|repeat| millis(class, repeat, 1, None));
            assert_eq!(found, [never, undone, safe], "{class:?}");
        }
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_end() {
        let found: Vec<_> = (1..=9).map(|attempt| millis(Class::Broken, Repeat::Safe, attempt, None)).collect();
        let expected = [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000].map(Some);
        assert_eq!(found, [&expected[..], &[None]].concat());
        assert_eq!(millis(Class::Changed, Repeat::Safe, 2, None), Some(400));
    }

    #[test]
    fn the_server_says_when_to_come_again() {
        for (class, attempt, retry_after, expected) in [
            (Class::Busy, 1, 3, Some(3_200)),
            (Class::Busy, 100, 1, Some(1_200)),
            (Class::Broken, 2, 3, Some(3_200)),
            (Class::Broken, 9, 1, None),
            // Who did not answer said nothing.
            (Class::Cut, 1, 9, Some(200)),
        ] {
            assert_eq!(millis(class, Repeat::Safe, attempt, Some(retry_after)), expected, "{class:?} {attempt}");
        }
    }

    #[test]
    fn no_pause_outlasts_the_deadline() {
        let busy = |remaining: u64| {
            let after = Some(Duration::from_secs(5));
            pause(Class::Busy, Repeat::Safe, 1, after, Duration::from_secs(remaining), 0.0).is_some()
        };
        assert_eq!([3, 5, 6].map(busy), [false, false, true]);
        assert_eq!(pause(Class::Cut, Repeat::Safe, 1, None, Duration::ZERO, 0.0), None);
    }

    #[test]
    fn chance_spreads_the_second_half() {
        let at = |chance| pause(Class::Cut, Repeat::Safe, 2, None, LONG, chance).map(|pause| pause.as_millis());
        assert_eq!([at(0.0), at(0.5), at(1.0), at(7.0)], [Some(200), Some(300), Some(400), Some(400)]);
    }
}
