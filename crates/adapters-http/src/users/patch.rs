//! What a person may change of their profile.

use domain::days::Zone;
use domain::users::{ProfileChange, Region, Username, WebUrl};
use utoipa::ToSchema;

use crate::validation::{Change, Fields, FromFields, checks};

/// A change of a profile: what is absent stays, null clears.
#[derive(Debug, ToSchema)]
#[schema(as = ProfileChange)]
pub(super) struct ProfilePatch {
    /// The name in addresses.
    #[schema(value_type = String, required = false, min_length = 3, max_length = 30, pattern = "^[A-Za-z0-9_]+$")]
    username: Change<Username>,
    /// A name to show.
    #[schema(value_type = Option<String>, required = false, max_length = 100)]
    name: Change<Option<String>>,
    /// A few sentences.
    #[schema(value_type = Option<String>, required = false, max_length = 500)]
    bio: Change<Option<String>>,
    /// A place.
    #[schema(value_type = Option<String>, required = false, max_length = 100)]
    location: Change<Option<String>>,
    /// The part of the world.
    #[schema(value_type = Option<String>, required = false, pattern = "^(NA|EU|APAC|SA|AF|OCE)$")]
    region: Change<Option<Region>>,
    /// A web site, http or https.
    #[schema(value_type = Option<String>, required = false, max_length = 500,
             pattern = r"^https?://[^\s\x00-\x1f\x7f-\x9f/?#:][^\s\x00-\x1f\x7f-\x9f]*$")]
    website_url: Change<Option<WebUrl>>,
    /// A picture, http or https.
    #[schema(value_type = Option<String>, required = false, max_length = 500,
             pattern = r"^https?://[^\s\x00-\x1f\x7f-\x9f/?#:][^\s\x00-\x1f\x7f-\x9f]*$")]
    image: Change<Option<WebUrl>>,
    /// Whether strangers may see the statistics.
    #[schema(value_type = bool, required = false)]
    is_public: Change<bool>,
    /// The IANA zone that days are counted in.
    #[schema(value_type = String, required = false, format = "iana-time-zone")]
    timezone: Change<Zone>,
}

impl FromFields for ProfilePatch {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let username = fields.change("username", checks::value(Username::parse));
        let name = fields.clearable("name", checks::text(0..=100));
        let bio = fields.clearable("bio", checks::text(0..=500));
        let location = fields.clearable("location", checks::text(0..=100));
        let region = fields.clearable("region", checks::named(&Region::ALL, Region::name));
        let website_url = fields.clearable("website_url", checks::value(WebUrl::parse));
        let image = fields.clearable("image", checks::value(WebUrl::parse));
        let is_public = fields.change("is_public", checks::boolean);
        let timezone = fields.change("timezone", checks::zone);
        Some(Self {
            username: username?,
            name: name?,
            bio: bio?,
            location: location?,
            region: region?,
            website_url: website_url?,
            image: image?,
            is_public: is_public?,
            timezone: timezone?,
        })
    }
}

impl From<ProfilePatch> for ProfileChange {
    fn from(patch: ProfilePatch) -> Self {
        Self {
            username: patch.username.into_option(),
            name: patch.name.into_option(),
            bio: patch.bio.into_option(),
            location: patch.location.into_option(),
            region: patch.region.into_option(),
            website_url: patch.website_url.into_option(),
            image: patch.image.into_option(),
            is_public: patch.is_public.into_option(),
            zone: patch.timezone.into_option(),
        }
    }
}
