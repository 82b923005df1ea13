"""One emulation: what the accounts hold, the calls that go on, and what is done to requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from flireo_iac.emulator.faults import Faults
from flireo_iac.emulator.limits import Limiter
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.phone.clock import Clock
from flireo_iac.emulator.phone.dialler import Dialler
from flireo_iac.emulator.phone.switchboard import Switchboard
from flireo_iac.emulator.requestlog import RequestLog
from flireo_iac.emulator.store import Store
from flireo_iac.emulator.webhooks.outbox import Outbox


class Emulation:
    """Everything that the API and the control routes act on.

    Args:
        settings: How it behaves; may change while it runs.
        file: Where to keep what it holds; None for memory only.
        seed: Makes ids reproducible; None for random ones.
        clock: Unix time in seconds.

    Raises:
        EmulatorError: The file cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        file: Path | None = None,
        seed: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.clock = Clock(clock)
        self.store = Store(file, seed=seed, clock=self.clock)
        self.limiter = Limiter(clock)
        self.faults = Faults()
        self.log = RequestLog()
        self.webhooks = Outbox(settings)
        self.phone = Switchboard(self.store, settings, self.clock, self.webhooks)
        self.dialler = Dialler(self.phone)
        self.recover()

    def recover(self) -> None:
        """Make the calls of what the store holds now fit to what is really going on, which is none."""
        self.phone.recover()
        self.dialler.recover()
