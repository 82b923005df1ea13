"""Every error of this project, and the exit code each leads to.

::

    FlireoError                      exit 1
    ├── SettingsError                exit 2   a setting or an option is missing or wrong
    ├── KindError                             a kind file contradicts itself (raised when it is loaded)
    ├── StackError                   exit 2   stack files are wrong; holds every problem with its place
    ├── InvalidInputError            exit 4   inputs of one resource are wrong; holds every problem
    ├── ApiError                     exit 4   the API answered, and not with success
    │   ├── AuthenticationError      exit 3   401
    │   ├── CreditsError                      402
    │   ├── ForbiddenError           exit 3   403
    │   ├── NotFoundError                     404
    │   ├── ConflictError                     409
    │   ├── InvalidRequestError               400, 422 and other 4xx
    │   ├── RateLimitError                    429
    │   ├── ServerError                       5xx
    │   └── UnexpectedAnswerError             2xx, but not what the API promises
    ├── TransportError               exit 4   no answer; says whether the request may have arrived
    ├── OtherAccountError            exit 3   the key is another account's than the state was made with
    ├── RailError                    exit 5   the run would do what has to be asked for; holds every finding
    ├── UnprovenAbsenceError         exit 4   an object that answers 404, though it is not certain that it is gone
    ├── ChangedOutsideError          exit 4   an update would overwrite what somebody else has changed
    ├── CallStateError               exit 4   a command to a call that is not in progress
    ├── InUseError                   exit 4   a delete would leave something live without the object
    ├── BusyError                    exit 4   a delete of an object that is doing something
    ├── FinalError                   exit 4   an update of an object in which nothing can change any more
    ├── AmbiguousCreateError         exit 4   a create whose answer is lost and which cannot be settled
    ├── JournalError                 exit 4   the journal of creates cannot be used
    │   └── DamagedJournalError               its file is no journal any more
    ├── EngineError                  exit 1   the local engine; carries its own exit code
    │   ├── LockedError                       another run holds the stack
    │   ├── PassphraseError                   the passphrase does not open the secrets
    │   └── StateError                        the state cannot be read, or must not be written
    ├── WebhookError                 exit 1   a request that is no webhook of the platform
    │   ├── SignatureError                    it is not signed as it should be
    │   └── EventError                        its body is none of the four events
    └── EmulatorError                exit 1   the emulator cannot start

The text of an error has one form: ``<operation> <kind> "<name>": <what is wrong>, <what was expected>.
<what to do next>.`` A place (file:line:column) or a status and path stands beside it. No text holds a secret:
whoever raises an error masks values before the text is built.
"""

from __future__ import annotations

from dataclasses import dataclass


class ExitCode:
    """Exit codes of ``flireo``, the same as Pulumi's own."""

    DONE = 0
    FAILED = 1
    CONFIGURATION = 2
    AUTHENTICATION = 3
    RESOURCE = 4
    POLICY = 5
    STACK_NOT_FOUND = 6
    DIFFERENCES = 7
    CANCELLED = 8


class FlireoError(Exception):
    """Base of all errors that a user can meet."""

    exit_code: int = ExitCode.FAILED

    is_outcome_unknown: bool = False
    """Whether a create was sent that may have made something of which nothing is known."""

    @property
    def reason(self) -> str:
        """What is wrong and what to do next, without the operation: for a caller that names its own."""
        return str(self)


class SettingsError(FlireoError):
    """A setting or an option is missing or wrong."""

    exit_code = ExitCode.CONFIGURATION


class KindError(FlireoError):
    """A kind file contradicts itself; raised when the kind is loaded."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, with its place.

    Args:
        file: Path of the file as the user would type it; empty when there is none.
        line: Line from 1; 0 when unknown.
        column: Column from 1; 0 when unknown.
        rule: Stable id of the rule that objects, such as ``FL103``.
        text: What is wrong, what was expected, what to do next.
        severity: ``error`` or ``warning``; a warning stops nothing.
    """

    file: str
    line: int
    column: int
    rule: str
    text: str
    severity: str = "error"

    def __str__(self) -> str:
        """Give the problem as ``file:line:column  RULE text``."""
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)]) if self.file else ""
        return f"{place}  {self.rule} {self.text}" if place else f"{self.rule} {self.text}"


