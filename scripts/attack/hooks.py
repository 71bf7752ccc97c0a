"""Hints for the attack that a JSON schema cannot express."""

import schemathesis
from hypothesis import strategies as st

# A schema can name the format of a time zone, but no zone can be generated from the name.
schemathesis.openapi.format(
    "iana-time-zone",
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Kiritimati", "Etc/GMT+12"]),
)
