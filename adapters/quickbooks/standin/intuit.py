"""Intuit's side of the wire: bearer, realm, address, and the envelope around every answer."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.quickbooks.standin import documents, faults, lists
from adapters.quickbooks.standin.changes import capture
from adapters.quickbooks.standin.churn import Churn
from adapters.quickbooks.standin.conduct import Conduct, Limits, Traffic
from adapters.quickbooks.standin.consent import CONSENT, Consent
from adapters.quickbooks.standin.daily import MISHAPS, live_a_day
from adapters.quickbooks.standin.grants import Grants
from adapters.quickbooks.standin.ledger import ENTITIES, Company, Happening
from adapters.quickbooks.standin.office import Office, admit
from adapters.quickbooks.standin.operations import write
from adapters.quickbooks.standin.sales import send_invoice
from adapters.quickbooks.standin.search import respond
from adapters.quickbooks.standin.shapes import SHAPES, SHORTENED, shortened
from adapters.quickbooks.standin.snapshot import corrupt, dump
from adapters.quickbooks.standin.wording import Document, moment_text, render
from connector.clock import Clock
from connector.errors import UserError
from connector.testing.days import Owed
from connector.testing.papers import one_page
from connector.testing.standin import BEHIND, Answer, Call
from connector.testing.worlds import World

TOKENS = "/oauth2/v1/tokens/bearer"
REVOKE = "/v2/oauth2/tokens/revoke"
REQUEST_ID_CHARS_MAX = 50

_ADDRESS = re.compile(r"/v3/company/([^/]+)/([^/]+)(?:/([^/]+)(/send|/pdf)?)?")
_ENTITIES = {entity.lower(): entity for entity in ENTITIES}
_SINGLES: dict[str, tuple[str, Callable[[Company], Document]]] = {
    "companyinfo": ("CompanyInfo", lists.company_info),
    "preferences": ("Preferences", lists.preferences),
}


class Intuit:
    """QuickBooks Online for these companies. `system` is the adapter's name."""

    system = "quickbooks"
    addresses = "/v3/*"
    mishaps = MISHAPS

    def __init__(self, companies: tuple[Company, ...], clock: Clock, conduct: Conduct) -> None:
        self._clock = clock
        self._companies = {company.facts.realm: company for company in companies}
        self._traffic = {realm: Traffic() for realm in self._companies}
        self._grants = Grants(self._companies, clock, conduct)
        self._consent = Consent({realm: company.facts.name for realm, company in self._companies.items()}, self._grants)
        self._conduct = conduct
        self._first_answers: dict[tuple[str, str], Answer] = {}
        self._calls = 0

    def answer(self, call: Call) -> Answer:
        """What Intuit would say; every answer carries an intuit_tid."""
        self._calls += 1
        if call.path == TOKENS and call.method == "POST":
            said = self._grants.answer(call)
        elif call.path == REVOKE and call.method == "POST":
            said = self._grants.revoke(call)
        elif call.path == CONSENT:
            said = self._consent.answer(call)
        else:
            said = self._company_answer(call)
        return self._traced(said)

    def _traced(self, said: Answer) -> Answer:
        return replace(said, headers={**said.headers, "intuit_tid": f"1-standin-{self._calls:012d}"})

    def settings(self, world: World, url: str) -> dict[str, str]:
        """The settings that connect to one company: the pasted refresh token is its first."""
        return {
            "base_url": url,
            "token_url": f"{url}{TOKENS}",
            "authorise_url": f"{url}{CONSENT}",
            "revoke_url": f"{url}{REVOKE}",
            "client_id": "standin-client",
            "client_secret": "standin-secret",
            "realm_id": world.realm,
            "refresh_token": f"refresh-{world.realm}-1",
        }

    @property
    def conduct(self) -> Conduct:
        """How it behaves where Intuit leaves a choice; may be replaced while it runs."""
        return self._conduct

    @conduct.setter
    def conduct(self, conduct: Conduct) -> None:
        self._conduct = self._grants.conduct = conduct

    def company(self, realm: str = "") -> Company:
        """The books of a realm, the first company's without one. UserError when there are none."""
        found = self._companies.get(realm or next(iter(self._companies), ""))
        if found is None:
            raise UserError(f"This stand-in serves no company {realm}.", next_step="Name a `realm` of its world.")
        return found

    def office(self, realm: str = "") -> Office:
        """What people do in the books of a company, on QuickBooks' own screens, behind our back."""
        return Office(self.company(realm), self._clock)

    def live_a_day(self, world: World, chance: random.Random, owed: Sequence[Owed]) -> tuple[Owed, ...]:  # noqa: ARG002
        """`daily`: the company's people bill, bank and write; what is owed they know from these books."""
        return live_a_day(self.office(world.realm), chance)

    def traffic(self, realm: str = "") -> Traffic:
        """What was counted of one company's callers."""
        return self._traffic[self.company(realm).facts.realm]

    def draw_happenings(self) -> list[tuple[str, Happening]]:
        """What happened in every company since this was last asked, each with its realm."""
        drawn = []
        for realm, company in self._companies.items():
            drawn += [(realm, one) for one in company.happened]
            company.happened.clear()
        return drawn

    def expire(self, realm: str = "") -> None:
        """Every access token of a company dies at once."""
        self._grants.expire(self.company(realm).facts.realm)

    def behind(self, call: Call) -> Answer:
        """`office` over loopback, for a stand-in in another process: `/-/{realm}/{act}`."""
        realm, _, act = call.path.removeprefix(BEHIND).partition("/")
        return admit(self.office(realm), act, call.body, self._levers(realm))

    def _levers(self, realm: str) -> Mapping[str, Callable[..., object]]:
        """What a stand-in in another process can be told besides the acts of people."""
        return {
            "churn": lambda seed, edits, acts=(): Churn(self.office(realm), seed, acts).run(edits),
            "conduct": self._behave,
            "expire": lambda: self.expire(realm),
            "traffic": lambda: self.traffic(realm).counted(),
        }

    def _behave(self, limits: Mapping[str, Any] | None = None, **switches: Any) -> str:
        """Replace some switches; `limits` as an object of its own, none when it is not named."""
        self.conduct = replace(self._conduct, limits=Limits(**limits) if limits is not None else None, **switches)
        return repr(self.conduct)

    def entered(self, call: Call) -> None:
        """Count those whose calls are under way at the same time."""
        if (traffic := self._traffic_of(call)) is not None:
            traffic.enter()

    def left(self, call: Call) -> None:
        """Such a call is answered."""
        if (traffic := self._traffic_of(call)) is not None:
            traffic.leave()

    def _traffic_of(self, call: Call) -> Traffic | None:
        found = _ADDRESS.fullmatch(call.path)
        return self._traffic.get(found[1]) if found else None

    def arrived(self, call: Call) -> bool:
        """Count somebody who calls a company, also one whom a fault keeps away; False when it is one too many."""
        found = _ADDRESS.fullmatch(call.path)
        traffic = self._traffic_of(call)
        if traffic is None or found is None:
            return True
        return traffic.arrive(self._clock.now(), self._conduct.limits, batch=found[2] == "batch")

    def shape(self, name: str, call: Call) -> Answer | None:
        """What Intuit says when it fails in a certain way; None when it knows no such way."""
        if name in SHORTENED:
            return shortened(name, self.answer(call))
        said = SHAPES.get(name)
        if said is None:
            return None
        self._calls += 1
        found = _ADDRESS.fullmatch(call.path)
        return self._traced(said(self._time(self._companies.get(found[1]) if found else None)))

    def dump(self, *, normalised: bool) -> object:
        """Every object of every realm."""
        return dump(tuple(self._companies.values()), normalised=normalised)

    def corrupt(self, seed: int) -> str:
        """Shift one cent in one served figure; says where."""
        return corrupt(tuple(self._companies.values()), seed)

    def _company_answer(self, call: Call) -> Answer:
        found = _ADDRESS.fullmatch(call.path)
        company = self._companies.get(found[1]) if found else None
        limits = self._conduct.limits
        if not self.arrived(call) and limits is not None:
            return SHAPES[limits.shape](self._time(company))
        try:
            realm = self._grants.realm_of(call)
            if realm is None:
                raise faults.not_authenticated("The bearer is missing, unknown or expired.")
            if found is None:
                raise faults.unsupported(call.path)
            if company is None or realm != company.facts.realm:
                raise faults.not_authorised()
            company.begin(self._clock.now())
            company.lag_seconds = self._conduct.search_lag_seconds
            if found[4] == "/pdf" and found[2] == "invoice" and call.method == "GET":
                self._traffic[company.facts.realm].metered += 1
                return _printed(company, found[3])
            if found[4] == "/send" and found[2] == "invoice" and call.method == "POST":
                sent = send_invoice(company, found[3], call.first("sendTo"))
                return self._wrapped(company, "Invoice", documents.text(company, sent))
            return self._admitted(call, company, found[2], (found[3] or "") + (found[4] or ""))
        except faults.Refusal as refusal:
            time = self._time(company)
            return Answer(status=refusal.status, body=render(refusal.document(time)).encode())

    def _time(self, company: Company | None) -> str:
        now = self._clock.now()
        return moment_text(now, company, "milliseconds") if company else now.isoformat(timespec="milliseconds")

    def _admitted(self, call: Call, company: Company, resource: str, vendor_id: str) -> Answer:
        """Read, or write once per requestid (which counts as a query parameter and nowhere else)."""
        if not call.first("minorversion", "75").isdigit():
            raise faults.invalid("minorversion")
        if call.method == "GET" or resource == "query":
            said = self._read(call, company, resource, vendor_id)
            self._traffic[company.facts.realm].metered += 1
            return said
        if call.method != "POST" or vendor_id or resource not in _ENTITIES:
            raise faults.unsupported(f"{call.method} {resource}")
        request_id = call.first("requestid")
        if len(request_id) > REQUEST_ID_CHARS_MAX:
            raise faults.too_long("requestid", len(request_id), REQUEST_ID_CHARS_MAX)
        key = (company.facts.realm, request_id)
        if request_id and key in self._first_answers:
            return self._first_answers[key]
        entity = _ENTITIES[resource]
        written = write(company, entity, call.body, call.first("operation"), call.first("include"))
        said = self._wrapped(company, entity, written)
        if request_id:
            self._first_answers[key] = said
        return said

    def _read(self, call: Call, company: Company, resource: str, vendor_id: str) -> Answer:
        if resource == "query" and not vendor_id:
            return self._wrapped(company, "QueryResponse", respond(company, _query_of(call)))
        if resource == "cdc" and not vendor_id:
            asked, since = call.first("entities"), call.first("changedSince")
            cuts = self._conduct.look_back == "cut"
            return self._wrapped(company, "CDCResponse", capture(company, asked, since, cuts_look_back=cuts))
        if resource in _SINGLES:
            entity, describe = _SINGLES[resource]
            if vendor_id not in ("", "1", company.facts.realm):
                raise faults.not_found(entity)
            return self._wrapped(company, entity, render(describe(company)))
        if resource not in _ENTITIES or not vendor_id:
            raise faults.unsupported(f"GET {resource}")
        entity = _ENTITIES[resource]
        record = company.records[entity].get(vendor_id)
        if record is None:
            raise faults.not_found(entity)
        return self._wrapped(company, entity, documents.text(company, record))

    def _wrapped(self, company: Company, name: str, inner: str) -> Answer:
        return Answer(body=f'{{"{name}":{inner},"time":"{self._time(company)}"}}'.encode())


def _printed(company: Company, vendor_id: str) -> Answer:
    """An invoice as the company's customers get it."""
    record = company.records["Invoice"].get(vendor_id)
    if record is None:
        raise faults.not_found("Invoice")
    fields = json.loads(documents.text(company, record), parse_float=str)
    lines = (company.facts.name, f"Invoice {fields.get('DocNumber', '')}", f"Total {fields['TotalAmt']}")
    return Answer(body=one_page(lines), content_type="application/pdf")


def _query_of(call: Call) -> str:
    """A query comes as a parameter or, when it is long, as the body of a POST."""
    text = call.first("query") or (call.body.decode("utf-8", "replace") if call.method == "POST" else "")
    if not text:
        raise faults.missing("query")
    return text
