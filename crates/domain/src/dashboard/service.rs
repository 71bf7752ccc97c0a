//! Reads dashboards and profiles.

use time::Date;

use super::heatmap::{Heatmap, year_bounds};
use super::ports::{AccountFigures, ProfileFigures};
use super::views::{
    DayUsage, MachineUsage, ModelUsage, Overview, PlatformTotals, ProjectUsage, ToolUsage, TopList, TrendDays, Trends,
};
use crate::days::{LocalTime, Period, Window, days_between, window_start};
use crate::deps::Deps;
use crate::ids::UserId;
use crate::progression::{Level, xp};
use crate::streaks::Streak;
use crate::usage::{Sums, cache_efficiency};
use crate::users::{Profiles, User, UserError, Username, ViewedProfile};

/// The use cases of looking at usage.
#[derive(Clone)]
pub struct Dashboard {
    pub(super) deps: Deps,
    pub(super) profiles: Profiles,
}

/// A profile as a viewer may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct WebProfile {
    pub user: User,
    /// `None` if the viewer may not see the figures.
    pub overview: Option<Overview>,
}

impl Dashboard {
    pub fn new(deps: Deps) -> Self {
        Self { profiles: Profiles::new(deps.clone()), deps }
    }

    /// The profile of the user `name`, with what `viewer` may see.
    pub async fn profile(&self, name: &Username, viewer: Option<UserId>) -> Result<WebProfile, UserError> {
        let found = self.deps.reads().dashboard().profile(name, viewer, self.deps.now()).await?;
        let ProfileFigures { user, figures } = found.ok_or_else(|| UserError::unknown(name.as_str()))?;
        let overview = figures.map(|figures| overview(&figures, user.local_time(self.deps.now())));
        Ok(WebProfile { user, overview })
    }

    /// The user `name` with the figures, if `viewer` may see them; otherwise [`UserError::Private`].
    pub async fn visible(&self, name: &Username, viewer: Option<UserId>) -> Result<(User, Overview), UserError> {
        let WebProfile { user, overview } = self.profile(name, viewer).await?;
        Ok((user, overview.ok_or(UserError::Private)?))
    }

    pub async fn overview(&self, look: &ViewedProfile) -> Result<Overview, UserError> {
        let figures = self.deps.reads().dashboard().figures(&[self.month(&look.user)], look.viewer).await?;
        let (_, figures) = figures.first().ok_or(UserError::Private)?;
        Ok(overview(figures, self.local_time(&look.user)))
    }

    pub async fn trends(&self, look: &ViewedProfile, days: TrendDays) -> Result<Trends, UserError> {
        let to = self.local_time(&look.user).date;
        let shown = Window { user: look.user.id, from: window_start(to, days.get()), to };
        let stored = Window { from: window_start(to, 2 * days.get()), ..shown };
        let (stored, by_hour) = self.deps.reads().dashboard().days_and_hours(stored, shown, look.viewer).await?;
        Ok(trends(&stored, shown.from, to, by_hour))
    }

    /// The days of `year`; by default the current local year.
    pub async fn heatmap(&self, look: &ViewedProfile, year: Option<i32>) -> Result<Heatmap, UserError> {
        let year = year.unwrap_or_else(|| self.local_time(&look.user).date.year());
        let (from, to) = year_bounds(year);
        let stored = self.deps.reads().dashboard().days(Window { user: look.user.id, from, to }, look.viewer).await?;
        Ok(Heatmap::of(year, &stored))
    }

    /// Usage in `period` by tool.
    pub async fn tools(&self, look: &ViewedProfile, period: Period) -> Result<TopList<ToolUsage>, UserError> {
        Ok(self.deps.reads().dashboard().tools(self.window(&look.user, period), look.viewer).await?)
    }

    /// Usage in `period` by model.
    pub async fn models(&self, look: &ViewedProfile, period: Period) -> Result<TopList<ModelUsage>, UserError> {
        Ok(self.deps.reads().dashboard().models(self.window(&look.user, period), look.viewer).await?)
    }

    /// Usage of `user` by machine.
    pub async fn machines(&self, user: UserId) -> Result<TopList<MachineUsage>, UserError> {
        Ok(self.deps.reads().dashboard().machines(user).await?)
    }

