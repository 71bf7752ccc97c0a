//! Statements kept as text that are prepared once per connection.
//!
//! diesel's own `sql_query` prepares its text anew each time: a round trip and a plan more for every statement. A
//! [`Statement`] differs only in that it may be kept, keyed by its text. Its rows are read by column name.

use std::marker::PhantomData;

use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::row::NamedRow;
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, Bool, HasSqlType, Nullable, SingleValue, Untyped, Uuid};
use diesel_async::AsyncPgConnection;
use domain::error::StoreError;

use crate::query::RunQuery;

/// A statement with placeholders `$1`, `$2`, …, run through [`RunQuery`].
pub(crate) struct Statement<'a> {
    text: &'static str,
    values: Vec<Box<dyn QueryFragment<Pg> + Send + 'a>>,
}

/// The statement `text`.
pub(crate) fn statement(text: &'static str) -> Statement<'static> {
    Statement { text, values: Vec::new() }
}

impl<'a> Statement<'a> {
    /// Gives the next placeholder its value. A placeholder that stands twice is sent twice: name large ones once.
    pub(crate) fn bind<Type>(mut self, value: impl ToSql<Type, Pg> + Send + 'a) -> Self
    where
        Type: 'a + Send,
        Pg: HasSqlType<Type>,
    {
        self.values.push(Box::new(Bound { value, sql_type: PhantomData }));
        self
    }

    /// Gives the next placeholder an array.
    pub(crate) fn bind_array<Type>(self, values: impl IntoIterator<Item = impl ToSql<Type, Pg> + Send + 'a>) -> Self
    where
        Type: 'static + Send,
        Pg: HasSqlType<Type>,
    {
        self.bind::<Array<Type>>(values.into_iter().collect::<Vec<_>>())
    }

    /// The column `value` of the only row.
    pub(crate) async fn value<Type, T>(self, connection: &AsyncPgConnection) -> Result<T, StoreError>
    where
        Type: SingleValue + Send + 'static,
        T: FromSql<Type, Pg> + Send + 'static,
    {
        self.row::<Value<Type, T>>(connection).await.map(|row| row.value)
    }

    /// The column `value` of every row.
    pub(crate) async fn values<Type, T>(self, connection: &AsyncPgConnection) -> Result<Vec<T>, StoreError>
    where
        Type: SingleValue + Send + 'static,
        T: FromSql<Type, Pg> + Send + 'static,
    {
        Ok(self.rows::<Value<Type, T>>(connection).await?.into_iter().map(|row| row.value).collect())
    }
}

/// Runs `statement`, if there is one.
pub(crate) async fn run_if_any(
    statement: Option<Statement<'_>>,
    connection: &AsyncPgConnection,
) -> Result<u64, StoreError> {
    match statement {
        Some(statement) => statement.run(connection).await,
        None => Ok(0),
    }
}

/// The rows that `statement` reads, if there is one.
pub(crate) async fn rows_if_any<R: QueryableByName<Pg> + Send + 'static>(
    statement: Option<Statement<'_>>,
    connection: &AsyncPgConnection,
) -> Result<Vec<R>, StoreError> {
    match statement {
        Some(statement) => statement.rows(connection).await,
        None => Ok(Vec::new()),
    }
}

/// A row of one column, called `value`.
pub(crate) struct Value<Type, T> {
    pub(crate) value: T,
    sql_type: PhantomData<fn() -> Type>,
}

impl<Type: SingleValue, T: FromSql<Type, Pg>> QueryableByName<Pg> for Value<Type, T> {
    fn build<'b>(row: &impl NamedRow<'b, Pg>) -> deserialize::Result<Self> {
        Ok(Self { value: NamedRow::get(row, "value")?, sql_type: PhantomData })
    }
}

/// The right side of a left join, which is absent where its `id` is null.
pub(crate) struct Joined<R>(pub(crate) Option<R>);

impl<R: QueryableByName<Pg>> QueryableByName<Pg> for Joined<R> {
    fn build<'b>(row: &impl NamedRow<'b, Pg>) -> deserialize::Result<Self> {
        let id: Option<uuid::Uuid> = NamedRow::get::<Nullable<Uuid>, _>(row, "id")?;
        Ok(Self(id.map(|_| R::build(row)).transpose()?))
    }
}

/// Columns that are null where the column `is_visible` is false.
pub(crate) struct Seen<R>(pub(crate) Option<R>);

impl<R: QueryableByName<Pg>> QueryableByName<Pg> for Seen<R> {
    fn build<'b>(row: &impl NamedRow<'b, Pg>) -> deserialize::Result<Self> {
        let is_visible: bool = NamedRow::get::<Bool, _>(row, "is_visible")?;
        Ok(Self(is_visible.then(|| R::build(row)).transpose()?))
    }
}

/// One value with its SQL type.
struct Bound<Type, Value> {
    value: Value,
    sql_type: PhantomData<fn() -> Type>,
}

impl<Type, Value> QueryFragment<Pg> for Bound<Type, Value>
where
    Value: ToSql<Type, Pg>,
    Pg: HasSqlType<Type>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Type, Value>(&self.value)
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Comments stay here: a placeholder in one would be sent as a value.
        for line in self.text.lines().filter(|line| !line.trim_start().starts_with("--")) {
            self.walk_line(line, out.reborrow())?;
            out.push_sql("\n");
        }
        Ok(())
    }
}

impl Statement<'_> {
    fn walk_line<'b>(&'b self, mut rest: &'b str, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        while let Some((before, after)) = rest.split_once('$') {
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, following) = after.split_at(digits);
            let value = number.parse::<usize>().ok().and_then(|number| self.values.get(number.checked_sub(1)?));
            let Some(value) = value else {
                return Err(diesel::result::Error::QueryBuilderError(format!("no value for ${number}").into()));
            };
            out.push_sql(before);
            value.walk_ast(out.reborrow())?;
            rest = following;
        }
        out.push_sql(rest);
        Ok(())
    }
}

impl Query for Statement<'_> {
    // Reads rows through `QueryableByName`.
    type SqlType = Untyped;
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    // The text is the key of the prepared statement.
    const HAS_STATIC_QUERY_ID: bool = false;
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::sql_types::{Integer, Text};

    fn sent(statement: &Statement<'_>) -> String {
        diesel::debug_query::<Pg, _>(statement).to_string()
    }

    #[test]
    fn placeholder_gets_its_value_in_any_order() {
        let statement = statement("SELECT $2, $1, $2").bind::<Integer>(7).bind::<Text>("x");
        assert_eq!(sent(&statement), "SELECT $1, $2, $3\n -- binds: [\"x\", 7, \"x\"]");
    }

    #[test]
    fn comment_is_neither_sent_nor_given_values() {
        let text = "-- Adds $1 to\n-- itself, with $2.\nSELECT 1 +\n  -- all of $1\n  $1";
        assert_eq!(sent(&statement(text).bind::<Integer>(7)), "SELECT 1 +\n  $1\n -- binds: [7]");
    }

    #[test]
    fn placeholder_without_value_is_refused() {
        use diesel::pg::PgQueryBuilder;
        let statement = statement("SELECT $1, $2").bind::<Integer>(7);
        assert!(statement.to_sql(&mut PgQueryBuilder::default(), &Pg).is_err());
    }
}
