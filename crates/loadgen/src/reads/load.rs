//! Connections that send requests without a pause.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use super::Args;
use super::community::token;
use super::endpoints::Endpoint;
use crate::http::{Connection, Request, get};
use crate::messages::mix;

/// The accounts that one connection uses in turn.
const PEOPLE: u32 = 500;

pub(crate) struct Reads {
    /// The time of each request.
    pub(crate) times: Vec<Duration>,
    /// The time of all requests together.
    pub(crate) took: Duration,
}

/// Requests `endpoint` for random accounts, over all connections, for the time `time`.
pub(crate) async fn read(address: &str, endpoint: &Endpoint, args: &Args, time: Duration) -> Result<Reads> {
    let mut readers = Vec::new();
    for reader in 0..args.connections {
        let requests = (0..PEOPLE)
            .map(|n| {
                let random = mix(u64::from(args.community.seed) << 40 | u64::from(reader * PEOPLE + n));
                let person = 1 + u32::try_from(random % u64::from(args.community.people)).unwrap_or(0);
                let path = format!("/api/v1{}", endpoint.path.replace("{person}", &format!("person{person}")));
                get(&path, endpoint.signed_in.then(|| token(person)).as_deref())
            })
            .collect::<Result<_>>()?;
        readers.push((Connection::open(address).await?, requests));
    }
    let begin = Instant::now();
    let mut running = JoinSet::new();
    for (connection, requests) in readers {
        running.spawn(read_until(begin + time, connection, requests));
    }
    let mut times = Vec::new();
    while let Some(done) = running.join_next().await {
        times.extend(done??);
    }
    Ok(Reads { times, took: begin.elapsed() })
}

async fn read_until(end: Instant, mut connection: Connection, requests: Vec<Request>) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for request in requests.iter().cycle() {
        let begin = Instant::now();
        if begin >= end {
            break;
        }
        connection.send(request).await?.success()?;
        times.push(begin.elapsed());
    }
    Ok(times)
}
