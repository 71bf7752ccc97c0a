//! Whose account it is that somebody from a provider signs in to.

use super::external::ExternalAccount;
use crate::ids::UserId;
use crate::users::User;

/// What becomes of a sign-in through a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The external account belongs to this one.
    SignIn(UserId),
    /// Both sides have verified the same address: it belongs to this account from now on.
    Link(UserId),
    /// The provider has verified an address that this account only claims: the account loses it to a new one.
    TakeAddressFrom(UserId),
    /// A new account, with the address that the provider has verified, if any.
    Create,
}

/// Decides for `external`, which belongs to `owner` and whose verified address is that of the account `holder`.
///
/// Without an address that both sides have verified nothing is ever linked: whoever registers with somebody else's address,
/// here or there, must not come into the same account with them.
pub fn decide(external: &ExternalAccount, owner: Option<UserId>, holder: Option<&User>) -> Decision {
    if let Some(owner) = owner {
        return Decision::SignIn(owner);
    }
    let shares_address = |user: &&User| external.verified_email.is_some() && user.email == external.verified_email;
    match holder.filter(shares_address) {
        Some(user) if user.email_verified => Decision::Link(user.id),
        Some(user) => Decision::TakeAddressFrom(user.id),
        None => Decision::Create,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::identity::{Email, ProviderName};
    use crate::users::{Profile, Username};

    const OWNER: UserId = UserId(Uuid::from_u128(1));
    const HOLDER: UserId = UserId(Uuid::from_u128(2));

    fn holder(email: &str, email_verified: bool) -> User {
        let now = datetime!(2026-11-22 12:00 UTC);
        User {
            id: HOLDER,
            username: Username::trusted("ada"),
            email: (!email.is_empty()).then(|| Email::trusted(email)),
            email_verified,
            profile: Profile::default(),
            is_public: true,
            is_admin: false,
            zone: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn accounts_are_linked_by_addresses_that_both_sides_have_verified_and_by_nothing_else() {
        let (ada, bob) = ("ada@example.org", "bob@example.org");
        // The provider's verified address, who owns the external account, who holds an address here.
        for (verified, owner, held, expected) in [
            (None, None, None, Decision::Create),
            (Some(ada), None, None, Decision::Create),
            (Some(ada), None, Some((ada, true)), Decision::Link(HOLDER)),
            (Some(ada), None, Some((ada, false)), Decision::TakeAddressFrom(HOLDER)),
            (Some(ada), None, Some((bob, true)), Decision::Create),
            (Some(ada), None, Some(("", true)), Decision::Create),
            (None, None, Some((ada, true)), Decision::Create),
            (None, None, Some((ada, false)), Decision::Create),
            (None, None, Some(("", true)), Decision::Create),
            (None, Some(OWNER), None, Decision::SignIn(OWNER)),
            (Some(ada), Some(OWNER), None, Decision::SignIn(OWNER)),
            (Some(ada), Some(OWNER), Some((ada, true)), Decision::SignIn(OWNER)),
            (Some(ada), Some(OWNER), Some((ada, false)), Decision::SignIn(OWNER)),
        ] {
            let external = ExternalAccount {
                provider: ProviderName::trusted("github"),
                subject: "7".to_owned(),
                login: "ada".to_owned(),
                name: None,
                image: None,
                verified_email: verified.map(Email::trusted),
            };
            let held_by = held.map(|(email, verified)| holder(email, verified));
            assert_eq!(decide(&external, owner, held_by.as_ref()), expected, "{verified:?} {owner:?} {held:?}");
        }
    }
}
