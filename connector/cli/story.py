"""The demo's story, step by step, against doubles of the vendors that run as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from connector.app import books, collecting, paying, payouts, reviewing, setup
from connector.app.house import Desk, House
from connector.app.proof import Proof, prove
from connector.cli import theatre
from connector.clock import SystemClock
from connector.collect.contacts import Said
from connector.config import Config
from connector.dates import day_of, later, zone
from connector.errors import Unreachable
from connector.model.contact import Channel, Direction, Outcome, Promise
from connector.model.finding import FindingCode
from connector.model.intent import IntentKind, PostExpense
from connector.model.source import ActorId
from connector.money import by_currency, grouped
from connector.plan import Plan
from connector.ports import Captures
from connector.reconcile.cash.verdict import Class
from connector.reconcile.clearing import IN_WORDS
from connector.registry import specs
from connector.testing.demo_faults import FAULTS
from connector.testing.demo_world import demo_world
from connector.testing.worlds import World, parse
from connector.transport import VendorSession
from connector.web.page import Step, render

DEMO_CALLS_PER_MINUTE = 1_000_000
"""The doubles are on this computer; there is nobody to spare."""
STOP_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """A vendor's double: its process, its address, and the settings that connect to each company in it."""

    process: subprocess.Popen[str]
    url: str
    corrupted: str
    settings: dict[str, dict[str, str]]


