//! Whether the database answers.

use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;

use crate::database::Database;
use crate::statement::statement;

impl Database {
    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        let Ok(mut connection) = self.connection().await else { return false };
        let answer: Result<i32, _> = statement::<Integer>("SELECT 1").get_result(&mut connection.pg).await;
        answer.is_ok()
    }
}
