//! The texts that a server prints at start: the link of the first administrator and, with an embedded database, a tour.

use bootstrap::Settings;
use bootstrap::out::print_line;
use bootstrap::settings::RegistrationMode;
use domain::administration::Invitations;
use domain::deps::Deps;

/// Prints how to begin. A server with an embedded database runs in a terminal, so it gets a tour too. A log of JSON lines gets no other
/// lines, because both may go to one collector.
pub(crate) async fn print(settings: &Settings, deps: &Deps, is_embedded: bool) {
    let url = &settings.app.public_url;
    let has_tour = is_embedded && !settings.log.json;
    if has_tour {
        print_line(format_args!("\nburntop is ready at {url}\nDocumentation of the API: {url}/docs\n"));
    }
    invite_first_administrator(settings, deps).await;
    if has_tour {
        if settings.registration.mode == RegistrationMode::Open {
            print_line(tour(url));
        }
        print_line("Stop with Ctrl-C.\n");
    }
}

/// Prints the link with which the first account of an empty instance becomes an administrator. Each start of an empty instance
/// makes a new one.
async fn invite_first_administrator(settings: &Settings, deps: &Deps) {
    let issued = match Invitations::new(deps.clone()).first_administrator().await {
        Ok(Some(issued)) => issued,
        Ok(None) => return,
        Err(error) => return tracing::warn!(%error, "inviting the first administrator failed"),
    };
    let url = issued.url(&settings.app.public_url);
    if settings.log.json {
        tracing::info!(url, "no account yet; the link creates the first administrator, within a day");
    } else {
        print_line(format_args!(
            "There is no account yet. Create the first administrator, within a day, at\n\n  {url}\n"
        ));
    }
}

/// Four lines for a shell.
fn tour(url: &str) -> String {
    format!(
        r#"A tour, from the directory of the repository:

  API={url}/api/v1; ME=me_$RANDOM
  TOKEN=$(curl -s $API/auth/register --json '{{"email":"'$ME'@example.org","password":"correct horse","username":"'$ME'"}}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
  curl -s $API/sync -H "Authorization: Bearer $TOKEN" --json @tests/samples/sync-claude-code.json
  curl -s $API/dashboard/overview -H "Authorization: Bearer $TOKEN"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tour_has_four_lines_and_the_public_url() {
        let text = tour("http://127.0.0.1:8123");
        assert!(text.contains("API=http://127.0.0.1:8123/api/v1;"));
        assert_eq!(text.lines().filter(|line| line.starts_with("  ")).count(), 4);
    }
}
