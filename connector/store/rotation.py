"""Changing the key under which secrets are sealed, while everybody works on; and saying which key is in force.

A new key is written to where keys are kept before anything is sealed with it, then put in force, and then the rows are
sealed anew in small transactions. A kill at any point leaves every row under a key that is still there; the same
command goes on where it stopped. Old keys stay until somebody drops those that no row uses: copies of the database need
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from connector.errors import Refused, StoreError
from connector.model.source import ActorId, CompanyId, ConnectionId
from connector.store import tables
from connector.store.journal import Desk
from connector.store.keyring import new_key
from connector.store.rows import PROGRAM, Author
from connector.store.vault import AT_IN_FORCE, ELSEWHERE, Place, Vault, key_id_of, reseal, seal, sealed_by

KEY_BOUNDARIES: dict[str, str] = {
    "keys.added": "the new key is where keys are kept; the old one is still in force",
    "keys.in-force": "the new key is in force; rows of the old one are left",
    "keys.batch-sealed": "some more rows are sealed with the new key",
}
"""Where `keys rotate` may be killed, with what is true there."""

_BATCH = 100
_SECRET = tables.secret.c
_COUNTED = select(func.substr(_SECRET.value, 1, 16).label("head"), func.count().label("rows")).group_by("head")


def _pass(_name: str) -> None:
    """What a boundary does in the product: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysStanding:
    """The keys by their ids: the one in force (None: nothing was ever sealed), those held, how many rows each seals."""

    where: str
    in_force: str | None
    held: tuple[str, ...]
    rows: Mapping[str, int]

    @property
    def unused(self) -> tuple[str, ...]:
        """Older keys that no row needs."""
        return tuple(key_id for key_id in self.held if key_id != self.in_force and not self.rows.get(key_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """A change of keys that is complete. `resumed`: it had been begun before."""

    key_id: str
    resealed: int
    resumed: bool


class Keys(Desk):
    """The keys to the secrets."""

    _vault: Vault

    @property
    def key_begun(self) -> str | None:
        """Where a key was made of which its owner has not heard yet; None when there is nothing to tell, or nothing was
        sealed through this store."""
        return self._vault.begun

    def key_told(self) -> None:
        """Its owner has heard of it."""
        with self._database.write() as tx:
            self._vault.told(tx)

    def keys(self) -> KeysStanding:
        """Which keys there are and what they seal. No key is in it."""
        held = self._vault.learn()
        with self._database.read() as tx:
            which = tx.execute(select(_SECRET.value).where(*AT_IN_FORCE)).scalar_one_or_none()
            counted = tx.execute(_COUNTED.where(ELSEWHERE)).all()
        rows: Counter[str] = Counter()
        for head, count in counted:
            rows[head.partition(".")[2][:12]] += count
        return KeysStanding(
            where=self._vault.source.where,
            in_force=None if which is None else key_id_of(which),
            held=tuple(key.key_id for key in held),
            rows=dict(rows),
        )

    def rotate_keys(self, boundary: Callable[[str], None] = _pass, by: ActorId = PROGRAM) -> Rotated:
        """Seal everything with a new key, or finish what an interrupted call began. Refused before the first secret."""
        if self.keys().in_force is None:
            raise Refused("Nothing is stored yet that needs a key.", next_step="Connect a system first.")
        resumed = self._put_newest_in_force(boundary)
        boundary("keys.in-force")
        resealed = 0
        while (count := self._reseal_some()) > 0:
            resealed += count
            boundary("keys.batch-sealed")
        with self._database.read() as tx:
            companies = tx.execute(select(tables.head.c.company_id).order_by(tables.head.c.company_id)).scalars().all()
        for company in companies:
            with self._writing(Author(CompanyId(company), by)) as scribe:
                scribe.write("keys", {"resealed": resealed})
        return Rotated(key_id=self.keys().in_force or "", resealed=resealed, resumed=resumed)

    def _put_newest_in_force(self, boundary: Callable[[str], None]) -> bool:
        """Whether a change of keys was under way. The row in force is locked, so keys are added one at a time."""
        with self._database.write() as tx:
            now = self._vault.in_force(tx, self._database, alone=True)
            newest = self._vault.held()[-1]
            resumed = newest.key_id != now.key_id
            if not resumed:
                if tx.execute(select(_SECRET.name).where(ELSEWHERE, ~sealed_by(now)).limit(1)).first() is not None:
                    return True
                newest = new_key()
                self._vault.source.add(newest)
            if newest.key_id not in {key.key_id for key in self._vault.held()}:
                raise StoreError(
                    f"The new key did not stay in {self._vault.source.where}; nothing was changed.",
                    next_step="Run it again.",
                )
            boundary("keys.added")
            self._vault.put_in_force(tx, newest)
        return resumed

    def _reseal_some(self) -> int:
        """How many rows were sealed anew; 0 when all are under the key in force."""
        with self._database.write() as tx:
            key = self._vault.in_force(tx, self._database)
            rows = tx.execute(
                select(tables.secret)
                .where(ELSEWHERE, ~sealed_by(key))
                .order_by(_SECRET.company_id, _SECRET.connection_id, _SECRET.name)
                .limit(_BATCH)
                .with_for_update()
            ).all()
            stored = [(Place(row.company_id, row.connection_id, row.name), row.value) for row in rows]
            reseal(tx, [(place, seal(key, place, self._vault.open(place, value))) for place, value in stored])
        return len(rows)

    def drop_unused_keys(self) -> tuple[str, ...]:
        """Take older keys away that no row needs; their ids. Copies of the database from their time need them."""
        with self._database.write() as tx:
            key = self._vault.in_force(tx, self._database, alone=True)
            used = {head.partition(".")[2][:12] for head, _ in tx.execute(_COUNTED.where(ELSEWHERE))}
            held = [each.key_id for each in self._vault.held()]
            unused = tuple(key_id for key_id in held if key_id != key.key_id and key_id not in used)
            if key.key_id in held and unused:
                self._vault.source.drop(unused)
        return unused

    def give_up_secrets(self, by: ActorId = PROGRAM) -> tuple[tuple[CompanyId, ConnectionId], ...]:
        """Throw every sealed secret away, for when the key is lost; whose they were. Needs no key."""
        with self._database.write() as tx:
            found = tx.execute(
                select(_SECRET.company_id, _SECRET.connection_id)
                .where(ELSEWHERE)
                .distinct()
                .order_by(_SECRET.company_id, _SECRET.connection_id)
            ).all()
            for company in dict.fromkeys(row.company_id for row in found):
                with self._joining(tx, Author(CompanyId(company), by)) as scribe:
                    for row in found:
                        if row.company_id == company:
                            scribe.write("secrets", {"connection": row.connection_id, "names": [], "given_up": True})
            tx.execute(delete(tables.secret))
        return tuple((CompanyId(row.company_id), ConnectionId(row.connection_id)) for row in found)
