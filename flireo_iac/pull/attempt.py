"""One try of a pull to say everything that the account holds, in new files and in those that are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.core.check import check, dotted
from flireo_iac.kinds import our_name
from flireo_iac.pull.account import Account
from flireo_iac.pull.choice import Choice
from flireo_iac.pull.copies import Copies
from flireo_iac.pull.existing import Files, moved
from flireo_iac.pull.forms import Former, Names, Needed, owned, unknown
from flireo_iac.pull.holding import held
from flireo_iac.pull.leadsfile import MOST_INLINE, leads_file
from flireo_iac.pull.matching import Match, Matches
from flireo_iac.pull.naming import free
from flireo_iac.pull.proof import Field
from flireo_iac.pull.result import Remark
from flireo_iac.pull.yamltext import new_file
from flireo_iac.stacks.load import LoadedStack

LONG = ("llm_config", "analysis_plan")
"""Fields that may be said in a short way, with a prompt file or a template, and in a long one."""
LEADS = "leads"
"""Field whose short way is a file of leads."""
SHORT_WAY, LONG_WAY, NOT_AT_ALL = 0, 1, 2


@dataclass
class Attempt:
    """One try to say everything.

    Args:
        choice: What is asked for.
        stack: The stack that is there; None for a new one.
        matches: The objects with their items.
        account: What the account holds.
        left_out: Items that the environment leaves out.
        levels: Fields that are said the long way, or not at all.
        reasons: Why.
    """

    choice: Choice
    stack: LoadedStack | None
    matches: Matches
    account: Account
    left_out: frozenset[str]
    levels: Mapping[Field, int]
    reasons: Mapping[Field, str]
    ids: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)
    written: set[Field] = field(default_factory=set)
    changed: set[Field] = field(default_factory=set)
    needed: list[Needed] = field(default_factory=list)
    left: list[Remark] = field(default_factory=list)
    by_hand: list[Remark] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)

    def files(self) -> dict[str, bytes]:
        """Give the files that are to hold something else, by their paths."""
        self._tell_left_out()
        mine = [each for each in self.matches.found if each.key not in self.left_out]
        present = [each for each in mine if not each.is_new or self._is_written(each)]
        self.ids = {each.key: str(each.row["id"]) for each in present}
        items = {(each.kind.folder, str(each.row["id"])): each.name for each in present}
        self._names = Names(items, _copies(present), self._secrets())
        self._held = held(self.stack, self.ids) if self.stack is not None else {}
        made: dict[str, bytes] = {}
        changing = Files(self.choice.folder, self.stack) if self.stack is not None else None
        for each in present:
            if each.is_new:
                made |= self._new(each)
                self._tell_of_others(each.key)
            elif changing is not None and self.stack is not None and self.choice.wants(each.key):
                self._change(each, changing)
        return made | (changing.changed() if changing is not None else {})

    def _tell_left_out(self) -> None:
        for each in self.matches.found:
            if each.key in self.left_out and self.choice.wants(each.key):
                where = self.choice.environment
                text = f"is left out in {where}, and the account has it; take it out of omit to have it written"
                self.left.append(Remark(each.key, "", text))

    def _tell_of_others(self, key: str) -> None:
        """Say that a new file counts in every environment."""
        environments = self.stack.origins.files.environments if self.stack is not None else None
        others = sorted(set(environments or {}) - {self.choice.environment})
        if others:
            text = f"is in {', '.join(others)} too from now on; leave it out there with omit"
            self.left.append(Remark(key, "", text))

    def _is_written(self, each: Match) -> bool:
        """Tell whether a new item gets a file: one that lacks what every object of its kind has gets none."""
        if not self.choice.wants(each.key):
            return False
        reason = self._refused(each)
        if reason is not None:
            self.left.append(Remark(each.key, "", f"gets no file: {reason}"))
        return reason is None

    def _refused(self, each: Match) -> str | None:
        if self._level(each.key, "") == NOT_AT_ALL:
            return self.reasons.get((each.key, ""), "")
        values = owned(each.kind, each.row)
        said = self._sayable(each, values)
        given = {our_name(each.kind.model, key) for key in said}
        for name, info in each.kind.inputs.items():
            if info.is_required() and name not in given and each.row.get(name) is not None:
                return f"{name} cannot be said: {self._why(each, name)}"
        return None

    def _level(self, key: str, name: str) -> int:
        return self.levels.get((key, name), SHORT_WAY)

    def _secrets(self) -> set[str]:
        known = self.stack.secrets if self.stack is not None else {}
        return {name.upper().replace("-", "_") for name in known}

    def _issues(self, each: Match, values: Mapping[str, Any]) -> dict[str, str]:
        """Give what the rules of the kind object to, by field: a stack with that would not load."""
        found: dict[str, str] = {}
        for issue in check(each.kind, values):
            if issue.severity == "error" and issue.path and str(issue.path[0]) in values:
                found.setdefault(str(issue.path[0]), f"{dotted(issue.path)} {issue.text}")
        return found

    def _why(self, each: Match, name: str) -> str:
        issues = self._issues(each, owned(each.kind, each.row))
        return issues.get(name) or self.reasons.get((each.key, name)) or "YAML cannot hold it"

    def _sayable(self, each: Match, values: Mapping[str, Any]) -> dict[str, Any]:
        """Leave out what a stack file cannot say."""
        issues = self._issues(each, values)
        former = Former(each.kind, each.name, Names({}, Copies((), ())))
        good = {
            name: value
            for name, value in values.items()
            if name not in issues and self._level(each.key, name) < NOT_AT_ALL
        }
        if new_file(each.kind, former.form(good, None).values) is not None:
            return good
        return {
            name: value
            for name, value in good.items()
            if new_file(each.kind, {name: former.form({name: value}, None).values[name]}) is not None
        }

    def _new(self, each: Match) -> dict[str, bytes]:
        kind, row = each.kind, each.row
        values = owned(kind, row)
        said = self._sayable(each, values)
        self.left += [Remark(each.key, name, self._why(each, name)) for name in values if name not in said]
        self.left += [_newer(each.key, name) for name in unknown(kind, row)]
        stem = f"{kind.folder}/{each.name}"
        prompt_file = self._file_beside(each, ".md")
        is_short = all(self._level(each.key, name) == SHORT_WAY for name in LONG)
        former = self._former(each, *LONG)
        form = former.form(said, prompt_file if is_short else None)
        path = kind.single_file if kind.single_file is not None else f"{stem}.yaml"
        self.needed += form.needed
        self.wanted[each.key] = dict(said)
        self.written |= {(each.key, name) for name in [*said, ""]}
        made: dict[str, bytes] = {}
        if len(said.get(LEADS) or ()) > MOST_INLINE and self._level(each.key, LEADS) == SHORT_WAY:
            beside = self._file_beside(each, ".csv")
            form.values[LEADS] = {"file": beside}
            made[f"{kind.folder}/{beside}"] = leads_file(said[LEADS]).encode()
        made[path] = (new_file(kind, form.values) or "").encode()
        if form.prompt is not None:
            made[f"{kind.folder}/{prompt_file}"] = form.prompt.encode()
        return made

    def _former(self, each: Match, *names: str) -> Former:
        """Make what makes forms, without copies of templates when one of the fields is said the long way."""
        is_short = all(self._level(each.key, name) == SHORT_WAY for name in names)
        long_way = Names(self._names.items, Copies((), ()), self._names.secrets)
        return Former(each.kind, each.name, self._names if is_short else long_way)

    def _file_beside(self, each: Match, end: str) -> str:
        """Name the file of a prompt or of leads; one that is there already and is not the item's is left alone."""
        folder = self.choice.folder / each.kind.folder
        there = {path.name.casefold() for path in folder.glob(f"*{end}")} if folder.is_dir() else set()
        return f"{free(each.name, {name.removesuffix(end) for name in there})}{end}"

    def _change(self, each: Match, changing: Files) -> None:
        if self.stack is None or each.key not in self.stack.items:
            return
        now = self._held[each.key]
        found = moved(each.kind, now, each.row)
        wanted = {name: value for name, value in now.items() if name not in found.want}
        for name, value in found.want.items():
            if self._level(each.key, name) == NOT_AT_ALL:
                self.by_hand.append(Remark(each.key, name, self.reasons.get((each.key, name), "it would not be read")))
                wanted[name] = now[name]
                continue
            outcome = changing.write(each.key, name, now[name], value, self._former(each, name))
            self.by_hand += [Remark(each.key, place, why) for place, why in outcome.stuck]
            self._note(each.key, name, value, wanted, is_whole=not outcome.stuck)
        for name, value in found.unnamed.items():
            if not self.choice.is_adding:
                text = "the file does not name it, so it stays the dashboard's; --add-fields writes it"
                self.left.append(Remark(each.key, name, text))
            elif self._level(each.key, name) < NOT_AT_ALL and name in self._sayable(each, {name: value}):
                changing.write(each.key, name, None, value, self._former(each, name))
                self._note(each.key, name, value, wanted, is_whole=True)
            else:
                self.left.append(Remark(each.key, name, self._why(each, name)))
        self.left += [_newer(each.key, name) for name in unknown(each.kind, each.row)]
        self.wanted[each.key] = wanted

    def _note(self, key: str, name: str, value: Any, wanted: dict[str, Any], *, is_whole: bool) -> None:
        self.written.add((key, name))
        self.changed.add((key, name))
        self.touched.add(key)
        if is_whole and value is not None:
            wanted[name] = value


def _newer(key: str, name: str) -> Remark:
    return Remark(key, name, "is not known to this version, so it stays as the account has it")


def _copies(present: Iterable[Match]) -> Copies:
    templates: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for each in present:
        templates[each.kind.name].append((each.name, owned(each.kind, each.row)))
    return Copies(templates["tool_template"], templates["analysis_template"])
