#!/usr/bin/env python3
"""Writes crates/domain/tests/data/golden-prices.tsv: the costs of messages, calculated without the price book.

    scripts/golden_prices.py [--tables DIR]

It reads the original tables (not assets/price-book.txt), calculates with fractions, and implements the rules independently. The entry
of the table for each name is listed by hand below, not resolved. The seed is fixed: the same releases give the same bytes.
"""

import argparse
import json
import random
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from price_book import RELEASES, ROOT, table

CASES = ROOT / "crates" / "domain" / "tests" / "data" / "golden-prices.tsv"
COLUMNS = "about model provider at input output cache_read cache_write cache_write_1h reasoning included status usd".split()

# A model's name as a tool logs it, the logged provider, and the entry of the table that prices it.
NAMES = [
    # Claude Code, and names that Anthropic documents
    ("claude-sonnet-4-5-20250929", "", "claude-sonnet-4-5-20250929"),
    ("claude-sonnet-4-5-20250929[1m]", "", "claude-sonnet-4-5-20250929"),
    ("claude-sonnet-4-5", "", "claude-sonnet-4-5"),
    ("claude-opus-4-5-20251101", "", "claude-opus-4-5-20251101"),
    ("claude-haiku-4-5", "", "claude-haiku-4-5"),
    ("claude-haiku-4-5-20251001", "anthropic", "claude-haiku-4-5-20251001"),
    ("claude-opus-4-1-20250805", "", "claude-opus-4-1-20250805"),
    ("claude-opus-4-20250514", "", "claude-opus-4-20250514"),
    ("claude-opus-4-0", "", "claude-opus-4-20250514"),
    ("claude-sonnet-4-0", "", "claude-sonnet-4-20250514"),
    ("claude-sonnet-4-20250514", "anthropic", "claude-sonnet-4-20250514"),
    ("claude-3-7-sonnet-20250219", "", "claude-3-7-sonnet-20250219"),
    ("claude-3-5-haiku-20241022", "", "claude-3-5-haiku-20241022"),
    ("claude-opus-4-6[1m]", "", "claude-opus-4-6"),
    ("claude-opus-4-8", "", "claude-opus-4-8"),
    ("claude-haiku-5-5", "", "claude-haiku-5-5"),
    # Cursor and Copilot
    ("claude-4.5-sonnet-thinking", "", "claude-sonnet-4-5"),
    ("claude-4.5-sonnet", "", "claude-sonnet-4-5"),
    ("claude-4.5-opus-high-thinking", "", "claude-opus-4-5"),
    ("claude-4.5-haiku", "", "claude-haiku-4-5"),
    ("claude-4.6-opus-high", "", "claude-opus-4-6"),
    ("claude-4-sonnet", "", "claude-sonnet-4-20250514"),
    ("claude-4-opus-thinking", "", "claude-opus-4-20250514"),
    ("claude-4.1-opus", "", "claude-opus-4-1"),
    ("claude-3.7-sonnet-thinking", "", "claude-3-7-sonnet-20250219"),
    ("claude-3.5-sonnet", "", "claude-3-5-sonnet-20241022"),
    ("claude-sonnet-4", "", "claude-sonnet-4-20250514"),
    ("gpt-5-high", "", "gpt-5"),
    ("gpt-5-minimal", "", "gpt-5"),
    ("gemini-3-pro", "", "gemini-3-pro-preview"),
    ("gemini-3-flash", "", "gemini-3-flash-preview"),
    ("claude-4.7-opus", "", "claude-opus-4-7"),
    ("claude-4.7-opus-max-thinking", "", "claude-opus-4-7"),
    ("claude-5-sonnet", "", "claude-sonnet-5"),
    ("claude-opus-4.7-thinking-xhigh", "", "claude-opus-4-7"),
    ("claude-sonnet-4-6-thinking", "", "claude-sonnet-4-6"),
    ("github-copilot/claude-opus-4.8", "", "github_copilot/claude-opus-4.8"),
    # other tools
    ("anthropic:claude-opus-5", "", "claude-opus-5"),
    ("anthropic--claude-4.5-opus", "", "claude-opus-4-5"),
    ("aws.claude-opus-4-6", "", "claude-opus-4-6"),
    ("antigravity-claude-opus-4-6-thinking", "", "claude-opus-4-6"),
    ("google/antigravity-claude-sonnet-4-5-thinking-high", "", "claude-sonnet-4-5"),
    # Codex
    ("openai-codex:gpt-5.5", "", "gpt-5.5"),
    ("gpt-5.5 (xhigh)", "", "gpt-5.5"),
    ("gpt-5-none", "", "gpt-5"),
    ("gpt-5-max", "", "gpt-5"),
    ("gpt-5.4-high", "", "gpt-5.4"),
    ("gpt-5-extra-high", "", "gpt-5"),
    ("gpt-5-ultra", "", "gpt-5"),
    ("o4-mini-high", "", "o4-mini"),
    ("gpt-5.2-codex", "", "gpt-5.2-codex"),
    ("gpt-5-mini", "", "gpt-5-mini"),
    ("gpt-5-codex", "openai", "gpt-5-codex"),
    ("gpt-5-codex-medium", "", "gpt-5-codex"),
    ("gpt-5.1-codex-max", "", "gpt-5.1-codex-max"),
    ("gpt-5.1-codex-max-xhigh", "", "gpt-5.1-codex-max"),
    ("gpt-5.1-codex-mini-high", "", "gpt-5.1-codex-mini"),
    ("openai/gpt-5.3-codex", "", "gpt-5.3-codex"),
    ("gpt-5.4", "", "gpt-5.4"),
    ("gpt-5-4", "", "gpt-5.4"),
    ("gpt-5.6-sol-xhigh", "", "gpt-5.6-sol"),
    ("o3", "", "o3"),
    ("o4-mini", "", "o4-mini"),
    ("codex-mini-latest", "", "codex-mini-latest"),
    ("gpt-4.1", "", "gpt-4.1"),
    # Gemini CLI
    ("gemini-3-pro-preview", "", "gemini-3-pro-preview"),
    ("gemini-2.5-flash", "", "gemini-2.5-flash"),
    ("gemini-2-5-pro", "", "gemini-2.5-pro"),
    ("gemini-2.5-pro", "google", "gemini/gemini-2.5-pro"),
    ("models/gemini-2.5-flash-lite", "google", "gemini/gemini-2.5-flash-lite"),
    ("gemini-2.5-flash-preview-05-20", "", "gemini-2.5-flash-preview-05-20"),
    # OpenCode and open models, at their makers
    ("glm-4.7", "", "zai/glm-4.7"),
    ("glm-4.7", "zai-coding-plan", "zai/glm-4.7"),
    ("glm-4-6", "", "zai/glm-4.6"),
    ("zai-org/GLM-4.5", "", "zai/glm-4.5"),
    ("glm-4.7-flash", "", "zai/glm-4.7-flash"),
    ("glm-4.5-flash", "zhipuai", "zai/glm-4.5-flash"),
    ("grok-code-fast-1", "", "xai/grok-code-fast-1"),
    ("x-ai/grok-code-fast-1", "", "xai/grok-code-fast-1"),
    ("grok-4", "x-ai", "xai/grok-4"),
    ("grok-4.1-fast", "xai", "xai/grok-4-1-fast"),
    ("grok-4-fast", "", "xai/grok-4-fast-reasoning"),
    ("grok-4-fast", "xai", "xai/grok-4-fast-reasoning"),
    ("x-ai/grok-4-fast-high", "", "xai/grok-4-fast-reasoning"),
    ("kimi-k2-thinking", "", "moonshot/kimi-k2-thinking"),
    ("moonshotai/kimi-k2.5", "", "moonshot/kimi-k2.5"),
    ("deepseek-reasoner", "", "deepseek-reasoner"),
    ("minimax-m2", "", "minimax/minimax-m2"),
    ("devstral-medium-latest", "", "mistral/devstral-medium-latest"),
    ("mistral-medium", "", "mistral/mistral-medium"),
    # prices by ranges of the context, and at off-peak hours
    ("qwen3-coder-plus", "", "dashscope/qwen3-coder-plus"),
    ("qwen/qwen3-coder-plus", "", "dashscope/qwen3-coder-plus"),
    ("dashscope/qwen3-max", "alibaba", "dashscope/qwen3-max"),
    ("qwen3.5-plus", "", "dashscope/qwen3.5-plus"),
    ("qwen3.5-plus", "somebody-new", "dashscope/qwen3.5-plus"),
    ("deepseek-v4-pro", "", "deepseek-v4-pro"),
    ("deepseek/deepseek-v4-flash", "", "deepseek/deepseek-v4-flash"),
    ("deepseek-v4-pro-high", "deepseek", "deepseek-v4-pro"),
    ("gemma-4-31b-it", "", "gemini/gemma-4-31b-it"),
    ("google/gemma-4-31b-it", "", "gemini/gemma-4-31b-it"),
    # resellers
    ("anthropic/claude-sonnet-4.5", "openrouter", "openrouter/anthropic/claude-sonnet-4.5"),
    ("anthropic/claude-sonnet-4.5", "", "claude-sonnet-4-5"),
    ("openrouter/anthropic/claude-3.5-sonnet", "", "openrouter/anthropic/claude-3.5-sonnet"),
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]", "", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("eu.anthropic.claude-opus-5[1m]", "", "eu.anthropic.claude-opus-5"),
    ("eu.anthropic.claude-opus-5-thinking-high", "", "eu.anthropic.claude-opus-5"),
    ("us.anthropic.claude-opus-4-6-v1[1m]", "", "us.anthropic.claude-opus-4-6-v1"),
    ("us.anthropic.claude-opus-4-6-v1:0", "", "us.anthropic.claude-opus-4-6-v1"),
    ("global.anthropic.claude-opus-4-6-v1[1m]", "", "global.anthropic.claude-opus-4-6-v1"),
    ("bedrock/anthropic.claude-opus-5", "", "anthropic.claude-opus-5"),
    ("bedrock/eu.anthropic.claude-opus-5", "", "eu.anthropic.claude-opus-5"),
    ("amazon-bedrock/anthropic.claude-opus-5", "", "anthropic.claude-opus-5"),
    ("amazon-bedrock/eu.anthropic.claude-opus-5[1m]", "", "eu.anthropic.claude-opus-5"),
    ("aws.anthropic.claude-opus-5", "", "anthropic.claude-opus-5"),
    ("anthropic.claude-opus-4-1-20250805-v1:0", "amazon-bedrock", "anthropic.claude-opus-4-1-20250805-v1:0"),
    ("apac.anthropic.claude-haiku-4-5-20251001-v1:0", "", "apac.anthropic.claude-haiku-4-5-20251001-v1:0"),
    ("ca.anthropic.claude-opus-4-5-20251101-v1:0", "", "claude-opus-4-5-20251101"),
    ("anthropic.claude-v2:1", "", "anthropic.claude-v2:1"),
    ("claude-sonnet-4-5@20250929", "", "vertex_ai/claude-sonnet-4-5@20250929"),
    ("claude-opus-4-5", "google-vertex-anthropic", "vertex_ai/claude-opus-4-5"),
    ("claude-opus-4@20250514", "google-vertex", "vertex_ai/claude-opus-4@20250514"),
    ("claude-sonnet-4-5", "snowflake", "snowflake/claude-sonnet-4-5"),
    ("databricks-claude-sonnet-4-5", "databricks", "databricks/databricks-claude-sonnet-4-5"),
    ("databricks-claude-3-7-sonnet", "databricks", "databricks/databricks-claude-3-7-sonnet"),
    ("claude-sonnet-4.5", "gmi", "gmi/anthropic/claude-sonnet-4.5"),
    ("claude-4.5-sonnet", "replicate", "replicate/anthropic/claude-4.5-sonnet"),
    ("gpt-5.2-codex", "somebody-new", "gpt-5.2-codex"),
    ("gpt-5", "azure", "azure/gpt-5"),
    ("gpt-5.1-codex", "azure", "azure/gpt-5.1-codex"),
    ("moonshotai/kimi-k2-instruct-0905", "groq", "groq/moonshotai/kimi-k2-instruct-0905"),
    ("zai-org/glm-4.7", "novita", "novita/zai-org/glm-4.7"),
    ("accounts/fireworks/models/glm-4p7", "fireworks", "fireworks_ai/accounts/fireworks/models/glm-4p7"),
]

