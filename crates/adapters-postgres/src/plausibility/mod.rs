//! Plausibility: a statement over all accounts for each kind of evidence, and the stored findings.

use domain::page::{Page, PageRequest};
use domain::plausibility::ports::{PlausibilityReader, PlausibilityRepository};
use domain::plausibility::{Evidence, EvidenceKind, Finding, FlagReason, Flags, Limits, Shared, StandingFlag, Suspect};
use domain::users::Username;

use crate::database::Database;
use crate::prelude::*;
use crate::schema::{account_flags, plausibility_reasons, usage_hours, users};
use crate::unit_of_work::PgUnitOfWork;

/// The largest figure of an account, of a day or an hour.
#[derive(QueryableByName)]
#[diesel(table_name = usage_hours)]
struct LargestRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    day: Date,
    hour: i16,
    tokens: i64,
}

/// What an account has in common with another.
#[derive(QueryableByName)]
struct SharedRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    shared: i64,
    #[diesel(sql_type = BigInt)]
    whole: i64,
    #[diesel(sql_type = SqlUuid)]
    other: Uuid,
    #[diesel(sql_type = Bool)]
    was_first: bool,
}

#[derive(QueryableByName)]
struct UnknownModelsRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    models: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    tokens: i64,
}

impl PgUnitOfWork {
    /// Adds evidence from the largest figure of each account that exceeds `most`.
    async fn largest(
        &mut self,
        found: &mut Vec<(UserId, Evidence)>,
        text: &'static str,
        most: i64,
        evidence: fn(LargestRow) -> Evidence,
    ) -> Result<(), StoreError> {
        let rows: Vec<LargestRow> = statement(text).bind::<BigInt>(most).rows(self.connection()?).await?;
        found.extend(rows.into_iter().map(|row| (UserId(row.id), evidence(row))));
        Ok(())
    }

    /// Adds evidence of what accounts have in common with others.
    async fn in_common(
        &mut self,
        found: &mut Vec<(UserId, Evidence)>,
        query: Statement<'_>,
        evidence: fn(Shared) -> Evidence,
    ) -> Result<(), StoreError> {
        let rows: Vec<SharedRow> = query.rows(self.connection()?).await?;
        found.extend(rows.into_iter().map(|SharedRow { id, shared, whole, other, was_first }| {
            (UserId(id), evidence(Shared { shared, of: whole, other: UserId(other), was_first }))
        }));
        Ok(())
    }

    async fn unknown_models(&mut self, limits: &Limits) -> Result<Vec<(UserId, Evidence)>, StoreError> {
        let query = statement(include_str!("unknown_models.sql")).bind::<BigInt>(limits.unknown_models);
        let rows: Vec<UnknownModelsRow> = query.rows(self.connection()?).await?;
        let evidence = |UnknownModelsRow { id, models, name, tokens }| {
            (UserId(id), Evidence::UnknownModels { models: to_u32(models), name, tokens })
        };
        Ok(rows.into_iter().map(evidence).collect())
    }
}

#[async_trait]
impl PlausibilityRepository for PgUnitOfWork {
    async fn lock(&mut self) -> Result<(), StoreError> {
        self.advisory_lock("burntop plausibility").await
    }

    async fn look(&mut self, limits: &Limits, since: Date) -> Result<Vec<(UserId, Evidence)>, StoreError> {
        self.make_room().await?;
        let found = &mut Vec::new();
        self.largest(found, include_str!("output_in_a_day.sql"), limits.written_a_day, |row| Evidence::Written {
            day: row.day,
            tokens: row.tokens,
        })
        .await?;
        self.largest(found, include_str!("used_in_a_day.sql"), limits.used_a_day, |row| Evidence::UsedInADay {
            day: row.day,
            tokens: row.tokens,
        })
        .await?;
        self.largest(found, include_str!("used_in_an_hour.sql"), limits.used_an_hour, |row| Evidence::UsedInAnHour {
            day: row.day,
            hour: u8::try_from(row.hour).unwrap_or(0),
            tokens: row.tokens,
        })
        .await?;
        found.extend(self.unknown_models(limits).await?);
        let messages =
            statement(include_str!("shared_messages.sql")).bind::<BigInt>(limits.messages).bind::<BigInt>(limits.share);
        self.in_common(found, messages, Evidence::SharedMessages).await?;
        let days = statement(include_str!("same_days.sql"))
            .bind::<SqlDate>(since)
            .bind::<BigInt>(limits.day_tokens)
            .bind::<BigInt>(limits.days)
            .bind::<BigInt>(limits.share);
        self.in_common(found, days, Evidence::SameDays).await?;
        Ok(std::mem::take(found))
    }

