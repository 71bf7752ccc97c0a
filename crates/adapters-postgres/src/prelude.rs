//! Names that most files of repositories and read models use. Only modules that import no repository are here, so that no
//! circle of imports arises.

pub(crate) use async_trait::async_trait;
pub(crate) use diesel::prelude::*;
pub(crate) use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Date as SqlDate, Double, Integer, Nullable, Numeric, SmallInt, Text, Timestamptz,
    Uuid as SqlUuid,
};
pub(crate) use diesel_async::AsyncPgConnection;
pub(crate) use domain::error::StoreError;
pub(crate) use domain::ids::UserId;
pub(crate) use time::{Date, OffsetDateTime};
pub(crate) use uuid::Uuid;

pub(crate) use crate::counts::{to_bigint, to_integer, to_u32};
pub(crate) use crate::numeric::Money;
pub(crate) use crate::query::RunQuery;
pub(crate) use crate::statement::{Statement, statement};