    /// Usage of `user` in `period` by project, which only its owner may see.
    pub async fn projects(&self, user: &User, period: Period) -> Result<TopList<ProjectUsage>, UserError> {
        Ok(self.deps.reads().dashboard().projects(self.window(user, period)).await?)
    }

    pub async fn platform(&self) -> Result<PlatformTotals, UserError> {
        Ok(self.deps.reads().dashboard().platform().await?)
    }

    pub(super) fn local_time(&self, user: &User) -> LocalTime {
        user.local_time(self.deps.now())
    }

    /// The days of the monthly figures of `user`.
    pub(super) fn month(&self, user: &User) -> Window {
        Window::month(user.id, self.local_time(user).date)
    }

    fn window(&self, user: &User, period: Period) -> Window {
        Window::of(user.id, period, self.local_time(user).date)
    }
}

pub(super) fn overview(figures: &AccountFigures, now: LocalTime) -> Overview {
    let streak = Streak::of(&figures.active_days, now.date);
    let active_days = u32::try_from(figures.active_days.len()).unwrap_or(u32::MAX);
    let totals = figures.totals;
    Overview {
        totals,
        streak,
        streak_at_risk: streak.at_risk(now),
        monthly_tokens: figures.window_tokens,
        active_days,
        models: figures.models,
        sources: figures.sources,
        cache_efficiency: cache_efficiency(totals.input.unsigned_abs(), totals.cache_read.unsigned_abs()),
        level: Level::of(xp(totals.tokens, active_days, figures.event_xp)),
        achievements: figures.achievements,
    }
}

fn trends(stored: &[DayUsage], start: Date, today: Date, by_hour: [i64; 24]) -> Trends {
    let mut previous = Sums::default();
    let mut by_weekday = [0; 7];
    let mut days = Vec::new();
    let mut stored = stored.iter().peekable();
    while let Some(day) = stored.next_if(|day| day.date < start) {
        previous += day.sums;
    }
    for date in days_between(start, today) {
        let sums = stored.next_if(|day| day.date == date).map_or_else(Sums::default, |day| day.sums);
        by_weekday[usize::from(date.weekday().number_days_from_monday())] += sums.tokens;
        days.push(DayUsage { date, sums });
    }
    Trends { start, end: today, days, previous, by_weekday, by_hour }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::progression::MonthlyBadge;

    #[test]
    fn trends_fill_empty_days_and_compare_with_days_before() {
        let day = |date, tokens| DayUsage { date, sums: Sums { tokens, ..Sums::default() } };
        let stored = [day(date!(2026 - 11 - 18), 4), day(date!(2026 - 11 - 20), 6), day(date!(2026 - 11 - 22), 9)];
        let trends = trends(&stored, date!(2026 - 11 - 20), date!(2026 - 11 - 22), [0; 24]);
        let shown: Vec<_> = trends.days.iter().map(|day| (day.date.day(), day.sums.tokens)).collect();
        assert_eq!(shown, [(20, 6), (21, 0), (22, 9)]);
        assert_eq!((trends.previous.tokens, trends.current().tokens), (4, 15));
        assert_eq!(trends.token_change(), Some(2.75));
        assert_eq!(trends.cost_change(), None);
        assert_eq!(trends.by_weekday, [0, 0, 0, 0, 6, 0, 9]);
    }

    #[test]
    fn overview_is_judged_at_local_time() {
        let figures = AccountFigures {
            totals: Sums { tokens: 50_000, input: 25, cache_read: 75, ..Sums::default() },
            active_days: [date!(2026 - 11 - 20), date!(2026 - 11 - 21)].into(),
            window_tokens: 10_000_000,
            ..AccountFigures::default()
        };
        let shown = overview(&figures, LocalTime { date: date!(2026 - 11 - 22), hour: 22, minute: 0 });
        assert_eq!((shown.streak.current, shown.streak_at_risk), (2, true));
        assert_eq!((shown.level.xp, shown.cache_efficiency), (5 + 20, Some(75.0)));
        assert_eq!(shown.badge().map(MonthlyBadge::name), Some("Power User"));
    }
}
