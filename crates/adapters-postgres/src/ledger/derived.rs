//! The rows derived from the ledger: changed by deltas, and read whole for comparison (I4).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::days::Window;
use domain::usage::ports::RollupChanges;
use domain::usage::{Derived, HourKey, HourSums, MachineId, Model, ProjectKey, ProjectSums, RollupKey, Source, Sums};

use crate::dashboard::DayRow;
use crate::prelude::*;
use crate::schema::{usage_hours, usage_project_days, usage_rollups};
use crate::statement::run_if_any;
use crate::sums::{SumsRow, bind_sums};
use crate::unit_of_work::PgUnitOfWork;

/// The statements that add a delta to the derived rows of an account.
pub(super) struct DeltaWrites {
    user: UserId,
    rollups: Statement<'static>,
    days: Statement<'static>,
    hours: Statement<'static>,
    totals: Statement<'static>,
    projects: Option<Statement<'static>>,
    sweep_projects: Option<Statement<'static>>,
    summaries: SummaryChange,
}

/// How the lifetime sums and the calendar follow a delta.
enum SummaryChange {
    /// Days are added to the calendar, from the first to the last.
    Extend(Statement<'static>),
    /// Only projects of messages changed, of which they have none.
    Keep,
    /// Usage was taken away, so they are derived again.
    Rebuild,
}

impl DeltaWrites {
    /// `None` if there is nothing to add.
    pub(super) async fn prepare(
        tx: &mut PgUnitOfWork,
        user: UserId,
        delta: &Derived,
    ) -> Result<Option<Self>, StoreError> {
        if delta.is_empty() {
            return Ok(None);
        }
        let keys = delta.rollups.keys();
        let sources = tx.keys(keys.clone().map(|key| key.source.clone()).collect()).await?;
        let models = tx.keys(keys.clone().map(|key| key.model.clone()).collect()).await?;
        let machines = tx.machine_keys(user, keys.map(|key| key.machine.clone()).collect()).await?;

        // In the order of the primary key, which is the order of the pages.
        let rollups: BTreeMap<(Date, i32, i32, i32), Sums> = (delta.rollups.iter())
            .map(|(key, sums)| {
                let of = |key: Option<&i32>| key.copied().unwrap_or_default();
                (
                    (key.day, of(sources.get(&key.source)), of(models.get(&key.model)), of(machines.get(&key.machine))),
                    *sums,
                )
            })
            .collect();
        let days: BTreeMap<Date, Sums> = delta.days.iter().map(|(day, sums)| (*day, *sums)).collect();
        let hours: BTreeMap<HourKey, HourSums> = delta.hours.iter().map(|(hour, sums)| (*hour, *sums)).collect();

        let about_user = |text| statement(text).bind::<SqlUuid>(user.0);
        let rollup_deltas = bind_sums(
            about_user(include_str!("apply_rollup_deltas.sql"))
                .bind_array::<SqlDate>(rollups.keys().map(|key| key.0))
                .bind_array::<Integer>(rollups.keys().map(|key| key.1))
                .bind_array::<Integer>(rollups.keys().map(|key| key.2))
                .bind_array::<Integer>(rollups.keys().map(|key| key.3)),
            &rollups.values().copied().collect::<Vec<_>>(),
        );
        let day_deltas = bind_sums(
            about_user(include_str!("apply_day_deltas.sql")).bind_array::<SqlDate>(days.keys().copied()),
            &days.values().copied().collect::<Vec<_>>(),
        );
        let hour_deltas = about_user(include_str!("apply_hour_deltas.sql"))
            .bind_array::<SqlDate>(hours.keys().map(|key| key.day))
            .bind_array::<SmallInt>(hours.keys().map(|key| i16::from(key.hour)))
            .bind_array::<BigInt>(hours.values().map(|sums| sums.messages))
            .bind_array::<BigInt>(hours.values().map(|sums| sums.tokens));
        let total_deltas = bind_sums(about_user(include_str!("apply_total_deltas.sql")), &[delta.totals]);

        tx.projects.switch_to(user);
        let (projects, sweep_projects) = project_writes(tx, user, &delta.projects)?;

        // A message may move to another hour within its roll-up, which then does not change at all.
        let shrinks = delta.rollups.values().any(|sums| sums.messages < 0)
            || delta.hours.values().any(|sums| sums.messages < 0)
            || delta.days.values().any(|sums| sums.tokens < 0);
        let extension = concat!(include_str!("calendar.sql"), include_str!("extend_calendar.sql"));
        let summaries = match (days.first_key_value(), days.last_key_value()) {
            (Some((first, _)), Some((last, _))) if !shrinks => {
                SummaryChange::Extend(about_user(extension).bind::<SqlDate>(*first).bind::<SqlDate>(*last))
            }
            (None, None) if !shrinks && rollups.is_empty() => SummaryChange::Keep,
            _ => SummaryChange::Rebuild,
        };
        Ok(Some(Self {
            user,
            rollups: rollup_deltas,
            days: day_deltas,
            hours: hour_deltas,
            totals: total_deltas,
            projects,
            sweep_projects,
            summaries,
        }))
    }

