"""What stays the same from visitor to visitor of one company's links, worked out once per kept house."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.app.house import Desk, House
from connector.app.selling import Seller, seller_of
from connector.errors import ReceivablesError
from connector.model.source import CompanyId, ConnectionId
from connector.ports import Documents
from connector.web.brand import check_colour


@dataclass(slots=True, kw_only=True)
class Shop:
    """The seller, the methods' names by language, where payers may be sent, and which connections have documents."""

    seller: Seller
    titles: Mapping[str, str]
    titles_in: Mapping[str, Mapping[str, str]]
    hosts: tuple[str, ...]
    documents: dict[ConnectionId, bool] = field(default_factory=dict)

    def titles_for(self, language: str) -> dict[str, str]:
        """The methods' names in that language, in English where there is none."""
        return {**self.titles, **self.titles_in.get(language, {})}

    def has_documents(self, desk: Desk, connection: ConnectionId) -> bool:
        """Whether invoices of that connection can be had as documents. Making an adapter to ask it takes long."""
        if connection not in self.documents:
            try:
                adapter = desk.adapter(desk.store.connection(desk.id, connection))
                self.documents[connection] = isinstance(adapter, Documents)
            except ReceivablesError:
                return False
        return self.documents[connection]


class Shops:
    """The shop of each company, anew for every house."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: House | None = None
        self._shops: dict[CompanyId, Shop] = {}

    def shop(self, desk: Desk) -> Shop:
        """The shop of that desk's company. SettingsError when its settings are wrong."""
        with self._lock:
            if self._of is not desk.house:
                self._of, self._shops = desk.house, {}
            if desk.id not in self._shops:
                self._shops[desk.id] = shop_of(desk)
            return self._shops[desk.id]


def shop_of(desk: Desk) -> Shop:
    """Worked out from the settings and the declarations of the connected adapters."""
    seller = seller_of(desk.house.config, desk.company)
    check_colour(seller.colour)
    specs = [desk.spec(each) for each in desk.connections()]
    languages = {language for spec in specs for language in spec.method_titles_in}
    return Shop(
        seller=seller,
        titles={code: title for spec in specs for code, title in spec.method_titles.items()},
        titles_in={
            language: {code: title for spec in specs for code, title in spec.method_titles_in.get(language, {}).items()}
            for language in languages
        },
        hosts=tuple({host for spec in specs for host in spec.pay_hosts} | set(desk.house.config.hosts_of_pay_pages)),
    )
