//! Sign-in: sessions, API tokens, device logins, accounts of providers, and attempts with wrong passwords.

mod api_tokens;
mod device_logins;
mod external_accounts;
mod invitations;
mod login_attempts;
mod principals;
mod sessions;

pub use principals::BatchedSessionReader;
