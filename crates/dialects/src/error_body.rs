//! Refusals and failures in the caller's dialect, in the shapes that the official SDKs parse.
//!
//! OpenAI's read `error.message`, `error.type`, `error.param`, `error.code` of a body; Anthropic's
//! `error.type` and `error.message` below `type: "error"`. Both choose the exception by status.
//! Invariant: nothing is in a body but what the caller put into `message` and `field`.

use crate::json::quote;
use crate::route::{Family, Route};

/// What went wrong, as far as a caller of a model is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// 429: the caller's quota does not allow the call; to repeat it is no use.
    QuotaRefused,
    /// 429: too many calls at once; to repeat it later is.
    RateLimited,
    /// 400: the body cannot be read.
    InvalidRequest,
    /// 422: the input has no bound (`unbounded_input`).
    UnboundedInput,
    /// 401: no or bad credentials.
    Unauthenticated,
    /// 403: not allowed.
    Forbidden,
    /// 404: no such model or path.
    NotFound,
    /// 409: an idempotency key that is in flight or settled.
    Conflict,
    /// 413: the body is too large.
    TooLarge,
    /// 503: the upstream or the store is down.
    Unavailable,
    /// 429: the upstream limits how often we may call it, whoever the caller is.
    UpstreamRateLimited,
    /// 504: the upstream did not answer in time.
    UpstreamTimeout,
    /// 500: our own fault.
    Internal,
}

/// An error to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorBody<'e> {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The text for people.
    pub message: &'e str,
    /// The field at fault (OpenAI's `param`; Anthropic's dialect has no place for it).
    pub field: Option<&'e str>,
    /// Our id of the request, which Anthropic's bodies carry.
    pub request_id: Option<&'e str>,
}

impl ErrorKind {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            ErrorKind::InvalidRequest => 400,
            ErrorKind::Unauthenticated => 401,
            ErrorKind::Forbidden => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::Conflict => 409,
            ErrorKind::TooLarge => 413,
            ErrorKind::UnboundedInput => 422,
            ErrorKind::QuotaRefused | ErrorKind::RateLimited | ErrorKind::UpstreamRateLimited => {
                429
            }
            ErrorKind::Internal => 500,
            ErrorKind::Unavailable => 503,
            ErrorKind::UpstreamTimeout => 504,
        }
    }

    /// The value of `x-should-retry`, which both SDKs obey before they look at the status.
    pub const fn should_retry(self) -> bool {
        match self {
            ErrorKind::RateLimited
            | ErrorKind::Unavailable
            | ErrorKind::UpstreamRateLimited
            | ErrorKind::UpstreamTimeout => true,
            ErrorKind::QuotaRefused
            | ErrorKind::InvalidRequest
            | ErrorKind::UnboundedInput
            | ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::TooLarge
            | ErrorKind::Internal => false,
        }
    }

    /// `error.type` and `error.code` of OpenAI's dialect.
    const fn openai(self) -> (&'static str, Option<&'static str>) {
        match self {
            ErrorKind::QuotaRefused => ("insufficient_quota", Some("insufficient_quota")),
            ErrorKind::RateLimited => ("requests", Some("rate_limit_exceeded")),
            ErrorKind::InvalidRequest => ("invalid_request_error", None),
            ErrorKind::UnboundedInput => ("invalid_request_error", Some("unbounded_input")),
            ErrorKind::Unauthenticated => ("invalid_request_error", Some("invalid_api_key")),
            ErrorKind::Forbidden => ("invalid_request_error", Some("forbidden")),
            ErrorKind::NotFound => ("invalid_request_error", Some("model_not_found")),
            ErrorKind::Conflict => ("invalid_request_error", Some("idempotency_key_reused")),
            ErrorKind::TooLarge => ("invalid_request_error", Some("request_too_large")),
            ErrorKind::Unavailable => ("server_error", Some("upstream_unavailable")),
            // Not `requests`, the word for a limit of the caller's own.
            ErrorKind::UpstreamRateLimited => ("rate_limit_error", Some("upstream_rate_limited")),
            ErrorKind::UpstreamTimeout => ("server_error", Some("upstream_timeout")),
            ErrorKind::Internal => ("server_error", None),
        }
    }

    /// `error.type` of Anthropic's dialect.
    const fn anthropic(self) -> &'static str {
        match self {
            ErrorKind::QuotaRefused => "insufficient_quota",
            ErrorKind::RateLimited | ErrorKind::UpstreamRateLimited => "rate_limit_error",
            ErrorKind::InvalidRequest | ErrorKind::UnboundedInput | ErrorKind::Conflict => {
                "invalid_request_error"
            }
            ErrorKind::Unauthenticated => "authentication_error",
            ErrorKind::Forbidden => "permission_error",
            ErrorKind::NotFound => "not_found_error",
            ErrorKind::TooLarge => "request_too_large",
            ErrorKind::Unavailable => "overloaded_error",
            ErrorKind::UpstreamTimeout => "timeout_error",
            ErrorKind::Internal => "api_error",
        }
    }
}

