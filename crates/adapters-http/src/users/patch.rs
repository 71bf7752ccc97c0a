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
    /// A name to show: one line without control or formatting characters.
    #[schema(value_type = Option<String>, required = false, max_length = 100,
             pattern = r"^[^\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    name: Change<Option<String>>,
    /// A few sentences, which may have line breaks.
    #[schema(value_type = Option<String>, required = false, max_length = 500,
             pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    bio: Change<Option<String>>,
    /// A place, written like a name.
    #[schema(value_type = Option<String>, required = false, max_length = 100,
             pattern = r"^[^\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    location: Change<Option<String>>,
    /// The part of the world.
    #[schema(value_type = Option<String>, required = false, pattern = "^(NA|EU|APAC|SA|AF|OCE)$")]
    region: Change<Option<Region>>,
    /// A web site, http or https.
    #[schema(value_type = Option<String>, required = false, max_length = 500,
             pattern = r"^https?://[^\s\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb/?#:][^\s\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    website_url: Change<Option<WebUrl>>,
    /// A picture, http or https.
    #[schema(value_type = Option<String>, required = false, max_length = 500,
             pattern = r"^https?://[^\s\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb/?#:][^\s\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
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
        let name = fields.clearable("name", checks::name(0..=100));
        let bio = fields.clearable("bio", checks::paragraphs(0..=500));
        let location = fields.clearable("location", checks::name(0..=100));
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
