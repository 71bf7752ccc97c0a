//! Reading a whole account: one transaction that sees one moment, page after page.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::portability::Part;
use domain::portability::ports::{ExportReader, Opened, Snapshot};
use domain::store::UnitOfWork;
use domain::usage::ports::Cursor;
use time::OffsetDateTime;

use super::rows::{Kind, Place};
use crate::database::Database;
use crate::error::store_error;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

/// Names the advisory locks of exports among all others; each is the account's own in the lower half.
const EXPORTS: i64 = i64::from_be_bytes(*b"btex\0\0\0\0");

/// How many rows are read at a time: what bounds the memory of an export.
pub(super) const PAGE: usize = 2_000;

#[async_trait]
impl ExportReader for Database {
    async fn open(&self, user: UserId, now: OffsetDateTime) -> Result<Opened, StoreError> {
        let mut tx = self.begin_reading().await?;
        // Held until the transaction ends, however that comes about. Two accounts whose ids have the same hash wait for each
        // other; that happens to nobody.
        let locked: bool = statement::<Bool>("SELECT pg_try_advisory_xact_lock($1)")
            .bind::<BigInt, _>(EXPORTS ^ i64::from(fold(user)))
            .get_result(tx.connection()?)
            .await
            .map_err(store_error)?;
        if !locked {
            return Ok(Opened::UnderWay);
        }
        Ok(Opened::Begun(Box::new(Reading { tx: Some(Box::new(tx)), user, now, stage: Stage::Account })))
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
    /// Begins a transaction that changes nothing and sees everything as it is at its first statement.
    async fn begin_reading(&self) -> Result<PgUnitOfWork, StoreError> {
        let connection = self.connection().await?;
        let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
        PgUnitOfWork::begin_with(connection, Arc::clone(self.dictionary()), begin).await
    }
}

/// An account that is being read.
struct Reading {
    /// Ended, with its lock, as soon as everything was read.
    tx: Option<Box<PgUnitOfWork>>,
    user: UserId,
    now: OffsetDateTime,
    stage: Stage,
}

/// What is read next.
enum Stage {
    Account,
    /// Rows of this kind after this place.
    Rows(Kind, Place),
    /// Messages after this one.
    Messages(Option<Cursor>),
    Done,
}

#[async_trait]
impl Snapshot for Reading {
    async fn next(&mut self) -> Result<Option<Part>, StoreError> {
        let Some(tx) = &mut self.tx else { return Ok(None) };
        loop {
            let stage = std::mem::replace(&mut self.stage, Stage::Done);
            match stage {
                Stage::Account => {
                    let Some(account) = tx.users().find(self.user).await? else { continue };
                    self.stage = Stage::Rows(Kind::FIRST, Place::start());
                    return Ok(Some(Part::Account(Box::new(account))));
                }
                Stage::Rows(kind, place) => {
                    let page = kind.read(tx, self.user, self.now, place).await?;
                    self.stage = match page.next {
                        Some(place) => Stage::Rows(kind, place),
                        // Messages come after the machines they name.
                        None if kind == Kind::Machines => Stage::Messages(None),
                        None => kind.next().map_or(Stage::Done, |kind| Stage::Rows(kind, Place::start())),
                    };
                    if let Some(part) = page.part {
                        return Ok(Some(part));
                    }
                }
                Stage::Messages(after) => {
                    let entries = tx.ledger().page(self.user, after, PAGE).await?;
                    self.stage = if entries.len() < PAGE {
                        Kind::Machines.next().map_or(Stage::Done, |kind| Stage::Rows(kind, Place::start()))
                    } else {
                        let last = entries.last().map(|entry| (entry.message.source.clone(), entry.message.key));
                        Stage::Messages(last)
                    };
                    if !entries.is_empty() {
                        return Ok(Some(Part::Messages(entries)));
                    }
                }
                Stage::Done => break,
            }
        }
        // Whoever asks again from now on is not told that an export is under way.
        if let Some(tx) = self.tx.take() {
            tx.commit().await?;
        }
        Ok(None)
    }
}
