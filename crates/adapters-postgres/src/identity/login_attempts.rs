//! Failed and pending attempts to sign in with a password.

use domain::identity::AttemptKey;
use domain::identity::ports::{AttemptOutcome, LoginAttemptRepository};

use crate::prelude::*;
use crate::schema::login_attempts;
use crate::unit_of_work::PgUnitOfWork;

#[derive(QueryableByName)]
#[diesel(table_name = login_attempts)]
struct AttemptRow {
    let_through: bool,
    tries: Vec<OffsetDateTime>,
}

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
        let AttemptRow { let_through, tries } = statement(include_str!("insert_login_attempt.sql"))
            .bind::<Binary>(key.0.to_vec())
            .bind::<Timestamptz>(now)
            .bind::<Timestamptz>(since)
            .bind::<BigInt>(i64::from(most))
            .row(connection)
            .await?;
        statement(include_str!("sweep_login_attempts.sql")).bind::<Timestamptz>(since).run(connection).await?;
        Ok(AttemptOutcome { let_through, tries })
    }

    async fn forget(&mut self, key: AttemptKey) -> Result<(), StoreError> {
        let attempts = diesel::delete(login_attempts::table.find(key.0.as_slice()));
        attempts.exec(self.connection()?).await
    }

    async fn take_back(&mut self, key: AttemptKey, at: OffsetDateTime) -> Result<(), StoreError> {
        statement("UPDATE login_attempts SET tries = array_remove(tries, $2) WHERE name_hash = $1")
            .bind::<Binary>(key.0.to_vec())
            .bind::<Timestamptz>(at)
            .exec(self.connection()?)
            .await
    }
}
