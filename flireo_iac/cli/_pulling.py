"""What ``flireo pull`` reads and shows."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flireo_iac.cli import output
from flireo_iac.cli._state import ids_in_state
from flireo_iac.client.api import FlireoApi
from flireo_iac.errors import SettingsError
from flireo_iac.pull.account import read_account
from flireo_iac.pull.choice import Choice
from flireo_iac.pull.frame import frame
from flireo_iac.pull.pulling import pull
from flireo_iac.pull.result import FileChange, Pulled
from flireo_iac.settings import Settings
from flireo_iac.stacks.folder import folder_above
from flireo_iac.stacks.targets import configuration, read_targets, target_of
from flireo_iac.waits import wait_text

NEW_STACK = "dev"
"""Name of the stack in a new folder, when none is given."""
_SHOWN_LINES = 6
"""Changed lines of a file that are shown unasked."""


def pulled(folder: Path | None, stack: str | None, only: tuple[str, ...], *, is_adding: bool) -> Pulled:
    """Read the account and decide what to write.

    Args:
        folder: Folder of the stack, a new one too; None for the one that the working directory is in.
        stack: Name of the stack; None for the only one.
        only: Names of items; empty for all.
        is_adding: True writes fields, too, that the file of an item does not name.

    Raises:
        FlireoError: The account cannot be read, or the stack has problems.
    """
    chosen = folder if folder is not None else folder_above(Path())
    is_new = not (chosen / "Pulumi.yaml").is_file()
    if is_new and chosen.is_dir() and any(path.name != ".git" for path in chosen.iterdir()):
        raise SettingsError(
            f'pull "{chosen}": it holds files and no stack, expected a stack or a new folder. Name one with --into.'
        )
    name, environment = (stack or NEW_STACK, stack or NEW_STACK) if is_new else target_in(chosen, stack, "pull")
    settings = Settings.load({} if is_new else _configuration(chosen, name), os.environ)
    with FlireoApi(settings, on_wait=_say_wait, on_warning=_warn) as api:
        account = read_account(api)
    for kind in sorted(account.incomplete):
        _warn(f"the list of {kind.replace('_', ' ')}s does not say whether it is whole")
    made = frame(chosen, name, settings.base_url) if is_new else {}
    state = {} if is_new else ids_in_state(chosen, name)
    return pull(Choice(chosen, name, environment, only, is_adding), account, made, state)


def target_in(folder: Path, stack: str | None, operation: str) -> tuple[str, str | None]:
    """Give the stack that is meant, and its environment.

    Args:
        folder: Folder of the stack.
        stack: Its name, or that of its environment; None for the only one.
        operation: What asks, for errors.

    Raises:
        SettingsError: There is no such stack, or none is named and there are several.
    """
    if stack is None:
        targets = read_targets(folder, [])
        if len(targets) > 1:
            names = ", ".join(each.stack for each in targets)
            raise SettingsError(f"{operation}: the stacks are {names}, one was expected. Name it with -s.")
        if not targets:
            return NEW_STACK, None
        return targets[0].stack, targets[0].environment
    if not read_targets(folder, []):
        return stack, None
    found = target_of(folder, stack)
    return found.stack, found.environment


def _configuration(folder: Path, stack: str) -> Mapping[str, str]:
    """Give the configuration of a stack; its secrets are opened only where the key is one of them."""
    plain = configuration(folder, stack)
    if os.environ.get("FLIREO_API_KEY") or "flireo:apiKey" not in plain:
        return {key: value for key, value in plain.items() if value is not None}
    from flireo_iac.engine.unfinished_local import LocalStack

    opened = LocalStack(folder, stack, lambda event: output.error(getattr(event, "text", "")))
    try:
        return opened.config()
    finally:
        opened.close()


def _say_wait(reason: str, seconds: float) -> None:
    output.note(wait_text(reason, seconds))


def _warn(text: str) -> None:
    output.note(f"warning: {text}")


def lines(found: Pulled, *, is_whole: bool) -> Iterator[str]:
    """Say what would be written, and what cannot be.

    Args:
        found: What was decided.
        is_whole: True shows every changed line.
    """
    frames = [each for each in found.changes if _is_frame(each)]
    for each in found.changes:
        if each not in frames:
            yield f"{'new    ' if each.before is None else 'changed'}  {each.path}"
            if each.before is not None or is_whole:
                yield from changed_lines(each, is_whole=is_whole)
    if frames:
        yield f"new      {len(frames)} files around them: project, program, environment, schemas for editors"
    yield _summary(found)
    if found.needed:
        yield ""
        yield "Secrets to supply, in the configuration of the stack or in these variables:"
        for need in found.needed:
            why = "the dashboard shows it" if need.is_readable else "the account never shows it"
            yield f"  {need.variable}  for {need.item} {need.field}; {why}"
    yield from _remarks("Not in the files:", found.left)
    yield from _remarks("To be changed by hand:", found.by_hand)
    yield from _remarks("In the files, and not in the account any more:", found.gone)


def _is_frame(change: FileChange) -> bool:
    top, slash, _ = change.path.partition("/")
    return change.before is None and (top in ("schema", "environments") or not slash) and change.path != "domain.yaml"


def _remarks(title: str, remarks: tuple[Any, ...]) -> Iterator[str]:
    if remarks:
        yield ""
        yield title
        for each in remarks:
            yield f"  {each}"


def changed_lines(change: FileChange, *, is_whole: bool) -> Iterator[str]:
    """Give the changed lines of a file, all of them or the first ones."""
    before = (change.before or b"").decode("utf-8", "replace").split("\n")
    after = change.after.decode("utf-8", "replace").split("\n")
    found = [
        line for line in list(difflib.unified_diff(before, after, lineterm="", n=0))[2:] if not line.startswith("@@")
    ]
    shown = found if is_whole else found[:_SHOWN_LINES]
    for line in shown:
        yield f"    {line[0]} {line[1:]}".replace("\r", "\\r").rstrip()
    if len(shown) < len(found):
        yield f"    ... {len(found) - len(shown)} more changed lines; --diff shows all"


def _summary(found: Pulled) -> str:
    counts = Counter("new" if each.before is None else "changed" for each in found.changes)
    same = f"{found.same} item{'' if found.same == 1 else 's'} the same"
    return f"{len(found.items)} in the account; files: {counts['new']} new, {counts['changed']} changed; {same}."


def document(found: Pulled, *, is_written: bool) -> dict[str, Any]:
    """Give the outcome as JSON values."""
    return {
        "is_written": is_written,
        "folder": str(found.folder),
        "stack": found.stack,
        "items": list(found.items),
        "files": [{"path": each.path, "is_new": each.before is None} for each in found.changes],
        "same": found.same,
        "secrets": [{**asdict(each), "variable": each.variable} for each in found.needed],
        "left": [asdict(each) for each in found.left],
        "by_hand": [asdict(each) for each in found.by_hand],
        "gone": list(found.gone),
    }
