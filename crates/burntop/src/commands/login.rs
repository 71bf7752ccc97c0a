//! `burntop login`: signs in through a browser, or with a token.

use std::io::{self, IsTerminal, Read, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use domain::clock::Clock;
use domain::display::cleaned_name;
use serde::Serialize;

use crate::api::{Account, Api, ApiError, DeviceCodes, DevicePoll, IssuedToken, ServerUrl};
use crate::clock::SystemClock;
use crate::context::Context;
use crate::credentials::{Credentials, Token};
use crate::failure::{Failure, FailureKind};
use crate::output::{Report, Style, note};

/// Codes expire within minutes; a server that names more cannot make the sum with the clock overflow.
const LONGEST_CODE: Duration = Duration::from_hours(1);

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// The address of the server, such as <https://burntop.example.org>
    url: String,
    /// Signs in with an API token instead of a browser. Without a value, or with `-`, the token is read from standard input, so that
    /// the list of processes does not show it
    #[arg(long, value_name = "TOKEN", num_args = 0..=1, default_missing_value = "-")]
    token: Option<String>,
}

#[derive(Serialize)]
struct LoginReport {
    server: ServerUrl,
    username: String,
}

impl Report for LoginReport {
    fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        writeln!(out, "Signed in to {} as {}.", self.server, style.bold(&self.username))?;
        writeln!(out, "Run `burntop sync` to send your usage.")
    }
}

pub(crate) fn login(context: &Context, args: &LoginArgs) -> Result<(), Failure> {
    let server = ServerUrl::parse(&args.url)?;
    if server.is_exposed() {
        note("warning: this address is not encrypted; others in the network can read the token");
    }
    let api = Api::new(server)?;
    let (api, token, token_id) = match args.token.as_deref() {
        Some("-") => with_token(api, Token::parse(&token_from_input()?)?),
        Some(token) => with_token(api, Token::parse(token)?),
        None => through_browser(api)?,
    };
    let account = if args.token.is_some() { account_within_scopes(&api)? } else { api.me()? };
    let credentials = Credentials {
        server: api.server().clone(),
        user_id: account.id,
        username: account.username,
        token,
        token_id,
        signed_in_at: SystemClock.now(),
    };
    credentials.save(&context.paths.credentials())?;
    context.output.print(&LoginReport { server: credentials.server, username: credentials.username })
}

fn with_token(api: Api, token: Token) -> (Api, Token, Option<String>) {
    (api.with_token(token.clone()), token, None)
}

/// The account of a token that the user has made, if it has both scopes that burntop needs.
fn account_within_scopes(api: &Api) -> Result<Account, Failure> {
    let lacks = |scope: &str| {
        let message = format!("The token lacks the scope `{scope}`. Make one with the scopes `sync` and `read`.");
        Err(Failure::new(FailureKind::SignedOut, message))
    };
    match api.me() {
        Ok(account) if api.may_sync()? => Ok(account),
        Ok(_) => lacks("sync"),
        Err(ApiError::Answered { status: 403, .. }) if api.may_sync()? => lacks("read"),
        Err(error) => Err(error.into()),
    }
}

fn token_from_input() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let _ = write!(io::stderr(), "Token: ");
    }
    let mut line = String::new();
    // A token is short; whatever else is piped in is not read to its end.
    let read = io::BufRead::read_line(&mut io::BufReader::new(io::stdin().lock().take(1_024)), &mut line);
    read.map_err(|error| Failure::new(FailureKind::Local, format!("reading the token failed: {error}")))?;
    Ok(line)
}

/// Lets the user confirm the sign-in in a browser. The session that results lasts 30 days, too short for a service that syncs
/// unattended, so it issues an API token and ends.
fn through_browser(api: Api) -> Result<(Api, Token, Option<String>), Failure> {
    let host = host_name();
    let codes = api.begin_device_login(&format!("burntop on {host}"))?;
    note(format_args!("Open {} and confirm the code {}.", codes.verification_uri, codes.user_code));
    note(format_args!("Or open {}", codes.verification_uri_complete));
    note(format_args!("The page asks for your account on this server; {}/register creates one.", api.server()));
    let session = poll(&api, &codes)?;
    let api = api.with_token(session.clone());
    match api.issue_token(&format!("burntop on {host}")) {
        Ok(IssuedToken { id, token }) => {
            if let Err(error) = api.end_session() {
                note(format_args!("warning: the session of this sign-in stays open: {error}"));
            }
            Ok((api.with_token(token.clone()), token, Some(id)))
        }
        Err(error @ ApiError::Answered { .. }) => {
            note(format_args!("warning: no API token could be issued, so this sign-in ends after 30 days: {error}"));
            Ok((api, session, None))
        }
        Err(error) => Err(error.into()),
    }
}

/// Polls until the user has answered or the code expires. Interruptions of the network in between are survived.
fn poll(api: &Api, codes: &DeviceCodes) -> Result<Token, Failure> {
    let ends = Instant::now() + Duration::from_secs(codes.expires_in).min(LONGEST_CODE);
    let mut interval = Duration::from_secs(codes.interval.clamp(1, 60));
    while Instant::now() < ends {
        sleep(interval);
        match api.poll_device_login(codes) {
            Ok(DevicePoll::SignedIn(token)) => return Ok(token),
            Ok(DevicePoll::Pending) => {}
            Ok(DevicePoll::SlowDown) => interval += Duration::from_secs(5),
            Ok(DevicePoll::Denied) => return Err(Failure::new(FailureKind::SignedOut, "The sign-in was refused.")),
            Ok(DevicePoll::Expired) => break,
            Err(error) if error.is_temporary() => {
                let wish = error.retry_after().unwrap_or_default();
                interval = interval.max(wish.min(Duration::from_mins(1)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new(FailureKind::SignedOut, "The code has expired. Run `burntop login` again."))
}

/// The name of this machine, as the user sees it on the page that confirms the sign-in.
fn host_name() -> String {
    let name = system_host_name().or_else(|| std::env::var("COMPUTERNAME").ok());
    let name = name.map(|name| cleaned_name(&name, 60)).filter(|name| !name.trim().is_empty());
    name.unwrap_or_else(|| "this machine".to_owned())
}

#[cfg(unix)]
fn system_host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn system_host_name() -> Option<String> {
    None
}
