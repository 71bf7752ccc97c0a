//! Lists of accounts, for operators.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::users::Username;

use crate::database::Database;
use crate::error::store_error;
use crate::schema::users;
use crate::users::lower;

impl Database {
    /// The account called `name`.
    pub async fn account_named(&self, name: &Username) -> Result<Option<UserId>, StoreError> {
        let mut connection = self.connection().await?;
        let id: Option<uuid::Uuid> = users::table
            .filter(lower(users::username).eq(name.as_str().to_ascii_lowercase()))
            .filter(users::deleted_at.is_null())
            .select(users::id)
            .first(&mut connection.pg)
            .await
            .optional()
            .map_err(store_error)?;
        Ok(id.map(UserId))
    }

    /// Up to `limit` accounts after the username `after` (in lower case), in the order of the usernames.
    pub async fn accounts_after(&self, after: &str, limit: usize) -> Result<Vec<(UserId, String)>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<(uuid::Uuid, String)> = users::table
            .filter(lower(users::username).gt(after))
            .filter(users::deleted_at.is_null())
            .order(lower(users::username))
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select((users::id, users::username))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(|(id, name)| (UserId(id), name)).collect())
    }

    /// How many accounts there are.
    pub async fn count_accounts(&self) -> Result<u64, StoreError> {
        let mut connection = self.connection().await?;
        let count: i64 = users::table
            .filter(users::deleted_at.is_null())
            .count()
            .get_result(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(count.unsigned_abs())
    }
}
