"""What a request is to the rooms of the console: who comes, for which company, and what was sent."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

from fastapi.responses import RedirectResponse, Response

from connector.app import errands
from connector.app.house import Desk, House
from connector.errors import UserError
from connector.model.person import ErrandKind, Person, Role, Session
from connector.web.console.consent import Consents
from connector.web.console.foreseen import Foresight
from connector.web.console.glass import Glass
from connector.web.console.lately import Figures, Told, What
from connector.web.console.packing import PACKING

SEE_OTHER = 303
WORDS_KEPT_MAX = 1_000
SAMPLES_KEPT_MAX = 8

T = TypeVar("T")


class Words:
    """What is told to somebody on the next page they open, once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def leave(self, session: Session, words: str) -> None:
        """In place of what was left before."""
        with self._lock:
            self._kept[session.token_hash] = words
            while len(self._kept) > WORDS_KEPT_MAX:
                self._kept.popitem(last=False)

    def take(self, session: Session) -> str:
        """What was left, if anything was."""
        with self._lock:
            return self._kept.pop(session.token_hash, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was sent, with the name it had where it came from."""

    name: str
    body: bytes


class Samples:
    """A file that somebody looks at over several pages: of each browser the last, and of all the latest few."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def leave(self, session: Session, sample: Upload) -> None:
        """In place of the one before."""
        with self._lock:
            self._kept.pop(session.token_hash, None)
            self._kept[session.token_hash] = sample
            while len(self._kept) > SAMPLES_KEPT_MAX:
                self._kept.popitem(last=False)

    def held(self, session: Session) -> Upload | None:
        """The one that this browser has sent; None where it is kept no more."""
        with self._lock:
            return self._kept.get(session.token_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What lasts longer than a request. `open_house` opens another house for work in the background; `anew` is called
    once another database is in the place of the one that pages are drawn from."""

    open_house: Callable[[], House]
    anew: Callable[[], None]
    glass: Glass = field(default_factory=Glass)
    words: Words = field(default_factory=Words)
    samples: Samples = field(default_factory=Samples)
    consents: Consents = field(default_factory=Consents)
    figures: Figures = field(default_factory=Figures)
    foresight: Foresight = field(default_factory=Foresight)

    def lately(self, desk: Desk, what: What[T]) -> Told[T]:
        """What takes long to work out: as it is, where the company is small or nothing has happened since; else as it
        was last, while it is worked out anew apart from any request."""
        return self.figures.lately(desk, what, self.open_house)

    def start(self, desk: Desk, errand_id: str) -> None:
        """Do an errand apart from any request. Whoever stops the console does not wait for it."""
        told = (self.open_house, desk.id, errand_id, PACKING)
        threading.Thread(target=errands.carry_out, args=told, name=errand_id, daemon=True).start()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who is signed in. `form` is what was sent, None for a look; `base` where the console is reached."""

    house: House
    tools: Tools
    person: Person
    session: Session
    base: str
    query: Mapping[str, str]
    form: Mapping[str, tuple[str, ...]] | None
    files: tuple[Upload, ...] = ()

    def given(self, name: str, most: int = 2_000) -> str:
        """One value of the form, without space around it; "" where there is none. UserError: it is too long."""
        value = ((self.form or {}).get(name) or ("",))[0].strip()
        if len(value) > most:
            raise UserError(f"The field {name} is too long.", next_step=f"It takes {most:,} characters.")
        return value

    def every(self, name: str) -> tuple[str, ...]:
        """All values of that name, in the order of the form."""
        return tuple(value.strip() for value in (self.form or {}).get(name, ()))

    def asked(self, name: str, most: int = 200) -> str:
        """One value of the address; "" where there is none."""
        return self.query.get(name, "")[:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The same, at the desk of a company in which they have a role."""

    guest: Guest
    desk: Desk
    role: Role

    def may(self, needed: Role) -> bool:
        return self.role.may(needed)

    def address(self, room: str = "", **query: str) -> str:
        """The address of another page of the same company."""
        return address_of(self.desk.id, room, **query)

    def to(self, room: str = "", *, said: str = "", **query: str) -> Response:
        """Send them on, with a word that is shown there."""
        if said:
            self.guest.tools.words.leave(self.guest.session, said)
        return RedirectResponse(self.address(room, **query), status_code=SEE_OTHER)

    def send(self, kind: ErrandKind, about: str = "") -> Response:
        """Begin an errand, and show how far it is."""
        errand = errands.begin(self.desk, kind, about)
        self.guest.tools.start(self.desk, errand.errand_id)
        return self.to("work", id=errand.errand_id)


def address_of(company: str, room: str = "", **query: str) -> str:
    """The address of a page of a company."""
    path = f"/c/{quote(company, safe='')}" + (f"/{room}" if room else "")
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def acting(desk: Desk, person: Person) -> Desk:
    """The desk as that person stands at it: what is done there is written down as theirs."""
    desk.actor = person.person_id
    return desk


Answer = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One address of a company's part, the role it needs, and what answers it."""

    method: str
    room: str
    needs: Role
    answer: Answer
    takes_files: bool = False


def shown_again(change: Answer, show: Callable[[Visit, UserError], Response]) -> Answer:
    """What a form does; where what was typed cannot be, its page again, with that and with why not."""

    def answer(visit: Visit) -> Response:
        try:
            return change(visit)
        except UserError as fault:
            return show(visit, fault)

    return answer


def look(room: str, answer: Answer, needs: Role = Role.VIEW) -> Way:
    """A page. It changes nothing."""
    return Way(method="GET", room=room, needs=needs, answer=answer)


def act(room: str, needs: Role, answer: Answer, *, takes_files: bool = False) -> Way:
    """What a form does."""
    return Way(method="POST", room=room, needs=needs, answer=answer, takes_files=takes_files)
