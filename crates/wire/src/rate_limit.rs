//! The fields `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10, beside
//! every 429.
//!
//! `RateLimit-Policy: "llm_tokens.day";q=1000;w=86400` says what the limit is, `RateLimit:
//! "llm_tokens.day";r=200;t=3600` what is left and for how many seconds. A level has neither `w`
//! nor `t`, since it never resets.

use crate::problem::Exceeded;

/// The largest integer of a structured field (RFC 9651).
const FIELD_INTEGER_MAX: i64 = 999_999_999_999_999;

/// The value of `RateLimit-Policy`.
pub fn policy(numbers: &Exceeded) -> String {
    let window = numbers.window_s.map(|seconds| format!(";w={seconds}")).unwrap_or_default();
    format!("{};q={}{window}", name(numbers), integer(numbers.limit))
}

/// The value of `RateLimit`.
pub fn state(numbers: &Exceeded) -> String {
    let reset = numbers.reset_s.map(|seconds| format!(";t={seconds}")).unwrap_or_default();
    format!("{};r={}{reset}", name(numbers), integer(numbers.remaining))
}

/// Both names consist of letters, digits and underscores, so the string needs no escapes.
fn name(numbers: &Exceeded) -> String {
    format!("\"{}.{}\"", numbers.resource_type, numbers.limit_name)
}

fn integer(value: i64) -> i64 {
    value.clamp(0, FIELD_INTEGER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exceeded(limit: i64, window_s: Option<i64>, reset_s: Option<i64>) -> Exceeded {
        Exceeded {
            resource_type: "llm_tokens".into(),
            limit_name: "day".into(),
            limit,
            used: 800,
            held: 0,
            requested: 300,
            remaining: 200,
            resets_at: None,
            upgrade_to: None,
            window_s,
            reset_s,
        }
    }

    #[test]
    fn fields_are_structured_and_within_their_range() {
        let day = exceeded(1_000, Some(86_400), Some(3_600));
        assert_eq!(policy(&day), "\"llm_tokens.day\";q=1000;w=86400");
        assert_eq!(state(&day), "\"llm_tokens.day\";r=200;t=3600");
        let level = exceeded((1 << 53) - 1, None, None);
        assert_eq!(policy(&level), "\"llm_tokens.day\";q=999999999999999");
        assert_eq!(state(&level), "\"llm_tokens.day\";r=200");
    }
}
