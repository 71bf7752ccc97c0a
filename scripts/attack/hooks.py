"""What the attack has to know that a JSON schema cannot say."""

import schemathesis
from hypothesis import strategies as st

# A schema can name the format of a time zone, but nobody would guess a zone from it.
schemathesis.openapi.format(
    "iana-time-zone",
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Kiritimati", "Etc/GMT+12"]),
)
