//! Tries to sign in that have not succeeded.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Timestamptz};
use diesel_async::RunQueryDsl;
use domain::identity::TriedName;
use domain::identity::ports::{LoginAttemptRepository, Noted};
use domain::store::StoreError;
use time::OffsetDateTime;

use crate::error::store_error;
use crate::schema::login_attempts;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl LoginAttemptRepository for PgUnitOfWork {
    async fn note(
        &mut self,
        name: TriedName,
        now: OffsetDateTime,
        since: OffsetDateTime,
        most: u32,
    ) -> Result<Noted, StoreError> {
        let connection = self.connection()?;
        let (let_through, tries): (bool, Vec<OffsetDateTime>) =
            statement::<(Bool, Array<Timestamptz>)>(include_str!("sql/note_login_attempt.sql"))
                .bind::<Binary, _>(name.0.to_vec())
                .bind::<Timestamptz, _>(now)
                .bind::<Timestamptz, _>(since)
                .bind::<BigInt, _>(i64::from(most))
                .get_result(connection)
                .await
                .map_err(store_error)?;
        statement::<()>(include_str!("sql/sweep_login_attempts.sql"))
            .bind::<Timestamptz, _>(since)
            .execute(connection)
            .await
            .map_err(store_error)?;
        Ok(Noted { let_through, tries })
    }

    async fn forget(&mut self, names: &[TriedName]) -> Result<(), StoreError> {
        let hashes = names.iter().map(|name| name.0.as_slice());
        diesel::delete(login_attempts::table.filter(login_attempts::name_hash.eq_any(hashes)))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}
