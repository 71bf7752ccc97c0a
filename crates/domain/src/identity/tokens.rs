//! Creating, listing and revoking API tokens.

use super::access::require_open_session;
use super::api_token::{ApiToken, IssuedToken, MOST_API_TOKENS, TokenRequest};
use super::error::IdentityError;
use super::session::Secret;
use crate::deps::Deps;
use crate::ids::{ApiTokenId, SessionId, UserId};

/// The use cases of API tokens.
#[derive(Clone)]
pub struct ApiTokens {
    deps: Deps,
}

impl ApiTokens {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Creates a token of `user`, who calls through `session`.
    pub async fn issue(
        &self,
        user: UserId,
        session: SessionId,
        request: TokenRequest,
    ) -> Result<IssuedToken, IdentityError> {
        self.deps.retried(|| self.issue_once(user, session, request.clone())).await
    }

    async fn issue_once(
        &self,
        user: UserId,
        session: SessionId,
        request: TokenRequest,
    ) -> Result<IssuedToken, IdentityError> {
        let now = self.deps.now();
        if request.expires_at.is_some_and(|end| end <= now) {
            return Err(IdentityError::TokenEndsBefore);
        }
        let secret = Secret::api_token(self.deps.ids.secret());
        let token = ApiToken {
            id: ApiTokenId(self.deps.ids.fresh()),
            user,
            hash: secret.hash(),
            name: request.name,
            scopes: request.scopes,
            created_at: now,
            expires_at: request.expires_at,
            last_used_at: None,
        };
        let mut tx = self.deps.begin().await?;
        // The lock serialises requests: concurrent ones do not exceed the limit.
        tx.accounts().lock(user).await?.ok_or(IdentityError::NotSignedIn)?;
        if tx.api_tokens().of(user, now).await?.len() >= MOST_API_TOKENS {
            return Err(IdentityError::TooManyTokens(MOST_API_TOKENS));
        }
        tx.api_tokens().insert(&token).await?;
        require_open_session(&mut *tx, user, session, now).await?;
        tx.commit().await?;
        Ok(IssuedToken { token, secret })
    }

    /// The tokens of `user` that have not ended, newest first.
    pub async fn list(&self, user: UserId) -> Result<Vec<ApiToken>, IdentityError> {
        let mut tx = self.deps.begin().await?;
        Ok(tx.api_tokens().of(user, self.deps.now()).await?)
    }

    pub async fn revoke(&self, user: UserId, token: ApiTokenId) -> Result<(), IdentityError> {
        self.deps.retried(|| self.revoke_once(user, token)).await
    }

    async fn revoke_once(&self, user: UserId, token: ApiTokenId) -> Result<(), IdentityError> {
        let mut tx = self.deps.begin().await?;
        if !tx.api_tokens().delete(user, token).await? {
            return Err(IdentityError::UnknownToken(token.to_string()));
        }
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Credential, Scopes};
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::{NOW, account};
    use crate::users::Presence;
    use time::Duration;
    use uuid::Uuid;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    const CURRENT_SESSION: SessionId = SessionId(Uuid::from_u128(5));
    const ENDED_SESSION: SessionId = SessionId(Uuid::from_u128(6));

    fn tokens(there: usize) -> ApiTokens {
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork::default();
            tx.accounts.expect_lock().returning(|user| Ok((user == ADA).then(account)));
            tx.api_tokens.expect_of().returning(move |user, _| {
                let token = ApiToken {
                    id: ApiTokenId(Uuid::from_u128(9)),
                    user,
                    hash: Secret::api_token([9; 32]).hash(),
                    name: "one".into(),
                    scopes: Scopes::default(),
                    created_at: NOW,
                    expires_at: None,
                    last_used_at: None,
                };
                Ok(vec![token; there])
            });
            tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
            tx.sessions.expect_is_open().returning(|_, session, _| Ok(session == CURRENT_SESSION));
            tx.api_tokens.expect_insert().returning(|_| Ok(()));
            tx.api_tokens.expect_delete().returning(|_, token| Ok(token == ApiTokenId(Uuid::from_u128(9))));
            tx
        });
        ApiTokens::new(store.deps())
    }

    fn request(expires_at: Option<time::OffsetDateTime>) -> TokenRequest {
        TokenRequest { name: "laptop".into(), scopes: Scopes { sync: true, read: false }, expires_at }
    }

    #[test]
    fn issue_token_beyond_limit_or_expired_is_refused() {
        let made = pollster::block_on(tokens(MOST_API_TOKENS - 1).issue(ADA, CURRENT_SESSION, request(None)))
            .expect("a token");
        assert!(made.secret.expose().starts_with("t_"));
        assert_eq!(Credential::parse(made.secret.expose()), Some(Credential::ApiToken(made.token.hash)));
        assert!(!format!("{made:?}").contains(made.secret.expose()));
        let error = |there, user, end| {
            pollster::block_on(tokens(there).issue(user, CURRENT_SESSION, request(end)))
                .expect_err("no token")
                .to_string()
        };
        assert_eq!(error(MOST_API_TOKENS, ADA, None), "API token limit reached (50). Delete a token first.");
        assert_eq!(error(0, ADA, Some(NOW)), "The expiry of an API token must be in the future.");
        assert_eq!(
            error(0, UserId(Uuid::from_u128(2)), None),
            "This request needs a valid session or API token. Sign in first."
        );
        assert!(
            pollster::block_on(tokens(0).issue(ADA, CURRENT_SESSION, request(Some(NOW + Duration::SECOND)))).is_ok()
        );
    }

    #[test]
    fn issue_token_ended_session_is_refused() {
        let made = pollster::block_on(tokens(0).issue(ADA, ENDED_SESSION, request(None)));
        assert!(matches!(made, Err(IdentityError::NotSignedIn)));
    }

    #[test]
    fn revoke_token_unknown_is_not_found() {
        let revoke = |id| pollster::block_on(tokens(1).revoke(ADA, ApiTokenId(Uuid::from_u128(id))));
        assert!(revoke(9).is_ok());
        assert!(matches!(revoke(8), Err(IdentityError::UnknownToken(_))));
    }
}
