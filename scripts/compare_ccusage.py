#!/usr/bin/env python3
"""Compares `burntop stats` with ccusage on the same generated logs: totals by day, time and memory.

ccusage comes from npm: npm install --prefix DIR ccusage. It runs with --offline, so that it asks no price list.
"""

import argparse
import datetime
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

SESSION_BYTES = 4 << 20
DAYS = 28
COUNTS = ("input", "output", "cache_read", "cache_write")
NAMES = {
    "burntop": ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    "ccusage": ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens"),
}


def line(value):
    return json.dumps(value, separators=(",", ":")) + "\n"


class Corpus:
    """Logs of Claude Code and Codex in a home directory."""

    def __init__(self, home, text_bytes):
        self.home = pathlib.Path(home)
        self.text = ('fn main() {\n    println!("hello, {}", name);\n}\n' * (text_bytes // 48 + 1))[:text_bytes]
        self.start = datetime.datetime.now(datetime.UTC).replace(hour=1, minute=0, second=0, microsecond=0)
        self.start -= datetime.timedelta(days=DAYS)
        self.bytes = self.responses = 0

    def at(self, session, number):
        instant = self.start + datetime.timedelta(days=session % DAYS, seconds=number)
        return instant.strftime("%Y-%m-%dT%H:%M:%S.250Z")

    def write(self, path, lines):
        path = self.home / path
        path.parent.mkdir(parents=True, exist_ok=True)
        content = "".join(lines).encode()
        path.write_bytes(content)
        self.bytes += len(content)

    def claude_response(self, session, number, is_finished, **more):
        """A response as Claude Code logs it: a line per block of content, the last with the final counts."""
        name = more.get("agentId", "") + f"{session}_{number}"
        outputs = (5, 5, 600 + number % 100) if is_finished else (5, 40, 55)
        for block, output in enumerate(outputs):
            usage = {
                "input_tokens": 7, "output_tokens": output, "cache_read_input_tokens": 41200,
                "cache_creation_input_tokens": 1800,
                "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 1500},
            }
            message = {
                "id": f"msg_{name}", "type": "message", "role": "assistant", "model": "claude-opus-4-5",
                "stop_reason": "end_turn" if is_finished and block == 2 else None,
                "content": [{"type": "text", "text": self.text[: len(self.text) // 4]}], "usage": usage,
            }
            yield line({
                "type": "assistant", "uuid": f"{name}_{block}", "sessionId": f"s{session}", "isSidechain": False,
                "timestamp": self.at(session, number), "cwd": "/home/eve/shop", "version": "2.1.289",
                "requestId": f"req_{name}", "message": message, **more,
            })

    def claude(self, session):
        lines, size, number = [], 0, 0
        while size < SESSION_BYTES:
            result = {"role": "user", "content": [{"type": "tool_result", "content": self.text}]}
            new = [line({"type": "user", "uuid": f"u{session}_{number}", "sessionId": f"s{session}",
                         "timestamp": self.at(session, number), "message": result})]
            new += self.claude_response(session, number, True)
            lines += new
            size += sum(map(len, new))
            number += 1
        self.responses += number
        project = ".claude/projects/-home-eve-shop"
        self.write(f"{project}/s{session}.jsonl", lines)
        if session % 10 == 0:
            # A sub-agent, of whose responses every fifth was never finished.
            agent = [text for n in range(50) for text in
                     self.claude_response(session, n, n % 5 > 0, agentId="a1", isSidechain=True)]
            self.write(f"{project}/s{session}/subagents/agent-a1.jsonl", agent)
            self.responses += 50
        if session % 10 == 5:
            # A fork begins with copies, of which the session is another one.
            copied = "".join(lines[:400]).replace(f'"sessionId":"s{session}"', f'"sessionId":"f{session}"')
            self.write(f".claude/projects/-home-eve-fork/f{session}.jsonl", [copied])

    def codex(self, thread):
        name = f"019a0000-0000-7000-8000-{thread:012x}"
        lines = [line({"timestamp": self.at(thread, 0), "type": "session_meta",
                       "payload": {"id": name, "cwd": "/home/eve/shop", "model_provider": "openai"}})]
        size, number, total = 0, 0, [0] * 5
        is_current = thread % 2 == 0
        while size < SESSION_BYTES:
            at = self.at(thread, number)
            # The prompt grows, as in a conversation. Without the thread, threads of a day would look like copies.
            last = [20000 + thread + number * 10, 18000 + number * 10, 190 + number % 10, 47]
            last.append(last[0] + last[2])
            total = [a + b for a, b in zip(total, last, strict=True)]
            names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens", "total_tokens")
            used, summed = dict(zip(names, last, strict=True)), dict(zip(names, total, strict=True))
            new = [
                line({"timestamp": at, "type": "turn_context",
                      "payload": {"turn_id": f"t{number}", "cwd": "/home/eve/shop", "model": "gpt-5.1-codex"}}),
                line({"timestamp": at, "type": "response_item",
                      "payload": {"type": "function_call_output", "call_id": "c", "output": self.text}}),
            ]
            if is_current:
                record = {"thread_id": name, "session_id": name, "turn_id": f"t{number}",
                          "response_id": f"resp_{thread}_{number}", "usage": used}
                new.append(line({"timestamp": at, "type": "token_usage_record", "payload": record}))
            counter = line({"timestamp": at, "type": "event_msg", "payload": {
                "type": "token_count", "info": {"total_token_usage": summed, "last_token_usage": used}}})
            # Limits of the account change between responses: the counter comes again.
            new += [counter, counter] if number % 3 == 0 else [counter]
            lines += new
            size += sum(map(len, new))
            number += 1
        self.responses += number
        day = self.at(thread, 0)[:10]
        path = f".codex/sessions/{day.replace('-', '/')}/rollout-{day}T01-00-00-{name}.jsonl"
        self.write(path, lines)


def run(command, home):
    """Standard output, seconds, seconds of processor time and MB of memory at most."""
    environment = {"HOME": home, "PATH": os.environ["PATH"], "TZ": "UTC"}
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}")
    seconds = time.monotonic() - started
    return output, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def days_of(tool, output, source):
    report = json.loads(output)
    if tool == "burntop":
        rows = [(group["name"], group) for group in report["groups"]]
    else:
        rows = []
        for row in report["daily"]:
            agents = [agent for agent in row.get("agents", []) if agent["agent"] == source]
            rows += [(row.get("period") or row.get("date"), agent) for agent in agents]
    return {day: [row[name] for name in NAMES[tool]] for day, row in rows}


def drop_caches():
    try:
        os.sync()
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--burntop", default="target/release/burntop", help="the program")
    parser.add_argument("--ccusage", help="the program; without it burntop alone is measured")
    parser.add_argument("--mb", type=int, default=256, help="size of the logs")
    parser.add_argument("--text", type=int, default=6000, help="bytes of text a response")
    parser.add_argument("--directory", help="where the logs are generated")
    arguments = parser.parse_args()
    home = tempfile.mkdtemp(prefix="corpus-", dir=arguments.directory)
    try:
        compare(arguments, home)
    finally:
        shutil.rmtree(home)


def compare(arguments, home):
    corpus = Corpus(home, arguments.text)
    session = 0
    while corpus.bytes < arguments.mb << 20:
        corpus.claude(session)
        corpus.codex(session)
        session += 1
    print(f"{corpus.bytes >> 20} MB, {corpus.responses} responses")
    burntop = os.path.abspath(arguments.burntop)
    commands = {"burntop": [burntop, "stats", "all", "--by", "day", "--json"]}
    if arguments.ccusage:
        commands["ccusage"] = [os.path.abspath(arguments.ccusage), "daily", "--json", "--by-agent", "--offline", "-z", "UTC"]
    outputs = {}
    for tool, command in commands.items():
        for name in ("cold", "warm"):
            shutil.rmtree(f"{home}/.local", ignore_errors=True)
            if name == "cold" and not drop_caches():
                continue
            outputs[tool], seconds, processor, memory = run(command, home)
            print(f"{tool}, first read, {name} cache: {seconds:.2f} s, {processor:.2f} s processor, {memory:.0f} MB")
        if tool == "burntop":
            _, seconds, processor, memory = run(command, home)
            print(f"{tool}, nothing new: {seconds:.2f} s, {processor:.2f} s processor, {memory:.0f} MB")
    for source in ("claude", "codex") if arguments.ccusage else ():
        name = "claude-code" if source == "claude" else source
        differing = compare_days(burntop, home, outputs["ccusage"], source, name)
        print(f"{name}: " + ("the same totals on all days" if not differing else f"{differing} differ"))


def compare_days(burntop, home, other, source, name):
    """Prints the days on which the counts differ, and returns their number."""
    # Without the logs of the other tool, the rest of the state is of this one.
    hidden = ".codex" if source == "claude" else ".claude"
    shutil.rmtree(f"{home}/.local", ignore_errors=True)
    os.rename(f"{home}/{hidden}", f"{home}/hidden")
    output, *_ = run([burntop, "stats", "all", "--by", "day", "--json"], home)
    os.rename(f"{home}/hidden", f"{home}/{hidden}")
    ours, theirs = days_of("burntop", output, source), days_of("ccusage", other, source)
    differing = [day for day in sorted(ours.keys() | theirs.keys()) if ours.get(day) != theirs.get(day)]
    for day in differing[:5]:
        print(f"  {name} {day} {COUNTS}: burntop {ours.get(day)}, ccusage {theirs.get(day)}")
    return len(differing)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
