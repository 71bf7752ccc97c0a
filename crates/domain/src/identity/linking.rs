//! Decides which account a sign-in through a provider opens.

use super::external::ExternalAccount;
use crate::ids::UserId;
use crate::users::User;

/// The result of a sign-in through a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkDecision {
    /// The external account is linked to this account.
    SignIn(UserId),
    /// Both sides have verified the same address: the external account is linked to this account.
    Link(UserId),
    /// The provider has verified an address that this account only claims: a new account takes the address from it.
    TakeAddressFrom(UserId),
    /// A new account, with the provider's verified address, if any.
    Create,
}

/// Decides for `external`, which is linked to `owner` and whose verified address the account `holder` has.
///
/// Accounts are linked only by an address that both sides have verified. Otherwise an attacker who registers with a victim's
/// address, on either side, would share the victim's account.
pub fn decide(external: &ExternalAccount, owner: Option<UserId>, holder: Option<&User>) -> LinkDecision {
    if let Some(owner) = owner {
        return LinkDecision::SignIn(owner);
    }
    let shares_address = |user: &&User| external.verified_email.is_some() && user.email == external.verified_email;
    match holder.filter(shares_address) {
        Some(user) if user.email_verified => LinkDecision::Link(user.id),
        Some(user) => LinkDecision::TakeAddressFrom(user.id),
        None => LinkDecision::Create,
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
    fn decide_links_only_address_verified_on_both_sides() {
        let (ada, bob) = ("ada@example.org", "bob@example.org");
        // The provider's verified address, the owner of the external account, the holder of an address here.
        for (verified, owner, held, expected) in [
            (None, None, None, LinkDecision::Create),
            (Some(ada), None, None, LinkDecision::Create),
            (Some(ada), None, Some((ada, true)), LinkDecision::Link(HOLDER)),
            (Some(ada), None, Some((ada, false)), LinkDecision::TakeAddressFrom(HOLDER)),
            (Some(ada), None, Some((bob, true)), LinkDecision::Create),
            (Some(ada), None, Some(("", true)), LinkDecision::Create),
            (None, None, Some((ada, true)), LinkDecision::Create),
            (None, None, Some((ada, false)), LinkDecision::Create),
            (None, None, Some(("", true)), LinkDecision::Create),
            (None, Some(OWNER), None, LinkDecision::SignIn(OWNER)),
            (Some(ada), Some(OWNER), None, LinkDecision::SignIn(OWNER)),
            (Some(ada), Some(OWNER), Some((ada, true)), LinkDecision::SignIn(OWNER)),
            (Some(ada), Some(OWNER), Some((ada, false)), LinkDecision::SignIn(OWNER)),
        ] {
            let external = ExternalAccount {
                provider: ProviderName::trusted("github"),
                subject: "7".to_owned(),
                login: "ada".to_owned(),
                name: None,
                image: None,
                verified_email: verified.map(Email::trusted),
                organizations: Vec::new(),
            };
            let held_by = held.map(|(email, verified)| holder(email, verified));
            assert_eq!(decide(&external, owner, held_by.as_ref()), expected, "{verified:?} {owner:?} {held:?}");
        }
    }
}
