//! Removing accounts for good.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::users::Purged;
use domain::users::ports::PurgeRepository;
use time::OffsetDateTime;

use crate::error::store_error;
use crate::schema::users;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

/// Removes up to $2 rows of a table that are the person $1's. The condition stands twice, because a ctid names a row of one
/// table only: of several partitions, each may have it.
macro_rules! remove {
    ($table:literal where $whose:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $whose,
            " AND ctid = ANY (ARRAY(SELECT ctid FROM ",
            $table,
            " WHERE ",
            $whose,
            " LIMIT $2))"
        )
    };
    ($table:literal) => {
        remove!($table where "user_key = (SELECT key FROM users WHERE id = $1)")
    };
}

const MESSAGES: &str = remove!("usage_messages");

/// What may be many rows. Tables that count by the account's key have no foreign key that would remove them with it. What
/// others were told of the person names them, so it goes too.
const OTHERS: [&str; 17] = [
    remove!("usage_rollups"),
    remove!("usage_days"),
    remove!("usage_hours"),
    remove!("machines"),
    remove!("account_names"),
    remove!("rank_history"),
    remove!("notifications" where "user_id = $1"),
    remove!("activities" where "user_id = $1"),
    remove!("progress_events" where "user_id = $1"),
    remove!("unlocked_achievements" where "user_id = $1"),
    remove!("follows" where "follower_id = $1"),
    remove!("follows" where "following_id = $1"),
    remove!("follow_requests" where "follower_id = $1"),
    remove!("follow_requests" where "following_id = $1"),
    remove!("referral_clicks" where "user_id = $1"),
    remove!("referrals" where "referrer_id = $1"),
    remove!("notifications" where
        "kind IN ('new_follower', 'follow_request') AND dedup_key IN ('new_follower:' || $1::text, 'follow_request:' || $1::text)"),
];

#[async_trait]
impl PurgeRepository for PgUnitOfWork {
    async fn take(&mut self, gone_by: OffsetDateTime, others: &[UserId]) -> Result<Option<UserId>, StoreError> {
        let taken: Option<uuid::Uuid> = statement::<Uuid>(include_str!("claim_purge_candidate.sql"))
            .bind::<Timestamptz, _>(gone_by)
            .bind::<Array<Uuid>, _>(others.iter().map(|user| user.0).collect::<Vec<_>>())
            .get_result(self.connection()?)
            .await
            .optional()
            .map_err(store_error)?;
        Ok(taken.map(UserId))
    }

    async fn erase(&mut self, user: UserId, limit: u32) -> Result<Purged, StoreError> {
        let mut purged = Purged { messages: self.remove(MESSAGES, user, limit.into()).await?, ..Purged::default() };
        for text in OTHERS {
            let left = u64::from(limit).saturating_sub(purged.messages + purged.others);
            if left == 0 {
                return Ok(purged);
            }
            purged.others += self.remove(text, user, left).await?;
        }
        // The few rows that are left go with the account.
        let gone = diesel::delete(users::table.find(user.0).filter(users::deleted_at.is_not_null()));
        purged.accounts = gone.execute(self.connection()?).await.map_err(store_error)? as u64;
        Ok(purged)
    }
}

impl PgUnitOfWork {
    async fn remove(&mut self, text: &'static str, user: UserId, limit: u64) -> Result<u64, StoreError> {
        let removed = statement::<()>(text)
            .bind::<Uuid, _>(user.0)
            .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(removed as u64)
    }
}
