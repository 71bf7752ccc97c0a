//! The rows derived from the ledger: moved by differences, read whole to be compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Integer, SmallInt, Uuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::usage::ports::Moved;
use domain::usage::{Derived, HourKey, HourSums, MachineId, Model, RollupKey, Source, Sums};
use time::Date;

use crate::error::store_error;
use crate::statement::statement;
use crate::sums::{SumsColumns, SumsRow, bind_sums};
use crate::unit_of_work::PgUnitOfWork;

pub(super) async fn apply_delta(tx: &mut PgUnitOfWork, user: UserId, delta: &Derived) -> Result<Moved, StoreError> {
    let keys = delta.rollups.keys();
    let sources = tx.source_keys(keys.clone().map(|key| key.source.clone()).collect()).await?;
    let models = tx.model_keys(keys.clone().map(|key| key.model.clone()).collect()).await?;
    let machines = tx.machine_keys(user, keys.map(|key| key.machine.clone()).collect()).await?;

    // In the order of the primary key, which is the order of the pages.
    let rollups: BTreeMap<(Date, i32, i32, i32), Sums> = (delta.rollups.iter())
        .map(|(key, sums)| {
            let of = |key: Option<&i32>| key.copied().unwrap_or_default();
            ((key.day, of(sources.get(&key.source)), of(models.get(&key.model)), of(machines.get(&key.machine))), *sums)
        })
        .collect();
    let days: BTreeMap<Date, Sums> = delta.days.iter().map(|(day, sums)| (*day, *sums)).collect();
    let hours: BTreeMap<HourKey, HourSums> = delta.hours.iter().map(|(hour, sums)| (*hour, *sums)).collect();

    let apply_rollup_deltas = bind_sums(
        statement::<Bool>(include_str!("apply_rollup_deltas.sql"))
            .bind::<Uuid, _>(user.0)
            .bind::<Array<SqlDate>, _>(rollups.keys().map(|key| key.0).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rollups.keys().map(|key| key.1).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rollups.keys().map(|key| key.2).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rollups.keys().map(|key| key.3).collect::<Vec<_>>()),
        &rollups.values().copied().collect::<Vec<_>>(),
    );
    let apply_day_deltas = bind_sums(
        statement::<()>(include_str!("apply_day_deltas.sql"))
            .bind::<Uuid, _>(user.0)
            .bind::<Array<SqlDate>, _>(days.keys().copied().collect::<Vec<_>>()),
        &days.values().copied().collect::<Vec<_>>(),
    );
    let apply_hour_deltas = statement::<()>(include_str!("apply_hour_deltas.sql"))
        .bind::<Uuid, _>(user.0)
        .bind::<Array<SqlDate>, _>(hours.keys().map(|key| key.day).collect::<Vec<_>>())
        .bind::<Array<SmallInt>, _>(hours.keys().map(|key| i16::from(key.hour)).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(hours.values().map(|sums| sums.messages).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(hours.values().map(|sums| sums.tokens).collect::<Vec<_>>());
    let apply_total_deltas =
        bind_sums(statement::<()>(include_str!("apply_total_deltas.sql")).bind::<Uuid, _>(user.0), &[delta.totals]);
    let sweep = |text| statement::<()>(text).bind::<Uuid, _>(user.0);

    // All sent together and run in this order: one round trip. Nothing of it is sent when nothing moves.
    let c = tx.shared()?;
    let (mut c1, mut c2, mut c3, mut c4, mut c5, mut c6, mut c7) = (c, c, c, c, c, c, c);
    if delta.is_empty() {
        return Ok(Moved::default());
    }
    // A message may move to another hour within its roll-up, which then does not change at all.
    let shrinks =
        delta.rollups.values().any(|sums| sums.messages < 0) || delta.hours.values().any(|sums| sums.messages < 0);
    let swept = async {
        if !shrinks {
            return Ok((0, 0, 0));
        }
        futures_util::try_join!(
            sweep(include_str!("sweep_rollups.sql")).execute(&mut c5),
            sweep(include_str!("sweep_days.sql")).execute(&mut c6),
            sweep(include_str!("sweep_hours.sql")).execute(&mut c7),
        )
    };
    let (inserted, _, _, _, _) = futures_util::try_join!(
        apply_rollup_deltas.load::<bool>(&mut c1),
        apply_day_deltas.execute(&mut c2),
        apply_hour_deltas.execute(&mut c3),
        apply_total_deltas.execute(&mut c4),
        swept,
    )
    .map_err(store_error)?;
    let new_rollups = inserted.iter().filter(|inserted| **inserted).count();
    Ok(Moved { new_rollups, updated_rollups: inserted.len() - new_rollups })
}

type RollupColumns = ((SqlDate, Integer, Integer, Integer), SumsColumns);

pub(super) async fn read(tx: &mut PgUnitOfWork, user: UserId) -> Result<Derived, StoreError> {
    let (mut c1, mut c2, mut c3, mut c4) = (tx.shared()?, tx.shared()?, tx.shared()?, tx.shared()?);
    let rollups = statement::<RollupColumns>(include_str!("read_rollups.sql")).bind::<Uuid, _>(user.0);
    let days = statement::<(SqlDate, SumsColumns)>(include_str!("read_days.sql")).bind::<Uuid, _>(user.0);
    let hours =
        statement::<(SqlDate, SmallInt, BigInt, BigInt)>(include_str!("read_hours.sql")).bind::<Uuid, _>(user.0);
    let totals = statement::<SumsColumns>(include_str!("read_totals.sql")).bind::<Uuid, _>(user.0);
    let (rollups, days, hours, totals) = futures_util::try_join!(
        rollups.load::<((Date, i32, i32, i32), SumsRow)>(&mut c1),
        days.load::<(Date, SumsRow)>(&mut c2),
        hours.load::<(Date, i16, i64, i64)>(&mut c3),
        totals.load::<SumsRow>(&mut c4),
    )
    .map_err(store_error)?;

    let keys = |of: fn(&(Date, i32, i32, i32)) -> i32| rollups.iter().map(|(key, _)| of(key)).collect::<BTreeSet<_>>();
    let sources: HashMap<i32, Source> = tx.names(keys(|key| key.1)).await?;
    let models: HashMap<i32, Model> = tx.names(keys(|key| key.2)).await?;
    tx.learn_machines(keys(|key| key.3)).await?;
    let unknown = || StoreError::Internal("a roll-up has an unknown name".to_owned());
    let rollups = rollups
        .into_iter()
        .map(|((day, source, model, machine), sums)| {
            let key = RollupKey {
                day,
                source: sources.get(&source).cloned().ok_or_else(unknown)?,
                model: models.get(&model).cloned().ok_or_else(unknown)?,
                machine: tx.machines.get(&machine).cloned().unwrap_or_else(MachineId::unnamed),
            };
            Ok((key, sums.into()))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Derived {
        rollups,
        days: days.into_iter().map(|(day, sums)| (day, sums.into())).collect(),
        hours: (hours.into_iter())
            .map(|(day, hour, messages, tokens)| {
                (HourKey { day, hour: u8::try_from(hour).unwrap_or_default() }, HourSums { messages, tokens })
            })
            .collect(),
        totals: totals.into_iter().next().map(Sums::from).unwrap_or_default(),
    })
}
