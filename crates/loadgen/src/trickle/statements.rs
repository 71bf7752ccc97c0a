//! The statements of a small sync: ten new messages of one model and hour.

use crate::reads::endpoints::{Query, SESSION, Value};

use Value::{DaysAgo, Now, Number, Raw, User, Users};

macro_rules! product {
    ($($file:literal)+, $($value:expr),*) => {
        Query {
            text: concat!($(include_str!(concat!("../../../adapters-postgres/src/", $file))),+),
            values: &[$($value),*],
        }
    };
}

const KEYS: Value = Raw("ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 10))");
const SOURCE: Value = Raw("(SELECT min(key) FROM sources)");

/// The key of the account's first machine, as SQL.
macro_rules! machine {
    () => {
        "(SELECT min(key) FROM machines WHERE user_key = (SELECT key FROM users WHERE username = 'person' || :n))"
    };
}

/// The sums of ten messages: messages, tokens, input, output, cache reads, cache writes, reasoning, three counts, cost.
const SUMS: [Value; 11] = [
    Raw("'{10}'::bigint[]"),
    Raw("'{40000}'::bigint[]"),
    Raw("'{1000}'::bigint[]"),
    Raw("'{9000}'::bigint[]"),
    Raw("'{20000}'::bigint[]"),
    Raw("'{10000}'::bigint[]"),
    Raw("'{0}'::bigint[]"),
    Raw("'{0}'::bigint[]"),
    Raw("'{0}'::bigint[]"),
    Raw("'{0}'::bigint[]"),
    Raw("'{0.123456}'::numeric[]"),
];

/// `values` before [`SUMS`].
const fn with_sums<const N: usize, const M: usize>(values: [Value; N]) -> [Value; M] {
    let mut all = [Value::No; M];
    let mut place = 0;
    while place < M {
        all[place] = if place < N { values[place] } else { SUMS[place - N] };
        place += 1;
    }
    all
}

const TODAY: Value = Raw("ARRAY[CURRENT_DATE]");
const ROLLUP: [Value; 16] = with_sums([
    User,
    TODAY,
    Raw("ARRAY(SELECT min(key) FROM sources)"),
    Raw("ARRAY(SELECT min(key) FROM models)"),
    Raw(concat!("ARRAY[", machine!(), "]")),
]);
const DAY: [Value; 13] = with_sums([User, TODAY]);
const TOTALS: [Value; 12] = with_sums([User]);

const STATEMENTS: &[Query] = &[
    product!("accounts/lock_account.sql", User),
    product!("accounts/read_accounts.sql", Users),
    product!(
        "ledger/touch_machine.sql",
        User,
        Raw("'machine1'"),
        Now,
        Number(1_000),
        Raw("true"),
        Raw("'claude-code'")
    ),
    product!("ledger/account_names.sql", User),
    product!("ledger/find_messages.sql", User, SOURCE, KEYS),
    product!(
        "ledger/insert_messages.sql",
        User,
        KEYS,
        Raw("array_fill(now(), ARRAY[10])"),
        Raw("array_fill(100::bigint, ARRAY[10])"),
        Raw("array_fill(900::bigint, ARRAY[10])"),
        Raw("array_fill(2000::bigint, ARRAY[10])"),
        Raw("array_fill(1000::bigint, ARRAY[10])"),
        Raw("array_fill(0::bigint, ARRAY[10])"),
        Raw("array_fill(0::bigint, ARRAY[10])"),
        Raw("array_fill((SELECT min(key) FROM sources), ARRAY[10])"),
        Raw("array_fill((SELECT min(key) FROM models), ARRAY[10])"),
        Raw(concat!("array_fill(", machine!(), ", ARRAY[10])")),
        Raw("array_fill(0::smallint, ARRAY[10])"),
        Raw("array_fill(0::smallint, ARRAY[10])"),
        Raw("array_fill(0.0123::numeric, ARRAY[10])"),
        Raw("array_fill(0::smallint, ARRAY[10])")
    ),
    Query { text: include_str!("../../../adapters-postgres/src/ledger/apply_rollup_deltas.sql"), values: &ROLLUP },
    Query { text: include_str!("../../../adapters-postgres/src/ledger/apply_day_deltas.sql"), values: &DAY },
    product!(
        "ledger/apply_hour_deltas.sql",
        User,
        TODAY,
        Raw("ARRAY[extract(hour FROM now())::smallint]"),
        Raw("'{10}'::bigint[]"),
        Raw("'{40000}'::bigint[]")
    ),
    Query { text: include_str!("../../../adapters-postgres/src/ledger/apply_total_deltas.sql"), values: &TOTALS },
    product!("ledger/calendar.sql" "ledger/extend_calendar.sql", User, DaysAgo(0), DaysAgo(0)),
    product!("progress/usage_facts.sql", User),
    product!("progress/person_facts.sql", User, DaysAgo(29), DaysAgo(0), User),
    product!("progress/unlocked_achievements.sql", User),
    Query { text: "SELECT reason, xp FROM progress_events WHERE user_id = $1", values: &[User] },
];

/// A pgbench script that runs them as a transaction, after the look-up of the session, for a random one of `people` accounts.
pub(super) fn script(people: u32) -> String {
    let sql = |query: &Query| query.with(|value| value.of(":n"));
    let statements: Vec<String> = STATEMENTS.iter().map(sql).collect();
    format!("\\set n random(1, {people})\n{};\nBEGIN;\n{};\nCOMMIT;\n", sql(&SESSION).trim(), statements.join(";\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_placeholders_all_have_values() {
        let script = script(10);
        assert!(!script.contains('$') && !script.contains("--"), "{script}");
    }
}
