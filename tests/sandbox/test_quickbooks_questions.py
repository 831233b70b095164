"""What Intuit leaves open, asked. Each test reports what it found and fails only when the question could not be asked.

On the stand-in they run so that they cannot rot; what it answers is our own guess, and is labelled so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from connector.dates import Instant, epoch_seconds, instant_from_iso
from tests.clocks import FakeClock
from tests.intuit_rig import Json, Reply
from tests.sandbox.desk import new_key
from tests.sandbox.quickbooks_desk import Desk
from tests.sandbox.quickbooks_keys import write_mine

REFERENCE_LENGTHS = (20, 21, 22, 50)
NOTES_LENGTHS = (1024, 1025, 2000, 2001, 4000, 4001)
KEEPSAKES_MAX = 50
DAY_SECONDS = 86_400
COUNTERS = ("limit", "quota", "remaining", "usage", "meter", "count")
"""What a header would be called that tells how much is left or was used up."""


def unasked(why: str) -> None:
    pytest.fail(f"The question could not be asked: {why}.")


def outcome(answer: Reply) -> str:
    """What became of a call."""
    return "taken" if answer.status == 200 and not answer.code else f"refused ({answer.code or answer.status})"


def a_second_after(row: Json) -> str:
    """A second after the last change of a row, as changes are asked for."""
    return (datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"]) + timedelta(seconds=1)).isoformat()


def captured(desk: Desk, entity: str, since: str) -> tuple[Reply, list[str]]:
    """The answer to a question for changes, and the ids in it."""
    answer = desk.raw.send("GET", "cdc", entities=entity, changedSince=since)
    groups = [group for one in answer.json.get("CDCResponse", []) for group in one.get("QueryResponse", [])]
    return answer, [row["Id"] for group in groups for row in group.get(entity, [])]


# ---- request ids


def test_whether_a_request_id_that_was_refused_is_refused_again_when_its_reason_is_gone(desk: Desk) -> None:
    first = desk.customer()
    key, body = new_key(), {"DisplayName": first["DisplayName"]}
    refused = desk.raw.post("Customer", body, requestid=key.text)
    if refused.code != "6240":
        unasked(f"a second customer of the same name was {outcome(refused)}")
    names = {"Id": first["Id"], "SyncToken": first["SyncToken"], "sparse": True}
    desk.raw.made("Customer", {**names, "DisplayName": f"{first['DisplayName']} earlier"})
    again = desk.raw.post("Customer", body, requestid=key.text)
    done = again if again.status == 200 else desk.raw.post("Customer", body)
    if done.status != 200:
        unasked(f"the name did not come free; the same customer under a new request id was {outcome(done)}")
    desk.keep_in_mind("Customer", done.json["Customer"]["Id"])
    answer = "No, it was carried out." if again is done else f"Yes, it was {outcome(again)}, and a new one was taken."
    desk.report("Is the refusal of a request id kept when its reason is gone?", answer)


def kept_requests(desk: Desk) -> list[Json]:
    """The writes that earlier runs left to be repeated, the oldest first."""
    return list(json.loads(desk.keepsakes.read_text())) if desk.keepsakes.exists() else []


def keep_a_request(desk: Desk) -> None:
    """Leave a write for later runs to repeat."""
    key, body = new_key(), {"Note": f"{desk.mark}: may be deleted"}
    made = desk.make("Attachable", body, requestid=key.text)
    one = {"requestid": key.text, "body": body, "id": made["Id"], "at": desk.clock.now().isoformat()}
    write_mine(desk.keepsakes, json.dumps([*kept_requests(desk), one]))


def days_since(desk: Desk, text: str) -> float:
    now: Instant = desk.clock.now()
    return round((epoch_seconds(now) - epoch_seconds(instant_from_iso(text))) / DAY_SECONDS, 1)


def test_how_long_a_request_id_is_remembered(desk: Desk) -> None:
    """One run repeats what earlier ones wrote; so the answer grows with the age of the file they share."""
    if isinstance(desk.clock, FakeClock):
        keep_a_request(desk)
        desk.clock.pass_seconds(40 * DAY_SECONDS)
    if len(kept_requests(desk)) < KEEPSAKES_MAX:
        keep_a_request(desk)
    known, forgotten, still = [0.0], [], []
    for one in kept_requests(desk):
        again = desk.raw.post("Attachable", one["body"], requestid=one["requestid"])
        if again.status != 200:
            unasked(f"a repeated write was {outcome(again)}")
        age = days_since(desk, one["at"])
        if again.json["Attachable"]["Id"] == one["id"]:
            known.append(age)
            still.append(one)
        else:
            forgotten.append(age)
            desk.keep_in_mind("Attachable", again.json["Attachable"]["Id"])
    write_mine(desk.keepsakes, json.dumps(still))
    limit = f"one of {min(forgotten)} days acted again." if forgotten else "none that was tried acted again."
    desk.report("How long is a request id remembered?", f"One of {max(known)} days was still known; {limit}")


# ---- fields and figures


def test_how_long_the_reference_number_of_a_payment_may_be(desk: Desk) -> None:
    customer, found = desk.customer(), []
    for length in REFERENCE_LENGTHS:
        _, body = desk.body(desk.payment(customer, "1.00"), new_key())
        number = f"RT{new_key().op_id}".ljust(length, "X")[:length]
        answer = desk.raw.post("Payment", {**body, "PaymentRefNum": number})
        if answer.status == 200:
            desk.keep_in_mind("Payment", answer.json["Payment"]["Id"])
            held = desk.raw.one("Payment", answer.json["Payment"]["Id"]).get("PaymentRefNum", "")
            found.append(f"{length} kept whole" if held == number else f"{length} cut to {len(held)}")
        else:
            found.append(f"{length} {outcome(answer)}")
    if not found[0].endswith("whole"):
        unasked(f"the length that we use ourselves: {found[0]}")
    desk.report("How long may PaymentRefNum be?", f"{', '.join(found)}.")


def test_how_much_the_notes_of_a_customer_really_hold(desk: Desk) -> None:
    customer, found = desk.customer(), []
    for length in NOTES_LENGTHS:
        now = desk.raw.one("Customer", customer["Id"])
        names = {"Id": now["Id"], "SyncToken": now["SyncToken"], "sparse": True}
        text = (f"{desk.mark} " + "0123456789" * (length // 10))[:length]
        answer = desk.raw.post("Customer", {**names, "Notes": text})
        held = desk.raw.one("Customer", customer["Id"]).get("Notes", "") if answer.status == 200 else ""
        kept = "kept whole" if held == text else f"cut to {len(held)}"
        found.append(f"{length} {kept if answer.status == 200 else outcome(answer)}")
    if not found[0].endswith("whole"):
        unasked(f"what the schema allows is not kept: {found[0]}")
    desk.report("How much do Customer.Notes hold?", f"{', '.join(found)}.")


def test_whether_amounts_may_be_texts(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "9.00")
    _, body = desk.body(desk.payment(customer, "7.25", (invoice, "7.25")), new_key())
    [line] = body["Line"]
    as_text = {**body, "TotalAmt": "7.25", "Line": [{**line, "Amount": "7.25"}]}
    answer = desk.raw.post("Payment", as_text)
    read_as = ""
    if answer.status == 200:
        payment = answer.json["Payment"]
        desk.keep_in_mind("Payment", payment["Id"])
        exact = (payment["TotalAmt"], payment.get("UnappliedAmt")) == (Decimal("7.25"), 0)
        read_as = " and read exactly" if exact else f" and read as {payment['TotalAmt']}"
    else:
        proper = desk.raw.post("Payment", body)
        if proper.status != 200:
            unasked(f"the same payment with proper amounts was {outcome(proper)}")
        desk.keep_in_mind("Payment", proper.json["Payment"]["Id"])
    desk.report("Are amounts taken as texts?", f'"7.25" was {outcome(answer)}{read_as}.')


# ---- notes


def test_whether_a_note_may_be_hung_on_an_invoice_of_a_closed_period(desk: Desk) -> None:
    closed = desk.closed_through()
    if closed is None:
        unasked("no period is closed; set a closing date under Account and settings, Advanced")
    old = desk.raw.rows(f"SELECT * FROM Invoice WHERE TxnDate <= '{closed}' MAXRESULTS 1")  # noqa: S608 - a date
    if not old:
        unasked(f"no invoice is dated {closed} or before; move the closing date to after one")
    about = {"EntityRef": {"type": "Invoice", "value": old[0]["Id"]}, "IncludeOnSend": False}
    answer = desk.raw.post("Attachable", {"AttachableRef": [about], "Note": f"{desk.mark}: may be deleted"})
    if answer.status == 200:
        desk.keep_in_mind("Attachable", answer.json["Attachable"]["Id"])
    now = desk.raw.one("Invoice", old[0]["Id"])
    same = all(now[name] == old[0][name] for name in ("SyncToken", "MetaData"))
    moved = "the invoice did not move" if same else "the invoice's token or time moved"
    desk.report("May a note be hung on an invoice of a closed period?", f"It was {outcome(answer)}; {moved}.")


def test_whether_notes_are_told_by_the_changes(desk: Desk) -> None:
    since = a_second_after(desk.customer())
    desk.clock.sleep(2)
    invoice = desk.invoice(desk.customer(), "3.00")
    about = {"EntityRef": {"type": "Invoice", "value": invoice["Id"]}, "IncludeOnSend": False}
    note = desk.make("Attachable", {"AttachableRef": [about], "Note": f"{desk.mark}: may be deleted"})
    control = desk.eventually(lambda: captured(desk, "Invoice", since)[1], lambda ids: invoice["Id"] in ids)
    if invoice["Id"] not in control:
        unasked("the invoice that was made meanwhile is not among the changes either")
    answer, ids = captured(desk, "Attachable", since)
    told = "it is told" if note["Id"] in ids else "it is not told"
    desk.report("Is Attachable told by CDC?", f"The question was {outcome(answer)}; {told}.")


# ---- deposits


def test_whether_changes_tell_of_a_payment_when_it_is_banked(desk: Desk) -> None:
    posted = desk.post(desk.payment(desk.customer(), "12.00"), new_key())
    payment = desk.raw.one("Payment", posted.ref.vendor_id)
    desk.clock.sleep(5)
    banked = desk.post(desk.deposit(posted.ref, "12.00", "1.00"), new_key())
    since = a_second_after(payment)
    control = desk.eventually(lambda: captured(desk, "Deposit", since)[1], lambda ids: banked.ref.vendor_id in ids)
    if banked.ref.vendor_id not in control:
        unasked("the deposit itself is not among the changes")
    told = posted.ref.vendor_id in captured(desk, "Payment", since)[1]
    moved = desk.raw.one("Payment", posted.ref.vendor_id)["MetaData"] != payment["MetaData"]
    desk.report(
        "Does CDC tell of a payment when it is banked?",
        f"{'Yes' if told else 'No, only of the deposit'}; its time {'moved' if moved else 'did not move'}.",
    )


# ---- what cannot be seen


def counting(headers: Sequence[str]) -> list[str]:
    return sorted(name for name in headers if any(word in name.lower() for word in COUNTERS))


def test_whether_an_answer_says_how_many_reads_it_was_counted_as(desk: Desk) -> None:
    """A batch is one call by HTTP; whether Intuit counts its questions one by one no answer would say."""
    plain = desk.raw.send("GET", "preferences")
    if plain.status != 200:
        unasked(f"a plain read was {outcome(plain)}")
    asked = [{"bId": str(number), "Query": "SELECT COUNT(*) FROM Customer"} for number in (1, 2)]
    batch = desk.raw.post("batch", {"BatchItemRequest": asked})
    named = counting([*plain.headers, *batch.headers])
    seen = f"Headers that may tell: {', '.join(named)}" if named else "No header tells"
    desk.report(
        "Is a batch of two reads counted as one or as two?",
        f"That cannot be seen from here. The batch was {outcome(batch)}. {seen}; compare the usage that Intuit's "
        "developer portal shows before and after a day of batches.",
    )