# Names that no entry of the table prices, with the reason.
UNPRICED = [
    ("grok-code", "", "a gateway's own name"),
    ("composer-1", "", "not in the table"),
    ("big-pickle", "", "not in the table"),
    ("cheetah", "", "not in the table"),
    ("auto", "", "not in the table"),
    ("default", "", "not in the table"),
    ("claude", "", "no version"),
    ("claude-sonnet", "", "no version"),
    ("claude-sonnet-4-5x", "", "one letter more"),
    ("claude-sonnet-4-", "", "one letter less"),
    ("laude-sonnet-4-5", "", "one letter less"),
    ("my-claude-sonnet-4-5", "", "one word more"),
    ("claude-sonnet-4-5-2025092", "", "no date"),
    ("claude-sonnet-4-5[2m]", "", "no mark that is documented"),
    ("gpt-55", "", "another number"),
    ("gpt-5.20", "", "another number"),
    ("gpt-5-codex-fast", "", "another service"),
    ("gemini", "", "no version"),
    ("gemini-2.5", "", "no size"),
    ("mistral", "", "a size is no effort"),
    ("llama3.1", "", "zeros in the table"),
    ("ollama/llama3.1", "", "zeros in the table"),
    ("deepseek-r1", "ollama", "hardware of one's own"),
    ("qwen3-coder:30b", "ollama", "hardware of one's own"),
    ("gpt-oss-120b", "", "sellers disagree"),
    ("openrouter/z-ai/glm-5.2:free", "", "zeros in the table"),
    ("text-embedding-3-large", "", "no chat model"),
    ("dall-e-3", "", "no chat model"),
    ("whisper-1", "", "no chat model"),
    ("sample_spec", "", "no model"),
    ("command-a-plus-05-2026", "", "one reseller is no agreement"),
    ("openrouter/qwen/qwen3-coder-plus", "ollama", "hardware of one's own"),
]


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


