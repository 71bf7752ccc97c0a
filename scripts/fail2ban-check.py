#!/usr/bin/env python3
"""Sends wrong passwords to the server of BURNTOP_API, and checks that the filter in config/fail2ban finds them in its log BURNTOP_LOG.

The rules of fail2ban are regular expressions of Python. If `fail2ban-regex` is installed, it reads the same log too.
"""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

FILTER = "config/fail2ban/filter.d/burntop.conf"
API = os.environ["BURNTOP_API"] + "/api/v1"
LOG = os.environ["BURNTOP_LOG"]
# What a client chooses must not be taken for an address.
FORGED = [
    'request{client=203.0.113.7',
    'x}:request{client=203.0.113.7,method=POST,route="/api/v1/auth/login",status=401',
    '"span":{"client":"203.0.113.7","method":"POST","route":"/api/v1/auth/login","status":401}',
]


def post(path, body, headers):
    request = urllib.request.Request(API + path, json.dumps(body).encode(), {"Content-Type": "application/json"} | headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def addresses():
    """The addresses that the filter finds, one for each line."""
    rules = configparser.RawConfigParser(comment_prefixes=("#",))
    rules.read(FILTER)
    address = r"(?P<address>[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)"
    lines = [rule for rule in rules["Definition"]["failregex"].splitlines() if rule]
    patterns = [re.compile(rule.replace("<ADDR>", address)) for rule in lines]
    with open(LOG, encoding="utf-8", errors="replace") as log:
        found = (next(filter(None, (pattern.search(line.rstrip("\n")) for pattern in patterns)), None) for line in log)
        return [match["address"] for match in found if match]


def main():
    wrong = {"email": "nobody@example.org", "password": "not the password"}
    for number, forged in enumerate(FORGED):
        assert post("/auth/login", wrong, {"X-Correlation-ID": forged}) == 401, number
    # Neither a request with an ended token nor one on another route is an attack.
    assert post("/sync", {}, {"Authorization": "Bearer s_ended", "X-Correlation-ID": FORGED[1]}) == 401
    deadline = time.monotonic() + 10
    while len(addresses()) < len(FORGED) and time.monotonic() < deadline:
        time.sleep(0.05)
    if addresses() != ["127.0.0.1"] * len(FORGED):
        sys.exit(f"error: {FILTER} finds {addresses()} in the log after {len(FORGED)} wrong passwords from 127.0.0.1")
    print(f"the filter finds the {len(FORGED)} wrong passwords")

    program = shutil.which("fail2ban-regex")
    if program is None:
        print("fail2ban-regex is not installed; fail2ban itself was not asked")
        return
    output = subprocess.run([program, LOG, FILTER], capture_output=True, text=True, check=True).stdout
    if f"{len(FORGED)} matched" not in output:
        sys.exit(f"error: fail2ban-regex does not find them:\n{output}")
    print("fail2ban-regex finds them too")


if __name__ == "__main__":
    main()
