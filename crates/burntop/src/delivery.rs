//! Delivers pending records to the server, in batches, each acknowledged before the next one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use collector::{Environment, Reader, readers};
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
use crate::handover::{HandoverPlan, LocalLogs, WaitReason};
use crate::machine::Machine;
use crate::output::note;
use crate::settings::ProjectNames;
use crate::store::{DeliveryOutcome, KnownHandover, PendingRecord, Store};

/// The messages of a request. A batch is a few hundred kilobytes in gzip, and one transaction of the server.
pub(crate) const BATCH: usize = 5_000;

/// A proxy that refuses even this many messages refuses everything.
const SMALLEST_BATCH: usize = 50;

/// A server's clock may be behind by more than a day for a while; the record is sent again by the next run.
const POSTPONED_REASONS: [&str; 1] = ["timestamp_in_future"];

/// What is the same in all requests of a run.
pub(crate) struct Sender<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) machine: &'a Machine,
    /// The id under which the npm client syncs from this machine, if it did: usually that of `machine`.
    pub(crate) npm_machine: Option<&'a str>,
    /// From this instant on, the user says, all logs are there.
    pub(crate) complete_since: Option<OffsetDateTime>,
    pub(crate) now: OffsetDateTime,
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
    /// The handover that this run made.
    pub(crate) handed_over: Option<HandedOver>,
}

/// What took the place of messages of the npm client.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HandedOver {
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) from: OffsetDateTime,
    /// The messages of the npm client that were removed.
    pub(crate) removed: u64,
    /// Its messages before `from`, which stay.
    pub(crate) kept: u64,
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
    /// Sources of which nothing was sent, because it would count twice.
    pub(crate) waiting: Vec<WaitingSource>,
}

#[derive(Debug, Serialize)]
pub(crate) struct WaitingSource {
    pub(crate) source: String,
    pub(crate) reason: WaitReason,
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
    /// The next batch of `source` with at most `limit` messages from `floor` on, after the record `after`; `None` if nothing is left.
    pub(crate) fn next_batch(
        &self,
        store: &Store,
        source: &str,
        floor: Option<OffsetDateTime>,
        after: Option<&PendingRecord>,
        limit: usize,
    ) -> Result<Option<Batch>, Failure> {
        let since = self.since.max(floor);
        let mut records = store.pending(source, since, self.everything, after, limit)?;
        let Some(first) = records.first() else { return Ok(None) };
        // A request names one version of the reader.
        let parser_version = first.parser_version;
        let same = records.iter().take_while(|record| record.parser_version == parser_version).count();
        records.truncate(same);
        Ok(Some(Batch { body: self.body(self.machine.id(), source, &records), records }))
    }

    /// The request that replaces the npm client's messages of `source` from `from` on; `None` if there is no record to send with it. A
    /// request has at least one message, here one that the server has, or in a dry run would have.
    pub(crate) fn handover(
        &self,
        store: &Store,
        source: &str,
        from: OffsetDateTime,
        is_delivered: bool,
    ) -> Result<Option<SyncBody>, Failure> {
        let (Some(npm_machine), Some(record)) = (self.npm_machine, store.newest(source, is_delivered)?) else {
            return Ok(None);
        };
        let mut body = self.body(npm_machine, source, &[record]);
        body.handover = Some(Handover::from(from));
        Ok(Some(body))
    }

    fn body(&self, machine: &str, source: &str, records: &[PendingRecord]) -> SyncBody {
        let mut body = SyncBody::new(machine, source, self.zone.name(), SystemClock.now());
        body.parser_version = records.first().map_or(0, |record| record.parser_version);
        body.messages = records.iter().map(|record| self.message(record)).collect();
        body
    }

    /// What to do about the npm client's messages of `source`, without a question to the server if nothing is to be done.
    pub(crate) fn plan(&self, store: &Store, api: Option<&Api>, source: &str) -> Result<HandoverPlan, Failure> {
        let Some(npm_machine) = self.npm_machine else { return Ok(HandoverPlan::NotNeeded) };
        let Some(logs) = self.logs(store, source, npm_machine)? else { return Ok(HandoverPlan::NotNeeded) };
        if let Some(KnownHandover { from, floor }) = logs.known
            && !self.everything
            && self.complete_since.is_none()
            && store.pending_count(source, self.since.max(floor))? == 0
        {
            return Ok(HandoverPlan::InForce { from, floor });
        }
        let state = match api {
            Some(api) => state(api, source, npm_machine)?,
            // Offline, the client counts as one that has sent messages.
            None => Some(SyncState { messages_protocol_2: 1, handover_from: None }),
        };
        // A server of an earlier release would ignore the handover.
        Ok(state.map_or(HandoverPlan::NotNeeded, |state| logs.plan(&state)))
    }

