//! Delivers pending records to the server, in batches, each acknowledged before the next one.

use std::collections::BTreeSet;
use std::time::Duration;

use collector::readers;
use domain::clock::Clock;
use domain::days::Zone;
use domain::text::{plural, rfc3339};
use serde::Serialize;
use time::OffsetDateTime;

use crate::api::{
    Api, ApiError, Handover, Retry, SyncAnswer, SyncBody, SyncMessage, SyncState, SyncStats, SyncWarning,
};
use crate::clock::SystemClock;
use crate::failure::{Failure, FailureKind};
use crate::machine::Machine;
use crate::output::note;
use crate::settings::ProjectNames;
use crate::store::{DeliveryOutcome, PendingRecord, Store};

/// The messages of a request. A batch is a few hundred kilobytes in gzip, and one transaction of the server.
pub(crate) const BATCH: usize = 5_000;

/// A proxy that refuses even this many messages refuses everything.
const SMALLEST_BATCH: usize = 50;

/// A server's clock may be behind by more than a day for a while; the record is sent again by the next run.
const POSTPONED_REASONS: [&str; 1] = ["timestamp_in_future"];

/// What is the same in all requests of a run.
pub(crate) struct Sender<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) zone: &'a Zone,
    pub(crate) projects: ProjectNames,
    /// The account, for the hash of names of projects.
    pub(crate) user_id: &'a str,
    /// Only records from this instant on.
    pub(crate) since: Option<OffsetDateTime>,
    /// Also what the server has, as if it had nothing.
    pub(crate) everything: bool,
    /// Sources with files that could not be read just now.
    pub(crate) incomplete_sources: &'a BTreeSet<&'static str>,
}

/// What a run delivered of a source.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SourceDelivery {
    pub(crate) source: String,
    pub(crate) sent: u64,
    /// New on the server, or better than its copy.
    pub(crate) synced: u64,
    pub(crate) duplicate: u64,
    pub(crate) superseded: u64,
    pub(crate) rejected: u64,
    /// The reasons of the first rejections.
    pub(crate) rejection_reasons: BTreeSet<String>,
    /// Whether the messages that the npm client sent of this source were handed over.
    pub(crate) handed_over: bool,
}

/// What a run delivered.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Delivery {
    pub(crate) sources: Vec<SourceDelivery>,
    pub(crate) unpriced_models: BTreeSet<String>,
    pub(crate) warnings: BTreeSet<SyncWarning>,
    pub(crate) stats: Option<SyncStats>,
    /// Sources whose messages the server refused as a whole.
    pub(crate) refused: Vec<RefusedSource>,
}

#[derive(Debug, Serialize)]
pub(crate) struct RefusedSource {
    pub(crate) source: String,
    pub(crate) reason: String,
}

/// A request that is ready to be sent.
pub(crate) struct Batch {
    pub(crate) body: SyncBody,
    pub(crate) records: Vec<PendingRecord>,
}

