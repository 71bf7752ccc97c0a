//! `worker cleanup`: removes what is not kept any more, and says how much that was.

use domain::error::DomainError;
use domain::notifications::{Forgotten, Inbox};
use domain::users::{Purged, Users};

/// Removes old notifications, then accounts that are gone for good, until none is left or `stop` says so; tells `say` of each
/// kind as it is done, as a line.
pub async fn all(
    inbox: &Inbox,
    users: &Users,
    stop: impl Fn() -> bool,
    mut say: impl FnMut(String),
) -> Result<(), Box<dyn DomainError>> {
    say(forgotten(inbox.forget(&stop).await.map_err(boxed)?));
    say(purged(users.purge(&stop).await.map_err(boxed)?));
    Ok(())
}

fn boxed(error: impl DomainError) -> Box<dyn DomainError> {
    Box::new(error)
}

fn forgotten(forgotten: Forgotten) -> String {
    let Forgotten { read, unread } = forgotten;
    format!("{} removed: {read} read, {unread} unread", count(read + unread, "notification"))
}

fn purged(purged: Purged) -> String {
    let Purged { accounts, messages, others } = purged;
    let (accounts, messages) = (count(accounts, "account"), count(messages, "message"));
    format!("{accounts} removed for good: {messages}, {}", count(others, "other row"))
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_what_is_gone() {
        for (read, unread, line) in [
            (0, 0, "0 notifications removed: 0 read, 0 unread"),
            (1, 0, "1 notification removed: 1 read, 0 unread"),
            (5_000, 17, "5017 notifications removed: 5000 read, 17 unread"),
        ] {
            assert_eq!(forgotten(Forgotten { read, unread }), line);
        }
        for (accounts, messages, others, line) in [
            (0, 0, 0, "0 accounts removed for good: 0 messages, 0 other rows"),
            (1, 1, 1, "1 account removed for good: 1 message, 1 other row"),
            (2, 250_000, 12, "2 accounts removed for good: 250000 messages, 12 other rows"),
        ] {
            assert_eq!(purged(Purged { accounts, messages, others }), line);
        }
    }
}
