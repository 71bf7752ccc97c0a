//! Statements kept as text that are prepared once per connection.
//!
//! diesel's own `sql_query` prepares its text anew each time: a round trip and a plan more for every statement. A
//! [`Statement`] differs only in that it may be kept, keyed by its text.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use std::marker::PhantomData;

/// A statement with placeholders `$1`, `$2`, … whose rows have the columns `Columns`.
pub(crate) struct Statement<'a, Columns = ()> {
    text: &'static str,
    values: Vec<Box<dyn QueryFragment<Pg> + Send + 'a>>,
    columns: PhantomData<fn() -> Columns>,
}

/// The statement `text`.
pub(crate) fn statement<Columns>(text: &'static str) -> Statement<'static, Columns> {
    Statement { text, values: Vec::new(), columns: PhantomData }
}

impl<'a, Columns> Statement<'a, Columns> {
    /// Gives the next placeholder its value. A placeholder that stands twice is sent twice: name large ones once.
    pub(crate) fn bind<Type, Value>(self, value: Value) -> Statement<'a, Columns>
    where
        Type: 'a + Send,
        Value: ToSql<Type, Pg> + Send + 'a,
        Pg: HasSqlType<Type>,
    {
        let mut values = self.values;
        values.push(Box::new(Bound::<Type, Value> { value, sql_type: PhantomData }));
        Statement { text: self.text, values, columns: PhantomData }
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

impl<Columns> QueryFragment<Pg> for Statement<'_, Columns> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Comments stay here: a placeholder in one would be sent as a value.
        for line in self.text.lines().filter(|line| !line.trim_start().starts_with("--")) {
            self.walk_line(line, out.reborrow())?;
            out.push_sql("\n");
        }
        Ok(())
    }
}

impl<Columns> Statement<'_, Columns> {
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

impl<Columns> Query for Statement<'_, Columns> {
    type SqlType = Columns;
}

impl<Columns> QueryId for Statement<'_, Columns> {
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
    fn placeholders_get_their_values_in_whatever_order_they_stand() {
        let statement = statement::<()>("SELECT $2, $1, $2").bind::<Integer, _>(7).bind::<Text, _>("x");
        assert_eq!(sent(&statement), "SELECT $1, $2, $3\n -- binds: [\"x\", 7, \"x\"]");
    }

    #[test]
    fn comments_are_neither_sent_nor_given_values() {
        let text = "-- Adds $1 to\n-- itself, with $2.\nSELECT 1 +\n  -- all of $1\n  $1";
        assert_eq!(sent(&statement::<()>(text).bind::<Integer, _>(7)), "SELECT 1 +\n  $1\n -- binds: [7]");
    }

    #[test]
    fn a_placeholder_without_a_value_is_refused() {
        use diesel::pg::PgQueryBuilder;
        let statement = statement::<()>("SELECT $1, $2").bind::<Integer, _>(7);
        assert!(statement.to_sql(&mut PgQueryBuilder::default(), &Pg).is_err());
    }
}
