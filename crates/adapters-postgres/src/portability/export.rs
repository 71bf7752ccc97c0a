//! Exports: one transaction that sees one moment, page after page.

use std::sync::Arc;

use domain::portability::ExportPart;
use domain::portability::ports::{ExportReader, ExportSnapshot, SnapshotOpened};
use domain::store::UnitOfWork;
use domain::usage::ports::LedgerCursor;

use super::PAGE;
use super::rows::{PageStart, RowKind};
use crate::database::Database;
use crate::prelude::*;
use crate::unit_of_work::PgUnitOfWork;

/// Advisory locks of exports: this prefix in the upper half, the account in the lower one.
const EXPORTS: i64 = i64::from_be_bytes(*b"btex\0\0\0\0");

#[async_trait]
impl ExportReader for Database {
    async fn open(&self, user: UserId, now: OffsetDateTime) -> Result<SnapshotOpened, StoreError> {
        let tx = self.begin_reading().await?;
        // Held until the transaction ends. Accounts whose ids have the same hash exclude each other, which is improbable.
        let lock =
            statement("SELECT pg_try_advisory_xact_lock($1) AS value").bind::<BigInt>(EXPORTS ^ i64::from(fold(user)));
        if !lock.value::<Bool, bool>(tx.connection()?).await? {
            return Ok(SnapshotOpened::UnderWay);
        }
        Ok(SnapshotOpened::Begun(Box::new(Reading { tx: Some(Box::new(tx)), user, now, stage: Stage::Account })))
    }
}

/// The 128 bits of an account's id in 32.
fn fold(user: UserId) -> u32 {
    user.0
        .as_bytes()
        .chunks_exact(4)
        .fold(0, |bits, four| bits ^ four.iter().fold(0, |n, byte| n << 8 | u32::from(*byte)))
}

impl Database {
    /// Begins a read-only transaction that sees the state at its first statement.
    async fn begin_reading(&self) -> Result<PgUnitOfWork, StoreError> {
        let connection = self.connection().await?;
        let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
        PgUnitOfWork::begin_with(connection, Arc::clone(self.dictionary()), begin).await
    }
}

/// An export in progress.
struct Reading {
    /// `None` after the last part: the transaction has ended, and with it the lock.
    tx: Option<Box<PgUnitOfWork>>,
    user: UserId,
    now: OffsetDateTime,
    stage: Stage,
}

/// The next rows to read.
enum Stage {
    Account,
    /// The kind, and the place after which the page starts.
    Rows(RowKind, PageStart),
    Handovers,
    /// The message after which the page starts.
    Messages(Option<LedgerCursor>),
    Done,
}

#[async_trait]
impl ExportSnapshot for Reading {
    async fn next(&mut self) -> Result<Option<ExportPart>, StoreError> {
        let Some(tx) = &mut self.tx else { return Ok(None) };
        loop {
            let stage = std::mem::replace(&mut self.stage, Stage::Done);
            match stage {
                Stage::Account => {
                    let Some(account) = tx.users().find(self.user).await? else { continue };
                    self.stage = Stage::Rows(RowKind::FIRST, PageStart::start());
                    return Ok(Some(ExportPart::Account(Box::new(account))));
                }
                Stage::Rows(kind, place) => {
                    let page = kind.read(tx, self.user, self.now, place).await?;
                    self.stage = match page.next {
                        Some(place) => Stage::Rows(kind, place),
                        // Handovers and messages come after the machines they name.
                        None if kind == RowKind::Machines => Stage::Handovers,
                        None => kind.next().map_or(Stage::Done, |kind| Stage::Rows(kind, PageStart::start())),
                    };
                    if let Some(part) = page.part {
                        return Ok(Some(part));
                    }
                }
                Stage::Handovers => {
                    self.stage = Stage::Messages(None);
                    let handovers = tx.ledger().handovers(self.user).await?;
                    if !handovers.is_empty() {
                        return Ok(Some(ExportPart::Handovers(handovers)));
                    }
                }
                Stage::Messages(after) => {
                    let entries = tx.ledger().page(self.user, after, PAGE).await?;
                    self.stage = if entries.len() < PAGE {
                        RowKind::Machines.next().map_or(Stage::Done, |kind| Stage::Rows(kind, PageStart::start()))
                    } else {
                        let last = entries.last().map(|entry| (entry.message.source.clone(), entry.message.key));
                        Stage::Messages(last)
                    };
                    if !entries.is_empty() {
                        return Ok(Some(ExportPart::Messages(entries)));
                    }
                }
                Stage::Done => break,
            }
        }
        // From now on, another export of the account can begin.
        if let Some(tx) = self.tx.take() {
            tx.commit().await?;
        }
        Ok(None)
    }
}
