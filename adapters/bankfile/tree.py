"""XML as elements with the line each begins on. What defines anything of its own is refused.

A statement needs no document type, so one that has any is refused at its first byte: an entity, inside or outside the
file, is then never looked at, and nothing outside is ever read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from connector.errors import UserError

DEPTH_MAX = 60
AGAIN = "Download it again, unedited; nothing was taken in."


class Element:
    """An element by its name without namespace, its attributes, its text, what is in it, and its line."""

    __slots__ = ("attributes", "held", "line", "name", "space", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.space, _, self.name = name.rpartition(" ")
        self.attributes = attributes
        self.text = ""
        self.held: list[Element] = []
        self.line = line

    def all(self, *path: str) -> Iterator[Element]:
        """Every element at that path below it."""
        if not path:
            yield self
            return
        for each in self.held:
            if each.name == path[0]:
                yield from each.all(*path[1:])

    def first(self, *path: str) -> Element | None:
        """The first of them."""
        for each in self.held:
            if each.name == path[0]:
                found = each if len(path) == 1 else each.first(*path[1:])
                if found is not None:
                    return found
        return None

    def said(self, *path: str) -> str:
        """The text of the first of them; "" where there is none."""
        found = self.first(*path)
        return found.text.strip() if found is not None else ""


def refuse(file: str, line: int, why: str, next_step: str = AGAIN) -> NoReturn:
    """UserError that says where."""
    raise UserError(f"{file}, line {line}: {why}.", next_step=next_step)


def tree(file: str, held: bytes) -> Element:
    """The outermost element. UserError, with line and column, where it is no XML that a statement could be."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    root = Element("", {}, 0)
    open_ = [root]

    def begins(name: str, attributes: dict[str, str]) -> None:
        if len(open_) > DEPTH_MAX:
            refuse(file, parser.CurrentLineNumber, "its elements are nested deeper than any statement's")
        found = Element(name, attributes, parser.CurrentLineNumber)
        open_[-1].held.append(found)
        open_.append(found)

    def says(text: str) -> None:
        open_[-1].text += text

    def ends(_name: str) -> None:
        open_.pop()

    def defines(*_told: object) -> None:
        refuse(file, parser.CurrentLineNumber, "it has a document type, which no statement has, and is not read")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begins, ends, says
    parser.StartDoctypeDeclHandler = defines
    try:
        parser.Parse(held, True)
    except expat.ExpatError as fault:
        raise UserError(
            f"{file}, line {fault.lineno}, column {fault.offset + 1}: it is no readable XML "
            f"({expat.ErrorString(fault.code)}).",
            next_step=AGAIN,
        ) from None
    except (LookupError, ValueError):
        raise UserError(f"{file}, line 1: it is written in an encoding that is not known.", next_step=AGAIN) from None
    return root.held[0]
