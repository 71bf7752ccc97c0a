//! The feed as Server-Sent Events.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use domain::error::{DomainError, ErrorKind};
use domain::identity::Identity;
use domain::social::{LiveFeed, StreamEvent};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::bodies::ActivityBody;

/// The interval of keepalive events, and of checks of the session.
pub(super) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// The first line of every stream: the milliseconds that a client waits before it reconnects.
const RETRY: &[u8] = b"retry: 2000\n\n";

const KEEPALIVE_EVENT: &[u8] = b"event: keepalive\ndata: {}\n\n";

/// The receiver of events.
pub(super) struct Listener {
    live: LiveFeed,
    identity: Data<Identity>,
    token: String,
    ticks: Interval,
}

impl Listener {
    /// Sends the events of `live` while `token` belongs to a session, which is checked every `period`.
    pub(super) fn new(live: LiveFeed, identity: Data<Identity>, token: String, period: Duration) -> Self {
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { live, identity, token, ticks }
    }

    /// The body.
    pub(super) fn events(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        let rest = stream::unfold(self, async |mut listener| Some((listener.next().await?, listener)));
        stream::once(async { Bytes::from_static(RETRY) }).chain(rest).map(Ok)
    }

    /// The next event; `None` when there are no more. A client that reads slowly is not asked for while it has not taken the
    /// one before.
    async fn next(&mut self) -> Option<Bytes> {
        tokio::select! {
            next = self.live.next() => match next {
                Ok(sent) => Some(event(&sent?)),
                Err(error) => {
                    tracing::warn!(%error, "feed stream failed; the client may reconnect");
                    None
                }
            },
            _ = self.ticks.tick() => self.is_signed_in().await.then(|| Bytes::from_static(KEEPALIVE_EVENT)),
        }
    }

    /// Whether the session is open. While the store is unavailable, it counts as open.
    async fn is_signed_in(&self) -> bool {
        match self.identity.authenticate(&self.token).await {
            Ok(_) => true,
            Err(error) => error.kind() != ErrorKind::Unauthenticated,
        }
    }
}

/// `event` as text. JSON has no line breaks of its own, so the data is one line.
fn event(StreamEvent { activity, id }: &StreamEvent) -> Bytes {
    let data = serde_json::to_string(&ActivityBody::from(&activity.item)).unwrap_or_else(|_| "{}".to_owned());
    format!("id: {id}\nevent: activity\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use domain::error::StoreError;
    use domain::identity::ports::{MockPasswordHasher, MockSessionReader};
    use domain::identity::{AuthMethod, Principal, Secret};
    use domain::ids::{SessionId, UserId};
    use domain::progression::Level;
    use domain::referrals::VisitorSalt;
    use domain::social::ports::{ActivitySubscription, MockActivityHub, MockFeedReader};
    use domain::social::{Feed, LiveActivity};
    use domain::testing::test_user;
    use domain::testing::{TestReads, TestStore};
    use uuid::Uuid;

    use super::*;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const NOW: time::OffsetDateTime = time::OffsetDateTime::UNIX_EPOCH;

    /// Hears nothing, and never ends.
    struct Silence;

    #[async_trait]
    impl ActivitySubscription for Silence {
        async fn next(&mut self) -> Option<Arc<LiveActivity>> {
            std::future::pending().await
        }
    }

    /// A stream on which nothing happens, while the store says of the session, one look after the other, what `looks` has.
    async fn listener(looks: Vec<Result<bool, StoreError>>) -> (Listener, Arc<AtomicUsize>) {
        let look_ups = Arc::new(AtomicUsize::new(0));
        let count = look_ups.clone();
        let mut sessions = MockSessionReader::new();
        sessions.expect_principal().returning(move |_, _| {
            let look = looks[count.fetch_add(1, Ordering::SeqCst)].clone();
            let session = SessionId(Uuid::from_u128(2));
            look.map(|open| {
                open.then_some(Principal {
                    user: test_user(ADA, "ada"),
                    level: Level::of(0),
                    via: AuthMethod::Session(session),
                    last_used_at: Some(NOW),
                })
            })
        });

        let mut hub = MockActivityHub::new();
        hub.expect_subscribe().return_once(|_| Ok(Some(Box::new(Silence))));
        let mut reader = MockFeedReader::new();
        reader.expect_recent().returning(|_, _| Ok(Vec::new()));
        let deps = TestStore::reading(TestReads { feed: reader, ..TestReads::default() }).deps_at(NOW);
        let (sessions, passwords) = (Arc::new(sessions), Arc::new(MockPasswordHasher::new()));
        let identity = Identity::new(deps.clone(), sessions, passwords, VisitorSalt::of(b"a secret"));
        let live = Feed::new(deps, Arc::new(hub)).live(ADA, None).await.expect("a feed");
        let token = Secret::session([1; 32]).expose().to_owned();
        (Listener::new(live, Data::new(identity), token, Duration::from_millis(1)), look_ups)
    }

    #[actix_web::test]
    async fn silent_stream_sends_keepalives_until_the_session_ends() {
        let away = || Err(StoreError::Unavailable("away".into()));
        let (listener, look_ups) = listener(vec![Ok(true), away(), Ok(true), Ok(false)]).await;
        let events: Vec<_> =
            listener.events().map(|event| event.unwrap_or_else(|never| match never {})).collect().await;
        assert_eq!(
            events,
            [RETRY, KEEPALIVE_EVENT, KEEPALIVE_EVENT, KEEPALIVE_EVENT],
            "a store that is away ends no session"
        );
        assert_eq!(look_ups.load(Ordering::SeqCst), 4);
    }
}
