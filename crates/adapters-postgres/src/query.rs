//! Running queries, with their errors in the terms of the domain.

use diesel::OptionalExtension;
use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::error::StoreError;
use futures_util::future::BoxFuture;

use crate::error::store_error;

/// Runs queries of diesel and statements. Queries on one connection that are polled together are sent together, in the order of
/// the first poll: one round trip.
pub(crate) trait RunQuery: Sized + Send {
    /// All rows.
    fn rows<'c, R>(self, mut connection: &'c AsyncPgConnection) -> BoxFuture<'c, Result<Vec<R>, StoreError>>
    where
        Self: LoadQuery<'c, &'c AsyncPgConnection, R> + 'c,
        R: Send + 'c,
    {
        Box::pin(async move { self.load(&mut connection).await.map_err(store_error) })
    }

    /// The only row.
    fn row<'c, R>(self, mut connection: &'c AsyncPgConnection) -> BoxFuture<'c, Result<R, StoreError>>
    where
        Self: LoadQuery<'c, &'c AsyncPgConnection, R> + 'c,
        R: Send + 'c,
    {
        Box::pin(async move { self.get_result(&mut connection).await.map_err(store_error) })
    }

    /// The only row, if there is one.
    fn optional<'c, R>(self, mut connection: &'c AsyncPgConnection) -> BoxFuture<'c, Result<Option<R>, StoreError>>
    where
        Self: LoadQuery<'c, &'c AsyncPgConnection, R> + 'c,
        R: Send + 'c,
    {
        Box::pin(async move { self.get_result(&mut connection).await.optional().map_err(store_error) })
    }

    fn exec<'c>(self, connection: &'c AsyncPgConnection) -> BoxFuture<'c, Result<(), StoreError>>
    where
        Self: ExecuteDsl<&'c AsyncPgConnection> + 'c,
    {
        Box::pin(async move { self.run(connection).await.map(drop) })
    }

    /// Returns how many rows were written.
    fn run<'c>(self, mut connection: &'c AsyncPgConnection) -> BoxFuture<'c, Result<u64, StoreError>>
    where
        Self: ExecuteDsl<&'c AsyncPgConnection> + 'c,
    {
        Box::pin(async move { Ok(self.execute(&mut connection).await.map_err(store_error)? as u64) })
    }
}

impl<Q: QueryFragment<Pg> + Send> RunQuery for Q {}
