"""Brings files, state and account together for ``flireo drift``."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice, pulumi_program
from flireo_iac.cli._objects import account_of, opened, warn
from flireo_iac.cli._pulling import target_in
from flireo_iac.cli._state import content_of
from flireo_iac.cli._stored import applied_in, opened_stack, owned_by, stacks_in, unsettled
from flireo_iac.client.api import FlireoApi
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.threeway import Mover
from flireo_iac.drift.accepting import Accepted, accept
from flireo_iac.drift.choice import Selector, check_known
from flireo_iac.drift.compare import Versions, compare
from flireo_iac.drift.files import wanted_items
from flireo_iac.drift.ignores import Ignore, apply, read_ignores, write_ignore
from flireo_iac.drift.looking import look
from flireo_iac.drift.model import DRIFTING, LOST, Applied, Drift, Fate, Held, ItemDrift
from flireo_iac.drift.unmanaged import projects, recorded, unmanaged
from flireo_iac.engine.files.project import load_project
from flireo_iac.errors import FlireoError, SettingsError, StackError
from flireo_iac.pull.record import read_record
from flireo_iac.pull.result import write_files
from flireo_iac.settings import Settings
from flireo_iac.stacks.load import LoadedStack, resolve
from flireo_iac.stacks.releases import base_of
from flireo_iac.stacks.targets import configuration, read_targets


class Drifting:
    """One look at one stack. Use it as a context manager: it closes its connections.

    Args:
        folder: The stack's folder.
        stack: Name of the stack, or of its environment; None for the only one.
        engine: Whose state is read.
        only: Items and fields to look at; empty for all.

    Raises:
        FlireoError: The stack, its state or its settings are not usable.
    """

    def __init__(self, folder: Path, stack: str | None, engine: EngineChoice, only: Sequence[Selector] = ()) -> None:
        self._folder = folder
        self._only = only
        named = stack or os.environ.get("FLIREO_STACK") or os.environ.get("PULUMI_STACK") or None
        self._name, environment = target_in(folder, named.rpartition("/")[2] if named else None, "drift")
        self._target = next((each for each in read_targets(folder, []) if each.stack == self._name), None)
        self._environment = environment
        self._program = pulumi_program(engine)
        self._stored = opened_stack(self._program, folder, named if named and "/" in named else self._name)
        self._api: FlireoApi | None = None
        self._config: Mapping[str, str] | None = None
        self._files: tuple[LoadedStack, list[Ignore]] | None = None
        self._applied: tuple[Applied, ...] = ()
        self._held: dict[str, Held] = {}
        self._unmanaged: tuple[ItemDrift, ...] = ()
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stored.close()
        if self._api is not None:
            self._api.close()

    @property
    def applied(self) -> tuple[Applied, ...]:
        """The resources of the state that were looked at."""
        return self._applied

    @property
    def held(self) -> Mapping[str, Held]:
        """What the account holds of them, by URN."""
        return self._held

    def look(self, *, is_unmanaged: bool = False) -> None:
        """Read files, state and account; nothing is written anywhere.

        Args:
            is_unmanaged: True also looks for what no stack of the repository owns.

        Raises:
            FlireoError: One of them cannot be read.
        """
        stack = self._loaded()[0]
        state = self._stored.whole()
        self._notes += unsettled(self._stored, state)
        found = applied_in(state, has_files=bool(stack.items))
        check_known(self._only, [*stack.items, *(each.key for each in found)])
        self._applied = tuple(each for each in found if self._is_wanted(each.key))
        settings = Settings.load(self._configuration(), os.environ)
        self._api = opened(settings)
        self._inventory = Inventory(self._api, say=warn)
        account = account_of(self._api, settings, ())
        is_person = output.stderr.is_terminal and not os.environ.get("CI")
        with output.stderr.status("reading the account") if is_person else nullcontext():
            self._held = look(self._api, self._inventory, account, self._applied, warn)
            if is_unmanaged:
                held = account.check()
                self._unmanaged = tuple(unmanaged(self._inventory.listing, self._owned(found, held)))

    def _is_wanted(self, key: str) -> bool:
        return not self._only or any(each.takes_item(key) for each in self._only)

    def drift(self) -> Drift:
        """Hold the three against each other, with the files as they are now; sends nothing that was sent before.

        Raises:
            FlireoError: The files have problems, or a list cannot be read.
        """
        stack, ignores = self._loaded()
        by_key = {each.key: each for each in self._applied}
        wanted = wanted_items(stack, by_key, self._secrets(stack))
        wanted = {key: each for key, each in wanted.items() if self._is_wanted(key)}
        record = read_record(self._folder, self._name)
        items = compare(Versions(self._applied, self._held, wanted, record, self._inventory.listing))
        is_program = bool(self._applied) and not stack.items and not any(each.is_of_files for each in self._applied)
        notes = [*self._notes, *([_NO_FILES] if is_program else [])]
        found = Drift(self._name, (*self._picked(items), *self._unmanaged), (), tuple(notes), len(self._applied))
        return apply(found, ignores, is_whole=not self._only)

    def _picked(self, items: Sequence[ItemDrift]) -> Iterator[ItemDrift]:
        for item in items:
            if not self._only:
                yield item
                continue
            fields = tuple(
                each for each in item.fields if any(one.takes(item.key, each.place.path) for one in self._only)
            )
            is_whole = any(one.takes_item(item.key) and not one.path for one in self._only)
            if fields or (item.fate is not None and is_whole):
                yield replace(item, fields=fields)

    # What the person decides

    def accept(self, selectors: Sequence[Selector]) -> Accepted:
        """Write what the dashboard says into the files.

        Args:
            selectors: Fields, or items for all that only the dashboard moved in them.

        Raises:
            SettingsError: Nothing that was named was moved in the account, or the stack runs a release.
            FlireoError: A file cannot be written.
        """
        self._refuse_release("accept")
        drift = self.drift()
        chosen: defaultdict[str, list[str]] = defaultdict(list)
        for selector in selectors:
            places = list(_accepted_places(selector, drift))
            if not places:
                raise SettingsError(f"drift --accept: {_nothing_there(selector, drift)}")
            for key, path in places:
                if path not in chosen[key]:
                    chosen[key].append(path)
        found = accept(self._folder, self._loaded()[0], self._applied, self._held, chosen)
        write_files(self._folder, {each.path: each.after for each in found.changes})
        self._files = None
        return found

    def ignore(self, selector: Selector, reason: str) -> Path:
        """Write into an item's file that the drift of a field does not count; gives the file.

        Args:
            selector: The field.
            reason: Why.

        Raises:
            SettingsError: There is no such item or field, no reason, or the stack runs a release.
        """
        self._refuse_release("ignore")
        stack = self._loaded()[0]
        check_known([selector], stack.items)
        if selector.item not in stack.origins.files.items or not selector.path:
            raise SettingsError(
                f'drift --ignore "{selector}": one field of one item was expected, such as agents.desk.first_message '
                "(agents.desk.* for all of them). Name one."
            )
        file = write_ignore(stack.origins.files.items[selector.item], selector.path, reason)
        self._files = None
        return file

    def _refuse_release(self, option: str) -> None:
        if self._target is not None and self._target.pin is not None:
            raise SettingsError(
                f'drift --{option}: "{self._name}" runs the release {self._target.pin.ref}, whose files do not change, '
                "expected a stack that follows the working tree. Write it into the files there, and promote that."
            )

    # What is read

    def _loaded(self) -> tuple[LoadedStack, list[Ignore]]:
        if self._files is None:
            with base_of(self._folder, self._target.pin if self._target is not None else None) as base:
                stack = resolve(base.files, self._environment)
                if stack.errors:
                    raise StackError([base.named(each) for each in stack.errors])
                ignores = read_ignores(base.files.items[key] for key in stack.items if key in base.files.items)
                if base.revision is not None:
                    named = base.revision.named
                    ignores = [
                        replace(each, place=replace(each.place, file=named(each.place.file))) for each in ignores
                    ]
            self._files = stack, ignores
        return self._files

    def _configuration(self) -> Mapping[str, str]:
        """Give the configuration; its secrets are opened only where one of them is needed."""
        if self._config is None:
            plain = configuration(self._folder, self._name)
            needed = {name for name in self._loaded()[0].secrets if _variable(name) not in os.environ}
            has_key = bool(os.environ.get("FLIREO_API_KEY"))
            is_secret = any(
                value is None and (key.partition(":")[2] in needed or (key == "flireo:apiKey" and not has_key))
                for key, value in plain.items()
            )
            known = {key: value for key, value in plain.items() if value is not None}
            self._config = self._stored.config() if is_secret else known
        return self._config

    def _secrets(self, stack: LoadedStack) -> dict[str, str]:
        """Look the secrets of the files up, as a deployment would; those that are nowhere are left out."""
        project = load_project(self._folder).name
        found = {}
        for name in stack.secrets:
            value = self._configuration().get(f"{project}:{name}", os.environ.get(_variable(name)))
            if value is not None:
                found[name] = value
        return found

    def _owned(self, mine: Sequence[Applied], account: str | None) -> set[tuple[str, str]]:
        """Give what the stacks of the repository own, by their states where they can be read, and by their records."""
        owned = {(each.kind.name, each.id) for each in mine}
        for folder in projects(self._folder):
            owned |= recorded(folder)
            for name in stacks_in(folder):
                if folder.samefile(self._folder) and name == self._name:
                    continue
                try:
                    owned |= set(owned_by(content_of(self._program, folder, name), account))
                except FlireoError as error:
                    self._notes.append(
                        f'The state of "{name}" in {folder} cannot be read, so what it owns may be shown as unmanaged: '
                        f"{error}"
                    )
        return owned


_NO_FILES = (
    "The folder holds no items: a program makes them. So what was deployed last is compared with the account only."
)


_SHOWN = 10
"""Places that a message names at most."""


def _variable(secret: str) -> str:
    return "FLIREO_SECRET_" + secret.upper().replace("-", "_")


def _accepted_places(selector: Selector, drift: Drift) -> Iterator[tuple[str, str]]:
    for item in drift.items:
        for field in item.fields:
            mover = field.place.mover
            is_meant = mover is Mover.DASHBOARD or (mover is Mover.CONFLICT and bool(selector.path))
            if is_meant and selector.takes(item.key, field.place.path):
                yield item.key, field.place.path


def _nothing_there(selector: Selector, drift: Drift) -> str:
    moved = [
        f"{item.key}.{field.place.path}"
        for item in drift.items
        for field in item.fields
        if field.place.mover in DRIFTING
    ]
    gone = next((each for each in drift.items if each.fate in LOST and selector.takes_item(each.key)), None)
    if gone is not None and gone.fate is not Fate.UNMANAGED:
        return (
            f'"{selector}" is gone from the account, so there is nothing to take over from there. To have it again: '
            f"flireo up -s {drift.stack} --refresh. To let it go: take out its file, too."
        )
    more = f", and {len(moved) - _SHOWN:,} more" if len(moved) > _SHOWN else ""
    named = f"these were: {', '.join(moved[:_SHOWN])}{more}. Name one of them"
    shown = named if moved else "nothing was. Leave it out"
    return f'"{selector}" was not changed in the account, {shown}.'
