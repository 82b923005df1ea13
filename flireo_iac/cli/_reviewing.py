"""What ``flireo review`` shows, and where: a review in one of its forms, on standard output or in a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.text import Text

from flireo_iac.allow import Allowed
from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice
from flireo_iac.cli._costs import foreseen
from flireo_iac.cli._planning import reasons
from flireo_iac.core.check import suggestion
from flireo_iac.errors import EngineError, ExitCode, SettingsError
from flireo_iac.plan.forecast import requests_of, steps_of
from flireo_iac.plan.model import Plan
from flireo_iac.plan.read import read_plan
from flireo_iac.review.base import Base, default_base, prefix_then
from flireo_iac.review.build import joined
from flireo_iac.review.drift import overwritten
from flireo_iac.review.markdown import LIMITS, comment
from flireo_iac.review.mask import masked
from flireo_iac.review.model import Review
from flireo_iac.review.stack import Foresee, Version, now, review_loaded, review_stack, then
from flireo_iac.stacks.folder import holds_stack
from flireo_iac.stacks.history import History, at

if TYPE_CHECKING:
    from flireo_iac.stacks.promotion import Promotion


Choice = TypeVar("Choice", bound=StrEnum)


class Format(StrEnum):
    """The form of a review."""

    TEXT = "text"
    MD = "md"
    HTML = "html"
    JSON = "json"


class Limit(StrEnum):
    """Whose comments a review has to fit."""

    GITHUB = "github"
    GITLAB = "gitlab"
    AZURE = "azure"


def one_of(choices: type[Choice], text: str, option: str) -> Choice:
    """Read a word of an option.

    Raises:
        SettingsError: It is none of those that are known.
    """
    known = [str(each) for each in choices]
    if text not in known:
        hint = suggestion(text, known) or "."
        raise SettingsError(f'{option}: is "{text}", expected one of {", ".join(known)}{hint}')
    return choices(text)


def review_files(folder: Path, environments: list[str], ref: str | None, allowed: Allowed) -> Review:
    """Review the files of a stack against those at a ref.

    Args:
        folder: The stack's folder.
        environments: Names of environments; empty for each one that the change reaches.
        ref: A git ref, or a folder that holds another version of the stack; None to find one.
        allowed: What was asked for.

    Raises:
        SettingsError: There is no stack, no repository or no such ref.
    """
    after = now(folder)
    with ExitStack() as opened:
        before, base = version_before(folder, ref, opened)
        found = review_stack(before, after, environments, allowed, _foresee(allowed))
    return replace(found, base=base, head="the working tree")


def _foresee(allowed: Allowed) -> Foresee:
    """Forecast plans with an unused budget: the machine that deploys is another one."""
    return lambda plan: foreseen(requests_of(plan, allowed), None, 0.0, steps_of(plan))


def version_before(folder: Path, ref: str | None, opened: ExitStack) -> tuple[Version, str]:
    """Give the stack as it was, and what that is for people.

    Args:
        folder: The stack's folder.
        ref: A git ref, or a folder that holds another version of the stack; None to find one.
        opened: Keeps its files until it is closed.

    Raises:
        SettingsError: There is no repository or no such ref.
    """
    if ref == "":
        raise SettingsError("--base: is empty, expected a git ref or a folder. Name one, or leave --base out.")
    if ref is not None and Path(ref).is_dir() and _is_folder_meant(folder, ref):
        return then(Path(ref), folder), ref
    history = History(folder)
    base = Base(ref, "--base") if ref is not None else default_base(history, os.environ)
    commit = history.commit(base.ref)
    shown = f"{commit[:10]} ({base.ref})" if not commit.startswith(base.ref) else commit[:10]
    if ref is None:
        output.note(f"compared with {commit[:10]}: {base.why}.")
    prefix = prefix_then(history, commit)
    if prefix is None:
        return Version(folder, None, folder, where=f"at {history.prefix}"), shown
    if prefix != history.prefix:
        output.note(f"the stack stood in {prefix or 'the top folder'} then, it is compared with that.")
    revision = opened.enter_context(at(folder, commit, prefix))
    short = replace(revision, shown=revision.shown.replace(commit, commit[:10], 1))
    return then(revision.folder, folder, short.named), shown


def _is_folder_meant(folder: Path, base: str) -> bool:
    """Tell whether a base is meant as a folder: a git ref of that name comes first, and the folder holds a stack."""
    try:
        commit = History(folder).commit(base)
    except SettingsError:
        if not holds_stack(Path(base)):
            raise SettingsError(
                f'--base: "{base}" is no git ref here, and the folder of that name holds no stack. Name another one.'
            ) from None
        output.note(f"compared with the folder {base}.")
        return True
    if holds_stack(Path(base)):
        output.note(f'compared with the git ref "{base}", {commit[:10]}; for the folder: --base {Path(base).resolve()}')
    return False


def review_promotion(found: Promotion) -> Review:
    """Review what a promotion moves; nothing where what runs now cannot be read."""
    allowed = Allowed.load(os.environ)
    reviewed = review_loaded(found.target.stack, found.before, found.after, allowed, _foresee(allowed))
    is_known = not found.unread and bool(reviewed.items or reviewed.notes)
    return joined(Review((reviewed,) if is_known else ()))


def with_account(review: Review, folder: Path, engine: EngineChoice) -> Review:
    """Add to a review of files what it would overwrite in the account; reads lists, writes nothing.

    Args:
        review: The review.
        folder: The stack's folder.
        engine: Which engine looks.

    Raises:
        EngineError: The account or the state could not be looked at.
    """
    environments = []
    for each in review.environments:
        found = _found_in_account(each.name, folder, engine)
        if found is None:
            environments.append(replace(each, notes=(*each.notes, "It was never deployed.")))
        else:
            environments.append(replace(each, drift=overwritten(found, each)))
    return replace(review, environments=tuple(environments))


def _found_in_account(stack: str, folder: Path, engine: EngineChoice) -> Plan | None:
    """Have an engine look at the account; None for a stack that was never deployed."""
    command = [sys.executable, "-m", "flireo_iac.cli", "refresh", "--preview-only", "--json", "--engine", engine]
    done = subprocess.run(
        [*command, "--cwd", str(folder), *(["--stack", stack] if stack else [])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == ExitCode.STACK_NOT_FOUND:
        return None
    if done.returncode:
        where = f' of "{stack}"' if stack else ""
        why = "\n".join(reasons(done.stdout)) or done.stderr.strip() or "nothing was said about why"
        raise EngineError(
            f"review --live: the account{where} could not be looked at. Mend this, or leave --live out.\n{why}",
            exit_code=done.returncode,
        )
    return masked(read_plan(done.stdout, "refresh"))


def show(
    review: Review,
    form: Format,
    target: Path | None = None,
    limit: int = LIMITS["github"],
    link: str = "",
    more: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Write a review.

    Args:
        review: The review.
        form: Its form.
        target: File to write; None means standard output.
        limit: Most characters of Markdown.
        link: Address of the whole review; empty when there is none.
        more: Keys to add to the JSON document.

    Raises:
        SettingsError: The file cannot be written.
    """
    if form is Format.TEXT:
        _show_text(review, target)
        return
    if form is Format.MD:
        text = comment(review, limit, link)
    elif form is Format.HTML:
        from flireo_iac.review.page import page

        text = page(review)
    else:
        from flireo_iac.review.document import document

        text = json.dumps({**document(review), **more}, indent=2, ensure_ascii=False)
    if target is None:
        output.data(text.rstrip("\n"))
    else:
        write("review", target, f"{text.rstrip()}\n")


