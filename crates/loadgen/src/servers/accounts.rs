//! The accounts of a measured server: registered, or known by their tokens, with a history.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail, ensure};

use super::Args;
use super::address::TargetServer;
use super::client::Client;
use crate::environment::registration;
use crate::http::ServerResponse;
use crate::messages::{body, run_number, today};

#[derive(Debug)]
pub(super) struct TargetAccount {
    /// Determines the account's messages.
    pub(super) number: u64,
    pub(super) token: String,
    pub(super) username: String,
}

/// Registers accounts, or takes those of the `tokens` in a file, and syncs their history.
pub(super) async fn prepare(server: &TargetServer, tokens: Option<&Path>, args: &Args) -> Result<Vec<TargetAccount>> {
    let mut client = Client::open(server, args.timeout()).await?;
    let mut accounts = Vec::new();
    match tokens {
        Some(file) => {
            let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            for token in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let username = username(server, &mut client, token).await?;
                accounts.push(TargetAccount { number: fresh_number(), token: token.to_owned(), username });
            }
            ensure!(!accounts.is_empty(), "{} has no tokens", file.display());
        }
        None => {
            for _ in 0..args.accounts {
                accounts.push(register(server, &mut client).await?);
            }
        }
    }
    for account in &accounts {
        let history = body(account.number, 0..args.history, today());
        let answer = client.send_patiently(&server.post("/sync", Some(&account.token), history)?).await?;
        check_sync(&answer.success().context("syncing a history")?, None)?;
    }
    Ok(accounts)
}

/// A number for an account that no run had before.
fn fresh_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // The number of the process distinguishes runs of the same second.
    (run_number() << 24) ^ (u64::from(std::process::id()) << 10) ^ NEXT.fetch_add(1, Ordering::Relaxed)
}

async fn register(server: &TargetServer, client: &mut Client) -> Result<TargetAccount> {
    let number = fresh_number();
    let answer = client.send_patiently(&server.post("/auth/register", None, registration(number))?).await?;
    if matches!(answer.status, 404 | 405) {
        bail!("{} does not register accounts: give --tokens", server.name);
    }
    let session = answer.success().context("registering an account")?.json()?;
    let token = session["token"].as_str().context("the session has no token")?.to_owned();
    let username = username(server, client, &token).await?;
    Ok(TargetAccount { number, token, username })
}

async fn username(server: &TargetServer, client: &mut Client, token: &str) -> Result<String> {
    let answer = client.send_patiently(&server.get("/auth/me", Some(token))?).await?;
    let user = answer.success().context("reading an account")?.json()?;
    Ok(user["username"].as_str().context("the account has no username")?.to_owned())
}

/// Fails unless the answer reports a success. Where it counts new messages, there must be `new` ones.
pub(super) fn check_sync(answer: &ServerResponse, new: Option<u64>) -> Result<()> {
    let report = answer.json()?;
    ensure!(report["success"] == true, "a sync was not successful: {}", report["message"]);
    if let (Some(new), Some(counted)) = (new, report["messagesSynced"].as_u64()) {
        ensure!(counted == new, "{counted} messages were new instead of {new}");
    }
    Ok(())
}
