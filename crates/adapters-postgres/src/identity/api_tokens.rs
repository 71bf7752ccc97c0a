//! API tokens.

use domain::identity::ports::ApiTokenRepository;
use domain::identity::{ApiToken, Scopes};
use domain::ids::ApiTokenId;

use super::principals::token_hash;
use crate::prelude::*;
use crate::schema::api_tokens;
use crate::unit_of_work::PgUnitOfWork;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_tokens)]
struct ApiTokenRow {
    id: Uuid,
    user_id: Uuid,
    token_hash: Vec<u8>,
    name: String,
    may_sync: bool,
    may_read: bool,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    last_used_at: Option<OffsetDateTime>,
}

impl From<&ApiToken> for ApiTokenRow {
    fn from(token: &ApiToken) -> Self {
        Self {
            id: token.id.0,
            user_id: token.user.0,
            token_hash: token.hash.0.to_vec(),
            name: token.name.clone(),
            may_sync: token.scopes.sync,
            may_read: token.scopes.read,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

impl TryFrom<ApiTokenRow> for ApiToken {
    type Error = StoreError;

    fn try_from(row: ApiTokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ApiTokenId(row.id),
            user: UserId(row.user_id),
            hash: token_hash(&row.token_hash)?,
            name: row.name,
            scopes: Scopes { sync: row.may_sync, read: row.may_read },
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

#[async_trait]
impl ApiTokenRepository for PgUnitOfWork {
    async fn insert(&mut self, token: &ApiToken) -> Result<(), StoreError> {
        diesel::insert_into(api_tokens::table).values(ApiTokenRow::from(token)).exec(self.connection()?).await
    }

    async fn of(&mut self, user: UserId, now: OffsetDateTime) -> Result<Vec<ApiToken>, StoreError> {
        let rows: Vec<ApiTokenRow> = api_tokens::table
            .filter(api_tokens::user_id.eq(user.0))
            .filter(api_tokens::expires_at.is_null().or(api_tokens::expires_at.gt(now)))
            .order((api_tokens::created_at.desc(), api_tokens::id.desc()))
            .select(ApiTokenRow::as_select())
            .rows(self.connection()?)
            .await?;
        rows.into_iter().map(ApiToken::try_from).collect()
    }

    async fn delete(&mut self, user: UserId, token: ApiTokenId) -> Result<bool, StoreError> {
        let deleted = diesel::delete(api_tokens::table.find(token.0).filter(api_tokens::user_id.eq(user.0)))
            .run(self.connection()?)
            .await?;
        Ok(deleted > 0)
    }

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let tokens = api_tokens::table.filter(api_tokens::user_id.eq(user.0));
        diesel::delete(tokens).exec(self.connection()?).await
    }

    async fn forget_ended(&mut self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        let ended = "DELETE FROM api_tokens WHERE id IN (SELECT id FROM api_tokens WHERE expires_at <= $1 LIMIT $2)";
        statement(ended).bind::<Timestamptz>(now).bind::<BigInt>(i64::from(most)).run(self.connection()?).await
    }
}
