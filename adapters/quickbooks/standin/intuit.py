"""Intuit's side of the wire: bearer, realm, address, and the envelope around every answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from adapters.quickbooks.standin import documents, faults, lists
from adapters.quickbooks.standin.grants import Grants
from adapters.quickbooks.standin.ledger import ENTITIES, Company
from adapters.quickbooks.standin.operations import write
from adapters.quickbooks.standin.search import respond
from adapters.quickbooks.standin.snapshot import corrupt, dump
from adapters.quickbooks.standin.wording import Document, moment_text, render
from connector.clock import Clock
from connector.testing.standin import Answer, Call
from connector.testing.worlds import World

TOKENS = "/oauth2/v1/tokens/bearer"
REQUEST_ID_CHARS_MAX = 50

_ADDRESS = re.compile(r"/v3/company/([^/]+)/([^/]+)(?:/([^/]+))?")
_ENTITIES = {entity.lower(): entity for entity in ENTITIES}
_SINGLES: dict[str, tuple[str, Callable[[Company], Document]]] = {
    "companyinfo": ("CompanyInfo", lists.company_info),
    "preferences": ("Preferences", lists.preferences),
}


class Intuit:
    """QuickBooks Online for these companies. `system` is the adapter's name."""

    system = "quickbooks"

    def __init__(self, companies: tuple[Company, ...], clock: Clock) -> None:
        self._clock = clock
        self._companies = {company.facts.realm: company for company in companies}
        self._grants = Grants(self._companies, clock)
        self._first_answers: dict[tuple[str, str], Answer] = {}
        self._calls = 0

    def answer(self, call: Call) -> Answer:
        """What Intuit would say; every answer carries an intuit_tid."""
        self._calls += 1
        if call.path == TOKENS and call.method == "POST":
            said = self._grants.answer(call)
        else:
            said = self._company_answer(call)
        return replace(said, headers={**said.headers, "intuit_tid": f"1-standin-{self._calls:012d}"})

    def settings(self, world: World, url: str) -> dict[str, str]:
        """The settings that connect to one company: the pasted refresh token is its first."""
        return {
            "base_url": url,
            "token_url": f"{url}{TOKENS}",
            "client_id": "standin-client",
            "client_secret": "standin-secret",
            "realm_id": world.realm,
            "refresh_token": f"refresh-{world.realm}-1",
        }

    def dump(self, *, normalised: bool) -> object:
        """Every object of every realm."""
        return dump(tuple(self._companies.values()), normalised=normalised)

    def corrupt(self, seed: int) -> str:
        """Shift one cent in one served figure; says where."""
        return corrupt(tuple(self._companies.values()), seed)

    def _company_answer(self, call: Call) -> Answer:
        found = _ADDRESS.fullmatch(call.path)
        company = self._companies.get(found[1]) if found else None
        try:
            realm = self._grants.realm_of(call)
            if realm is None:
                raise faults.not_authenticated("The bearer is missing, unknown or expired.")
            if found is None:
                raise faults.unsupported(call.path)
            if company is None or realm != company.facts.realm:
                raise faults.not_authorised()
            company.begin(self._clock.now())
            return self._admitted(call, company, found[2], found[3] or "")
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
        if resource == "query" and not vendor_id:
            return self._wrapped(company, "QueryResponse", respond(company, _query_of(call)))
        if call.method == "GET":
            return self._read(company, resource, vendor_id)
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

    def _read(self, company: Company, resource: str, vendor_id: str) -> Answer:
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


def _query_of(call: Call) -> str:
    """A query comes as a parameter or, when it is long, as the body of a POST."""
    text = call.first("query") or (call.body.decode("utf-8", "replace") if call.method == "POST" else "")
    if not text:
        raise faults.missing("query")
    return text
