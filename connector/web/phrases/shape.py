"""The names of the sentences. Braces stand for what is put in."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

_APART = re.compile(r" [:;?!»]|« ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One language."""

    name: str
    # what is asked
    invoice: str
    invoice_alone: str
    invoices: str
    from_seller: str
    amount_due: str
    total: str
    issued: str
    due: str
    updated: str
    on_its_way: str
    share: str
    # ways to pay
    ways: str
    at_once: str
    takes_days: str
    by_transfer: str
    by_transfer_hint: str
    by_cheque: str
    by_cheque_hint: str
    elsewhere: str
    no_ways: str
    amount_to_pay: str
    amount_between: str
    amount_wrong: str
    see_invoice: str
    tell_us: str
    back: str
    # where it stands
    paid: str
    paid_said: str
    receipt: str
    reference: str
    received: str
    received_said: str
    processing: str
    processing_said: str
    checking: str
    checking_said: str
    closed: str
    closed_said: str
    failed: str
    failed_said: str
    returned: str
    returned_said: str
    given_back: str
    given_back_said: str
    look_again: str
    # what went wrong
    nothing_here: str
    nothing_here_said: str
    fault: str
    fault_said: str
    away_neutral: str
    too_many: str
    too_many_said: str
    too_old: str
    too_old_said: str
    refused: str
    refused_said: str
    no_answer: str
    no_answer_said: str
    opening: str
    opening_said: str
    away: str
    away_said: str
    no_document: str
    not_shown: str
    not_shown_said: str
    # bank transfer
    transfer_intro: str
    amount: str
    holder: str
    bank: str
    country: str
    routing: str
    account: str
    account_type: str
    institution: str
    transit: str
    sort_code: str
    iban: str
    bic: str
    takes: str
    charges: str
    name_check: str
    transfer_days: str
    not_twice: str
    fraud: str
    fraud_call: str
    scan: str
    scan_said: str
    copy: str
    copied: str
    not_copied: str
    # cheque
    cheque_intro: str
    payee: str
    send_to: str
    write_on: str
    print: str
    cheque_not_twice: str
    # the form
    tell_title: str
    about: str
    ask_question: str
    ask_never_received: str
    ask_wrong_person: str
    ask_paid: str
    ask_will_pay: str
    day_label: str
    day_hint: str
    words_label: str
    words_hint: str
    person_label: str
    send: str
    thanks: str
    thanks_said: str
    choose_one: str
    no_words: str
    too_long: str
    card_number: str
    no_day: str
    # around it
    who: str
    languages: str


def tied(said: Phrases) -> Phrases:
    """The same with every sign that French sets apart kept on the line of its word."""
    texts = {each.name: _APART.sub(_tie, getattr(said, each.name)) for each in fields(said)}
    return Phrases(**texts)


def _tie(found: re.Match[str]) -> str:
    return found.group().replace(" ", "\N{NO-BREAK SPACE}")
