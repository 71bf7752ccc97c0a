//! Lists of accounts, for operators.

use domain::users::Username;

use crate::database::Database;
use crate::prelude::*;
use crate::schema::users;
use crate::users::{has_name, lower};

impl Database {
    /// The account called `name`.
    pub async fn account_named(&self, name: &Username) -> Result<Option<UserId>, StoreError> {
        let id: Option<Uuid> = users::table
            .filter(has_name(name))
            .filter(users::deleted_at.is_null())
            .select(users::id)
            .optional(&self.connection().await?.pg)
            .await?;
        Ok(id.map(UserId))
    }

    /// Up to `limit` accounts after the username `after` (in lower case), in the order of the usernames.
    pub async fn accounts_after(&self, after: &str, limit: usize) -> Result<Vec<(UserId, String)>, StoreError> {
        let rows: Vec<(Uuid, String)> = users::table
            .filter(lower(users::username).gt(after))
            .filter(users::deleted_at.is_null())
            .order(lower(users::username))
            .limit(to_bigint(limit))
            .select((users::id, users::username))
            .rows(&self.connection().await?.pg)
            .await?;
        Ok(rows.into_iter().map(|(id, name)| (UserId(id), name)).collect())
    }

    /// How many accounts there are.
    pub async fn count_accounts(&self) -> Result<u64, StoreError> {
        let count: i64 =
            users::table.filter(users::deleted_at.is_null()).count().row(&self.connection().await?.pg).await?;
        Ok(count.unsigned_abs())
    }
}
