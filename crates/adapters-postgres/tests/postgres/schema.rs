//! `src/schema.rs` says what the database says. `just schema` writes it.

use std::collections::BTreeMap;
use std::fmt::Write;

use tokio_postgres::NoTls;

/// The columns of the primary key, and each column with its type.
type Table = (Vec<String>, Vec<(String, String)>);

const FILE: &str = "src/schema.rs";

#[tokio::test(flavor = "multi_thread")]
async fn schema_file_matches_the_database() {
    let fixture = crate::common::fixture();
    let (client, driver) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);

    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let columns = "
        SELECT c.table_name::text, c.column_name::text, c.udt_name::text, c.is_nullable = 'YES'
        FROM information_schema.columns AS c
        WHERE c.table_schema = 'public' AND c.table_name <> '__diesel_schema_migrations'
          -- diesel has no type for transaction ids; only statements of our own read them.
          AND c.udt_name <> 'xid8'
        ORDER BY c.table_name, c.ordinal_position";
    for row in client.query(columns, &[]).await.expect("columns") {
        let (table, column, udt, nullable): (String, String, String, bool) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        let (element, is_array) = udt.strip_prefix('_').map_or((udt.as_str(), false), |element| (element, true));
        let mut name: String = element[..1].to_uppercase() + &element[1..];
        if is_array {
            name = format!("Array<{name}>");
        }
        if nullable {
            name = format!("Nullable<{name}>");
        }
        tables.entry(table).or_default().1.push((column, name));
    }
    let keys = "
        SELECT c.relname::text, a.attname::text
        FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indrelid
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
        WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace
        ORDER BY c.relname, array_position(i.indkey::int2[], a.attnum)";
    for row in client.query(keys, &[]).await.expect("keys") {
        if let Some(table) = tables.get_mut::<str>(row.get(0)) {
            table.0.push(row.get(1));
        }
    }

    let mut fresh = "//! The tables, as diesel knows them. Generated from the database by `just schema`; a test compares the two.\n"
        .to_owned();
    for (table, (key, columns)) in &tables {
        let _ = write!(fresh, "\ndiesel::table! {{\n    {table} ({}) {{\n", key.join(", "));
        for (column, kind) in columns {
            let _ = writeln!(fresh, "        {column} -> {kind},");
        }
        fresh.push_str("    }\n}\n");
    }
    fresh.push_str(
        "\ndiesel::joinable!(api_tokens -> users (user_id));\ndiesel::joinable!(sessions -> users (user_id));\n\ndiesel::allow_tables_to_appear_in_same_query!(\n",
    );
    for table in tables.keys() {
        let _ = writeln!(fresh, "    {table},");
    }
    fresh.push_str(");\n");

    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(FILE, &fresh).expect("the file is written");
    }
    assert_eq!(std::fs::read_to_string(FILE).expect("the file"), fresh, "run `just schema`");
}
