//! The scenarios: what clients of the contract do, over HTTP alone.

use std::iter::successors;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use tokio::task::JoinSet;

use super::Args;
use super::accounts::{TargetAccount, check_sync};
use super::address::TargetServer;
use super::client::{Client, Measurement};
use crate::http::{Request, ServerResponse};
use crate::messages::{body, mix, now, run_number, small_body, today};
use crate::reads::endpoints::{ENDPOINTS, Endpoint};

/// What a scenario measures: a server and its accounts.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) server: TargetServer,
    pub(super) accounts: Arc<[TargetAccount]>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Scenario {
    /// Syncs of this many new messages, each connection of another account.
    NewMessages(u32),
    /// Syncs of this many messages of the history.
    KnownMessages(u32),
    /// Syncs of 1 to 20 new messages.
    SmallSync,
    Read(&'static Endpoint),
}

/// All scenarios.
pub(super) fn all(args: &Args) -> impl Iterator<Item = Scenario> {
    let known = args.batch.min(args.history);
    let syncs = [Scenario::NewMessages(args.batch), Scenario::KnownMessages(known), Scenario::SmallSync];
    syncs.into_iter().chain(ENDPOINTS.iter().map(Scenario::Read))
}

/// The requests of one connection.
type Requests = Box<dyn Iterator<Item = Result<Request>> + Send>;

impl Scenario {
    pub(super) fn name(&self) -> String {
        match self {
            Self::NewMessages(count) => format!("sync of {count} new messages"),
            Self::KnownMessages(count) => format!("sync of {count} known messages"),
            Self::SmallSync => "sync of 1 to 20 new messages".to_owned(),
            Self::Read(endpoint) => format!("`{}`", endpoint.path),
        }
    }

    /// The new messages that each answer must report, where that is certain.
    fn new_messages(self) -> Option<u64> {
        match self {
            Self::NewMessages(count) => Some(count.into()),
            Self::KnownMessages(_) => Some(0),
            Self::SmallSync | Self::Read(_) => None,
        }
    }

    /// Measures it once, over all connections.
    pub(super) async fn run(self, target: &Target, round: u32, args: &Args) -> Result<Measurement> {
        let mut clients = Vec::new();
        for connection in 0..args.connections {
            if let Some(requests) = self.requests(target, round, connection, args)? {
                clients.push((Client::open(&target.server, args.timeout()).await?, requests));
            }
        }
        let begin = Instant::now();
        let end = begin + args.time();
        let most = args.requests.div_ceil(args.connections) as usize;
        let check = move |answer: &ServerResponse| match self {
            Self::Read(_) => Ok(()),
            _ => check_sync(answer, self.new_messages()),
        };
        let mut running = JoinSet::new();
        for (client, requests) in clients {
            running.spawn(client.measure(requests.take(most), end, check));
        }
        Ok(Measurement::of_all(running.join_all().await, begin))
    }

    /// The requests of a connection, made beforehand unless they are small; `None` for a connection that needs an account of its own
    /// and has none.
    fn requests(self, target: &Target, round: u32, connection: u32, args: &Args) -> Result<Option<Requests>> {
        let Target { server, accounts } = target.clone();
        let first = connection as usize % accounts.len();
        let sync =
            |server: &TargetServer, account: &TargetAccount, body| server.post("/sync", Some(&account.token), body);
        let large_sync = |begin: u32, count: u32| {
            sync(&server, &accounts[first], body(accounts[first].number, begin..begin + count, today()))
        };
        let requests: Requests = match self {
            // An account has one sync at a time.
            Self::NewMessages(_) if connection as usize != first => return Ok(None),
            Self::NewMessages(count) => {
                let syncs = args.syncs_per_account(accounts.len());
                let begin = args.history + round * syncs * count;
                let all: Vec<Request> =
                    (0..syncs).map(|n| large_sync(begin + n * count, count)).collect::<Result<_>>()?;
                Box::new(all.into_iter().map(Ok))
            }
            Self::KnownMessages(count) => {
                let starts = 0..args.history / count;
                repeated(starts.map(|n| large_sync(n * count, count)).collect::<Result<_>>()?)
            }
            Self::SmallSync => {
                let seed = mix(run_number() ^ u64::from(std::process::id()) << 40)
                    ^ mix((u64::from(round) << 32) | u64::from(connection));
                let random = successors(Some(mix(seed)), |random| Some(mix(*random)));
                let places = each_from(first, accounts.len());
                Box::new(
                    random
                        .zip(places)
                        .map(move |(random, place)| sync(&server, &accounts[place], small_body(random, now()))),
                )
            }
            Self::Read(endpoint) => {
                let read = |place: usize| {
                    let path = endpoint.path.replace("{person}", &accounts[place].username);
                    server.get(&path, endpoint.signed_in.then_some(&accounts[place].token))
                };
                let places = each_from(first, accounts.len()).take(accounts.len());
                repeated(places.map(read).collect::<Result<_>>()?)
            }
        };
        Ok(Some(requests))
    }
}

/// The same requests again and again.
fn repeated(requests: Vec<Request>) -> Requests {
    Box::new(requests.into_iter().cycle().map(Ok))
}

/// The places of all accounts in turn, from `first` on.
fn each_from(first: usize, accounts: usize) -> impl Iterator<Item = usize> + Send {
    (0..accounts).cycle().skip(first)
}
