//! Profiles by name: those that are looked up at the same time share a statement.

use domain::dashboard::ports::ProfileFigures;
use domain::days::Window;
use domain::users::User;
use time::UtcOffset;

use super::FiguresColumns;
use super::look_up::ProfileLookUp;
use crate::database::Database;
use crate::prelude::*;
use crate::shared_look_ups::SharedLookUps;
use crate::statement::Seen;
use crate::users::UserRow;

/// Statements at once: the second begins while the first runs, so that a slow profile does not hold up all others.
const STATEMENTS: usize = 2;

#[derive(QueryableByName)]
struct ProfileRow {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(embed)]
    user: UserRow,
    #[diesel(embed)]
    seen: Seen<SeenColumns>,
}

#[derive(QueryableByName)]
struct SeenColumns {
    #[diesel(embed)]
    figures: FiguresColumns,
    /// Of the months that end the day before, on and the day after the day in UTC: the local day is one of these.
    #[diesel(sql_type = Array<BigInt>)]
    window_tokens: Vec<i64>,
}

impl Database {
    /// The same database; look-ups of profiles that wait share a statement. They are read by tasks of the current runtime, which end with the
    /// last clone.
    #[must_use]
    pub fn with_shared_look_ups(mut self) -> Self {
        let database = self.clone();
        let read = move |look_ups| {
            let database = database.clone();
            async move { profiles(&database, look_ups).await }
        };
        self.profiles = Some(SharedLookUps::new(STATEMENTS, read));
        self
    }
}

/// The profile of each of `look_ups`, in their order.
pub(super) async fn profiles(
    database: &Database,
    look_ups: Vec<ProfileLookUp>,
) -> Result<Vec<Option<ProfileFigures>>, StoreError> {
    let utc = |look_up: &ProfileLookUp| look_up.now.to_offset(UtcOffset::UTC).date();
    let months = look_ups.iter().map(|look_up| Window::month(UserId(Uuid::nil()), utc(look_up)));
    let rows: Vec<ProfileRow> = statement(concat!(include_str!("figures_columns.sql"), include_str!("profile.sql")))
        .bind_array::<Text>(look_ups.iter().map(|look_up| look_up.name.as_str().to_ascii_lowercase()))
        .bind_array::<Nullable<SqlUuid>>(look_ups.iter().map(|look_up| look_up.viewer.map(|viewer| viewer.0)))
        .bind_array::<SqlDate>(months.clone().map(|month| month.from))
        .bind_array::<SqlDate>(months.map(|month| month.to))
        .rows(&database.connection().await?.pg)
        .await?;
    let mut found = vec![None; look_ups.len()];
    for ProfileRow { place, user, seen: Seen(seen) } in rows {
        let place = usize::try_from(place - 1).ok();
        let Some((place, look_up)) = place.and_then(|place| Some((place, look_ups.get(place)?))) else { continue };
        let user = User::from(user);
        let later = (user.local_time(look_up.now).date - utc(look_up)).whole_days();
        let figures = seen.map(|seen| {
            let tokens = usize::try_from(later + 1).ok().and_then(|month| seen.window_tokens.get(month)).copied();
            seen.figures.figures(tokens.unwrap_or_default())
        });
        found[place] = Some(ProfileFigures { user, figures });
    }
    Ok(found)
}
