//! A change of the caller's profile.

use domain::days::Zone;
use domain::users::{ProfileChange, Region, Username, WebUrl};

use crate::validation::{Clearable, Line, Optional, Paragraphs, body};

body! {
    /// A change of a profile: an absent field keeps its value, null clears it.
    pub(super) struct ProfilePatch as "ProfileChange" {
        /// The name in addresses.
        username: Optional<Username>,
        /// The name to show: one line without control or formatting characters.
        name: Clearable<Line<0, 100>>,
        /// A few sentences, which can have line breaks.
        bio: Clearable<Paragraphs<0, 500>>,
        /// A place, written like a name.
        location: Clearable<Line<0, 100>>,
        /// The part of the world.
        region: Clearable<Region>,
        /// The address of a web site, http or https.
        website_url: Clearable<WebUrl>,
        /// The address of a picture, http or https.
        image: Clearable<WebUrl>,
        /// Whether users who do not follow the account can see its statistics.
        is_public: Optional<bool>,
        /// The IANA time zone in which days are counted.
        timezone: Optional<Zone>,
    }
}

impl From<ProfilePatch> for ProfileChange {
    fn from(patch: ProfilePatch) -> Self {
        let ProfilePatch { username, name, bio, location, region, website_url, image, is_public, timezone } = patch;
        Self { username, name, bio, location, region, website_url, image, is_public, zone: timezone }
    }
}
