#!/usr/bin/env python3
"""Writes assets/price-book.txt and its provenance from dated releases of the `litellm` package on PyPI.

    scripts/price_book.py [--tables DIR]

Each release contains `litellm/model_prices_and_context_window_backup.json` (MIT licence). The script downloads the wheels with pip, keeps
the extracted tables in DIR (default: target/price-tables, so that a second run downloads nothing), and writes one line per model and
price. The same releases give the same bytes.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from datetime import datetime, timezone
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "assets" / "price-book.txt"
PROVENANCE = ROOT / "assets" / "price-book.README.md"
TABLE = "litellm/model_prices_and_context_window_backup.json"

# (release, day it was uploaded to PyPI). The wheels themselves carry no dates; the days are those of the project's release
# history on PyPI. To extend the book, add a release at the end.
RELEASES = [
    ("1.53.1", "2024-11-28"),
    ("1.62.1", "2025-03-03"),
    ("1.72.0", "2025-06-01"),
    ("1.75.8", "2025-08-16"),
    ("1.77.7", "2025-10-05"),
    ("1.80.10", "2025-12-14"),
    ("1.81.6", "2026-02-01"),
    ("1.83.1", "2026-04-03"),
    ("1.90.2", "2026-07-01"),
    ("1.99.0", "2026-09-01"),
    ("1.101.4", "2026-10-01"),
    ("1.109.1", "2026-11-12"),
    ("1.110.2", "2026-11-20"),
]

MODES = {"chat", "completion", "responses"}

# Field of the table -> key in the book. The order is the order in a line.
KINDS = {
    "input_cost_per_token": "in",
    "output_cost_per_token": "out",
    "cache_read_input_token_cost": "read",
    "cache_creation_input_token_cost": "write",
    "cache_creation_input_token_cost_above_1hr": "write1h",
    "output_cost_per_reasoning_token": "think",
}
FIELD = re.compile(r"(?P<kind>%s)(?:_above_(?P<thousands>\d+)k_tokens)?" % "|".join(KINDS))

# Models that their makers document as free of charge. Any other row of zeros is a row without prices.
DOCUMENTED_FREE = {
    "gemini/gemma-3-27b-it",
    "gemini/gemma-4-26b-a4b-it",
    "gemini/gemma-4-31b-it",
    "zai/glm-4.5-flash",
    "zai/glm-4.7-flash",
}

# The table's figures come from binary floating point (2.9999900000000002e-06): 15 decimals remove that noise, keep every
# genuine price, and leave 1.25 times a price exact at 18 decimals.
QUANTUM = Decimal("1e-15")

# No model has ever cost more than 0.0006 USD per token; the table has rows that are wrong by a factor of 10,000 and more.
IMPLAUSIBLE = Decimal("0.001")


def table(release, tables):
    """The bytes of one release's price table, downloaded once."""
    kept = tables / f"{release}.json"
    if not kept.exists():
        tables.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            # A fixed platform, so that each run reads the same wheel.
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
                + ["--platform", "manylinux_2_28_x86_64", "--platform", "any", "--python-version", "3.11"]
                + ["--dest", folder, f"litellm=={release}"],
                check=True,
            )
            (wheel,) = Path(folder).glob("*.whl")
            kept.write_bytes(zipfile.ZipFile(wheel).read(TABLE))
    return kept.read_bytes()


class Unusable(Exception):
    """An implausible or unreadable entry."""


def stated(fields):
    """The prices that fields state, as (threshold in tokens, kind, price per token)."""
    for field, value in fields.items():
        match = FIELD.fullmatch(field)
        if match and value is not None:
            try:
                price = Decimal(value).quantize(QUANTUM, ROUND_HALF_EVEN)
            except (InvalidOperation, TypeError, ValueError):
                raise Unusable from None
            if not 0 <= price <= IMPLAUSIBLE:
                raise Unusable
            yield int(match["thousands"] or 0) * 1000, KINDS[match["kind"]], price