class Demo:
    """Runs the story; a context manager, because it owns processes and a folder."""

    def __init__(self, *, corrupt: int | None, say: Callable[[str], None], port: int) -> None:
        self._corrupt = corrupt
        self._say = say
        self._port = port
        self._steps: list[Step] = []
        self._proofs: list[Proof] = []
        self._wrong: list[str] = []
        self._doubles: dict[str, Double] = {}

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="receivables-demo-")
        self._home = Path(self._folder.name) / "home"
        self._home.mkdir(mode=0o700)
        today = day_of(SystemClock().now(), zone("America/New_York"))
        text = demo_world(today)
        self._worlds: tuple[World, ...] = parse(text)
        self._world_file = Path(self._folder.name) / "demo.world"
        self._world_file.write_text(text, encoding="utf-8")
        self._config = Config(
            home=self._home,
            database=str(self._home / "receivables.db"),
            actor="Dana",
            link_base=f"http://127.0.0.1:{self._port}",
            settle_payment_seconds=0,
            settle_note_seconds=0,
            calls_per_minute=DEMO_CALLS_PER_MINUTE,
        )
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def _start(self) -> None:
        """A double of each system whose adapter brings one; the fault goes into one of them."""
        names = [name for name in specs() if any(world.is_in(name) for world in self._worlds)]
        for place, name in enumerate(names):
            faults = Path(self._folder.name) / f"{name}.faults"
            faults.write_text(FAULTS.get(name, ""), encoding="utf-8")
            command = [sys.executable, "-m", "connector", "standin", name, "--world", str(self._world_file)]
            command += ["--faults", str(faults)]
            if self._corrupt is not None and self._corrupt % len(names) == (place + 1) % len(names):
                command += ["--corrupt", str(self._corrupt)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own command
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line.startswith("{"):
                raise Unreachable(f"The double of {name} did not start.", next_step="Run the demo again.")
            said = json.loads(line, parse_float=Decimal)
            self._doubles[name] = Double(
                process=process, url=said["url"], corrupted=said["corrupted"], settings=said["settings"]
            )

    def _stop(self) -> None:
        for double in self._doubles.values():
            double.process.terminate()
        for double in self._doubles.values():
            try:
                double.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                double.process.kill()
            if double.process.stdout is not None:
                double.process.stdout.close()
        self._folder.cleanup()

    def run(self) -> None:
        """The whole story."""
        with House(self._config) as house:
            self._open(house)
            desks = [house.company(_company_id(world)) for world in self._worlds]
            self._read(desks)
            self._decide(desks)
            self._review(desks)
            plans = self._plan(house, desks)
            desks = [house.company(_company_id(world)) for world in self._worlds]
            self._pull_the_plug(desks[0], plans[0])
            before = theatre.state_of(self._double_of(desks[1]), desks[1])
            self._write(desks, plans)
            self._pay(desks[0])
            self._pay_by_wallet(desks[0])
            self._call(desks[0])
            self._prove(desks)
            self._undo(desks[1], plans[1], before)

    def _step(self, title: str, sentence: str, *figures: tuple[str, str]) -> None:
        self._steps.append(Step(title=title, sentence=sentence, figures=figures))
        self._say(f"{len(self._steps)}. {title}\n   {sentence}")
        for name, value in figures:
            self._say(f"     {name}: {value}")

    def _open(self, house: House) -> None:
        figures = []
        for world in self._worlds:
            for name, double in self._doubles.items():
                if not world.is_in(name):
                    continue
                wish = setup.Wish(
                    system=name,
                    company=_company_id(world),
                    zone=world.zone,
                    values=double.settings[world.name],
                    allow_writes=False,
                )
                setup.connect(house, wish)
            counted = (
                f"{len(world.customers)} customers, {len(world.invoices)} invoices, {len(world.payments)} payments"
            )
            figures.append((world.name, counted))
        *most, last = (spec.title for name, spec in specs().items() if name in self._doubles)
        systems = f"{', '.join(most)} and {last}" if most else last
        sentence = f"Two companies are connected to doubles of {systems} on this computer, read-only."
        self._step("Connect", sentence, *figures)
        for double in self._doubles.values():
            if double.corrupted:
                self._step("A cent goes missing", f"On purpose: {double.corrupted}")

    def _read(self, desks: list[Desk]) -> None:
        figures = []
        for desk in desks:
            results = books.sync_all(desk, _quiet)
            counts = [count for each in results.values() for count in each.counts.values()]
            figures.append((desk.company.name, f"{sum(c.new + c.changed for c in counts)} records read"))
        self._step("Sync", "Everything is mirrored; reading changes nothing over there.", *figures)

    def _decide(self, desks: list[Desk]) -> None:
        figures = []
        for desk in desks:
            decided = books.reconcile_all(desk)
            money = by_currency(decision.gross for decision in decided.outcome.decisions)
            sums = ", ".join(grouped(each) for each in money.values())
            figures.append(
                (f"{desk.company.name}: decided with evidence", f"{len(decided.outcome.decisions)} ({sums})")
            )
            figures.append((f"{desk.company.name}: listed with a reason", str(len(decided.outcome.findings))))
        sentence = "Money received and not applied is matched by stored keys and exact numbers; the rest is a question."
        self._step("Reconcile", sentence, *figures)

    def _review(self, desks: list[Desk]) -> None:
        """What follows in another way is proposed; a person says yes to an invoice less its credit note."""
        figures = []
        for desk in desks:
            waits = reviewing.waiting(desk)
            proposed = [row for row in waits if row.code is FindingCode.PROPOSED]
            equal = next((row for row in waits if row.code is FindingCode.EQUAL_ITEMS), None)
            figures.append((f"{desk.company.name}: proposals", f"{len(proposed)}, of {len(waits)} that wait"))
            if equal is not None:
                figures.append((f"{desk.company.name}: never guessed", equal.sentence))
            credit = next((row for row in proposed if row.reason == Class.REFERENCE_CREDIT), None)
            if credit is not None:
                reviewing.confirm(desk, credit.payment.vendor_id, 1)
                figures.append((f"{desk.company.name}: Dana says yes", credit.options[0].sentence))
        self._step("Review", "A person confirms what was proposed; two equal explanations are only listed.", *figures)

    def _plan(self, house: House, desks: list[Desk]) -> list[Plan]:
        """Choose accounts, show the plan, and only then allow writes."""
        for desk, world in zip(desks, self._worlds, strict=True):
            for connection in desk.processors():
                chosen = _accounts(world, desk.spec(connection).title)
                setup.choose_accounts(desk, connection.system, chosen)
        plans = [books.make_plan(desk) for desk in desks]
        effects = [
            (f"{desk.company.name}: {effect.account}", grouped(effect.amount))
            for desk, made in zip(desks, plans, strict=True)
            for effect in made.effects()
            if not effect.account.startswith("Accounts receivable")
        ]
        lines = sum(len(made.lines) for made in plans)
        self._step(
            "Plan", f"{lines} lines would change the books, by so much per account. Nothing is written.", *effects
        )
        for world in self._worlds:
            for name in self._doubles:
                wish = setup.Wish(system=name, company=_company_id(world), zone=None, values={}, allow_writes=True)
                setup.connect(house, wish)
        return plans

    def _pull_the_plug(self, desk: Desk, made: Plan) -> None:
        """The process that writes is killed in the middle, and the same command is run again."""
        double = self._double_of(desk)
        pulled = theatre.pull_the_plug(desk, made, self._config, double)
        self._step(
            "Pull the plug",
            f"The process that writes {desk.company.name}'s {len(made.lines)} lines is killed in the middle of one "
            "(SIGKILL), after another's answer was lost on the way. This is where other tools post twice.",
            *pulled.figures(),
        )
        quiet = theatre.resume(desk, made, self._config)
        wrong = theatre.once_each(desk, made, double) or ("" if quiet else "applying it again did not come to an end")
        proof = prove(desk)
        self._wrong += [f"{desk.company.name}: {wrong}"] if wrong else []
        self._wrong += [f"{proof.company}: {problem}" for problem in proof.problems]
        verdict = "green" if not (wrong or proof.problems) else "red"
        self._step(
            "Resume",
            "The same command again: what was in doubt is looked up in the books before anything is sent, so that each "
            "object stands there once.",
            ("Planned", f"{len(made.lines)} lines"),
            ("In the books, marked as ours", wrong or f"{len(made.lines)}, each once"),
            ("Proof", verdict),
        )

    def _write(self, desks: list[Desk], plans: list[Plan]) -> None:
        """Apply what is left; then apply everything again, which writes nothing."""
        figures = []
        for desk, made in zip(desks[1:], plans[1:], strict=True):
            first = books.apply_plan(desk, made, _quiet, _quiet_row)
            figures.append((desk.company.name, f"{len(first.posted.done)} written and read back"))
        for desk, made in zip(desks, plans, strict=True):
            again = books.apply_plan(desk, made, _quiet, _quiet_row)
            figures.append((f"{desk.company.name}, the same plan again", f"{len(again.posted.done)} written"))
        self._step("Apply", "Each line is written once, checked, and marked as ours.", *figures)

    def _undo(self, desk: Desk, made: Plan, before: object) -> None:
        """A whole run is taken back, and the books are what they were."""
        back, left = theatre.take_back(desk, made)
        equal = theatre.state_of(self._double_of(desk), desk) == before
        if left or not equal:
            self._wrong.append(f"{desk.company.name}: undoing {made.plan_id} did not leave the books as they were.")
        self._step(
            "Undo",
            f"{desk.company.name}'s whole run is taken back, newest first: a tool that may write must be able to "
            "unwrite.",
            ("Taken back", f"{back} of {len(made.lines)}"),
            ("Could not be taken back", str(left)),
            ("The books beside those before", "equal, field by field" if equal else "NOT equal"),
        )

    def _double_of(self, desk: Desk) -> str:
        """The address of the double of that company's books."""
        return self._doubles[desk.books().system].url

    def _pay(self, desk: Desk) -> None:
        """A link for the biggest overdue invoice in the books; the payer pays it by the first method offered."""
        processors = [each for each in desk.processors() if desk.spec(each).method_codes]
        item = next((each for each in collecting.today(desk) if each.due and desk.snapshot().in_books(each.ref)), None)
        if item is None or not processors:
            return
        made = paying.make_link(desk, item.invoice.number or str(item.ref))
        page = paying.click(desk, made.link)
        session = VendorSession("payer")
        offered = next(
            row.answer.methods
            for row in reversed(desk.store.outbox(desk.id))
            if row.kind is IntentKind.PAY_PAGE and row.answer is not None
        )
        titles = desk.spec(processors[0]).method_titles
        session.post(page, data={"method": offered[0]})
        books.sync_all(desk, _quiet)
        plan = books.make_plan(desk)
        applied = books.apply_plan(desk, plan, _quiet, _quiet_row)
        shown = paying.visit(desk, made.link).showing.offer
        self._step(
            "Payment link",
            f"{item.customer_name} opens one stable link for {item.invoice.number} and pays; the books follow.",
            ("Asked", made.amount),
            ("Offered", ", ".join(titles.get(method, method) for method in offered)),
            ("Posted after it", f"{len(applied.posted.done)} lines"),
            ("The link now says", str(shown)),
        )

    def _pay_by_wallet(self, desk: Desk) -> None:
        """The same by a processor that takes nothing until we take it: the payer approves, the balance is read again,
        and only then is the money taken."""
        wallets = [each for each in desk.processors() if isinstance(desk.adapter(each), Captures)]
        item = next((each for each in collecting.today(desk) if each.due and desk.snapshot().in_books(each.ref)), None)
        if item is None or not wallets:
            return
        spec = desk.spec(wallets[0])
        made = paying.make_link(desk, item.invoice.number or str(item.ref))
        page = paying.click(desk, made.link, next(iter(spec.method_codes)))
        VendorSession("payer").post(page, data={"do": "approve", "funds": "balance"}, allow_redirects=False)
        paying.came_back(desk, made.link)
        receipt = desk.store.receipts(desk.id)[-1]
        books.sync_all(desk, _quiet)
        applied = books.apply_plan(desk, books.make_plan(desk), _quiet, _quiet_row)
        fees = [row.intent.amount for row in applied.posted.done if isinstance(row.intent, PostExpense)]
        self._step(
            spec.title,
            f"{item.customer_name} approves {item.invoice.number} at {spec.title}; the balance is read once more, and "
            "only then is the money taken.",
            ("Asked", made.amount),
            ("Taken", grouped(receipt.amount)),
            ("Its fee, posted", ", ".join(grouped(each) for each in fees)),
            ("The link now says", str(paying.visit(desk, made.link).showing.offer)),
        )

    def _call(self, desk: Desk) -> None:
        """A call about the next invoice on the list, and its note in the books."""
        item = next((each for each in collecting.today(desk) if each.due and desk.snapshot().in_books(each.ref)), None)
        if item is None:
            return
        said = Said(
            by=ActorId("Dana"),
            at=desk.clock.now(),
            zone=desk.company.zone,
            direction=Direction.OUT,
            channel=Channel.PHONE,
            outcome=Outcome.PROMISE,
            person="Pat",
            role="accounts payable",
            address=item.phone,
            words="The invoice was approved on Monday and goes into the next pay run.",
            promise=Promise(amount=item.invoice.open, by=later(desk.today, 7)),
        )
        contact = collecting.draft(desk, item.invoice.number or str(item.ref), said)
        notes = collecting.notes_for(desk, contact)
        posted = collecting.log_contact(desk, contact, notes, _quiet_row)
        self._step(
            "Call",
            f"{item.customer_name} promises to pay {item.invoice.number}; the note is on the invoice.",
            ("Promised", f"{grouped(item.invoice.open)} by {later(desk.today, 7)}"),
            ("Notes pushed", f"{len(posted.done)} of {len(notes)}"),
        )

    def _prove(self, desks: list[Desk]) -> None:
        self._proofs = [prove(desk) for desk in desks]
        figures = []
        for proof in self._proofs:
            for line in proof.ties.lines:
                verdict = "equal to the cent" if not line.difference else f"off by {grouped(line.difference)}"
                beside = next((parts for name, parts in _PARTS.items() if line.name.startswith(name)), _ENTRIES)
                figures.append((f"{proof.company}: {line.name}", f"{grouped(line.theirs)}, {verdict} with {beside}"))
            applied = sum(row.fate == "applied" for row in proof.money)
            rest = len(proof.money) - applied
            figures.append(
                (f"{proof.company}: payments", f"{applied} applied with evidence, {rest} listed with a reason")
            )
        figures += [figure for desk in desks for figure in _purses(desk)]
        holds = "The proof holds." if not self.problems() else "The proof does not hold."
        self._step("Proof", holds, *figures)

    def problems(self) -> list[str]:
        """What breaks the proof; empty when it holds."""
        return [*self._wrong, *(f"{proof.company}: {problem}" for proof in self._proofs for problem in proof.problems)]

    def write_page(self, out: Path | None) -> Path:
        """The page as one self-contained file."""
        path = out if out is not None else Path(tempfile.mkdtemp(prefix="receivables-")) / "demo.html"
        path.write_text(render(self._proofs, steps=self._steps), encoding="utf-8")
        return path

    def show(self, page: Path) -> None:
        """Open the page in a browser and answer the demo's payment links until Ctrl-C."""
        from connector.web.pay import serve

        address = f"http://127.0.0.1:{self._port}/"
        self._say(f"Open {address} (Ctrl-C ends the demo).")
        webbrowser.open(address)
        text = page.read_text(encoding="utf-8")
        with suppress(KeyboardInterrupt):
            serve(lambda: House(self._config), self._port, proof_page=lambda: text)


_PARTS = {"Accounts receivable": "its open items", "Balance": "the lines of its ledger"}
_ENTRIES = "what was posted there"
"""What each account is held against."""


def _purses(desk: Desk) -> Iterator[tuple[str, str]]:
    """Each clearing account beside the processor's own balance; where they differ, everything that is between them."""
    names = desk.snapshot().accounts
    for purse in payouts.payouts(desk)[0].standings:
        if purse.held is None or purse.account is None or purse.said is None:
            continue
        name = f"{desk.company.name}: {names[purse.account].name} beside {purse.connection}'s balance"
        apart = ", ".join(f"{grouped(each.amount)} {IN_WORDS[each.reason]}" for each in purse.rest)
        if purse.held == purse.said:
            yield name, f"{grouped(purse.held)}, equal to the cent"
        else:
            said = f"{grouped(purse.held)} and {grouped(purse.said)}"
            yield name, f"{said}; between them {apart}" if purse.holds else f"{said}, and nobody knows why"


def _company_id(world: World) -> str:
    return world.name.split()[0].lower()


def _accounts(world: World, title: str) -> dict[str, str]:
    """The accounts of the world for one processor by what they are for, told by their names."""
    banks = [account for account in world.accounts if account.role == "bank"]
    own = [account for account in world.accounts if account.name.startswith(title)]
    clearing = [account for account in own if "Clearing" in account.name]
    kept = {account.currency for account in clearing}
    into = [account for account in banks if "Clearing" not in account.name and account.currency in kept]
    return {
        "clearing": ",".join(account.name for account in clearing),
        "bank": ",".join(account.name for account in into),
        "fees": next(account.name for account in own if account.role == "expense"),
    }


def _quiet(label: str, done: int, expected: int | None = None) -> None:
    """The story tells what happened afterwards."""


def _quiet_row(row: object) -> None:
    """The same, for a row."""
