//! `/notifications/unsubscribe`: the target of the links in emails. A mail program posts to it (RFC 8058); a user opens it and
//! presses a button. It requires no sign-in, and opening it changes nothing.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Query as Pairs};
use domain::notifications::{NotificationError, NotificationKind, Unsubscribing};
use serde::Deserialize;

use crate::limits::{Access, RateClass};
use crate::page::{self as pages, escaped, html};
use crate::routes::Routes;

const PAGE: &str = include_str!("unsubscribe.html");

/// The page, and the address to which its button posts. The posted body does not matter.
pub(super) fn pages() -> Routes {
    // Many mail programs ask from few addresses, so it is limited like any other route.
    Routes::default().page("/unsubscribe", Access::Public, show).limited_page(
        Method::POST,
        "/unsubscribe",
        Access::Public,
        RateClass::Default,
        stop,
    )
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

async fn show(link: Pairs<Link>, unsubscribing: Data<Unsubscribing>) -> HttpResponse {
    match unsubscribing.kind(&link.token) {
        Ok(kind) => {
            let message = format!("You get {} by e-mail. They stay in the application.", emails(kind));
            html(StatusCode::OK, &PAGE.replace("{message}", &escaped(&message)))
        }
        Err(error) => failure(&error),
    }
}

async fn stop(link: Pairs<Link>, unsubscribing: Data<Unsubscribing>) -> HttpResponse {
    match unsubscribing.unsubscribe(&link.token).await {
        Ok(kind) => {
            let message = format!("You get no more {} by e-mail. Your settings bring them back.", emails(kind));
            without_form(StatusCode::OK, &message)
        }
        Err(error) => failure(&error),
    }
}

fn failure(error: &NotificationError) -> HttpResponse {
    let (status, message) = pages::failure(error);
    without_form(status, &message)
}

fn without_form(status: StatusCode, message: &str) -> HttpResponse {
    let before = PAGE.split("<form").next().unwrap_or_default();
    html(status, &before.replace("{message}", &escaped(message)))
}

/// What emails of `kind` are called.
const fn emails(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::AchievementUnlocked => "news of achievements",
        NotificationKind::LevelUp => "news of levels",
        NotificationKind::LeaderboardRank => "news of ranks",
        NotificationKind::StreakAtRisk => "warnings about your streak",
        NotificationKind::WeeklySummary => "weekly summaries",
        NotificationKind::NewFollower => "news of followers",
        NotificationKind::FollowRequest => "follow requests",
    }
}
