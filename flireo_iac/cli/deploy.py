"""``flireo preview``, ``up``, ``refresh``, ``destroy`` and ``cancel``: one stack, on either engine."""

from __future__ import annotations

from pathlib import Path

import typer

from flireo_iac.cli import output
from flireo_iac.cli._choice import Choice
from flireo_iac.cli._choosing import EngineChoice
from flireo_iac.cli._session import Session

_STACK = typer.Option(None, "-s", "--stack", help="Name of the stack; default FLIREO_STACK, or the only one there is.")
_CWD = typer.Option(Path(), "-C", "--cwd", help="Folder of the stack.", show_default="here")
_YES = typer.Option(False, "-y", "--yes", help="Do not ask.")
_ENGINE = typer.Option(EngineChoice.AUTO, "--engine", help="auto takes the pulumi program if it is on PATH.")
_REFRESH = typer.Option(False, "-r", "--refresh", help="Read what is really there first.")
_EXPECT = typer.Option(False, "--expect-no-changes", help="Exit with 7 if there are changes.")
_JSON = typer.Option(False, "-j", "--json", help="Print JSON: one document; an up on pulumi prints one event a line.")
_DIFF = typer.Option(False, "--diff", help="Show every changed property.")
_TARGET = typer.Option(None, "-t", "--target", help="URN to limit the run to; * and ** stand for any text. Repeatable.")
_SKIP = typer.Option(False, "-f", "--skip-preview", help="Do not show what would happen first.")
_GO_ON = typer.Option(False, "--continue-on-error", help="Go on with what does not depend on what failed.")
_PARALLEL = typer.Option(None, "-p", "--parallel", min=1, help="Operations at once; the local engine does 16.")
_MESSAGE = typer.Option("", "-m", "--message", help="Kept in the history of the stack.")
_ALLOW = typer.Option(None, "--allow", help="Let the run do what has to be asked for; it says what. Repeatable.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (preview, up, refresh, destroy, cancel):
        app.command(command.__name__)(command)


def preview(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    engine: EngineChoice = _ENGINE,
    refresh: bool = _REFRESH,
    expect_no_changes: bool = _EXPECT,
    as_json: bool = _JSON,
    diff: bool = _DIFF,
    target: list[str] | None = _TARGET,
    parallel: int | None = _PARALLEL,
    message: str = _MESSAGE,
    allow: list[str] | None = _ALLOW,
) -> None:
    """Say what up would do. Changes nothing."""
    choice = Choice("preview", stack, cwd, target, parallel, message, allow=allow)
    choice.flags.update({"--refresh": refresh, "--expect-no-changes": expect_no_changes, "--json": as_json})
    choice.flags["--diff"] = diff
    choice.hand_over(engine)
    with Session(choice, as_json=as_json, diff=diff) as session:
        result = session.show_plan(lambda run: run.preview(refresh=refresh), is_refreshed=refresh)
        session.exit(result, expect_no_changes=expect_no_changes)


def up(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    yes: bool = _YES,
    engine: EngineChoice = _ENGINE,
    refresh: bool = _REFRESH,
    expect_no_changes: bool = _EXPECT,
    as_json: bool = _JSON,
    diff: bool = _DIFF,
    target: list[str] | None = _TARGET,
    skip_preview: bool = _SKIP,
    continue_on_error: bool = _GO_ON,
    parallel: int | None = _PARALLEL,
    message: str = _MESSAGE,
    allow: list[str] | None = _ALLOW,
) -> None:
    """Make what is there what the stack says."""
    from flireo_iac.cli._gates import obey

    choice = Choice("up", stack, cwd, target, parallel, message, continue_on_error, allow)
    choice.flags.update({"--refresh": refresh, "--expect-no-changes": expect_no_changes, "--json": as_json})
    choice.flags.update({"--diff": diff, "--yes": yes, "--skip-preview": skip_preview})
    obey("up", cwd, stack, engine)
    choice.hand_over(engine)
    asks = choice.must_ask(yes=yes or skip_preview, as_json=as_json)
    with Session(choice, as_json=as_json, diff=diff) as session:
        session.plan_first(lambda run: run.preview(refresh=refresh), is_shown=not skip_preview)
        session.stop_what_must_be_asked_for()
        session.warn_of_abandoned()
        session.foresee(is_read=refresh and not asks, with_refresh=refresh and asks, as_planned=not asks)
        if asks:
            session.ask("Do you want to perform this update?")
        result = session.show(lambda run: run.up(refresh=refresh, as_planned=not asks))
        session.exit(result, expect_no_changes=expect_no_changes)


def refresh(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    yes: bool = _YES,
    engine: EngineChoice = _ENGINE,
    preview_only: bool = typer.Option(False, "--preview-only", help="Only say what would change in the state."),
    clear_pending_creates: bool = typer.Option(
        False, "--clear-pending-creates", help="Forget creates whose end was never seen."
    ),
    expect_no_changes: bool = _EXPECT,
    as_json: bool = _JSON,
    diff: bool = _DIFF,
    target: list[str] | None = _TARGET,
    skip_preview: bool = _SKIP,
    parallel: int | None = _PARALLEL,
    message: str = _MESSAGE,
    allow: list[str] | None = _ALLOW,
) -> None:
    """Take what is really there into the state. Changes nothing else."""
    choice = Choice("refresh", stack, cwd, target, parallel, message, allow=allow)
    choice.flags.update({"--expect-no-changes": expect_no_changes, "--json": as_json, "--diff": diff, "--yes": yes})
    choice.flags.update({"--preview-only": preview_only, "--clear-pending-creates": clear_pending_creates})
    choice.flags["--skip-preview"] = skip_preview
    choice.hand_over(engine)
    asks = not preview_only and choice.must_ask(yes=yes or skip_preview, as_json=as_json)
    with Session(choice, as_json=as_json, diff=diff) as session:
        if asks:
            session.plan_first(lambda run: run.refresh(preview=True), is_shown=True)
            session.ask("Do you want to take this into the state?")
        session.foresee_refresh()
        result = session.show(
            lambda run: run.refresh(preview=preview_only, clear_pending_creates=clear_pending_creates)
        )
        session.exit(result, expect_no_changes=expect_no_changes)


def destroy(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    yes: bool = _YES,
    engine: EngineChoice = _ENGINE,
    refresh: bool = _REFRESH,
    as_json: bool = _JSON,
    diff: bool = _DIFF,
    target: list[str] | None = _TARGET,
    skip_preview: bool = _SKIP,
    continue_on_error: bool = _GO_ON,
    parallel: int | None = _PARALLEL,
    message: str = _MESSAGE,
    allow: list[str] | None = _ALLOW,
) -> None:
    """Delete everything that the stack made."""
    choice = Choice("destroy", stack, cwd, target, parallel, message, continue_on_error, allow)
    choice.flags.update({"--refresh": refresh, "--json": as_json, "--diff": diff, "--yes": yes})
    choice.flags["--skip-preview"] = skip_preview
    choice.hand_over(engine)
    asks = choice.must_ask(yes=yes or skip_preview, as_json=as_json)
    with Session(choice, as_json=as_json, diff=diff) as session:
        session.plan_first(lambda run: run.destroy(preview=True, refresh=refresh), is_shown=not skip_preview)
        session.warn_of_abandoned(makes_nothing=True)
        session.foresee(is_read=refresh and not asks, with_refresh=refresh and asks)
        if asks:
            session.ask(f"Do you want to delete all this from the stack {session.engine.stack}?")
        session.exit(session.show(lambda run: run.destroy(refresh=refresh)))


def cancel(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    yes: bool = _YES,
    engine: EngineChoice = _ENGINE,
) -> None:
    """Remove the lock that a run left behind."""
    from flireo_iac.engine.files.project import no_such_stack

    choice = Choice("cancel", stack, cwd, None, None, "")
    choice.flags["--yes"] = yes
    choice.hand_over(engine)
    with Session(choice, as_json=False, diff=False) as session:
        run = session.engine
        locks = run.backend.locks()
        if not locks:
            if run.backend.read() is None and run.stack not in run.project.stacks():
                raise no_such_stack(run.project, run.stack, run.backend.root)
            output.note(f'stack "{run.stack}": is not locked.')
            return
        for lock in locks:
            output.note(f"locked by {lock.holder}{' (that process is gone)' if lock.gone else ''}")
        if choice.must_ask(yes=yes, as_json=False):
            session.ask("Remove the lock? A run that still goes on would then write over another one.")
        for lock in locks:
            lock.path.unlink(missing_ok=True)
        output.note(f'stack "{run.stack}": is not locked any more.')
