//! The state and the locks of accounts.

use async_trait::async_trait;
use diesel::Queryable;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::accounts::Account;
use domain::accounts::ports::{AccountRepository, Locks};
use domain::days::Zone;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::progression::EventXp;
use domain::referrals::ReferredBy;
use uuid::Uuid;

use crate::error::store_error;
use crate::statement::{Statement, statement};
use crate::sums::{SumsColumns, SumsRow};
use crate::unit_of_work::PgUnitOfWork;

pub(crate) type AccountColumns =
    (SqlUuid, Nullable<Text>, Integer, Integer, Integer, BigInt, (Nullable<SqlUuid>, Bool), Bool, SumsColumns);

#[derive(Queryable)]
pub(crate) struct AccountRow {
    id: Uuid,
    timezone: Option<String>,
    active_days: i32,
    longest_streak: i32,
    achievements: i32,
    event_xp: i64,
    /// Who referred its owner, and whether that was paid.
    referral: (Option<Uuid>, bool),
    is_rebuild_due: bool,
    totals: SumsRow,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let (referrer, is_paid) = row.referral;
        Self {
            zone: row.timezone.as_deref().and_then(Zone::parse),
            totals: row.totals.into(),
            active_days: row.active_days.unsigned_abs(),
            longest_streak: row.longest_streak.unsigned_abs(),
            event_xp: EventXp(row.event_xp),
            achievements: row.achievements.unsigned_abs(),
            referred_by: referrer.map(|referrer| ReferredBy { referrer: UserId(referrer), is_paid }),
            is_rebuild_due: row.is_rebuild_due,
        }
    }
}

#[async_trait]
impl AccountRepository for PgUnitOfWork {
    async fn lock(&mut self, user: UserId) -> Result<Option<Account>, StoreError> {
        let connection = self.shared()?;
        let (mut first, mut second) = (connection, connection);
        let (_, account) = futures_util::try_join!(
            lock_account(user).load::<i32>(&mut first),
            read_accounts(&[user]).load(&mut second)
        )
        .map_err(store_error)?;
        Ok(only(account))
    }

    async fn try_lock_all(&mut self, users: &[UserId]) -> Result<Locks, StoreError> {
        let connection = self.shared()?;
        let (mut first, mut second) = (connection, connection);
        let lock = statement::<(SqlUuid, Bool)>(include_str!("try_lock_accounts.sql"));
        let (locked, accounts) = futures_util::try_join!(
            lock.bind::<Array<SqlUuid>, _>(uuids(users)).load::<(Uuid, bool)>(&mut first),
            read_accounts(users).load(&mut second),
        )
        .map_err(store_error)?;
        let busy: Vec<UserId> =
            locked.into_iter().filter(|(_, is_locked)| !is_locked).map(|(id, _)| UserId(id)).collect();
        let accounts = accounts.into_iter().map(|row: AccountRow| (UserId(row.id), Account::from(row)));
        Ok(Locks { accounts: accounts.filter(|(user, _)| !busy.contains(user)).collect(), busy })
    }

    async fn lock_counts(&mut self, users: &[UserId]) -> Result<(), StoreError> {
        let lock = statement::<SqlUuid>(include_str!("lock_counts.sql"));
        self.run(lock.bind::<Array<SqlUuid>, _>(uuids(users))).await?;
        Ok(())
    }
}

// Locking and reading are two statements, because the rows that a statement waits for are not the ones it then reads: what
// it joins is as old as its start. They are sent together, so this is one round trip.

pub(crate) fn lock_account(user: UserId) -> Statement<'static, Integer> {
    statement(include_str!("lock_account.sql")).bind::<SqlUuid, _>(user.0)
}

pub(crate) fn read_accounts(users: &[UserId]) -> Statement<'static, AccountColumns> {
    statement(include_str!("read_accounts.sql")).bind::<Array<SqlUuid>, _>(uuids(users))
}

pub(crate) fn uuids(users: &[UserId]) -> Vec<Uuid> {
    users.iter().map(|user| user.0).collect()
}

pub(crate) fn only(rows: Vec<AccountRow>) -> Option<Account> {
    rows.into_iter().next().map(Account::from)
}