FREE = """
zai/glm-4.7-flash zai/glm-4.5-flash gemini/gemma-3-27b-it gemini/gemma-4-26b-a4b-it gemini/gemma-4-31b-it
""".split()

PRICED = """
input_cost_per_token output_cost_per_token cache_read_input_token_cost cache_creation_input_token_cost
cache_creation_input_token_cost_above_1hr output_cost_per_reasoning_token
""".split()


def fraction(value):
    return Fraction(round(Fraction(value) * 10**15), 10**15)


def usable(entry, key):
    """The prices of an entry in dollars per token, by field and threshold ("" or "_above_N"), with the unchanged block of off-peak prices,
    if there is one. None if the entry has no usable price."""
    if entry.get("mode") not in ("chat", "completion", "responses"):
        return None
    out = {}
    for field, value in entry.items():
        stem = re.sub(r"_above_\d+k_tokens$", "", field)
        if stem in PRICED and value is not None:
            above = re.search(r"_above_(\d+)k_tokens$", field)
            out[stem + (f"_above_{int(above[1]) * 1000}" if above else "")] = fraction(value)
    for part in entry.get("tiered_pricing", []):
        start = int(part["range"][0])
        for field in PRICED:
            if part.get(field) is not None:
                out[field + (f"_above_{start}" if start else "")] = fraction(part[field])
    if "input_cost_per_token" not in out or "output_cost_per_token" not in out:
        return None
    if any(value < 0 or value > Fraction(1, 1000) for value in out.values()):
        return None
    if not any(out.values()) and key not in FREE:
        return None
    if "off_peak_pricing" in entry:
        out["off peak"] = entry["off_peak_pricing"]
    return out


