//! A connection to a measured server: reopened when the server closes it, patient with rate limits, and bounded in time.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::time::{sleep, timeout};

use super::address::TargetServer;
use crate::http::{Connection, Request, ServerResponse};
use crate::report::rate;

/// The wait after a 429 without `Retry-After`.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);

/// A connection that stays open as long as the server lets it.
#[derive(Debug)]
pub(super) struct Client {
    address: String,
    connection: Connection,
    timeout: Duration,
}

impl Client {
    pub(super) async fn open(server: &TargetServer, timeout: Duration) -> Result<Self> {
        let address = server.address.to_string();
        Ok(Self { connection: Connection::open(&address).await?, address, timeout })
    }

    /// Sends `request`, once more over another connection if the server closed this one.
    pub(super) async fn send(&mut self, request: &Request) -> Result<ServerResponse> {
        timeout(self.timeout, self.send_or_reopen(request))
            .await
            .with_context(|| format!("no answer to {} within {} s", request.uri().path(), self.timeout.as_secs()))?
    }

    async fn send_or_reopen(&mut self, request: &Request) -> Result<ServerResponse> {
        if let Ok(answer) = self.connection.send(request).await {
            return Ok(answer);
        }
        self.connection = Connection::open(&self.address).await?;
        self.connection.send(request).await
    }

    /// Sends `request` until no rate limit refuses it; fails if that takes longer than the timeout.
    pub(super) async fn send_patiently(&mut self, request: &Request) -> Result<ServerResponse> {
        let end = Instant::now() + self.timeout;
        loop {
            let answer = self.send(request).await?;
            if answer.status != 429 {
                return Ok(answer);
            }
            let wait = wait(&answer);
            if Instant::now() + wait > end {
                bail!("the rate limit of {} lasts longer than {} s", request.uri().path(), self.timeout.as_secs());
            }
            sleep(wait).await;
        }
    }

    /// Sends `requests` one after the other until `end`. Each answer with status 2xx is given to `check`.
    pub(super) async fn measure(
        mut self,
        requests: impl Iterator<Item = Result<Request>>,
        end: Instant,
        check: impl Fn(&ServerResponse) -> Result<()>,
    ) -> Measurement {
        let mut done = AnsweredRequests::default();
        for request in requests {
            let request = match request {
                Ok(request) => request,
                Err(error) => return Measurement::Failed(format!("{error:#}")),
            };
            loop {
                let begin = Instant::now();
                if begin >= end {
                    return Measurement::Answered(done);
                }
                let answer = match self.send(&request).await {
                    Ok(answer) => answer,
                    Err(error) => return Measurement::Failed(format!("{error:#}")),
                };
                let took = begin.elapsed();
                match answer.status {
                    200..300 => {
                        if let Err(error) = check(&answer) {
                            return Measurement::Failed(format!("{error:#}"));
                        }
                        done.times.push(took);
                        break;
                    }
                    404 | 405 => return Measurement::Missing,
                    429 => {
                        done.throttled += 1;
                        sleep(wait(&answer).min(end.saturating_duration_since(Instant::now()))).await;
                    }
                    status => return Measurement::Failed(status.to_string()),
                }
            }
        }
        Measurement::Answered(done)
    }
}

fn wait(answer: &ServerResponse) -> Duration {
    answer.retry_after.map_or(DEFAULT_WAIT, Duration::from_secs)
}

/// The answers to the requests of a scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct AnsweredRequests {
    /// The time of each request.
    pub(super) times: Vec<Duration>,
    /// The time of all requests together.
    took: Duration,
    /// The requests that a rate limit refused.
    throttled: u32,
}

/// The result of a scenario.
#[derive(Debug, Clone)]
pub(super) enum Measurement {
    Answered(AnsweredRequests),
    /// The server does not have the route.
    Missing,
    /// A status or an answer that the contract does not have here.
    Failed(String),
}

impl Measurement {
    /// What all connections did together since `begin`. One without an answer decides.
    pub(super) fn of_all(parts: Vec<Self>, begin: Instant) -> Self {
        let mut all = AnsweredRequests { took: begin.elapsed(), ..AnsweredRequests::default() };
        for part in parts {
            match part {
                Self::Answered(part) => {
                    all.times.extend(part.times);
                    all.throttled += part.throttled;
                }
                unanswered => return unanswered,
            }
        }
        Self::Answered(all)
    }

    pub(super) fn is_answered(&self) -> bool {
        matches!(self, Self::Answered(_))
    }

    /// Requests per second.
    pub(super) fn rate(&self) -> f64 {
        match self {
            Self::Answered(all) => rate(u32::try_from(all.times.len()).unwrap_or(u32::MAX), all.took),
            Self::Missing | Self::Failed(_) => 0.0,
        }
    }

    pub(super) fn throttled(&self) -> u32 {
        match self {
            Self::Answered(all) => all.throttled,
            Self::Missing | Self::Failed(_) => 0,
        }
    }
}