def prices(key, entry):
    """The prices of one entry as {threshold in tokens: {kind: Decimal}}, with the hours and prices of off-peak under "off peak". None if
    the entry has no usable price per token."""
    if entry.get("mode") not in MODES:
        return None
    found = {}
    try:
        for threshold, kind, price in stated(entry):
            found.setdefault(threshold, {})[kind] = price
        # If an entry has both, a list of ranges is more exact.
        for fields in entry.get("tiered_pricing") or []:
            start = int(Decimal(fields["range"][0]).to_integral_value(ROUND_HALF_EVEN))
            for threshold, kind, price in stated(fields):
                if not threshold:
                    found.setdefault(start, {})[kind] = price
        off_peak = entry.get("off_peak_pricing") or {}
        discounts = {kind: price for threshold, kind, price in stated(off_peak) if not threshold}
        hours = weekly_hours(off_peak)
    except Unusable:
        return None
    base = found.get(0, {})
    if "in" not in base or "out" not in base:
        return None
    if hours and any(base.get(kind) != price for kind, price in discounts.items()):
        found["off peak"] = (hours, discounts)
    free = not any(price for kinds in found.values() if isinstance(kinds, dict) for price in kinds.values())
    return None if free and key not in DOCUMENTED_FREE else found


DAY = 24 * 60
WEEKDAYS = ["mon monday", "tue tues tuesday", "wed wednesday", "thu thur thurs thursday", "fri friday", "sat saturday", "sun sunday"]