def is_off_peak(block, instant):
    """Whether an instant is in one of the block's windows. Days are those of the time zone that the block names, or of UTC."""
    local = instant.astimezone(ZoneInfo(block.get("weekday_timezone", "UTC")))
    now = instant.strftime("%H:%M")
    for window in block["windows"]:
        if local.isoweekday() in window["weekdays"]:
            hours = window["hours_utc"]
            for span in [hours] if isinstance(hours, str) else hours:
                start, end = span.split("-")
                if start <= now < end or (end <= start and (now >= start or now < end)):
                    return True
    return False


class Tables:
    def __init__(self, folder):
        self.releases = []
        for release, date in RELEASES:
            entries = json.loads(table(release, folder), parse_float=Decimal)
            self.releases.append((day(date), {key.lower(): entry for key, entry in entries.items()}))

    def at(self, key, instant):
        """The entry in the newest table up to an instant that has it; for earlier times in the oldest table that has it."""
        key = key.lower()
        for date, entries in reversed(self.releases):
            if date <= instant and key in entries and usable(entries[key], key):
                return usable(entries[key], key), False
        for _, entries in self.releases:
            if key in entries and usable(entries[key], key):
                return usable(entries[key], key), True
        raise SystemExit(f"no table has {key}")

    def keys(self):
        """Entries with a price in some release, each with its only provider."""
        providers = {}
        for _, entries in self.releases:
            for key, entry in entries.items():
                if usable(entry, key):
                    providers.setdefault(key, set()).add(entry["litellm_provider"])
        return sorted(key for key, who in providers.items() if len(who) == 1)


