//! Sessions.

use diesel::dsl::exists;
use domain::identity::ports::SessionRepository;
use domain::identity::{AuthMethod, Device, Session};
use domain::ids::SessionId;

use super::principals::token_hash;
use crate::database::Database;
use crate::prelude::*;
use crate::schema::{api_tokens, sessions};
use crate::unit_of_work::PgUnitOfWork;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    token_hash: Vec<u8>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    last_used_at: OffsetDateTime,
    ip: Option<String>,
    user_agent: Option<String>,
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.0,
            user_id: session.user.0,
            token_hash: session.token.0.to_vec(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            last_used_at: session.last_used_at,
            ip: session.device.ip.clone(),
            user_agent: session.device.user_agent.clone(),
        }
    }
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId(row.id),
            user: UserId(row.user_id),
            token: token_hash(&row.token_hash)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            device: Device { ip: row.ip, user_agent: row.user_agent },
        })
    }
}

#[async_trait]
impl SessionRepository for PgUnitOfWork {
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        diesel::insert_into(sessions::table).values(SessionRow::from(session)).exec(self.connection()?).await
    }

    async fn delete(&mut self, user: UserId, session: SessionId) -> Result<bool, StoreError> {
        let deleted = diesel::delete(sessions::table.find(session.0).filter(sessions::user_id.eq(user.0)))
            .run(self.connection()?)
            .await?;
        Ok(deleted > 0)
    }

    async fn delete_others(&mut self, user: UserId, session: SessionId) -> Result<(), StoreError> {
        let others = sessions::table.filter(sessions::user_id.eq(user.0)).filter(sessions::id.ne(session.0));
        diesel::delete(others).exec(self.connection()?).await
    }

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError> {
        diesel::delete(sessions::table.filter(sessions::user_id.eq(user.0))).exec(self.connection()?).await
    }

    async fn is_open(&mut self, user: UserId, session: SessionId, now: OffsetDateTime) -> Result<bool, StoreError> {
        let open =
            sessions::table.find(session.0).filter(sessions::user_id.eq(user.0)).filter(sessions::expires_at.gt(now));
        diesel::select(exists(open)).row(self.connection()?).await
    }

    async fn forget_ended(&mut self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        let ended = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2)";
        statement(ended).bind::<Timestamptz>(now).bind::<BigInt>(i64::from(most)).run(self.connection()?).await
    }
}

impl Database {
    /// Records that the session or API token of `via` was used at `now`.
    pub(crate) async fn touch(&self, via: AuthMethod, now: OffsetDateTime) -> Result<(), StoreError> {
        let connection = self.connection().await?;
        match via {
            AuthMethod::Session(session) => {
                let session = diesel::update(sessions::table.find(session.0).filter(sessions::last_used_at.lt(now)));
                session.set(sessions::last_used_at.eq(now)).exec(&connection.pg).await
            }
            AuthMethod::ApiToken(token, _) => {
                let older = api_tokens::last_used_at.is_null().or(api_tokens::last_used_at.lt(now));
                let token = diesel::update(api_tokens::table.find(token.0).filter(older));
                token.set(api_tokens::last_used_at.eq(now)).exec(&connection.pg).await
            }
        }
    }

    /// The open sessions of `user` at `now`, newest first.
    pub(crate) async fn open_sessions(&self, user: UserId, now: OffsetDateTime) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<SessionRow> = sessions::table
            .filter(sessions::user_id.eq(user.0))
            .filter(sessions::expires_at.gt(now))
            .order((sessions::created_at.desc(), sessions::id.desc()))
            .select(SessionRow::as_select())
            .rows(&self.connection().await?.pg)
            .await?;
        rows.into_iter().map(Session::try_from).collect()
    }
}
