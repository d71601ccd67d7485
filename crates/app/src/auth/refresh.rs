//! Refreshing and ending sessions.

use super::{
    Auth, Tokens,
    error::{AuthError, TokenFault},
};
use novacore_access::{Denied, ManageSelf, Permit, Refresh, Session, User};
use novacore_store::error::StoreError;
use novacore_vocab::{SessionId, Timestamp};
use std::sync::Arc;

/// How often a refresh looks again after another of the same token came first; the second look
/// already finds it.
const LOOKS_MAX: usize = 3;

impl Auth {
    /// New tokens for a refresh token: its successor, or the same successor once more for the
    /// direct predecessor.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, AuthError> {
        let named = self.refresh_tokens.verify(refresh_token)?;
        for _ in 0..LOOKS_MAX {
            let found = self.directory.find_session(named.account, named.session).await?;
            let session = found.ok_or(TokenFault::SessionEnded)?;
            let user = self.session_user(&session).await?;
            let now = self.clock.now();
            match session.refresh(named.generation, now) {
                Refresh::Repeat => return self.tokens(&user, &session, now),
                Refresh::End => return Err(self.end(&session, now).await?),
                Refresh::Rotate(next) => {
                    match self.directory.advance_session(session.generation, &next).await {
                        Ok(()) => return self.tokens(&user, &next, now),
                        Err(StoreError::Stale(_) | StoreError::NotFound(_)) => {}
                        Err(other) => return Err(other.into()),
                    }
                }
            }
        }
        Err(AuthError::Store(StoreError::Overloaded))
    }

    /// Ends the session of a refresh token; one that has ended already is as well.
    pub async fn logout(&self, refresh_token: &str) -> Result<(), AuthError> {
        let named = self.refresh_tokens.verify(refresh_token)?;
        Ok(self.directory.end_session(named.account, named.session).await?)
    }

    /// Ends one session of the caller. One that has ended, or is another's, is not found.
    pub async fn end_session(
        &self,
        permit: Permit<ManageSelf>,
        id: SessionId,
    ) -> Result<(), AuthError> {
        let account = permit.account();
        if self.directory.find_session(account, id).await?.is_none() {
            return Err(Denied::NotFound.into());
        }
        Ok(self.directory.end_session(account, id).await?)
    }

    /// Ends all sessions of the caller; how many there were. JWTs that were issued live on for
    /// their minutes.
    pub async fn logout_everywhere(&self, permit: Permit<ManageSelf>) -> Result<usize, AuthError> {
        Ok(self.directory.end_sessions_of(permit.account(), None).await?)
    }

    async fn session_user(&self, session: &Session) -> Result<Arc<User>, AuthError> {
        let found = self.people.find(session.account.user).await?;
        let user = found.ok_or(TokenFault::SessionEnded)?;
        if user.disabled {
            return Err(Denied::Disabled.into());
        }
        Ok(user)
    }

    /// Ends a session that was refreshed too late or with a token that somebody has kept.
    async fn end(&self, session: &Session, now: Timestamp) -> Result<AuthError, AuthError> {
        self.directory.end_session(session.account, session.id).await?;
        if now < session.expires_at {
            let user = session.account.user;
            tracing::warn!(user.id = %user, session.id = %session.id,
                "ended a session of user {user}: an old refresh token was presented");
        }
        Ok(TokenFault::SessionEnded.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{Stage, reason};
    use secrecy::ExposeSecret;

    fn refresh_of(tokens: &Tokens) -> &str {
        tokens.refresh.expose_secret()
    }

    fn is_ended<T>(verdict: Result<T, AuthError>) -> bool {
        matches!(verdict, Err(AuthError::Token(TokenFault::SessionEnded)))
    }

    #[tokio::test]
    async fn a_token_rotates_and_its_predecessor_yields_the_same_successor() {
        let stage = Stage::new();
        let first = stage.register("ada@example.com").await.tokens;
        let second = stage.auth.refresh(refresh_of(&first)).await.unwrap();
        assert_ne!(refresh_of(&first), refresh_of(&second));
        stage.clock.advance_s(30);
        let again = stage.auth.refresh(refresh_of(&first)).await.unwrap();
        assert_eq!(refresh_of(&again), refresh_of(&second));
        let third = stage.auth.refresh(refresh_of(&second)).await.unwrap();
        assert_ne!(refresh_of(&third), refresh_of(&second));
    }

    #[tokio::test]
    async fn the_predecessor_is_too_late_after_thirty_seconds_and_ends_the_session() {
        let stage = Stage::new();
        let first = stage.register("ada@example.com").await.tokens;
        let second = stage.auth.refresh(refresh_of(&first)).await.unwrap();
        stage.clock.advance_s(31);
        assert!(is_ended(stage.auth.refresh(refresh_of(&first)).await));
        assert!(is_ended(stage.auth.refresh(refresh_of(&second)).await));
    }

    #[tokio::test]
    async fn an_older_token_ends_the_session_at_once() {
        let stage = Stage::new();
        let first = stage.register("ada@example.com").await.tokens;
        let second = stage.auth.refresh(refresh_of(&first)).await.unwrap();
        let third = stage.auth.refresh(refresh_of(&second)).await.unwrap();
        assert!(is_ended(stage.auth.refresh(refresh_of(&first)).await));
        assert!(is_ended(stage.auth.refresh(refresh_of(&third)).await));
    }

    #[tokio::test]
    async fn a_month_without_use_ends_a_session() {
        let stage = Stage::new();
        let first = stage.register("ada@example.com").await.tokens;
        stage.clock.advance_s(30 * 86_400);
        assert!(is_ended(stage.auth.refresh(refresh_of(&first)).await));
    }

    #[tokio::test]
    async fn refreshes_at_once_with_one_token_have_one_successor() {
        let stage = Stage::new();
        let first = stage.register("ada@example.com").await.tokens;
        // All read the session before any of them moves it on.
        stage.directory.gather(8);
        let token = refresh_of(&first);
        let racing = (0..8).map(|_| stage.auth.refresh(token));
        let answers: Vec<_> = futures_of(racing).await;
        let successors: Vec<String> =
            answers.into_iter().map(|tokens| refresh_of(&tokens.unwrap()).to_owned()).collect();
        assert!(successors.iter().all(|one| *one == successors[0]));
        assert_eq!(stage.directory.advances_refused(), 7);
        assert!(stage.auth.refresh(&successors[0]).await.is_ok());
    }

    /// Polls all in turn until each is done.
    async fn futures_of<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
        let mut running: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
        std::future::poll_fn(|context| {
            for (one, output) in &mut running {
                if output.is_none()
                    && let std::task::Poll::Ready(done) = one.as_mut().poll(context)
                {
                    *output = Some(done);
                }
            }
            let done = running.iter().all(|(_, output)| output.is_some());
            if done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        running.into_iter().filter_map(|(_, output)| output).collect()
    }

    #[tokio::test]
    async fn a_session_that_was_left_cannot_be_refreshed() {
        let stage = Stage::new();
        let here = stage.register("ada@example.com").await;
        let there = stage.login("ada@example.com").await.tokens;
        stage.auth.logout(refresh_of(&here.tokens)).await.unwrap();
        stage.auth.logout(refresh_of(&here.tokens)).await.unwrap();
        assert!(is_ended(stage.auth.refresh(refresh_of(&here.tokens)).await));
        let there = stage.auth.refresh(refresh_of(&there)).await.unwrap();

        let caller = stage.auth.authenticate(there.access.expose_secret()).await.unwrap();
        let permit = caller.principal.manage_self().unwrap();
        assert_eq!(stage.auth.logout_everywhere(permit).await.unwrap(), 1);
        assert!(is_ended(stage.auth.refresh(refresh_of(&there)).await));
    }

    #[tokio::test]
    async fn one_session_of_several_is_ended_and_only_ones_own() {
        let stage = Stage::new();
        let ada = stage.register("ada@example.com").await;
        let there = stage.login("ada@example.com").await.tokens;
        let bob = stage.register("bob@example.com").await;
        let permit = async |tokens: &Tokens| {
            let caller = stage.auth.authenticate(tokens.access.expose_secret()).await.unwrap();
            caller.principal.manage_self().unwrap()
        };
        let id = stage.auth.refresh_tokens.verify(refresh_of(&there)).unwrap().session;
        let foreign = stage.auth.end_session(permit(&bob.tokens).await, id).await;
        assert!(matches!(foreign, Err(AuthError::Denied(Denied::NotFound))));
        stage.auth.end_session(permit(&ada.tokens).await, id).await.unwrap();
        let again = stage.auth.end_session(permit(&ada.tokens).await, id).await;
        assert!(matches!(again, Err(AuthError::Denied(Denied::NotFound))));
        assert!(is_ended(stage.auth.refresh(refresh_of(&there)).await));
        assert!(stage.auth.refresh(refresh_of(&ada.tokens)).await.is_ok());
        assert!(stage.auth.refresh(refresh_of(&bob.tokens)).await.is_ok());
    }

    #[tokio::test]
    async fn a_disabled_user_refreshes_nothing_until_enabled() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        stage.disable(made.user.id, true).await;
        let refused = stage.auth.refresh(refresh_of(&made.tokens)).await;
        assert!(matches!(refused, Err(AuthError::Denied(Denied::Disabled))));
        stage.disable(made.user.id, false).await;
        assert!(stage.auth.refresh(refresh_of(&made.tokens)).await.is_ok());
    }

    #[tokio::test]
    async fn a_refreshed_token_carries_the_tier_of_now() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let pro = novacore_vocab::TierName::parse("pro").unwrap();
        let permit = stage.console();
        stage.auth.set_tier(permit, made.user.id, pro, reason()).await.unwrap();
        let tokens = stage.auth.refresh(refresh_of(&made.tokens)).await.unwrap();
        let said = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(
            tokens.access.expose_secret(),
        );
        assert_eq!(said.unwrap().claims["subscription_tier"], "pro");
    }

    #[tokio::test]
    async fn a_forged_token_is_refused_before_the_store_is_asked() {
        let stage = Stage::new();
        let first = stage.register("ada@example.com").await.tokens;
        let forged = refresh_of(&first).replace("_0_", "_1_");
        let refused = stage.auth.refresh(&forged).await;
        assert!(matches!(refused, Err(AuthError::Token(TokenFault::Invalid))));
        let refused = stage.auth.logout(&forged).await;
        assert!(matches!(refused, Err(AuthError::Token(TokenFault::Invalid))));
        assert!(stage.auth.refresh(refresh_of(&first)).await.is_ok());
    }
}