def thresholds(fields):
    return sorted({int(found[1]) for field in fields if (found := re.search(r"_above_(\d+)$", field))})


def cost(fields, anthropic, tokens, instant):
    """(dollars, whether a price was filled in), by the rules of the specification, one sentence per line."""
    context = tokens["input"] + tokens["cache_read"] + tokens["cache_write"]
    exceeded = [threshold for threshold in thresholds(fields) if context > threshold]
    suffix = f"_above_{max(exceeded)}" if exceeded else ""
    discounts = {}
    if "off peak" in fields and is_off_peak(fields["off peak"], instant):
        suffix = ""
        discounts = {field: fraction(fields["off peak"][field]) for field in PRICED if field in fields["off peak"]}

    def price(field):
        return discounts.get(field, fields.get(field + suffix, fields.get(field)))

    filled = False
    total = tokens["input"] * price("input_cost_per_token") + tokens["output"] * price("output_cost_per_token")
    if tokens["cache_read"]:
        read = price("cache_read_input_token_cost")
        filled |= read is None
        total += tokens["cache_read"] * (price("input_cost_per_token") if read is None else read)
    write = price("cache_creation_input_token_cost")
    short = write
    if write is None:
        short = price("input_cost_per_token") * (Fraction(125, 100) if anthropic else 1)
    if tokens["cache_write"] > tokens["cache_write_1h"]:
        filled |= write is None
        total += (tokens["cache_write"] - tokens["cache_write_1h"]) * short
    if tokens["cache_write_1h"]:
        hour = price("cache_creation_input_token_cost_above_1hr")
        filled |= hour is None
        if hour is None:
            hour = 2 * price("input_cost_per_token") if anthropic else short
        total += tokens["cache_write_1h"] * hour
    if tokens["reasoning"] and not tokens["included"]:
        own = price("output_cost_per_reasoning_token")
        total += tokens["reasoning"] * (price("output_cost_per_token") if own is None else own)
    return total, filled


def dollars(amount):
    units = amount * 10**18
    assert units.denominator == 1, amount
    whole, fraction = divmod(units.numerator, 10**18)
    return f"{whole}.{fraction:018}".rstrip("0").rstrip(".")


class Cases:
    def __init__(self, tables):
        self.tables = tables
        self.dice = random.Random(20261122)
        self.lines = []

    def instant(self):
        """A second between a year before the first release and some days after the last."""
        return day("2023-11-28") + timedelta(seconds=self.dice.randrange(3 * 365 * 86400))

    def tokens(self, context=None):
        """The tokens of a message; with exactly the context `context`, if it is given."""
        dice = self.dice
        size = context if context is not None else dice.choice([0, 900, 12_345, 98_765, 180_000, 450_000, 1_200_000])
        read, write = sorted((dice.randint(0, size), dice.randint(0, size)))
        tokens = {"input": read, "cache_read": write - read, "cache_write": size - write}
        if dice.random() < 0.3:
            tokens = {"input": size, "cache_read": 0, "cache_write": 0}
        hour = dice.choice([0, 0, dice.randint(0, tokens["cache_write"]), tokens["cache_write"]])
        reasoning = dice.choice([0, 0, dice.randint(1, 20_000)])
        output = dice.choice([0, dice.randint(1, 5_000), dice.randint(1, 64_000)])
        return {**tokens, "cache_write_1h": hour, "output": output, "reasoning": reasoning, "included": dice.randint(0, 1)}

    def add(self, about, model, provider, entry, instant, tokens):
        """Adds a case priced by `entry`; unpriced if that is None."""
        if entry is None:
            status, usd = "unpriced", ""
        else:
            fields, early = self.tables.at(entry, instant)
            amount, filled = cost(fields, "claude" in entry.lower(), tokens, instant)
            status, usd = ("estimated" if early or filled else "priced"), dollars(amount)
        counts = [tokens[name] for name in "input output cache_read cache_write cache_write_1h reasoning included".split()]
        self.lines.append("\t".join(map(str, [about, model, provider, instant.strftime("%Y-%m-%dT%H:%M:%SZ"), *counts, status, usd])))