impl ErrorBody<'_> {
    /// The JSON body of an answer.
    pub fn json(&self, family: Family) -> String {
        match family {
            Family::OpenAi => format!("{{\"error\":{}}}", self.openai_error()),
            Family::Anthropic => {
                let kind = quote(self.kind.anthropic());
                let id = self.request_id.map_or("null".to_owned(), quote);
                let message = quote(self.message);
                format!(r#"{{"type":"error","error":{{"type":{kind},"message":{message}}},"#)
                    + &format!(r#""request_id":{id}}}"#)
            }
        }
    }

    /// The same as the last event of a stream that has begun, so that its status is spoken for.
    pub fn event(&self, route: Route) -> String {
        match route {
            Route::Messages => {
                format!("event: error\ndata: {}\n\n", self.json(Family::Anthropic))
            }
            Route::Responses => {
                let (kind, code) = self.kind.openai();
                let (code, message) = (quote(code.unwrap_or(kind)), quote(self.message));
                let field = self.field.map_or("null".to_owned(), quote);
                format!("event: error\ndata: {{\"type\":\"error\",\"code\":{code},")
                    + &format!("\"message\":{message},\"param\":{field}}}\n\n")
            }
            Route::Chat | Route::Completions | Route::Embeddings => {
                format!("data: {}\n\n", self.json(Family::OpenAi))
            }
        }
    }

    fn openai_error(&self) -> String {
        let (kind, code) = self.kind.openai();
        let or_null = |text: Option<&str>| text.map_or("null".to_owned(), quote);
        format!(
            r#"{{"message":{},"type":{},"param":{},"code":{}}}"#,
            quote(self.message),
            quote(kind),
            or_null(self.field),
            or_null(code),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_shapes_of_the_dialects() {
        let refused = ErrorBody {
            kind: ErrorKind::QuotaRefused,
            message: "no \"tokens\" left",
            field: None,
            request_id: Some("req_1"),
        };
        assert_eq!((refused.kind.status(), refused.kind.should_retry()), (429, false));
        assert_eq!(
            refused.json(Family::OpenAi),
            r#"{"error":{"message":"no \"tokens\" left","type":"insufficient_quota","#.to_owned()
                + r#""param":null,"code":"insufficient_quota"}}"#
        );
        assert_eq!(
            refused.json(Family::Anthropic),
            r#"{"type":"error","error":{"type":"insufficient_quota","#.to_owned()
                + r#""message":"no \"tokens\" left"},"request_id":"req_1"}"#
        );
        let unbounded = ErrorBody {
            kind: ErrorKind::UnboundedInput,
            message: "not in the body",
            field: Some("previous_response_id"),
            request_id: None,
        };
        assert_eq!(
            unbounded.json(Family::OpenAi),
            r#"{"error":{"message":"not in the body","type":"invalid_request_error","#.to_owned()
                + r#""param":"previous_response_id","code":"unbounded_input"}}"#
        );
        assert_eq!(
            unbounded.event(Route::Responses),
            "event: error\ndata: {\"type\":\"error\",\"code\":\"unbounded_input\",\
             \"message\":\"not in the body\",\"param\":\"previous_response_id\"}\n\n"
        );
    }
}
