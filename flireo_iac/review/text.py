"""A review as lines for a terminal, a pipe or a log; words in colour where there is colour, else in signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from flireo_iac.review import plainwords as say
from flireo_iac.review.model import EnvironmentReview, FieldChange, ItemChange, Piece, Review, TextChange
from flireo_iac.review.words import cut, excerpt

_AROUND = 12
_MOST = 60
"""Changes that are shown of one passage."""
_FIRST = 8
"""Passages that are shown of a text that is new or gone."""
_SIGNS = {"same": ("", ""), "gone": ("[-", "-]"), "new": ("{+", "+}")}
_STYLES = {"same": "", "gone": "red strike", "new": "green underline"}
_HEADS = {
    "delete": "bold red",
    "replace": "bold red",
    "sweep": "bold red",
    "update": "bold yellow",
    "create": "bold green",
}


@dataclass(frozen=True)
class Lines:
    """Writes a review.

    Args:
        has_colour: Whether changed words are coloured; else they stand in ``[-…-]`` and ``{+…+}``.
    """

    has_colour: bool = False

    def of(self, review: Review) -> Iterator[Text]:
        """Give the lines of a review."""
        if review.base:
            yield Text(say.title(review), "bold")
        for note in review.notes:
            yield Text(note)
        if not review.environments:
            yield Text(review.wording.nothing)
        for environment in review.environments:
            yield Text()
            yield from self._environment(environment, is_plan=review.wording.is_plan)
        if review.untouched:
            yield Text()
            yield Text(f"Not reached: {', '.join(review.untouched)}.")

    def _environment(self, environment: EnvironmentReview, *, is_plan: bool) -> Iterator[Text]:
        head = f"{environment.name}: " if environment.name else ""
        cost = f"; {say.cost(environment.forecast)}" if is_plan else ""
        yield Text(f"{head}{say.counted(environment)}{cost}", "bold")
        if environment.reached:
            yield Text(f"met by {say.meets(environment.reached, 10)}")
        for problem in environment.problems:
            yield Text(f"problem: {problem}", "red")
        for note in environment.notes:
            yield Text(note, "yellow")
        for line in environment.drift or ():
            yield Text(f"overwritten by this change: {line}", "yellow")
        for item in environment.items:
            yield from self._item(item)

    def _item(self, item: ItemChange) -> Iterator[Text]:
        yield Text()
        same = f", the same as in {item.same_as}" if item.same_as else ""
        yield Text.assemble((f"{item.shown} {say.does(item)}", _HEADS[item.op]), same)
        if item.consequences:
            yield Text(f"  {' '.join(item.consequences)}")
        if item.reached:
            yield Text(f"  met by {say.meets(item.reached, 10)}")
        if item.same_as:
            return
        for text in item.texts:
            yield from self._text(text)
        block = say.outline(item)
        for line in block.splitlines():
            yield Text(f"  {line}")
        for field in item.fields if not block else ():
            yield _field(field)

    def _text(self, text: TextChange) -> Iterator[Text]:
        note = f"  ({say.note(text)})" if text.note else ""
        yield Text.assemble((f"  {text.label}: {say.words_of(text)}", "bold"), note)
        if text.operation != "change":
            for passage in text.passages[:_FIRST]:
                yield Text.assemble(f"    {' ' * passage.depth}", self._pieces(passage.pieces))
            if len(text.passages) > _FIRST:
                yield Text(f"    and {say.many(len(text.passages) - _FIRST, 'passage')} more", "dim")
            return
        for passage in text.passages:
            shared = say.same(passage)
            yield Text(f"    {say.where(passage)}{f' ({shared})' if shared else ''}", "dim")
            if not passage.same_as:
                yield Text.assemble(
                    f"      {' ' * passage.depth}", self._pieces(excerpt(cut(passage.pieces, _MOST), _AROUND))
                )

    def _pieces(self, pieces: Sequence[Piece]) -> Text:
        line = Text()
        for piece in pieces:
            before, after = ("", "") if self.has_colour else _SIGNS[piece.kind]
            inner = piece.text.strip()
            start = piece.text[: len(piece.text) - len(piece.text.lstrip())] if inner else ""
            end = piece.text[len(piece.text.rstrip()) :] if inner else piece.text
            line.append(start)
            line.append(f"{before}{inner}{after}", _STYLES[piece.kind])
            line.append(end)
        return line


def _field(field: FieldChange) -> Text:
    old, new = say.sides(field)
    said = say.note(field)
    note = f"  ({said})" if said else ""
    if field.is_secret:
        return Text(f"  {field.path}: {new}{note}")
    sides = {"add": f"{new} (new)", "remove": f"{old} (removed)"}.get(field.operation, f"{old} → {new}")
    return Text(f"  {field.path}: {sides}{note}")
