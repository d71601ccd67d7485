//! The calls that are understood, and whose dialect each speaks.

/// Whose manners a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// OpenAI's.
    OpenAi,
    /// Anthropic's.
    Anthropic,
}

/// One call of a provider's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `POST /v1/chat/completions`
    Chat,
    /// `POST /v1/completions`, the legacy one
    Completions,
    /// `POST /v1/embeddings`
    Embeddings,
    /// `POST /v1/responses`
    Responses,
    /// `POST /v1/messages`
    Messages,
}

impl Route {
    /// Every route.
    pub const ALL: [Route; 5] =
        [Route::Chat, Route::Completions, Route::Embeddings, Route::Responses, Route::Messages];

    /// Whose dialect the route speaks.
    pub const fn family(self) -> Family {
        match self {
            Route::Chat | Route::Completions | Route::Embeddings | Route::Responses => {
                Family::OpenAi
            }
            Route::Messages => Family::Anthropic,
        }
    }

    /// The path below the base URL's version: `/chat/completions`.
    pub const fn path(self) -> &'static str {
        match self {
            Route::Chat => "/chat/completions",
            Route::Completions => "/completions",
            Route::Embeddings => "/embeddings",
            Route::Responses => "/responses",
            Route::Messages => "/messages",
        }
    }

    /// Whether the provider reports a stream's usage only when `stream_options` asks for it.
    pub const fn asks_for_usage(self) -> bool {
        matches!(self, Route::Chat | Route::Completions)
    }

    /// The members that bound the output, the one to add first.
    pub(crate) const fn maximum_fields(self) -> &'static [&'static str] {
        match self {
            Route::Chat => &["max_completion_tokens", "max_tokens"],
            Route::Completions | Route::Messages => &["max_tokens"],
            Route::Responses => &["max_output_tokens"],
            Route::Embeddings => &[],
        }
    }
}
