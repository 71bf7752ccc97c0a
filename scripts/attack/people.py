"""Creates the accounts of the attack, so that the paths of examples exist: `people.py http://127.0.0.1:8000 password`.

The attack uses the account mallory with this password. The account ada is that of the examples in openapi.json, with their password.
"""

import json
import sys
import urllib.request
from datetime import datetime, timedelta, timezone

API, PASSWORD = sys.argv[1] + "/api/v1", sys.argv[2]


def call(method, path, token=None, body=None):
    """The body of the answer; fails unless the status is 2xx."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def register(name, password):
    """A token of a new account with some usage."""
    account = {"email": f"{name}@example.org", "password": password, "username": name, "timezone": "Europe/Berlin"}
    token = call("POST", "/auth/register", body=account)["token"]
    now = datetime.now(timezone.utc)
    messages = [
        {
            "id": f"{name}-{day}",
            "timestamp": (now - timedelta(days=day)).isoformat(),
            "model": "claude-sonnet-4-5-20250929",
            "inputTokens": 1000,
            "outputTokens": 200 * day,
        }
        for day in range(5)
    ]
    batch = {"version": "2.0.0", "client": "attack", "syncedAt": now.isoformat(), "source": "claude-code"}
    call("POST", "/sync", token, batch | {"messages": messages})
    return token


mallory = register("mallory", PASSWORD)
ada, grace, ivan = (register(name, "correct horse battery") for name in ("ada", "grace", "ivan"))
# grace is public; mallory, ada and ivan are private, so a follow of them is a request.
for private in (mallory, ada, ivan):
    call("PATCH", "/users/me", private, {"is_public": False})
for follower, followed in ((mallory, "grace"), (ivan, "grace"), (grace, "mallory"), (ivan, "mallory"), (mallory, "ada")):
    call("POST", f"/users/{followed}/follow", follower)
call("POST", "/users/me/follow-requests/grace", mallory)
call("POST", "/auth/tokens", mallory, {"name": "laptop", "scopes": ["sync"]})
