"""Decides what a pull would write: new files for what the stack does not have, changes in the files of what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from flireo_iac.errors import SettingsError, StackError
from flireo_iac.pull.account import Account
from flireo_iac.pull.attempt import LEADS, LONG, LONG_WAY, NOT_AT_ALL, SHORT_WAY, Attempt
from flireo_iac.pull.choice import Choice
from flireo_iac.pull.holding import held
from flireo_iac.pull.matching import match
from flireo_iac.pull.proof import Field, unsaid
from flireo_iac.pull.record import known_ids, path_of, read_record, record_text
from flireo_iac.pull.result import FileChange, Pulled, Remark
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.load import LoadedStack, resolve


def pull(
    choice: Choice, account: Account, frame: Mapping[str, bytes], state: Mapping[str, str] | None = None
) -> Pulled:
    """Decide what to write, so that the stack says what the account holds.

    Args:
        choice: What is asked for.
        account: What the account holds.
        frame: Files of a new stack; empty for one that is there.
        state: Id of each item that the engine's state holds; None when it is not known.

    Raises:
        SettingsError: ``only`` names nothing, or the folder cannot be read.
        StackError: The stack that is there has problems.
    """
    stack = None if frame else _loaded(choice)
    record = known_ids(read_record(choice.folder, choice.stack), state or {}, account)
    files = stack.origins.files if stack is not None else None
    taken = frozenset([*files.items, *files.broken]) if files is not None else frozenset()
    left_out = _left_out(stack, record)
    items = {**(held(stack, record) if stack is not None else {}), **left_out}
    matches = match(account, items, record, taken)
    _check_only(choice, [each.key for each in matches.found])
    levels: dict[Field, int] = {}
    reasons: dict[Field, str] = {}
    while True:
        attempt = Attempt(choice, stack, matches, account, frozenset(left_out), levels, reasons)
        made = {**frame, **attempt.files()}
        wrong = unsaid(choice.folder, choice.environment, made, attempt.wanted, attempt.ids)
        if not wrong:
            return _result(choice, attempt, made, record)
        _learn(wrong, levels, attempt)
        reasons |= wrong


def _left_out(stack: LoadedStack | None, ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Give what each item holds that the environment leaves out."""
    omitted = stack.origins.environment.omitted if stack is not None else set()
    if stack is None or not omitted:
        return {}
    whole = resolve(stack.origins.files, stack.environment, keeps_omitted=True)
    return {key: values for key, values in held(whole, ids).items() if key in omitted}


def _loaded(choice: Choice) -> LoadedStack:
    stack = resolve(read_folder(choice.folder), choice.environment)
    if stack.errors:
        raise StackError(stack.errors)
    return stack


def _check_only(choice: Choice, keys: Iterable[str]) -> None:
    known = list(keys)
    for pattern in choice.only:
        if not any(fnmatchcase(key, pattern) for key in known):
            shown = ", ".join(known[:10]) or "nothing"
            raise SettingsError(f'--only "{pattern}": the account holds no such item, it holds {shown}. Name another.')


def _learn(wrong: Mapping[Field, str], levels: dict[Field, int], attempt: Attempt) -> None:
    """Say a field that was not read back the long way the next time, or not at all."""
    for place in wrong:
        key, name = place
        if place not in attempt.written and (key, "") not in attempt.written:
            # A change reached an item through a file that several use: no file of that kind is changed then.
            for other in attempt.changed:
                levels[other] = NOT_AT_ALL
        before = levels.get(place, SHORT_WAY if name in (*LONG, LEADS) else LONG_WAY)
        levels[place] = min(before + 1, NOT_AT_ALL)


def _result(choice: Choice, attempt: Attempt, made: Mapping[str, bytes], record: Mapping[str, str]) -> Pulled:
    gone = set(attempt.matches.gone)
    kept = {key: id_ for key, id_ in record.items() if key not in gone}
    ids = {key: id_ for key, id_ in attempt.ids.items() if choice.wants(key) or key in kept}
    ids = {**kept, **ids}
    files = dict(made)
    if ids or record:
        files[path_of(choice.stack)] = record_text(ids).encode()
    changes = []
    for path, after in sorted(files.items()):
        target = choice.folder / path
        before = target.read_bytes() if target.is_file() else None
        if before != after:
            changes.append(FileChange(path, before, after))
    by_hand = [
        Remark(key, "", f"could be any of {', '.join(several)}; write one into {path_of(choice.stack)}")
        for key, several in attempt.matches.unsure.items()
    ]
    news = {each.key for each in attempt.matches.found if each.is_new}
    return Pulled(
        folder=choice.folder,
        stack=choice.stack,
        changes=tuple(changes),
        items=tuple(sorted(key for key in attempt.ids if choice.wants(key))),
        same=sum(choice.wants(key) and key not in attempt.touched and key not in news for key in attempt.ids),
        needed=tuple(attempt.needed),
        left=tuple(attempt.left),
        by_hand=tuple(attempt.by_hand + by_hand),
        gone=tuple(attempt.matches.gone),
    )
