"""Next steps as they are told everywhere, with the commands in them turned into the console's own pages."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from connector.web.console.ways import address_of

PAGES: dict[str, tuple[str, str]] = {
    "accounts": ("accounts", "Accounts"),
    "aging": ("aging", "Aging"),
    "audit-pack": ("audit", "Audit packs"),
    "apply": ("plans", "Plans"),
    "autosync": ("autosync", "Auto-sync"),
    "bank": ("bank", "Bank"),
    "bank map": ("bank/map", "How a bank's file is read"),
    "backup": ("backup", "Backup"),
    "connect": ("connections", "Connections"),
    "disconnect": ("connections", "Connections"),
    "export": ("export", "Export"),
    "doctor": ("connections", "Connections"),
    "notify": ("notifications", "Notifications"),
    "conflicts": ("conflicts", "Changed on both sides"),
    "contacts": ("today", "Today"),
    "findings": ("findings", "Findings"),
    "letters": ("findings", "Findings"),
    "link": ("links", "Links"),
    "link rules": ("links/rules", "Rules of payment links"),
    "log": ("today", "Today"),
    "notes": ("today", "Today"),
    "payouts": ("payouts", "Payouts"),
    "pause": ("autosync", "Auto-sync"),
    "people": ("people", "People"),
    "plan": ("plans", "Plans"),
    "plans": ("plans", "Plans"),
    "prove": ("proof", "Proof"),
    "reconcile": ("review", "Review"),
    "refund": ("review", "Review"),
    "resume": ("autosync", "Auto-sync"),
    "review": ("review", "Review"),
    "rules": ("rules", "Rules"),
    "shadow": ("clean-up", "Clean-up"),
    "status": ("", "Home"),
    "sync": ("", "Home, “Read everything now”"),
    "today": ("today", "Today"),
    "undo": ("plans", "Plans"),
    "users": ("people", "People"),
    "why": ("proof", "Proof"),
}
"""The page on which somebody does what a command does; others are shown as what they are."""

_IN_WORDS = {
    "--on-account": "the box “keep the rest on account”",
    "Nothing was changed; run the same command again": "Nothing was changed; begin again",
    "Nothing was changed; run it again, and copy": "Nothing was changed; copy",
    " with --company and a name of its own": " in a company of its own",
    " under a company of its own, with --company": " in a company of its own",
    "Correct --at.": "Correct the time.",
    "Add --promise AMOUNT --by YYYY-MM-DD.": "Fill in both.",
}
_WORDS = "again|confirm|reject|allocate|short|undo|leave|show|approve|create|on|off|push|retry|drop"
"""Second words of commands, also in the middle of a sentence; any other word is one at the sentence's end."""

_NAMED = r"(?=[^\s.,;`]*[\dA-Z=-])[^\s,;)`]*[^\s.,;)`]"
"""What can only be an id, a name or a value."""

_COMMAND = re.compile(
    r"`?receivables (?P<name>link rules|bank map|[a-z]+(?:-[a-z]+)*)"
    rf"(?: (?:{_WORDS}|[a-z]+(?= --|[.,;)`]|$)|--[a-z-]+|{_NAMED}))*`?"
)


_YES_OR_NO = re.compile(r"If that is right: (?P<page>receivables review) confirm \S+; else: receivables review reject")
"""Two commands of which one page has two buttons."""


def linked(text: str, company: str) -> Markup:
    """The text, safe to stand in a page, with links where it names commands that have a page."""
    for word, instead in _IN_WORDS.items():
        text = text.replace(word, instead)
    text = _YES_OR_NO.sub(r"Confirm it where that is right, or reject it: \g<page>", text)
    parts, end = [], 0
    for found in _COMMAND.finditer(text):
        parts += [escape(text[end : found.start()]), _shown(found, company)]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _shown(found: re.Match[str], company: str) -> Markup:
    page = PAGES.get(found["name"])
    if page is None:
        return Markup("<code>{}</code>").format(found[0].strip("`"))
    named = found[0].strip("`").split()[2:3]
    if found["name"] == "refund" and named:
        return Markup('<a href="{}">{}</a>').format(address_of(company, "review/one", payment=named[0]), named[0])
    return Markup('<a href="{}">{}</a>').format(address_of(company, page[0]), page[1])