impl Sender<'_> {
    /// The next batch of `source` with at most `limit` messages, after the record `after`; `None` if nothing is left. The last batch of
    /// a source has the handover from `handover_from`: the messages of the npm client go when all of their replacements are there.
    pub(crate) fn next_batch(
        &self,
        store: &Store,
        source: &str,
        after: Option<&PendingRecord>,
        handover_from: Option<OffsetDateTime>,
        limit: usize,
    ) -> Result<Option<Batch>, Failure> {
        let mut records = store.pending(source, self.since, self.everything, after, limit + 1)?;
        let mut is_last = records.len() <= limit;
        records.truncate(limit);
        if records.is_empty() && after.is_none() && handover_from.is_some() {
            // A request has at least one message, so one that the server has carries the handover.
            records.extend(store.newest(source)?);
        }
        let Some(first) = records.first() else { return Ok(None) };
        // A request names one version of the reader.
        let parser_version = first.parser_version;
        let same = records.iter().take_while(|record| record.parser_version == parser_version).count();
        is_last &= same == records.len();
        records.truncate(same);
        let mut body = SyncBody::new(self.machine.id(), source, self.zone.name(), SystemClock.now());
        body.parser_version = parser_version;
        body.handover = handover_from.filter(|_| is_last).map(Handover::from);
        body.messages = records.iter().map(|record| self.message(record)).collect();
        Ok(Some(Batch { body, records }))
    }

    /// The instant from which the records of `source` replace what the npm client sent; `None` if there is nothing to replace, or it is
    /// done, or not everything was read or is sent: then usage would go without a replacement.
    pub(crate) fn handover_from(&self, store: &Store, source: &str) -> Result<Option<OffsetDateTime>, Failure> {
        let is_complete = self.since.is_none() && !self.incomplete_sources.contains(source);
        if !self.machine.has_npm_history || !is_complete || (store.has_handed_over(source)? && !self.everything) {
            return Ok(None);
        }
        store.first_at(source)
    }

    fn message(&self, record: &PendingRecord) -> SyncMessage {
        let tokens = record.tokens;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a double holds nine decimals of any real cost; the server compares only"
        )]
        let dollars = |nanodollars: u64| nanodollars as f64 / 1e9;
        SyncMessage {
            id: record.id.clone(),
            timestamp: rfc3339(record.at),
            model: record.model.clone(),
            provider: record.provider.clone(),
            project: record.project.as_deref().and_then(|project| self.projects.sent(project, self.user_id)),
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            cache_creation_tokens: tokens.cache_write,
            cache_creation_1h_tokens: tokens.cache_write_1h,
            cache_read_tokens: tokens.cache_read,
            reasoning_tokens: tokens.reasoning,
            service_tier: record.service_tier.clone(),
            reported_cost_usd: record.reported_cost_nanousd.map(dollars),
            incomplete: record.is_incomplete,
        }
    }

    /// Sends all pending records of `sources`. What was delivered before a failure stays delivered. A source that the server refuses does
    /// not hold back the others.
    pub(crate) fn deliver(&self, store: &mut Store, api: &Api, sources: &[&str]) -> Result<Delivery, Failure> {
        let mut delivery = Delivery::default();
        for source in sources {
            let mut done = SourceDelivery { source: (*source).to_owned(), ..SourceDelivery::default() };
            match self.deliver_source(store, api, &mut done, &mut delivery) {
                Err(failure) if failure.kind == FailureKind::Refused => {
                    let refused = RefusedSource { source: done.source.clone(), reason: failure.to_string() };
                    delivery.refused.push(refused);
                }
                result => result?,
            }
            if done.sent > 0 {
                delivery.sources.push(done);
            }
        }
        Ok(delivery)
    }

    fn deliver_source(
        &self,
        store: &mut Store,
        api: &Api,
        done: &mut SourceDelivery,
        delivery: &mut Delivery,
    ) -> Result<(), Failure> {
        let source = &done.source.clone();
        let mut handover_from = self.handover_from(store, source)?;
        if let Some(from) = handover_from {
            match self.state(api, source)? {
                // A server of an earlier release would ignore the handover, and never receive it again.
                None => handover_from = None,
                // A run whose state was lost has sent it.
                Some(state) if state.handover_from.is_some_and(|earlier| earlier <= from) => {
                    store.settle(source, &[], &[], true)?;
                    handover_from = None;
                }
                Some(_) => {}
            }
        }
        let (mut after, mut limit) = (None, BATCH);
        while let Some(batch) = self.next_batch(store, source, after.as_ref(), handover_from, limit)? {
            let json = batch.body.to_json()?;
            let answer = match Retry::SYNC.run(wait, || api.sync(&json)) {
                Ok(answer) => answer,
                // The server's own limit is far above a batch; a proxy before it may have a lower one.
                Err(ApiError::Answered { status: 413, .. }) if batch.records.len() > SMALLEST_BATCH => {
                    limit = batch.records.len() / 2;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            require_all_received(batch.records.len(), &answer)?;
            let outcomes = outcomes(batch.records.len(), &answer);
            let has_handover = batch.body.handover.is_some();
            store.settle(source, &batch.records, &outcomes, has_handover)?;
            done.add(batch.records.len(), &answer, has_handover);
            delivery.unpriced_models.extend(answer.unpriced_models);
            delivery.warnings.extend(answer.warnings);
            delivery.stats = answer.stats.or(delivery.stats.take());
            if has_handover {
                handover_from = None;
            }
            after = batch.records.into_iter().next_back();
        }
        Ok(())
    }

    /// What the server has of `source` and this machine; `None` if it does not say.
    fn state(&self, api: &Api, source: &str) -> Result<Option<SyncState>, ApiError> {
        Retry::SYNC.run(wait, || api.sync_state(source, self.machine.id()))
    }
}

impl SourceDelivery {
    fn add(&mut self, sent: usize, answer: &SyncAnswer, has_handover: bool) {
        self.sent += sent as u64;
        self.synced += answer.messages_synced;
        self.duplicate += answer.messages_duplicate;
        self.superseded += answer.messages_superseded;
        self.rejected += answer.messages_rejected;
        self.rejection_reasons.extend(answer.rejected.iter().map(|rejection| rejection.reason.clone()));
        self.handed_over |= has_handover;
    }
}

/// Waits before a request is sent again, because of `error`.
fn wait(delay: Duration, error: &ApiError) {
    note(format_args!("{error} Trying again in {:.1} s.", delay.as_secs_f64()));
    std::thread::sleep(delay);
}

/// Fails unless `answer` is about `count` messages: what answers in place of the server has received none.
fn require_all_received(count: usize, answer: &SyncAnswer) -> Result<(), ApiError> {
    match answer.messages_received {
        Some(received) if received == count as u64 => Ok(()),
        Some(received) => {
            Err(ApiError::NotBurntop(format!("{} sent, {received} received", plural(count as u64, "message"))))
        }
        None => Err(ApiError::NotBurntop("it does not say how many messages were received".to_owned())),
    }
}

/// What the server did with each of `count` messages. Rejections beyond the listed ones count as delivered: they are not sent again either.
fn outcomes(count: usize, answer: &SyncAnswer) -> Vec<DeliveryOutcome> {
    let mut outcomes = vec![DeliveryOutcome::Delivered; count];
    for rejection in &answer.rejected {
        if let Some(outcome) = outcomes.get_mut(rejection.index) {
            let is_postponed = POSTPONED_REASONS.contains(&rejection.reason.as_str());
            *outcome = if is_postponed {
                DeliveryOutcome::Postponed
            } else {
                DeliveryOutcome::Rejected(rejection.reason.clone())
            };
        }
    }
    outcomes
}

/// The sources that `wanted` names, or all of them.
pub(crate) fn chosen_sources(wanted: &[String]) -> Result<Vec<&'static str>, Failure> {
    let all: Vec<&'static str> = readers().iter().map(|reader| reader.source()).collect();
    if wanted.is_empty() {
        return Ok(all);
    }
    if let Some(unknown) = wanted.iter().find(|wanted| !all.contains(&wanted.as_str())) {
        let message = format!("Unknown source `{unknown}`. Known ones: {}.", all.join(", "));
        return Err(Failure::new(FailureKind::Usage, message));
    }
    Ok(all.into_iter().filter(|source| wanted.iter().any(|wanted| wanted == source)).collect())
}
