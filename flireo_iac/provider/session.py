"""What one provider process shares: settings, client, inventory, lifecycle, and the watch over its engine.

Made at the first call that needs the API, so that a preview needs no key and sends nothing.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flireo_iac.allow import Allowed
from flireo_iac.client.api import FlireoApi
from flireo_iac.core.account import ACCOUNT, Account
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.provider.redact import Redactor
from flireo_iac.settings import Getter, Settings

_POLL_S = 2.0
"""Seconds between two looks at the engine."""


class Session:
    """Everything that the providers of one process share.

    Args:
        say: Takes a severity, a sentence and whether it is passing, for the resource of the running call.
    """

    def __init__(self, say: Callable[[str, str, bool], None]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._config: Getter = {}
        self._lifecycle: Lifecycle | None = None
        self._running = 0
        self._accounts: set[str] = set()
        self.redactor = Redactor()

    def configure(self, config: Getter) -> None:
        """Keep the stack's configuration; nothing is checked or sent before it is needed."""
        self._config = config
        self.redactor.learn(config.get("flireo:apiKey"))

    def see(self, outputs: Mapping[str, Any]) -> None:
        """Remember which account a resource of the state belongs to: any write of the run is held against it.

        Args:
            outputs: Outputs of its last run.
        """
        account = outputs.get(ACCOUNT)
        if isinstance(account, str):
            self._accounts.add(account)

    @property
    def lifecycle(self) -> Lifecycle:
        """The four verbs over the API.

        Raises:
            SettingsError: The key or another setting is missing or wrong.
        """
        with self._lock:
            if self._lifecycle is None:
                settings = Settings.load(self._config, os.environ)
                self.redactor.learn(settings.key)
                api = FlireoApi(
                    settings,
                    on_wait=lambda reason, seconds: self._say("info", f"{reason}: waiting {seconds:.0f} s", True),
                    on_warning=lambda text: self._say("warning", text, False),
                )
                inventory = Inventory(api, say=lambda text: self._say("warning", text, False))
                self._accounts |= settings.state_accounts
                account = Account(
                    api,
                    expected=settings.account,
                    is_other_allowed=Allowed.load(os.environ).covers("other-account"),
                    seen=self._accounts,
                    say=lambda text: self._say("warning", text, False),
                )
                self._lifecycle = Lifecycle(api, inventory, account)
            return self._lifecycle

    def __enter__(self) -> Session:
        """Count a running call, so that the process does not leave in the middle of it."""
        with self._lock:
            self._running += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._running -= 1

    def leave_with_engine(self, address: str) -> None:
        """End this process once its engine is gone and no call is running.

        The SDK's provider process stays for ever when its engine is killed (pulumi notes, "Half-done operations").

        Args:
            address: Host and port of the engine.
        """
        host, _, port = address.rpartition(":")

        def watch() -> None:
            while True:
                time.sleep(_POLL_S)
                if not _answers(host, int(port)) and not _answers(host, int(port)):
                    while self._running:
                        time.sleep(0.1)
                    os._exit(0)

        threading.Thread(target=watch, name="watch-engine", daemon=True).start()


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    except OSError:
        return True
    return True


def engine_address() -> str | None:
    """Give the engine's address when this is a dynamic provider process; None elsewhere."""
    is_provider = len(sys.argv) > 1 and Path(sys.argv[0]).parts[-3:] == ("pulumi", "dynamic", "__main__.py")
    return sys.argv[1] if is_provider and sys.argv[1].rpartition(":")[2].isdigit() else None
