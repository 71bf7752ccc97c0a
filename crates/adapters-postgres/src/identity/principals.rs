//! Authentication: sessions and API tokens are found by the hashes of their tokens, with one statement for all waiting requests.

use std::collections::HashMap;

use domain::identity::ports::SessionReader;
use domain::identity::{AuthMethod, Credential, Principal, Scopes, Session, TokenHash};
use domain::ids::{ApiTokenId, SessionId};

use crate::database::Database;
use crate::prelude::*;
use crate::progress::LevelRow;
use crate::schema::{api_tokens, sessions, usage_totals, users};
use crate::shared_look_ups::SharedLookUps;
use crate::users::UserRow;

type Owner = (UserRow, LevelRow);

/// The hash and the id of a session, and its last use.
type OpenSession = (Vec<u8>, Uuid, OffsetDateTime);

/// The hash and the id of an API token, whether it may sync and read, and its last use.
type OpenToken = (Vec<u8>, Uuid, bool, bool, Option<OffsetDateTime>);

impl Database {
    /// The principal of each of `credentials` that is valid at `now`.
    async fn principals(
        &self,
        credentials: &[Credential],
        now: OffsetDateTime,
    ) -> Result<HashMap<Credential, Principal>, StoreError> {
        let (mut of_sessions, mut of_api_tokens) = (Vec::new(), Vec::new());
        for credential in credentials {
            match credential {
                Credential::Session(hash) => of_sessions.push(hash.0.as_slice()),
                Credential::ApiToken(hash) => of_api_tokens.push(hash.0.as_slice()),
            }
        }
        let mut principals = HashMap::with_capacity(credentials.len());
        let connection = self.connection().await?;
        if !of_sessions.is_empty() {
            let rows: Vec<(OpenSession, Owner)> = sessions::table
                .inner_join(users::table.inner_join(usage_totals::table.on(usage_totals::user_key.eq(users::key))))
                .filter(sessions::token_hash.eq_any(of_sessions))
                .filter(sessions::expires_at.gt(now))
                .filter(users::deleted_at.is_null())
                .select((
                    (sessions::token_hash, sessions::id, sessions::last_used_at),
                    (UserRow::as_select(), (usage_totals::tokens, usage_totals::active_days, usage_totals::event_xp)),
                ))
                .rows(&connection.pg)
                .await?;
            for ((hash, session, last_used_at), (user, level)) in rows {
                let via = AuthMethod::Session(SessionId(session));
                let (user, level) = (user.into(), level.level());
                let principal = Principal { user, level, via, last_used_at: Some(last_used_at) };
                principals.insert(Credential::Session(token_hash(&hash)?), principal);
            }
        }
        if !of_api_tokens.is_empty() {
            let rows: Vec<(OpenToken, Owner)> = api_tokens::table
                .inner_join(users::table.inner_join(usage_totals::table.on(usage_totals::user_key.eq(users::key))))
                .filter(api_tokens::token_hash.eq_any(of_api_tokens))
                .filter(api_tokens::expires_at.is_null().or(api_tokens::expires_at.gt(now)))
                .filter(users::deleted_at.is_null())
                .select((
                    (
                        api_tokens::token_hash,
                        api_tokens::id,
                        api_tokens::may_sync,
                        api_tokens::may_read,
                        api_tokens::last_used_at,
                    ),
                    (UserRow::as_select(), (usage_totals::tokens, usage_totals::active_days, usage_totals::event_xp)),
                ))
                .rows(&connection.pg)
                .await?;
            for ((hash, token, sync, read, last_used_at), (user, level)) in rows {
                let via = AuthMethod::ApiToken(ApiTokenId(token), Scopes { sync, read });
                let (user, level) = (user.into(), level.level());
                let principal = Principal { user, level, via, last_used_at };
                principals.insert(Credential::ApiToken(token_hash(&hash)?), principal);
            }
        }
        Ok(principals)
    }
}

pub(crate) fn token_hash(stored: &[u8]) -> Result<TokenHash, StoreError> {
    let hash = stored.try_into().map_err(|_| StoreError::Internal("a token's hash has not 32 bytes".to_owned()))?;
    Ok(TokenHash(hash))
}

/// Reads sessions. All requests that wait for a look-up share the next statement.
///
/// Nothing is cached, so a session that ends is refused from the next request on.
#[derive(Clone)]
pub struct BatchedSessionReader {
    database: Database,
    look_ups: SharedLookUps<LookUp, Option<Principal>>,
}

/// A credential, and when it was shown.
type LookUp = (Credential, OffsetDateTime);

impl BatchedSessionReader {
    /// Reads from `database`, one statement after the other, in a task of the current runtime that ends with the last clone.
    pub fn new(database: Database) -> Self {
        let reader = database.clone();
        let read = move |look_ups| {
            let database = reader.clone();
            async move { look_up(&database, look_ups).await }
        };
        Self { database, look_ups: SharedLookUps::new(1, read) }
    }
}

/// The principal of each of `look_ups`, in their order.
async fn look_up(database: &Database, look_ups: Vec<LookUp>) -> Result<Vec<Option<Principal>>, StoreError> {
    let Some(now) = look_ups.iter().map(|(_, now)| *now).max() else { return Ok(Vec::new()) };
    let credentials: Vec<Credential> = look_ups.iter().map(|(credential, _)| *credential).collect();
    let found = database.principals(&credentials, now).await?;
    Ok(credentials.iter().map(|credential| found.get(credential).cloned()).collect())
}

#[async_trait]
impl SessionReader for BatchedSessionReader {
    async fn principal(&self, credential: Credential, now: OffsetDateTime) -> Result<Option<Principal>, StoreError> {
        self.look_ups.value((credential, now)).await
    }

    async fn touch(&self, via: AuthMethod, now: OffsetDateTime) -> Result<(), StoreError> {
        self.database.touch(via, now).await
    }

    async fn open_sessions(&self, user: UserId, now: OffsetDateTime) -> Result<Vec<Session>, StoreError> {
        self.database.open_sessions(user, now).await
    }
}
