//! Attempts to give a password that have not succeeded.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Timestamptz};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::identity::AttemptKey;
use domain::identity::ports::{AttemptOutcome, LoginAttemptRepository};
use time::OffsetDateTime;

use crate::error::store_error;
use crate::schema::login_attempts;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl LoginAttemptRepository for PgUnitOfWork {
    async fn note(
        &mut self,
        key: AttemptKey,
        now: OffsetDateTime,
        since: OffsetDateTime,
        most: u32,
    ) -> Result<AttemptOutcome, StoreError> {
        let connection = self.connection()?;
        let (let_through, tries): (bool, Vec<OffsetDateTime>) =
            statement::<(Bool, Array<Timestamptz>)>(include_str!("insert_login_attempt.sql"))
                .bind::<Binary, _>(key.0.to_vec())
                .bind::<Timestamptz, _>(now)
                .bind::<Timestamptz, _>(since)
                .bind::<BigInt, _>(i64::from(most))
                .get_result(connection)
                .await
                .map_err(store_error)?;
        statement::<()>(include_str!("sweep_login_attempts.sql"))
            .bind::<Timestamptz, _>(since)
            .execute(connection)
            .await
            .map_err(store_error)?;
        Ok(AttemptOutcome { let_through, tries })
    }

    async fn forget(&mut self, key: AttemptKey) -> Result<(), StoreError> {
        let attempts = diesel::delete(login_attempts::table.find(key.0.as_slice()));
        attempts.execute(self.connection()?).await.map_err(store_error)?;
        Ok(())
    }

    async fn take_back(&mut self, key: AttemptKey, at: OffsetDateTime) -> Result<(), StoreError> {
        statement::<()>("UPDATE login_attempts SET tries = array_remove(tries, $2) WHERE name_hash = $1")
            .bind::<Binary, _>(key.0.to_vec())
            .bind::<Timestamptz, _>(at)
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}
