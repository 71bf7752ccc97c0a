//! The fingerprint of the secret key of the process that started last.

use diesel::sql_types::{Bool, Bytea, Timestamptz};
use domain::error::StoreError;
use domain::key_fingerprint::KeyFingerprint;
use time::OffsetDateTime;

use crate::database::Database;
use crate::statement::statement;

/// Replaces the fingerprint; returns whether the one before was another. Concurrent processes wait for each other at the row.
const REPLACE: &str = "
WITH before AS MATERIALIZED (SELECT fingerprint FROM secret_key_fingerprint)
INSERT INTO secret_key_fingerprint (fingerprint, noted_at) VALUES ($1, $2)
ON CONFLICT (is_only) DO UPDATE SET fingerprint = excluded.fingerprint, noted_at = excluded.noted_at
RETURNING coalesce((SELECT before.fingerprint <> secret_key_fingerprint.fingerprint FROM before), false) AS value";

impl Database {
    /// Stores the fingerprint of this process's key; returns whether the process that started before has another key.
    pub async fn replace_key_fingerprint(
        &self,
        fingerprint: KeyFingerprint,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let replace = statement(REPLACE).bind::<Bytea>(fingerprint.0.to_vec()).bind::<Timestamptz>(now);
        replace.value::<Bool, _>(&self.connection().await?.pg).await
    }
}
