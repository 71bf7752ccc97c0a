//! `burntop statusline`: one line from the summary. It reads neither logs nor the database, because it runs on every prompt.

use std::io::{self, Write};

use domain::text::rfc3339;
use serde::Serialize;

use crate::clock;
use crate::context::Context;
use crate::failure::Failure;
use crate::figures::{Figures, Today};
use crate::output::{Report, Style, count};
use crate::summary::Summary;

#[derive(Serialize)]
struct StatuslineReport {
    tokens: u64,
    #[serde(serialize_with = "crate::figures::usd")]
    cost: domain::money::Usd,
    unpriced_tokens: u64,
    streak_days: u32,
    /// When logs were read last; null if never.
    updated_at: Option<String>,
    #[serde(skip)]
    figures: Figures,
}

impl Report for StatuslineReport {
    fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        if self.updated_at.is_none() {
            return writeln!(out, "burntop: run `burntop stats` once");
        }
        write!(out, "{} tokens · {}", short(self.tokens), style.good(self.figures.shown_cost()))?;
        if self.streak_days > 0 {
            write!(out, " · {}-day streak", self.streak_days)?;
        }
        writeln!(out)
    }
}

pub(crate) fn statusline(context: &Context) -> Result<(), Failure> {
    let summary = Summary::load(context.paths.state());
    // A warning on every prompt would be in the way.
    let (zone, _) = clock::zone();
    let today = Today::in_zone(zone);
    let shown = summary.as_ref().map(|summary| summary.on(today.date));
    let (figures, streak_days) = shown.map_or_else(Default::default, |shown| (shown.figures, shown.streak_days));
    context.output.print(&StatuslineReport {
        tokens: figures.tokens,
        cost: figures.cost,
        unpriced_tokens: figures.unpriced_tokens,
        streak_days,
        updated_at: summary.map(|summary| rfc3339(summary.updated_at)),
        figures,
    })
}

/// `tokens` in few characters: `999`, `12.3 K`, `4.5 M`.
fn short(tokens: u64) -> String {
    let units = [(1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (10_000, "K")];
    for (least, unit) in units {
        if tokens >= least {
            let one = if unit == "K" { 1_000 } else { least };
            return format!("{}.{} {unit}", tokens / one, tokens % one * 10 / one);
        }
    }
    count(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tokens_never_claim_more() {
        for (tokens, expected) in [
            (0, "0"),
            (9_999, "9,999"),
            (10_000, "10.0 K"),
            (999_999, "999.9 K"),
            (1_000_000, "1.0 M"),
            (1_990_000_000, "1.9 B"),
            (5_000_000_000_000, "5.0 T"),
        ] {
            assert_eq!(short(tokens), expected);
        }
    }
}
