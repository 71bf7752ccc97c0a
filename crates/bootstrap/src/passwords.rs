//! Hashes passwords with Argon2id, on threads for blocking work and at most one hash a core at once.

use std::num::NonZero;
use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash as PhcHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use domain::identity::ports::PasswordHasher;
use domain::identity::{IdentityError, Password, PasswordHash};
use tokio::sync::Semaphore;

use crate::settings::Passwords;
use crate::startup::StartupError;

/// Hashes with Argon2id. Clones share the limit of concurrent hashes.
#[derive(Clone)]
pub struct Argon2Passwords {
    argon2: Argon2<'static>,
    /// Checked if an account has no password, so that the check takes as long. Computed on first use.
    decoy: Arc<OnceLock<PasswordHash>>,
    cores: Arc<Semaphore>,
}

impl Argon2Passwords {
    /// Hashes with the cost in `settings`; fails if Argon2 does not support it.
    pub fn new(settings: &Passwords) -> Result<Self, StartupError> {
        let Passwords { memory_kib, iterations, parallelism } = *settings;
        let params = Params::new(memory_kib, iterations, parallelism, None)
            .map_err(|error| StartupError::Other { doing: "setting up [passwords]", reason: error.to_string() })?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            decoy: Arc::new(OnceLock::new()),
            cores: Arc::new(Semaphore::new(cores)),
        })
    }

    /// Runs `work` on a thread for blocking work, as soon as a core is free.
    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let permit = Arc::clone(&self.cores).acquire_owned().await.map_err(failed)?;
        let this = self.clone();
        // The thread keeps the permit, because it runs on even if the caller is dropped.
        let working = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&this)
        });
        working.await.map_err(failed)?
    }

    fn hash_now(&self, password: &[u8]) -> Result<PasswordHash, IdentityError> {
        let hash = self.argon2.hash_password(password).map_err(failed)?;
        Ok(PasswordHash(hash.to_string()))
    }

    fn decoy_hash(&self) -> Result<PasswordHash, IdentityError> {
        if let Some(hash) = self.decoy.get() {
            return Ok(hash.clone());
        }
        let hash = self.hash_now(b"decoy")?;
        Ok(self.decoy.get_or_init(|| hash).clone())
    }

    fn verify_now(&self, password: &Password, hash: &PasswordHash) -> Result<bool, IdentityError> {
        let hash = PhcHash::new(&hash.0).map_err(failed)?;
        let mut fits = false;
        // All spellings are compared even after a match, so that the time reveals nothing about the account.
        for spelling in password.spellings() {
            fits |= match self.argon2.verify_password(spelling.as_bytes(), &hash) {
                Ok(()) => true,
                Err(argon2::password_hash::Error::PasswordInvalid) => false,
                Err(error) => return Err(failed(error)),
            };
        }
        Ok(fits)
    }
}

#[async_trait]
impl PasswordHasher for Argon2Passwords {
    async fn hash(&self, password: Password) -> Result<PasswordHash, IdentityError> {
        self.on_a_core(move |this| this.hash_now(password.expose().as_bytes())).await
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, IdentityError> {
        self.on_a_core(move |this| match hash {
            Some(hash) => this.verify_now(&password, &hash),
            None => this.verify_now(&password, &this.decoy_hash()?).map(|_| false),
        })
        .await
    }
}

fn failed(error: impl std::fmt::Display) -> IdentityError {
    IdentityError::Hashing(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Argon2Passwords {
        Argon2Passwords::new(&Passwords { memory_kib: 64, iterations: 1, parallelism: 1 }).expect("a cost")
    }

    #[tokio::test]
    async fn password_verifies_only_against_its_own_hash() {
        let passwords = passwords();
        let hash = passwords.hash(Password::typed("correct horse")).await.expect("a hash");
        assert!(hash.0.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.0);
        for (typed, fits) in [("correct horse", true), ("Correct horse", false), ("", false)] {
            assert_eq!(passwords.verify(Password::typed(typed), Some(hash.clone())).await.ok(), Some(fits), "{typed}");
        }
    }

    #[tokio::test]
    async fn password_verifies_in_any_unicode_form_and_against_old_hashes() {
        let passwords = passwords();
        let (composed, decomposed) = ("pässwörter", "pa\u{308}sswo\u{308}rter");
        let hash = passwords.hash(Password::typed(decomposed)).await.expect("a hash");
        let of_before = passwords.hash_now(decomposed.as_bytes()).expect("a hash");
        for (name, typed, hash, fits) in [
            ("composed", composed, &hash, true),
            ("decomposed", decomposed, &hash, true),
            ("hashed without normalisation", decomposed, &of_before, true),
            ("another", "passworter", &hash, false),
        ] {
            let verified = passwords.verify(Password::typed(typed), Some(hash.clone())).await;
            assert_eq!(verified.ok(), Some(fits), "{name}");
        }
    }

    #[tokio::test]
    async fn password_hash_has_own_salt_and_cost() {
        let cheap = passwords();
        let first = cheap.hash(Password::typed("correct horse")).await.expect("a hash");
        let second = cheap.hash(Password::typed("correct horse")).await.expect("a hash");
        assert_ne!(first, second);
        let dear = Argon2Passwords::new(&Passwords { memory_kib: 128, iterations: 2, parallelism: 1 }).expect("a cost");
        assert_eq!(dear.verify(Password::typed("correct horse"), Some(first)).await.ok(), Some(true));
    }

    #[tokio::test]
    async fn password_of_account_without_one_never_verifies() {
        let passwords = passwords();
        for typed in ["nobody", "", "correct horse"] {
            assert_eq!(passwords.verify(Password::typed(typed), None).await.ok(), Some(false), "{typed}");
        }
        let made = passwords.decoy.get().cloned();
        assert!(made.as_ref().is_some_and(|hash| hash.0.starts_with("$argon2id$v=19$m=64,t=1,p=1$")));
        let _ = passwords.verify(Password::typed("again"), None).await;
        assert_eq!(passwords.decoy.get().cloned(), made, "the decoy is computed once");
    }

    #[tokio::test]
    async fn password_with_malformed_hash_is_an_error() {
        let broken = Some(PasswordHash("not a hash".into()));
        assert!(matches!(passwords().verify(Password::typed("x"), broken).await, Err(IdentityError::Hashing(_))));
    }

    #[test]
    fn passwords_unsupported_cost_is_refused() {
        assert!(Argon2Passwords::new(&Passwords { memory_kib: 8, iterations: 1, parallelism: 64 }).is_err());
    }
}
