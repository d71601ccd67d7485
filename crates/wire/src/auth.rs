//! The platform's auth calls, whose unknown fields are ignored, and the native ones about keys and
//! sessions.

use crate::words;
use novacore_vocab::{KeyId, SessionId, TierName, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An address and a password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The address.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// The password; a new one has at least 8 characters.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(redacted)")
    }
}

/// A user who has registered or signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The user.
    pub user: SignedInUser,
    /// A JWT for calls.
    pub access_token: String,
    /// Good for one use at `/auth/refresh`. Absent if it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub refresh_token: Option<String>,
}

/// The user of [`SignedIn`].
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInUser {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub id: UserId,
    /// The address.
    pub email: Option<String>,
    /// `student`, `subscriber`, `admin` or `service`.
    #[schema(value_type = words::Role)]
    pub role: &'static str,
    /// The name of the tier.
    #[schema(value_type = String, example = "free_trial")]
    pub subscription_tier: TierName,
    /// When the trial ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub trial_ends_at: Option<Timestamp>,
}

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub id: UserId,
    /// The address.
    pub email: Option<String>,
    /// `student`, `subscriber`, `admin` or `service`.
    #[schema(value_type = words::Role)]
    pub role: &'static str,
    /// The name of the tier.
    #[schema(value_type = String, example = "free_trial")]
    pub subscription_tier: TierName,
    /// When the trial ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub trial_ends_at: Option<Timestamp>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshRequest {
    /// The token.
    pub refresh_token: String,
}

impl std::fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshRequest(redacted)")
    }
}

/// The successors of a refresh token and its JWT.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refreshed {
    /// A JWT for calls.
    pub access_token: String,
    /// Good for one use. Absent if it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub refresh_token: Option<String>,
}

/// A new API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyRequest {
    /// What to call it, 1 to 100 characters.
    pub name: String,
    /// `usage:read`, `usage:write`, `memory`, `llm`, `admin`, `act_as`, `services`.
    #[schema(value_type = Vec<words::Scope>, min_items = 1)]
    pub scopes: Vec<String>,
    /// From when on it is no longer accepted; never if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whose key: an administrator may name another user.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub user_id: Option<UserId>,
}

/// A new API key with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// The secret: what to send as bearer.
    pub key: String,
    /// All else.
    #[serde(flatten)]
    pub row: KeyRow,
}

/// An API key without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyRow {
    /// The key's id; not secret.
    #[schema(value_type = uuid::Uuid)]
    pub id: KeyId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    #[schema(value_type = Vec<words::Scope>)]
    pub scopes: Vec<&'static str>,
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// From when on it is no longer accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

/// The keys of a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    /// The newest first; at most 100.
    pub keys: Vec<KeyRow>,
}

/// The sessions of a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// The last used first; at most 64.
    pub sessions: Vec<SessionRow>,
}

/// One sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRow {
    /// The session.
    #[schema(value_type = uuid::Uuid)]
    pub id: SessionId,
    /// When the user signed in.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last refreshed.
    #[schema(value_type = String, format = DateTime)]
    pub refreshed_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// A call that had nothing else to say.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    /// Always true.
    pub success: bool,
    /// In words.
    pub message: &'static str,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsEnded {
    /// Always true.
    pub success: bool,
    /// How many.
    pub ended: usize,
}