def _show_text(review: Review, target: Path | None) -> None:
    from flireo_iac.review.text import Lines

    console = Console(file=sys.stdout, highlight=False)
    has_colour = target is None and console.color_system is not None and not console.no_color
    lines = Lines(has_colour).of(review)
    if target is not None:
        write("review", target, "".join(f"{line.plain}\n" for line in lines))
        return
    for line in lines:
        if console.is_terminal:
            for part in _wrapped(line, console):
                console.print(part, soft_wrap=True)
        else:
            output.data(line.plain)


def _wrapped(line: Text, console: Console) -> Iterator[Text]:
    """Break a line where the terminal ends; what follows is indented like its beginning."""
    indent = len(line.plain) - len(line.plain.lstrip())
    for number, part in enumerate(line[indent:].wrap(console, max(console.width - indent - 2, 20))):
        more = indent + 2 if number and indent + 22 < console.width else indent
        yield Text(" " * more).append_text(part)


def write(what: str, target: Path, text: str) -> None:
    """Write a file, and say so.

    Args:
        what: What is written, for errors.
        target: The file.
        text: What it is to hold.

    Raises:
        SettingsError: It cannot be written.
    """
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f'write {what} "{target}": {error.strerror}. Name a file that can be written with --output.'
        ) from None
    output.note(f"written: {target}")