    /// What is known on this machine of `source`; `None` without records.
    fn logs(&self, store: &Store, source: &str, npm_machine: &str) -> Result<Option<LocalLogs>, Failure> {
        let Some((first_at, responses)) = store.extent(source)? else { return Ok(None) };
        let reader = readers().iter().find(|reader| reader.source() == source);
        let hindrance = if self.incomplete_sources.contains(source) {
            Some(WaitReason::UnreadFiles)
        } else if reader.is_some_and(|reader| unread_root(*reader, self.environment).is_some()) {
            Some(WaitReason::UnreadRoots)
        } else {
            self.since.map(|_| WaitReason::PartOnly)
        };
        Ok(Some(LocalLogs {
            first_at,
            responses,
            hindrance,
            kept_days: reader.and_then(|reader| reader.kept_days(self.environment)),
            npm_came_later: npm_machine != self.machine.id(),
            complete_since: self.complete_since,
            known: store.handover(source, npm_machine)?,
            now: self.now,
        }))
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
            if done.sent > 0 || done.handed_over.is_some() {
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
        let plan = self.plan(store, Some(api), source)?;
        match plan {
            HandoverPlan::Waiting(reason) => {
                delivery.waiting.push(WaitingSource { source: source.clone(), reason });
                return Ok(());
            }
            HandoverPlan::InForce { from, floor } => {
                self.keep_handover(store, source, KnownHandover { from, floor })?;
            }
            HandoverPlan::Due { sends_again: true, .. } => store.forget_deliveries(Some(source))?,
            HandoverPlan::Due { .. } | HandoverPlan::NotNeeded => {}
        }
        self.deliver_records(store, api, plan.floor(), done, delivery)?;
        if let HandoverPlan::Due { from, .. } = plan
            && let HandoverPlan::InForce { floor, .. } = self.hand_over(store, api, from, done, delivery)?
        {
            // Incomplete records that had lost to the npm client's, and those before the handover if nothing is left of it.
            self.deliver_records(store, api, floor, done, delivery)?;
        }
        Ok(())
    }

    fn deliver_records(
        &self,
        store: &mut Store,
        api: &Api,
        floor: Option<OffsetDateTime>,
        done: &mut SourceDelivery,
        delivery: &mut Delivery,
    ) -> Result<(), Failure> {
        let source = &done.source.clone();
        let (mut after, mut limit) = (None, BATCH);
        while let Some(batch) = self.next_batch(store, source, floor, after.as_ref(), limit)? {
            let answer = match send(api, &batch.body) {
                Ok(answer) => answer,
                // The server's own limit is far above a batch; a proxy before it may have a lower one.
                Err(ApiError::Answered { status: 413, .. }) if batch.records.len() > SMALLEST_BATCH => {
                    limit = batch.records.len() / 2;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let outcomes = outcomes(batch.records.len(), &answer);
            store.settle(source, &batch.records, &outcomes)?;
            done.add(batch.records.len(), &answer);
            delivery.add(answer);
            after = batch.records.into_iter().next_back();
        }
        Ok(())
    }

    /// Remembers a handover of the npm client's machine.
    fn keep_handover(&self, store: &mut Store, source: &str, handover: KnownHandover) -> Result<(), Failure> {
        self.npm_machine.map_or(Ok(()), |npm_machine| store.keep_handover(source, npm_machine, handover))
    }

    /// Replaces the npm client's messages from `from` on, and returns what holds then: the server may have ignored the handover.
    fn hand_over(
        &self,
        store: &mut Store,
        api: &Api,
        from: OffsetDateTime,
        done: &mut SourceDelivery,
        delivery: &mut Delivery,
    ) -> Result<HandoverPlan, Failure> {
        let source = &done.source.clone();
        let (Some(npm_machine), Some(body)) = (self.npm_machine, self.handover(store, source, from, true)?) else {
            return Ok(HandoverPlan::NotNeeded);
        };
        let before = state(api, source, npm_machine)?.unwrap_or_default();
        delivery.add(send(api, &body)?);
        let state = state(api, source, npm_machine)?.unwrap_or_default();
        let Some(from) = state.handover_from.filter(|in_force| *in_force <= from) else {
            return Ok(HandoverPlan::NotNeeded);
        };
        let kept = state.messages_protocol_2;
        let floor = (kept > 0).then_some(from);
        self.keep_handover(store, source, KnownHandover { from, floor })?;
        let removed = before.messages_protocol_2.saturating_sub(kept);
        done.handed_over = Some(HandedOver { from, removed, kept });
        Ok(HandoverPlan::InForce { from, floor })
    }
}

/// A directory that is there and in which `reader` would look if no variable led it elsewhere, but does not. Other clients read it.
pub(crate) fn unread_root(reader: &dyn Reader, environment: &Environment) -> Option<PathBuf> {
    let same = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    let read: Vec<PathBuf> = [reader.roots(environment), environment.extra(reader.source()).to_vec()].concat();
    let read: Vec<PathBuf> = read.iter().map(same).collect();
    let plain = reader.roots(&environment.plain());
    plain.into_iter().find(|root| root.exists() && !read.contains(&same(root)))
}

/// What the server has of `source` and `machine`; `None` if it does not say.
fn state(api: &Api, source: &str, machine: &str) -> Result<Option<SyncState>, ApiError> {
    Retry::SYNC.run(wait, || api.sync_state(source, machine))
}

/// Sends `body`, again after a failure that may pass.
fn send(api: &Api, body: &SyncBody) -> Result<SyncAnswer, ApiError> {
    let json = body.to_json()?;
    let answer = Retry::SYNC.run(wait, || api.sync(&json))?;
    require_all_received(body.messages.len(), &answer)?;
    Ok(answer)
}

impl Delivery {
    fn add(&mut self, answer: SyncAnswer) {
        self.unpriced_models.extend(answer.unpriced_models);
        self.warnings.extend(answer.warnings);
        self.stats = answer.stats.or(self.stats.take());
    }
}

impl SourceDelivery {
    fn add(&mut self, sent: usize, answer: &SyncAnswer) {
        self.sent += sent as u64;
        self.synced += answer.messages_synced;
        self.duplicate += answer.messages_duplicate;
        self.superseded += answer.messages_superseded;
        self.rejected += answer.messages_rejected;
        self.rejection_reasons.extend(answer.rejected.iter().map(|rejection| rejection.reason.clone()));
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
