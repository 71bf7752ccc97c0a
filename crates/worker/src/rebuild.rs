//! `worker rebuild`: derives roll-ups, days, hours and totals anew from the ledger, and says what it repaired.

use adapters_postgres::Database;
use domain::error::DomainError;
use domain::ids::UserId;
use domain::usage::{Repair, Usage, UsageError};
use domain::users::Username;

/// How many accounts are listed at a time.
const PAGE: usize = 500;

/// What a rebuild of several accounts came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Accounts that were looked at.
    pub accounts: u64,
    /// Accounts where something had to be changed.
    pub repaired: u64,
}

/// Rebuilds the account called `name`; `None` when there is none.
pub async fn one(store: &Database, usage: &Usage, name: &Username) -> Result<Option<Summary>, UsageError> {
    let Some(account) = store.account_named(name).await? else { return Ok(None) };
    let repair = usage.rebuild(account).await?;
    report(name.as_str(), &repair);
    Ok(Some(Summary { accounts: 1, repaired: u64::from(!repair.is_clean()) }))
}

/// Rebuilds every account after the username `after`, in the order of the usernames; after an interruption, it goes on
/// from the last one it named.
pub async fn all(store: &Database, usage: &Usage, after: Option<String>) -> Result<Summary, UsageError> {
    let total = store.count_accounts().await?;
    let mut summary = Summary::default();
    let mut after = after.unwrap_or_default().to_ascii_lowercase();
    loop {
        let page: Vec<(UserId, String)> = store.accounts_after(&after, PAGE).await?;
        for (account, name) in &page {
            match usage.rebuild(*account).await {
                Ok(repair) => {
                    report(name, &repair);
                    summary.repaired += u64::from(!repair.is_clean());
                }
                // Deleted meanwhile: there is nothing to rebuild.
                Err(UsageError::UnknownUser(_)) => {}
                Err(error) => {
                    tracing::error!(username = %name, code = error.code(), %error, "the rebuild stopped here");
                    return Err(error);
                }
            }
            summary.accounts += 1;
            after = name.to_ascii_lowercase();
        }
        eprintln!("{} of {total} accounts, last {after}", summary.accounts);
        if page.len() < PAGE {
            return Ok(summary);
        }
    }
}

fn report(name: &str, repair: &Repair) {
    if repair.is_clean() {
        println!("{name}: nothing to repair ({} messages)", repair.messages);
    } else {
        println!(
            "{name}: repaired {} roll-ups, {} days, {} hours{}{} ({} messages)",
            repair.rollups,
            repair.days,
            repair.hours,
            if repair.totals { ", the totals" } else { "" },
            if repair.counts { ", the counts of people and activities" } else { "" },
            repair.messages
        );
    }
}
