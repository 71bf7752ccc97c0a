//! The state and the locks of accounts.

use domain::accounts::Account;
use domain::accounts::ports::{AccountRepository, Locks};
use domain::days::Zone;
use domain::progression::EventXp;
use domain::referrals::ReferredBy;

use crate::prelude::*;
use crate::schema::usage_totals;
use crate::sums::SumsRow;
use crate::unit_of_work::PgUnitOfWork;

#[derive(QueryableByName)]
#[diesel(table_name = usage_totals)]
pub(crate) struct AccountRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    timezone: Option<String>,
    active_days: i32,
    longest_streak: i32,
    achievements: i32,
    event_xp: i64,
    rebuild_due: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    referrer: Option<Uuid>,
    #[diesel(sql_type = Bool)]
    is_paid: bool,
    #[diesel(embed)]
    totals: SumsRow,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let is_paid = row.is_paid;
        Self {
            zone: row.timezone.as_deref().and_then(Zone::parse),
            totals: row.totals.into(),
            active_days: row.active_days.unsigned_abs(),
            longest_streak: row.longest_streak.unsigned_abs(),
            event_xp: EventXp(row.event_xp),
            achievements: row.achievements.unsigned_abs(),
            referred_by: row.referrer.map(|referrer| ReferredBy { referrer: UserId(referrer), is_paid }),
            is_rebuild_due: row.rebuild_due,
        }
    }
}

#[derive(QueryableByName)]
struct LockRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Bool)]
    is_locked: bool,
}

#[async_trait]
impl AccountRepository for PgUnitOfWork {
    async fn lock(&mut self, user: UserId) -> Result<Option<Account>, StoreError> {
        let c = self.connection()?;
        let (_, account) = futures_util::try_join!(lock_account(user).run(c), read_account(user).optional(c))?;
        Ok(account.map(|row: AccountRow| row.into()))
    }

    async fn try_lock_all(&mut self, users: &[UserId]) -> Result<Locks, StoreError> {
        let c = self.connection()?;
        let lock = statement(include_str!("try_lock_accounts.sql")).bind_array::<SqlUuid>(uuids(users));
        let (locked, accounts) = futures_util::try_join!(lock.rows(c), read_accounts(users).rows(c))?;
        let busy = locked.into_iter().filter(|row: &LockRow| !row.is_locked);
        let busy: Vec<UserId> = busy.map(|row| UserId(row.id)).collect();
        let accounts = accounts.into_iter().map(|row: AccountRow| (UserId(row.id), Account::from(row)));
        Ok(Locks { accounts: accounts.filter(|(user, _)| !busy.contains(user)).collect(), busy })
    }

    async fn lock_counts(&mut self, users: &[UserId]) -> Result<(), StoreError> {
        let lock = statement(include_str!("lock_counts.sql")).bind_array::<SqlUuid>(uuids(users));
        lock.exec(self.connection()?).await
    }
}

// The lock and the read are two statements: a statement reads rows as they were when it began, before it waited for the lock.

pub(crate) fn lock_account(user: UserId) -> Statement<'static> {
    statement(include_str!("lock_account.sql")).bind::<SqlUuid>(user.0)
}

pub(crate) fn read_account(user: UserId) -> Statement<'static> {
    read_accounts(&[user])
}

fn read_accounts(users: &[UserId]) -> Statement<'static> {
    statement(include_str!("read_accounts.sql")).bind_array::<SqlUuid>(uuids(users))
}

pub(crate) fn uuids(users: &[UserId]) -> Vec<Uuid> {
    users.iter().map(|user| user.0).collect()
}