def write_cases(tables):
    cases = Cases(tables)
    dice = cases.dice
    last = tables.releases[-1][1]
    keys = tables.keys()

    for model, provider, entry in NAMES:
        cases.add("name, now", model, provider, entry, day("2026-11-25"), cases.tokens())
        cases.add("name, some day", model, provider, entry, cases.instant(), cases.tokens())
    for model, provider, why in UNPRICED:
        cases.add(f"unpriced: {why}", model, provider, None, day("2026-11-25"), cases.tokens())
    for key in dice.sample(keys, 90):
        cases.add("any entry", key, "", key, cases.instant(), cases.tokens())
    for key in dice.sample([key for key in keys if key not in last], 40):
        cases.add("retired", key, "", key, cases.instant(), cases.tokens())

    tiered = [key for key in keys if thresholds(tables.at(key, day("2026-11-25"))[0])]
    for key in dice.sample(tiered, 30):
        for threshold in thresholds(tables.at(key, day("2026-11-25"))[0]):
            for context in (threshold - 1, threshold, threshold + 1):
                cases.add("at a threshold", key, "", key, day("2026-11-25"), cases.tokens(context))

    ranged = [key for key in keys if key in last and last[key].get("tiered_pricing")]
    for key in dice.sample(ranged, 12):
        for threshold in thresholds(tables.at(key, day("2026-11-25"))[0]):
            for context in (threshold - 1, threshold, threshold + 1):
                cases.add("at the end of a range", key, "", key, day("2026-11-25"), cases.tokens(context))
    for key in [key for key in keys if key in last and "off_peak_pricing" in last[key]]:
        for date in ("2026-11-25", "2026-11-28"):
            for hour in ("00:59:59", "01:00:00", "04:00:00", "06:00:00", "09:59:59", "10:00:00", "23:59:59"):
                cases.add("off-peak or not", key, "", key, day(f"{date}T{hour}"), cases.tokens())

    def changes(key):
        dates = [date for date, _ in tables.releases]
        return [date for before, date in zip(dates, dates[1:]) if tables.at(key, before)[0] != tables.at(key, date)[0]]

    for key in dice.sample([key for key in keys if changes(key)], 30):
        date = dice.choice(changes(key))
        tokens = cases.tokens()
        cases.add("the second before a change", key, "", key, date - timedelta(seconds=1), tokens)
        cases.add("the second of a change", key, "", key, date, tokens)

    reasoned = [key for key in keys if "output_cost_per_reasoning_token" in tables.at(key, day("2026-11-25"))[0]]
    for key in dice.sample(reasoned, 12):
        for included in (0, 1):
            cases.add("reasoning", key, "", key, day("2026-11-25"), {**cases.tokens(), "reasoning": 4_321, "included": included})
    for key in dice.sample([key for key in keys if "claude" in key], 20):
        tokens = {**cases.tokens(150_000), "cache_write": 40_000, "cache_write_1h": 15_000}
        cases.add("1 h writes", key, "", key, cases.instant(), tokens)

    CASES.parent.mkdir(parents=True, exist_ok=True)
    CASES.write_text("\t".join(COLUMNS) + "\n" + "\n".join(cases.lines) + "\n")
    print(f"{len(cases.lines)} cases")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, default=ROOT / "target" / "price-tables", help="where extracted tables are kept")
    write_cases(Tables(parser.parse_args().tables))
