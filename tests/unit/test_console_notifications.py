"""Who is told: added only when a test message arrives, tried, removed; what was told; and no secret on any page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
from standardwebhooks import Webhook

from connector.app.channels import Mail, chat_address, mail_address, new_secret, webhook
from connector.app.shouting import shout
from connector.errors import ReceivablesError, UserError
from connector.model.alarm import Message
from connector.store.alarms import MESSAGES_MAX
from tests.journeys.test_shouting import SECRET, Receiver
from tests.unit.console_ground import MAIN, Ground, console, send, words
from tests.unit.mail_desk import MailDesk

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # in the library's own code


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("notifications")) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def page(ground: Ground, name: str = "dana") -> str:
    answer = ground.signed_in(name).get(f"/c/{MAIN}/notifications")
    assert answer.status_code == 200
    return str(answer.text)


def add(ground: Ground, name: str, kind: str, **fields: str) -> Any:
    return send(ground.signed_in("dana"), "notifications", name=name, kind=kind, **fields)


def change(ground: Ground, name: str, do: str) -> Any:
    return send(ground.signed_in("dana"), "notifications/change", name=name, do=do)


def names(ground: Ground) -> list[str]:
    with ground.desk() as desk:
        return [each.name for each in desk.store.company(MAIN).channels]


def test_a_signed_webhook_is_added_with_a_secret_that_is_shown_once_and_verifies_what_is_sent(
    ground: Ground, receiver: Receiver
) -> None:
    assert "Nobody is told." in words(page(ground, "vera"))
    added = add(ground, "program", "webhook", address=receiver.url)
    found = re.search(r"whsec_[\w+/=]+", added.text.replace("&#43;", "+"))
    assert found is not None
    headers, body = receiver.heard[-1]
    lower = {name.lower(): value for name, value in headers.items()}
    verified: Any = Webhook(found[0]).verify(body, lower)
    assert verified["text"] == "Walkabout Tools: needs you. This is a test. Nothing has to be done."
    shown = page(ground)
    assert found[0] not in shown
    assert receiver.url not in shown
    assert "program" in words(shown)
    assert "taken Walkabout Tools: needs you This is a test." in words(shown)
    change(ground, "program", "remove")
    assert names(ground) == []


def test_what_does_not_arrive_is_not_kept_and_is_told_as_not_taken(ground: Ground, receiver: Receiver) -> None:
    receiver.status = 503
    refused = add(ground, "away", "webhook", address=receiver.url, secret=SECRET)
    assert refused.status_code == 409
    assert "could not be delivered" in words(refused.text)
    assert SECRET not in refused.text
    assert receiver.url not in refused.text
    assert 'value="away"' in refused.text
    assert names(ground) == []
    assert "not taken Walkabout Tools: needs you" in words(page(ground))


@pytest.mark.gate
def test_a_channel_is_tried_again_and_one_that_does_not_take_it_is_told_as_that(
    ground: Ground, receiver: Receiver
) -> None:
    assert add(ground, "chat", "webhook", address=receiver.url, secret=SECRET).status_code == 303
    assert change(ground, "chat", "try").status_code == 303
    receiver.status = 500
    assert change(ground, "chat", "try").status_code == 409
    receiver.status = 200
    assert add(ground, "chat", "webhook", address=receiver.url, secret=SECRET).status_code == 409, "there is one"
    assert change(ground, "nobody", "remove").status_code == 404
    assert change(ground, "chat", "remove").status_code == 303
    assert names(ground) == []


@pytest.mark.gate
def test_mail_is_sent_by_what_a_person_knows_of_the_server(ground: Ground) -> None:
    with MailDesk() as desk:
        fields = {"server": "127.0.0.1", "port": str(desk.port), "security": "insecure", "sender": "books@example.com"}
        added = add(ground, "mail", "mail", to="ap@example.com, boss@example.com", **fields)
        assert added.status_code == 303, words(added.text)
        assert {to for each in desk.taken for to in each.to} == {"ap@example.com", "boss@example.com"}
        subjects = {message_from_bytes(each.data)["Subject"] for each in desk.taken}
        assert subjects == {"Walkabout Tools: needs you"}
    # The server is gone: the same is refused, and what was typed is there still, but for the password.
    refused = add(ground, "mail2", "mail", to="ap@example.com", user="me", password="a long password", **fields)
    assert refused.status_code == 409
    assert "a long password" not in refused.text
    assert 'value="books@example.com"' in refused.text
    change(ground, "mail", "remove")


MAIL = Mail(server="smtp.example.com", port="587", security="starttls", sender="a@example.com", to="b@example.com")


@pytest.mark.gate
def test_an_address_made_for_mail_holds_what_was_typed_whatever_signs_are_in_it() -> None:
    from apprise import Apprise

    typed = Mail(
        server="smtp.example.com",
        port="465",
        security="ssl",
        user="me@example.com",
        password="p@s/s:w&r=d?#%",
        sender="a@example.com",
        to="b@example.com, c@example.com",
    )
    assert "p@s" not in repr(typed)
    service = Apprise()
    assert service.add(mail_address(typed))
    [mail] = service.services
    assert (mail.smtp_host, mail.port, mail.user, mail.password) == (
        "smtp.example.com",
        465,
        "me@example.com",
        "p@s/s:w&r=d?#%",
    )
    assert {to for _, to in mail.targets} == {"b@example.com", "c@example.com"}
    assert mail.secure_mode == "ssl"


@pytest.mark.parametrize(
    ("changed", "words_of_it"),
    [
        ({"server": "smtp.example.com/x?to=evil@example.com"}, "no name of a computer"),
        ({"port": "0"}, "port is a number"),
        ({"port": "smtp"}, "port is a number"),
        ({"security": "none"}, "is not chosen"),
        ({"security": "insecure"}, "not written to in the open"),
        ({"sender": "me"}, "is no e-mail address"),
        ({"to": ""}, "is no e-mail address"),
        ({"to": "a@example.com,b"}, "is no e-mail address"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_mail_that_cannot_be_sent_safely_is_refused_before_anything_is_sent(
    changed: dict[str, str], words_of_it: str
) -> None:
    fields = {each: getattr(MAIL, each) for each in ("server", "port", "security", "sender", "to")}
    with pytest.raises(UserError, match=words_of_it):
        mail_address(Mail(**{**fields, **changed}))


CHAT = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.mark.gate
def test_a_chat_is_one_that_is_known_and_a_webhook_is_closed_to_others_and_signed() -> None:
    assert chat_address(CHAT) == CHAT
    for wrong in ("https://example.com/x", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "file:///x", ""):
        with pytest.raises(UserError, match="no address of a chat"):
            chat_address(wrong)
    assert webhook("https://example.com/in", SECRET) == ("https://example.com/in", SECRET)
    for address in ("http://example.com/in", "https://", "https://[", "ftp://example.com", "example.com"):
        with pytest.raises(UserError, match="begins with https"):
            webhook(address, SECRET)
    for secret in ("whsec_", "whsec_short", "whsec_***not base64***", ""):
        with pytest.raises(ReceivablesError, match="signing secret is none"):
            webhook("https://example.com/in", secret)
    assert webhook("https://example.com/in", new_secret())[1] != new_secret()


@pytest.mark.gate
def test_what_a_turn_told_stands_among_past_messages_and_the_oldest_are_forgotten(
    ground: Ground, receiver: Receiver
) -> None:
    assert add(ground, "team", "webhook", address=receiver.url, secret=SECRET).status_code == 303
    ground.clock.pass_seconds(40 * 3600)
    with ground.desk() as desk:
        assert shout(desk, desk.store.turn(desk.id)) == 0
        told = desk.store.messages(MAIN)
        assert "QuickBooks Online was read last on" in " ".join(each.text for each in told)
    assert json.loads(receiver.heard[-1][1])["over"] is False
    ground.browsers.clear()
    shown = words(page(ground, "vera"))
    assert "QuickBooks Online was read last on" in shown
    assert "receivables sync" not in shown
    with ground.desk() as desk:
        for number in range(MESSAGES_MAX + 5):
            ground.clock.pass_seconds(1)
            at = ground.clock.now()
            message = Message(channel="team", at=at, subject=str(number), text="", taken=True)
            desk.store.keep_message(MAIN, f"m-{number}", message)
        kept = desk.store.messages(MAIN)
    assert [kept[0].subject, kept[-1].subject, len(kept)] == [str(MESSAGES_MAX + 4), "5", MESSAGES_MAX]
