//! `worker cleanup`: removes what is not kept any more, and says how much that was.

use domain::notifications::{Forgotten, Inbox, NotificationError};

/// Removes old notifications until none is left or `stop` says so; returns what to tell of it, as a line.
pub async fn all(inbox: &Inbox, stop: impl Fn() -> bool) -> Result<String, NotificationError> {
    Ok(report(inbox.forget(stop).await?))
}

fn report(forgotten: Forgotten) -> String {
    let Forgotten { read, unread } = forgotten;
    let total = read + unread;
    format!("{total} notification{} removed: {read} read, {unread} unread", if total == 1 { "" } else { "s" })
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
            assert_eq!(report(Forgotten { read, unread }), line);
        }
    }
}
