//! Removal of deleted accounts.

use domain::users::PurgeReport;
use domain::users::ports::PurgeRepository;

use crate::accounts::uuids;
use crate::prelude::*;
use crate::schema::users;
use crate::unit_of_work::PgUnitOfWork;

/// Removes up to $2 rows of the account $1 from a table. The condition stands twice, because a ctid is unique within one
/// partition only.
macro_rules! remove {
    ($table:literal where $owned:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $owned,
            " AND ctid = ANY (ARRAY(SELECT ctid FROM ",
            $table,
            " WHERE ",
            $owned,
            " LIMIT $2))"
        )
    };
    ($table:literal) => {
        remove!($table where "user_key = (SELECT key FROM users WHERE id = $1)")
    };
}

const MESSAGES: &str = remove!("usage_messages");

/// Tables with possibly many rows of an account. Tables with the account's key have no foreign key that would cascade.
/// Notifications of other accounts that name the account are removed too.
const OTHERS: [&str; 22] = [
    remove!("usage_rollups"),
    remove!("usage_days"),
    remove!("usage_hours"),
    remove!("usage_sources"),
    remove!("usage_models"),
    remove!("usage_calendars"),
    remove!("usage_project_days"),
    remove!("usage_projects"),
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
        let taken = statement(include_str!("claim_purge_candidate.sql"))
            .bind::<Timestamptz>(gone_by)
            .bind_array::<SqlUuid>(uuids(others))
            .values::<SqlUuid, _>(self.connection()?)
            .await?;
        Ok(taken.into_iter().next().map(UserId))
    }

    async fn erase(&mut self, user: UserId, limit: u32) -> Result<PurgeReport, StoreError> {
        let mut purged =
            PurgeReport { messages: self.remove(MESSAGES, user, limit.into()).await?, ..PurgeReport::default() };
        for text in OTHERS {
            let left = u64::from(limit).saturating_sub(purged.messages + purged.others);
            if left == 0 {
                return Ok(purged);
            }
            purged.others += self.remove(text, user, left).await?;
        }
        // Foreign keys remove the few other rows.
        let account = diesel::delete(users::table.find(user.0).filter(users::deleted_at.is_not_null()));
        purged.accounts = account.run(self.connection()?).await?;
        Ok(purged)
    }
}

impl PgUnitOfWork {
    async fn remove(&mut self, text: &'static str, user: UserId, limit: u64) -> Result<u64, StoreError> {
        statement(text).bind::<SqlUuid>(user.0).bind::<BigInt>(to_bigint(limit)).run(self.connection()?).await
    }
}