class StackError(FlireoError):
    """Stack files are wrong.

    Args:
        problems: All of them, of all files; at least one.
    """

    exit_code = ExitCode.CONFIGURATION

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidInputError(FlireoError):
    """Inputs of one resource are wrong.

    Args:
        problems: One text for each, beginning with the path of the input.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class ApiError(FlireoError):
    """The API answered, and not with success.

    Args:
        text: What the server says, masked and cut.
        operation: What the request was for, such as ``create agent "Receptionist"``; empty when the caller says it.
        status: HTTP status.
        method: HTTP method of the request.
        path: Path of the request below the base URL.
        code: The server's machine code; None when it sent none.
        param: The field at fault, when the server names one.
        retry_after_s: Seconds the server asks to wait; None when it does not ask.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(
        self,
        text: str,
        *,
        operation: str = "",
        status: int,
        method: str,
        path: str,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.text = text
        self.status = status
        self.method = method
        self.path = path
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s
        label = f"HTTP {status} {code}" if code else f"HTTP {status}"
        self._reason = f"{text.rstrip('.')} ({label}, {method} {path})."
        super().__init__(f"{operation}: {self._reason}" if operation else self._reason)

    @property
    def reason(self) -> str:
        """What is wrong, with status and path, without the operation."""
        return self._reason


class AuthenticationError(ApiError):
    """401: the key is missing, wrong, expired or revoked."""

    exit_code = ExitCode.AUTHENTICATION


class CreditsError(ApiError):
    """402: the account has no credits."""


class ForbiddenError(ApiError):
    """403: the key is good, the object belongs to another organization."""

    exit_code = ExitCode.AUTHENTICATION


class NotFoundError(ApiError):
    """404: the object is not there."""


class ConflictError(ApiError):
    """409: there is such an object already, or it is in use."""


class InvalidRequestError(ApiError):
    """400, 422 and other 4xx: the server does not accept the request."""


class RateLimitError(ApiError):
    """429: too many requests."""


class ServerError(ApiError):
    """5xx: the server or a gateway failed."""


class UnexpectedAnswerError(ApiError):
    """The status says success, the body is not what the API promises."""


class TransportError(FlireoError):
    """No answer came.

    Args:
        text: What happened, as a sentence.
        operation: What the request was for; empty when the caller says it.
        method: HTTP method of the request.
        path: Path of the request below the base URL.
        may_have_arrived: True when the server may have acted on the request.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, text: str, *, operation: str = "", method: str, path: str, may_have_arrived: bool) -> None:
        self.text = text
        self.method = method
        self.path = path
        self.may_have_arrived = may_have_arrived
        self._reason = f"{text.rstrip('.')} ({method} {path})."
        super().__init__(f"{operation}: {self._reason}" if operation else self._reason)

    @property
    def reason(self) -> str:
        """What happened, with the path, without the operation."""
        return self._reason


class OtherAccountError(FlireoError):
    """The key is another account's than the one that the state was made with, or that the settings demand.

    Args:
        held: Id of the key's account.
        wanted: Id of the account that it should be.
        is_demanded: True when the settings name it, False when the state does.
    """

    exit_code = ExitCode.AUTHENTICATION

    def __init__(self, held: str, wanted: str, *, is_demanded: bool = False) -> None:
        self.held = held
        self.wanted = wanted
        whose = "the settings name (flireo:account)" if is_demanded else "the state was made with"
        super().__init__(
            f"the key is of account {held}, {wanted} was expected, which {whose}. "
            "Take the key of that account; if the other one is meant, run flireo with --allow other-account "
            "(or set FLIREO_ALLOW=other-account)."
        )


class RailError(FlireoError):
    """The run would do what has to be asked for.

    Args:
        texts: One text for each thing, which says how to ask for it.
    """

    exit_code = ExitCode.POLICY

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        super().__init__("\n".join(texts))


class UnprovenAbsenceError(FlireoError):
    """An object answers that it is not there, and the account does not prove it.

    Args:
        path: Path of the list that should prove it.
        what: What is wrong with the list.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, path: str, what: str) -> None:
        super().__init__(
            f"it seems to be gone, but its list (GET {path}) {what}. Both were expected to agree "
            "before it is forgotten, so the state keeps it. Run again later."
        )


