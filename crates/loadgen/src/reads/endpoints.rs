//! The measured endpoints and their statements.

#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The path with its query; `{person}` stands for a username.
    pub(crate) path: &'static str,
    /// Whether requests carry a session.
    pub(crate) signed_in: bool,
    /// The statements of the endpoint, without that of the session.
    pub(crate) statements: &'static [Query],
    /// The target, as a share of pgbench's rate.
    pub(crate) target: f64,
}

/// A statement and the values of its placeholders.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) text: &'static str,
    pub(crate) values: &'static [Value],
}

/// The value of a placeholder.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    User,
    /// The same as an array of one.
    Users,
    /// The viewer of a request without a session.
    Nobody,
    /// The same as an array of one.
    NobodyEach,
    /// A username as an array of one.
    Usernames,
    Token,
    Number(u16),
    Name(&'static str),
    /// No name.
    AnyName,
    Now,
    /// The date this many days before today.
    DaysAgo(u16),
    /// The same as an array of one.
    DaysAgoEach(u16),
    /// A disabled option.
    No,
    /// An SQL expression, for the account whose number is `:n`.
    Raw(&'static str),
}

use Value::{
    AnyName, DaysAgo, DaysAgoEach, Name, No, Nobody, NobodyEach, Now, Number, Raw, Token, User, Usernames, Users,
};

/// The first statement of a request with a session, which finds its account too.
pub(crate) const SESSION: Query = Query { text: include_str!("../sql/session.sql"), values: &[Token] };

const ACCOUNT: Query = Query { text: include_str!("../sql/account.sql"), values: &[User] };

/// A statement of `adapters-postgres`, which may consist of several files.
macro_rules! product {
    ($($file:literal)+, $($value:expr),*) => {
        Query {
            text: concat!($(include_str!(concat!("../../../adapters-postgres/src/", $file))),+),
            values: &[$($value),*],
        }
    };
}

const FIGURES: Query =
    product!("dashboard/figures_columns.sql" "dashboard/figures.sql", Users, DaysAgoEach(29), DaysAgoEach(0), User);
const PROFILE: Query = product!("dashboard/figures_columns.sql" "dashboard/profile.sql", Usernames, NobodyEach, DaysAgoEach(29), DaysAgoEach(0));
const DAYS: Query = product!("dashboard/days.sql", User, DaysAgo(59), DaysAgo(0), User);
const HOURS: Query = product!("dashboard/hours.sql", User, DaysAgo(29), DaysAgo(0), User);
const YEAR_OF_DAYS: Query = product!("dashboard/days.sql", User, DaysAgo(729), DaysAgo(0), User);
const YEAR_OF_HOURS: Query = product!("dashboard/hours.sql", User, DaysAgo(364), DaysAgo(0), User);
const TOOLS: Query = product!("dashboard/lifetime_tools.sql", User, User, Number(500));
const MODELS: Query = product!("dashboard/lifetime_models.sql", User, User, Number(500));
const MONTH_OF_MODELS: Query = product!("dashboard/models.sql", User, DaysAgo(29), DaysAgo(0), User, Number(500));
const PROJECTS: Query = product!("dashboard/projects.sql", User, DaysAgo(9_000), DaysAgo(0), Number(500));
const PLATFORM: Query = Query { text: "SELECT tokens::text, users, tools FROM platform_totals", values: &[] };
const BOARD: Query = product!("leaderboard/board_overall.sql" "leaderboard/board_gaps.sql" "leaderboard/board_stored.sql", Number(1), Number(1), Number(0), Number(100), Nobody, Now);
const LAST_OF_BOARD: Query = product!("leaderboard/board_overall.sql" "leaderboard/board_gaps.sql" "leaderboard/board_stored.sql", Number(1), Number(1), Number(9_000), Number(100), Nobody, Now);
const BOARD_OF_TOOL: Query = product!(
    "leaderboard/board_query.sql" "leaderboard/board_scope.sql" "leaderboard/board_gaps.sql" "leaderboard/board_pages.sql" "leaderboard/board_entries.sql",
    Number(1), Number(1), Number(0), Number(100), Nobody, Now, Name("codex"), AnyName, AnyName
);
const BOARD_OF_FRIENDS: Query = product!(
    "leaderboard/board_query.sql" "leaderboard/board_friends.sql" "leaderboard/board_ranked.sql" "leaderboard/board_entries.sql",
    Number(1), Number(1), Number(0), Number(100), User, Now, AnyName, AnyName, AnyName
);
const FEED: Query = product!("social/feed.sql", User, Number(20), Number(0), Nobody);
const NOTIFICATIONS: Query = product!("notifications/notifications.sql", User, Number(50), Number(0));
const COUNTED_NOTIFICATIONS: Query = product!("notifications/count_notifications.sql", User, No);
const BENCHMARK: Query = product!("insights/benchmark.sql", Number(2));
const OWN: Query = product!("insights/own_usage.sql", User, DaysAgo(29), DaysAgo(0), DaysAgo(0));

/// An endpoint with a personal answer. The target is 0.45 of pgbench's rate.
const fn personal(path: &'static str, statements: &'static [Query]) -> Endpoint {
    Endpoint { path, signed_in: true, statements, target: 0.45 }
}

/// An endpoint with a public answer, which may be cached. The target is 0.6 of pgbench's rate.
const fn public(path: &'static str, statements: &'static [Query]) -> Endpoint {
    Endpoint { path, signed_in: false, statements, target: 0.6 }
}

/// All measured endpoints.
pub(crate) const ENDPOINTS: [Endpoint; 18] = [
    Endpoint { target: 0.75, ..personal("/auth/me", &[]) },
    personal("/dashboard/overview", &[FIGURES]),
    personal("/dashboard/trends", &[DAYS, HOURS]),
    Endpoint { target: 0.5, ..personal("/dashboard/trends?days=365", &[YEAR_OF_DAYS, YEAR_OF_HOURS]) },
    personal("/dashboard/tools", &[TOOLS]),
    personal("/dashboard/models", &[MODELS]),
    personal("/dashboard/models?period=month", &[MONTH_OF_MODELS]),
    personal("/dashboard/projects", &[PROJECTS]),
    public("/users/{person}", &[PROFILE]),
    public("/users/{person}/stats", &[PROFILE]),
    public("/stats/platform", &[PLATFORM]),
    public("/leaderboard", &[BOARD]),
    public("/leaderboard?offset=9000", &[LAST_OF_BOARD]),
    public("/leaderboard?tool=codex", &[BOARD_OF_TOOL]),
    personal("/leaderboard?kind=friends", &[BOARD_OF_FRIENDS]),
    personal("/feed", &[FEED]),
    personal("/notifications", &[NOTIFICATIONS, COUNTED_NOTIFICATIONS]),
    personal("/insights?period=month", &[BENCHMARK, ACCOUNT, OWN]),
];

impl Endpoint {
    /// All statements in the order in which they run.
    pub(crate) fn all_statements(&self) -> impl Iterator<Item = &Query> {
        self.signed_in.then_some(&SESSION).into_iter().chain(self.statements)
    }
}

impl Query {
    /// The text with the placeholders replaced by `write`, and without comments, which may contain placeholders too.
    pub(crate) fn with(&self, write: impl Fn(Value) -> String) -> String {
        let lines = self.text.lines().filter(|line| !line.trim_start().starts_with("--"));
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        // From the last, so that $1 is not replaced in $10.
        let numbered = self.values.iter().enumerate().rev();
        numbered.fold(text, |text, (place, value)| text.replace(&format!("${}", place + 1), &write(*value)))
    }
}

impl Value {
    /// The value as SQL, for the account whose number is the SQL expression `number`.
    pub(crate) fn of(self, number: &str) -> String {
        match self {
            User => format!("('00000000-0000-7000-8000-' || lpad(to_hex({number}::bigint), 12, '0'))::uuid"),
            Users => format!("ARRAY[{}]", User.of(number)),
            Nobody => "NULL::uuid".to_owned(),
            NobodyEach => "ARRAY[NULL::uuid]".to_owned(),
            Usernames => format!("ARRAY['person' || {number}::bigint]"),
            Token => format!("sha256(('s_' || lpad(({number}::bigint)::text, 43, '0'))::bytea)"),
            Number(number) => number.to_string(),
            Name(name) => format!("'{name}'"),
            AnyName => "NULL::text".to_owned(),
            Now => "now()".to_owned(),
            DaysAgo(days) => format!("(CURRENT_DATE - {days})"),
            DaysAgoEach(days) => format!("ARRAY[{}]", DaysAgo(days).of(number)),
            No => "false".to_owned(),
            Raw(sql) => sql.replace(":n", number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_placeholders_all_have_values() {
        for query in ENDPOINTS.iter().flat_map(Endpoint::all_statements) {
            let text = query.with(|value| value.of(":n"));
            assert!(!text.contains('$') && !text.contains("--"), "{text}");
        }
    }
}