    /// Runs them in one round trip.
    pub(super) async fn run(self, c: &AsyncPgConnection) -> Result<RollupChanges, StoreError> {
        let about_user = |text| statement(text).bind::<SqlUuid>(self.user.0);
        let summarise = async {
            match self.summaries {
                SummaryChange::Extend(extension) => extension.run(c).await.map(drop),
                SummaryChange::Keep => Ok(()),
                SummaryChange::Rebuild => futures_util::try_join!(
                    about_user(include_str!("sweep_rollups.sql")).run(c),
                    about_user(include_str!("sweep_days.sql")).run(c),
                    about_user(include_str!("sweep_hours.sql")).run(c),
                    rebuild_summaries(self.user, c),
                )
                .map(drop),
            }
        };
        let (inserted, ..) = futures_util::try_join!(
            self.rollups.values::<Bool, bool>(c),
            self.days.run(c),
            self.hours.run(c),
            self.totals.run(c),
            run_if_any(self.projects, c),
            run_if_any(self.sweep_projects, c),
            summarise,
        )?;
        let new_rollups = inserted.iter().filter(|is_new| **is_new).count();
        Ok(RollupChanges { new_rollups, updated_rollups: inserted.len() - new_rollups })
    }
}

/// The statements that add `deltas` to the days of the projects of `user`, and that remove days which may have become empty.
fn project_writes(
    tx: &PgUnitOfWork,
    user: UserId,
    deltas: &HashMap<ProjectKey, ProjectSums>,
) -> Result<(Option<Statement<'static>>, Option<Statement<'static>>), StoreError> {
    // In the order of the primary key, which is the order of the pages.
    let deltas: BTreeMap<(Date, i16), ProjectSums> = (deltas.iter())
        .map(|(ProjectKey { day, project }, sums)| Ok(((*day, tx.projects.key(Some(project))?), *sums)))
        .collect::<Result<_, StoreError>>()?;
    let about_user = |text| statement(text).bind::<SqlUuid>(user.0);
    let apply = (!deltas.is_empty()).then(|| {
        about_user(include_str!("apply_project_deltas.sql"))
            .bind_array::<SqlDate>(deltas.keys().map(|key| key.0))
            .bind_array::<SmallInt>(deltas.keys().map(|key| key.1))
            .bind_array::<BigInt>(deltas.values().map(|sums| sums.messages))
            .bind_array::<BigInt>(deltas.values().map(|sums| sums.tokens))
            .bind_array::<Numeric>(deltas.values().map(|sums| Money(sums.cost)))
    });
    let shrinks = deltas.values().any(|sums| sums.messages < 0);
    Ok((apply, shrinks.then(|| about_user(include_str!("sweep_project_days.sql")))))
}

/// Derives the lifetime sums by tool and by model and the calendar of `user` from its roll-ups, days and hours. Returns whether
/// any changed.
pub(super) async fn rebuild_summaries(user: UserId, c: &AsyncPgConnection) -> Result<bool, StoreError> {
    let about_user = |text| statement(text).bind::<SqlUuid>(user.0);
    let all = Window::lifetime(user);
    let calendar = about_user(concat!(include_str!("calendar.sql"), include_str!("replace_calendar.sql")))
        .bind::<SqlDate>(all.from)
        .bind::<SqlDate>(all.to);
    let (sources, models, removed, calendars) = futures_util::try_join!(
        about_user(include_str!("rebuild_sources.sql")).run(c),
        about_user(include_str!("rebuild_models.sql")).run(c),
        about_user(include_str!("remove_calendar.sql")).run(c),
        calendar.run(c),
    )?;
    Ok(sources + models + removed + calendars > 0)
}

#[derive(QueryableByName)]
#[diesel(table_name = usage_rollups)]
struct RollupRow {
    day: Date,
    source_key: i32,
    model_key: i32,
    machine_key: i32,
    #[diesel(embed)]
    sums: SumsRow,
}

#[derive(QueryableByName)]
#[diesel(table_name = usage_hours)]
struct HourRow {
    day: Date,
    hour: i16,
    messages: i64,
    tokens: i64,
}

#[derive(QueryableByName)]
#[diesel(table_name = usage_project_days)]
struct ProjectDayRow {
    day: Date,
    project_key: i16,
    messages: i64,
    tokens: i64,
    cost: Money,
}

impl From<HourRow> for (HourKey, HourSums) {
    fn from(row: HourRow) -> Self {
        let hour = u8::try_from(row.hour).unwrap_or_default();
        (HourKey { day: row.day, hour }, HourSums { messages: row.messages, tokens: row.tokens })
    }
}

pub(super) async fn read(tx: &mut PgUnitOfWork, user: UserId) -> Result<Derived, StoreError> {
    let about_user = |text| statement(text).bind::<SqlUuid>(user.0);
    let c = tx.connection()?;
    let (rollups, days, hours, projects, totals) = futures_util::try_join!(
        about_user(include_str!("read_rollups.sql")).rows::<RollupRow>(c),
        about_user(include_str!("read_days.sql")).rows::<DayRow>(c),
        about_user(include_str!("read_hours.sql")).rows::<HourRow>(c),
        about_user(include_str!("read_project_days.sql")).rows::<ProjectDayRow>(c),
        about_user(include_str!("read_totals.sql")).optional::<SumsRow>(c),
    )?;

    let keys = |of: fn(&RollupRow) -> i32| rollups.iter().map(of).collect::<BTreeSet<_>>();
    let sources: HashMap<i32, Source> = tx.names(keys(|row| row.source_key)).await?;
    let models: HashMap<i32, Model> = tx.names(keys(|row| row.model_key)).await?;
    tx.learn_machines(keys(|row| row.machine_key)).await?;
    let unknown = || StoreError::Internal("a roll-up has an unknown name".to_owned());
    let rollups = rollups
        .into_iter()
        .map(|row| {
            let key = RollupKey {
                day: row.day,
                source: sources.get(&row.source_key).cloned().ok_or_else(unknown)?,
                model: models.get(&row.model_key).cloned().ok_or_else(unknown)?,
                machine: tx.machines.get(&row.machine_key).cloned().unwrap_or_else(MachineId::unnamed),
            };
            Ok((key, row.sums.into()))
        })
        .collect::<Result<_, StoreError>>()?;
    tx.learn_projects(user, projects.iter().map(|row| row.project_key).collect()).await?;
    let projects = projects
        .into_iter()
        .map(|ProjectDayRow { day, project_key, messages, tokens, cost: Money(cost) }| {
            let project = tx.projects.name(project_key)?.ok_or_else(unknown)?;
            Ok((ProjectKey { day, project }, ProjectSums { messages, tokens, cost }))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Derived {
        rollups,
        days: days.into_iter().map(|row| (row.day, row.sums.into())).collect(),
        hours: hours.into_iter().map(HourRow::into).collect(),
        projects,
        totals: totals.map(Sums::from).unwrap_or_default(),
    })
}
