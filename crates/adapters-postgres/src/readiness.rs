//! Readiness.

use crate::database::Database;
use crate::query::RunQuery;
use crate::statement::statement;

impl Database {
    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        let Ok(connection) = self.connection().await else { return false };
        statement("SELECT 1").run(&connection.pg).await.is_ok()
    }
}