class ChangedOutsideError(FlireoError):
    """An update would overwrite what somebody else has changed.

    Args:
        paths: What was changed, as places in the inputs.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths = paths
        super().__init__(
            f"{', '.join(paths)} changed outside this stack since the last run, and would be overwritten. "
            "Take the change over into the stack, or run flireo refresh to have it shown and then put back by the "
            "next up; flireo:onConflict (FLIREO_ON_CONFLICT) set to overwrite overwrites without a question."
        )


class InUseError(FlireoError):
    """A delete would leave something live without the object.

    Args:
        what: What uses it.
        option: The option that allows it.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, what: str, option: str) -> None:
        super().__init__(
            f"it is in use: {what}. Nothing live was expected to use it. Point what uses it elsewhere first; "
            f"if it is meant, run flireo with {option} (or set FLIREO_ALLOW)."
        )


class CallStateError(FlireoError):
    """A command was given to a call that is not in progress.

    Args:
        operation: What was to be done, with the call's id.
        status: Status of the call.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, operation: str, status: str) -> None:
        self.status = status
        super().__init__(
            f"{operation}: the call is {status}, one that is in-progress was expected: commands are taken only while "
            "somebody talks. Look at it with flireo calls show."
        )


class BusyError(FlireoError):
    """A delete of an object that is doing something.

    Args:
        why: What it does.
        option: The option that allows it.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, why: str, option: str) -> None:
        super().__init__(
            f"{why}, and is not deleted while it does. Pause it first; if it is meant, run flireo with {option} "
            "(or set FLIREO_ALLOW)."
        )


class FinalError(FlireoError):
    """An update of an object in which nothing can change any more.

    Args:
        why: Why that is, and what to do.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}. Nothing was sent.")


class AmbiguousCreateError(FlireoError):
    """The answer to a create is lost, and what the account holds does not settle it.

    Args:
        text: What is known and what to do.
        candidates: Ids of the objects that could be the one; empty when the list could not be read.
    """

    exit_code = ExitCode.RESOURCE

    def __init__(self, text: str, *, candidates: tuple[str, ...] = ()) -> None:
        self.candidates = candidates
        super().__init__(text)


class JournalError(FlireoError):
    """The journal of creates cannot be used, so nothing may be created."""

    exit_code = ExitCode.RESOURCE


class DamagedJournalError(JournalError):
    """The file of the journal is no journal any more; ``flireo recover`` sets it aside."""


class EngineError(FlireoError):
    """The local engine cannot go on.

    Args:
        text: What is wrong and what to do next.
        exit_code: Exit code of the command.
    """

    def __init__(self, text: str, *, exit_code: int = ExitCode.FAILED) -> None:
        self.exit_code = exit_code
        super().__init__(text)


class LockedError(EngineError):
    """Another run holds the stack."""


class PassphraseError(EngineError):
    """The passphrase does not open the secrets of the stack."""


class StateError(EngineError):
    """The state cannot be read, or must not be written."""


class WebhookError(FlireoError):
    """A request is no webhook of the platform."""


class SignatureError(WebhookError):
    """A webhook is not signed as it should be, so nobody knows who sent it."""


class EventError(WebhookError):
    """The body of a webhook is none of the four events."""


class EmulatorError(FlireoError):
    """The emulator cannot start."""