def weekly_hours(off_peak):
    """The hours of a block of off-peak prices in the form of a line: days of the week and times of day in UTC. A window that ends when it
    starts is the whole day, and one that ends earlier continues after midnight. Unreadable windows are left out."""
    ahead = offset(off_peak.get("weekday_timezone"))
    days = [set() for _ in range(7)]
    for window in (off_peak.get("windows") or []) + [{"hours_utc": off_peak.get("hours_utc")}]:
        meant = {weekday(day) for day in window["weekdays"]} if window.get("weekdays") is not None else set(range(7))
        texts = window.get("hours_utc") or []
        for start, end in filter(None, map(span, [texts] if isinstance(texts, str) else texts)):
            minutes = range(start, end) if start < end else [*range(start, DAY), *range(end)]
            for day in range(7):
                days[day].update(minute for minute in minutes if (day * DAY + minute + ahead) // DAY % 7 in meant)
    # Days with the same hours are grouped, in the order of the first of them.
    same = {}
    for day, minutes in enumerate(days):
        if minutes:
            same.setdefault(",".join(spans(minutes)), []).append(str(day + 1))
    return " ".join(f"{''.join(numbers)}/{text}" for text, numbers in same.items())


def spans(minutes):
    """Minutes of a day as text, each run of them as `10:00-24:00`."""
    clock = "{:02}:{:02}".format
    starts = sorted(minute for minute in minutes if minute - 1 not in minutes)
    ends = sorted(minute + 1 for minute in minutes if minute + 1 not in minutes)
    return [f"{clock(*divmod(start, 60))}-{clock(*divmod(end, 60))}" for start, end in zip(starts, ends)]


def span(text):
    """The minutes of a window like `10:00-00:00`, or None."""
    try:
        start, end = (datetime.strptime(clock.strip(), "%H:%M") for clock in text.split("-"))
    except (ValueError, AttributeError):
        return None
    return start.hour * 60 + start.minute, end.hour * 60 + end.minute


def weekday(day):
    """A day of the week counted from Monday, or None."""
    text = str(day).strip().lower()
    if text.isdecimal():
        return int(text) - 1
    return next((number for number, names in enumerate(WEEKDAYS) if text in names.split()), None)


def offset(name):
    """The minutes by which a time zone is ahead of UTC; an unknown zone counts as UTC, and one with summer time is unusable."""
    try:
        zone = ZoneInfo(name.strip())
    except (AttributeError, ValueError, OSError):
        return 0
    winter, summer = (datetime(2026, month, 15, tzinfo=timezone.utc).astimezone(zone).utcoffset() for month in (1, 7))
    if winter != summer:
        raise Unusable
    return int(winter.total_seconds()) // 60


def per_million(price):
    """A price per token, written in USD per million tokens without trailing zeros."""
    text = f"{price * 1_000_000:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def written(found):
    """Prices in the form of a line: `in=3 out=15 read=0.3 >200k in=6 out=22.5 ~67/00:00-24:00 in=1`."""
    words = []
    thresholds = sorted(threshold for threshold in found if threshold != "off peak")
    sets = [(f">{text_of(threshold)}" if threshold else None, found[threshold]) for threshold in thresholds]
    if "off peak" in found:
        hours, kinds = found["off peak"]
        sets.append((f"~{hours}", kinds))
    for start, kinds in sets:
        words += [start] if start else []
        words += [f"{kind}={per_million(kinds[kind])}" for kind in KINDS.values() if kind in kinds]
    return " ".join(words)


def text_of(tokens):
    """A threshold in tokens: `200k`, or `131072` if it is not a multiple of 1,000."""
    return str(tokens) if tokens % 1000 else f"{tokens // 1000}k"


def rows(tables):
    """All rows as {(model, provider): [(day, prices)]}: a row begins when a model appears or its prices change."""
    book = {}
    for day, entries in tables:
        for key, entry in sorted(entries.items()):
            found = prices(key, entry)
            if found is not None:
                history = book.setdefault((key.lower(), entry["litellm_provider"].lower()), [])
                if not history or history[-1][1] != written(found):
                    history.append((day, written(found)))
    return book


HEADER = """\
# Prices of language models in USD per million tokens. Written by scripts/price_book.py: do not edit.
# Source: the LiteLLM price table (MIT licence), {first} to {last}; see price-book.README.md.
# model provider valid-from in=input out=output [read=cache read] [write=cache write] [write1h=cache write kept over 1 h]
#   [think=reasoning] [>Nk or >N then the prices of a request whose context exceeds N thousand, or N, tokens]
#   [~days/hours then the prices at these hours in UTC, day 1 being Monday]
"""

README = """\
# The price book

`price-book.txt` holds the prices of language models, one line per model and price, each valid from a day on. It is
compiled into the binaries. `crates/domain/src/pricing/` says how it is read and used, `docs/adr/0003-prices.md` why.

Written by `scripts/price_book.py` from `{table}`
in the wheels of the package `litellm` on PyPI. Running the script again with the same releases gives the same bytes.

| release | uploaded to PyPI | entries in its table | SHA-256 of the table |
|---|---|---|---|
{releases}

{models} models and {lines} lines. What the script does:

- keeps the modes `chat`, `completion` and `responses`, and the fields `{fields}`, each also with `_above_<N>k_tokens`,
  in the ranges of a `tiered_pricing` list (by where each starts), and in `off_peak_pricing` with its hours, which become hours of the week in UTC;
  other suffixes (`_priority`, `_flex`, `_batches`, …) are not tiers and are dropped;
- opens a row on a release's day where a model appears or its prices change; a model that is removed later keeps its last row;
- rounds half-even to 15 decimals per token, which removes the noise of binary floating point (2.9999900000000002e-06);
- leaves out entries without an input or an output price, entries whose prices are all zero (unless the maker documents the
  model as free: {free}), and entries that ask more than {implausible} USD for a token, which are slips of the table;
- writes names in lower case, as the ledger keeps them.

## Licence of the table

Copyright (c) 2023 Berri AI

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, default=ROOT / "target" / "price-tables", help="where extracted tables are kept")
    arguments = parser.parse_args()

    tables, releases = [], []
    for release, day in RELEASES:
        raw = table(release, arguments.tables)
        entries = json.loads(raw, parse_float=Decimal)
        tables.append((day, entries))
        releases.append(f"| {release} | {day} | {len(entries)} | `{hashlib.sha256(raw).hexdigest()}` |")

    book = rows(tables)
    lines = [f"{key} {provider} {day} {text}" for (key, provider), history in sorted(book.items()) for day, text in history]
    BOOK.parent.mkdir(exist_ok=True)
    BOOK.write_text(HEADER.format(first=RELEASES[0][1], last=RELEASES[-1][1]) + "\n".join(lines) + "\n")
    PROVENANCE.write_text(
        README.format(
            table=TABLE,
            releases="\n".join(releases),
            models=len(book),
            lines=len(lines),
            fields="`, `".join(KINDS),
            free=", ".join(f"`{key}`" for key in sorted(DOCUMENTED_FREE)),
            implausible=IMPLAUSIBLE,
        )
    )
    print(f"{len(book)} models, {len(lines)} lines, {BOOK.stat().st_size} bytes")


if __name__ == "__main__":
    main()