    async fn replace(&mut self, findings: &[Finding], now: OffsetDateTime) -> Result<u64, StoreError> {
        let c = self.connection()?;
        let found = |text| {
            statement(text)
                .bind_array::<SqlUuid>(findings.iter().map(|finding| finding.user.0))
                .bind_array::<Text>(findings.iter().map(|finding| finding.kind.name()))
        };
        found(include_str!("delete_refuted_reasons.sql")).run(c).await?;
        found(include_str!("upsert_reasons.sql"))
            .bind_array::<SmallInt>(findings.iter().map(|finding| i16::from(finding.score)))
            .bind_array::<Text>(findings.iter().map(|finding| finding.message.as_str()))
            .bind_array::<Nullable<SqlUuid>>(findings.iter().map(|finding| finding.other.map(|other| other.0)))
            .bind::<Timestamptz>(now)
            .run(c)
            .await?;
        let accounts = diesel::dsl::count(plausibility_reasons::user_id).aggregate_distinct();
        let accounts: i64 = plausibility_reasons::table.select(accounts).row(c).await?;
        Ok(accounts.unsigned_abs())
    }
}

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = plausibility_reasons)]
struct ReasonRow {
    kind: String,
    score: i16,
    message: String,
    first_seen: OffsetDateTime,
    last_seen: OffsetDateTime,
}

impl ReasonRow {
    /// The reason; `None` for a kind that only another release knows.
    fn reason(self) -> Option<FlagReason> {
        Some(FlagReason {
            kind: EvidenceKind::of(&self.kind)?,
            score: u8::try_from(self.score).unwrap_or(100),
            message: self.message,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        })
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = users)]
struct SuspectRow {
    id: Uuid,
    username: String,
    #[diesel(sql_type = Bool)]
    is_flagged: bool,
    #[diesel(embed)]
    reason: ReasonRow,
    #[diesel(sql_type = Nullable<Text>)]
    other_name: Option<String>,
}

#[async_trait]
impl PlausibilityReader for Database {
    async fn flags(&self, user: UserId, now: OffsetDateTime) -> Result<Flags, StoreError> {
        let connection = self.connection().await?;
        let reasons: Vec<ReasonRow> = plausibility_reasons::table
            .filter(plausibility_reasons::user_id.eq(user.0))
            .order((plausibility_reasons::score.desc(), plausibility_reasons::kind))
            .select(ReasonRow::as_select())
            .rows(&connection.pg)
            .await?;
        let ended = account_flags::expires_at.le(now).assume_not_null();
        let standing: Option<(String, OffsetDateTime, Option<OffsetDateTime>)> = account_flags::table
            .filter(account_flags::user_id.eq(user.0))
            .filter(account_flags::lifted_at.is_null())
            .filter(account_flags::expires_at.is_null().or(diesel::dsl::not(ended)))
            .select((account_flags::reason, account_flags::created_at, account_flags::expires_at))
            .limit(1)
            .optional(&connection.pg)
            .await?;
        let standing = standing.map(|(reason, created_at, expires_at)| StandingFlag { reason, created_at, expires_at });
        Ok(Flags { reasons: reasons.into_iter().filter_map(ReasonRow::reason).collect(), standing })
    }

    async fn suspects(
        &self,
        score: u8,
        now: OffsetDateTime,
        request: PageRequest,
    ) -> Result<Page<Suspect>, StoreError> {
        let connection = self.connection().await?;
        let count = "SELECT count(DISTINCT users.id) AS value FROM plausibility_reasons AS reasons
                     JOIN users ON users.id = reasons.user_id AND users.deleted_at IS NULL
                     WHERE reasons.score >= $1";
        let count = statement(count).bind::<SmallInt>(i16::from(score));
        let total: i64 = count.value::<BigInt, _>(&connection.pg).await?;
        let rows: Vec<SuspectRow> = statement(include_str!("suspects.sql"))
            .bind::<SmallInt>(i16::from(score))
            .bind::<BigInt>(i64::from(request.size))
            .bind::<BigInt>(to_bigint(request.offset()))
            .bind::<Timestamptz>(now)
            .rows(&connection.pg)
            .await?;
        let mut items: Vec<Suspect> = Vec::new();
        for SuspectRow { id, username, is_flagged, reason, other_name } in rows {
            let user = UserId(id);
            if items.last().is_none_or(|suspect| suspect.user != user) {
                items.push(Suspect { user, username: Username::trusted(username), reasons: Vec::new(), is_flagged });
            }
            if let (Some(suspect), Some(reason)) = (items.last_mut(), reason.reason()) {
                suspect.reasons.push((reason, other_name.map(Username::trusted)));
            }
        }
        Ok(Page { items, total: total.unsigned_abs(), request })
    }
}
