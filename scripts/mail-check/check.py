"""Receives the emails of the server at BURNTOP_API with a mail server of its own, and follows their links."""

import email
import email.policy
import json
import logging
import os
import queue
import urllib.error
import urllib.parse
import urllib.request
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

API = os.environ["BURNTOP_API"] + "/api/v1"
LOGIN = LoginPassword(os.environ["MAIL_CHECK_USER"].encode(), os.environ["MAIL_CHECK_PASSWORD"].encode())
emails = queue.Queue()


class Postbox:
    """Stores received emails."""

    async def handle_DATA(self, server, session, envelope):
        emails.put((envelope, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 taken"


def known(server, session, envelope, mechanism, data):
    return AuthResult(success=data == LOGIN)


def ask(method, path, body=None, token=None, form=None):
    """The status and the body of an answer."""
    data, headers = None, {}
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    if form is not None:
        data, headers["Content-Type"] = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(API + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else text
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def is_now(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def next_email(to):
    """The next email, which must be to `to`: the message, its text and its page."""
    envelope, message = emails.get(timeout=60)
    is_now((envelope.mail_from, envelope.rcpt_tos), ("burntop@example.org", [to]))
    is_now((message["From"], message["To"]), ("burntop <burntop@example.org>", to))
    assert message["Message-ID"].endswith("@api.example.org>"), message["Message-ID"]
    is_now(message["Auto-Submitted"], "auto-generated")
    assert message["Date"].datetime is not None and message["Subject"]
    is_now(message.get_content_type(), "multipart/alternative")
    is_now([part.get_content_type() for part in message.iter_parts()], ["text/plain", "text/html"])
    assert not message.defects, message.defects
    text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "src=" not in page, "the page loads nothing"
    return message, text, page


def link(text, page, start):
    """The token of the link that begins with `start`; both parts must have it."""
    found = next(word for word in text.split() if word.startswith(start))
    assert found in page, page
    return urllib.parse.parse_qs(urllib.parse.urlsplit(found).query)["token"][0]


def register(name):
    body = {"email": f"{name}@example.org", "username": name, "password": "correct horse battery"}
    status, session = ask("POST", "/auth/register", body)
    is_now(status, 201)
    return session["token"]


def main():
    ada = register("ada")
    _, text, page = next_email("ada@example.org")
    token = link(text, page, "https://app.example.org/auth/verify?")
    is_now(ask("POST", "/auth/verify-email", {"token": token[:-1]})[0], 400)
    is_now(ask("POST", "/auth/verify-email", {"token": token})[0], 204)
    is_now(ask("GET", "/auth/me", token=ada)[1]["email_verified"], True)

    is_now(ask("PATCH", "/users/me", {"is_public": False}, ada)[0], 200)
    bob = register("bob")
    next_email("bob@example.org")
    is_now(ask("POST", "/users/ada/follow", {}, bob)[0], 202)
    message, text, page = next_email("ada@example.org")
    assert "bob would like to follow you." in text and "bob would like to follow you." in page
    is_now(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
    url = message["List-Unsubscribe"].strip("<>")
    prefix = "https://api.example.org/api/v1"
    assert url.startswith(prefix), url
    path = url.removeprefix(prefix)
    is_now(ask("GET", path)[0], 200)
    is_now(ask("GET", "/notifications/preferences", token=ada)[1]["email"]["follow_request"], True)
    is_now(ask("POST", path, form={"List-Unsubscribe": "One-Click"})[0], 200)
    is_now(ask("GET", "/notifications/preferences", token=ada)[1]["email"]["follow_request"], False)

    for address in ("nobody@example.org", "bob@example.org", "ada@example.org"):
        is_now(ask("POST", "/auth/password/forgot", {"email": address}), (204, ""))
    # An unknown address and an unverified one get no email.
    _, text, page = next_email("ada@example.org")
    token = link(text, page, "https://app.example.org/auth/reset?")
    body = {"token": token, "new_password": "incorrect zebra capacitor"}
    is_now(ask("POST", "/auth/password/reset", body)[0], 204)
    is_now(ask("POST", "/auth/password/reset", body)[0], 400)
    is_now(ask("GET", "/auth/me", token=ada)[0], 401)
    is_now(ask("POST", "/auth/login", {"email": "ada", "password": "incorrect zebra capacitor"})[0], 200)
    assert emails.empty(), "an unexpected email arrived"
    print("four emails arrived, and their links work")


# The connection does not leave this machine, so the password may be sent without TLS.
warnings.filterwarnings("ignore", module="aiosmtpd")
logging.getLogger("mail.log").setLevel(logging.ERROR)
server = Controller(
    Postbox(),
    hostname="127.0.0.1",
    port=int(os.environ["MAIL_CHECK_PORT"]),
    authenticator=known,
    auth_required=True,
    auth_require_tls=False,
)
server.start()
try:
    main()
finally:
    server.stop()
