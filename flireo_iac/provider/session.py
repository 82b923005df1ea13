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
from flireo_iac.core.creation import Creation
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Journal, digester
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.provider.redact import Redactor
from flireo_iac.provider.state_accounts import told_accounts
from flireo_iac.settings import Getter, Settings, place, state_dir
from flireo_iac.waits import wait_text

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
        self._creation: Creation | None = None
        self._journal = Journal(state_dir(os.environ) / "journal")
        self._known: set[tuple[str, str]] = set()
        self._running = 0
        self._accounts: set[str] = set()
        self._has_program = False
        self._wanted: set[str] = set()
        self.redactor = Redactor()

    def configure(self, config: Getter) -> None:
        """Keep the stack's configuration; nothing is checked or sent before it is needed."""
        self._config = config
        self.redactor.learn(config.get("flireo:apiKey"))

    @property
    def lifecycle(self) -> Lifecycle:
        """Read, update and delete over the API.

        Raises:
            SettingsError: The key or another setting is missing or wrong.
        """
        with self._lock:
            return self._start()[0]

    @property
    def creation(self) -> Creation:
        """Create over the API.

        Raises:
            SettingsError: The key or another setting is missing or wrong.
        """
        with self._lock:
            return self._start()[1]

    def see(self, kind: str, urn: str, id_: str, outputs: Mapping[str, Any]) -> None:
        """Take note of an object that the state holds: its create is over, and any write is held against its account.

        Args:
            kind: Name of the kind.
            urn: URN of the resource; empty where the engine does not tell it.
            id_: Id of the object.
            outputs: Outputs of its last run.
        """
        account = outputs.get(ACCOUNT)
        if isinstance(account, str):
            self._accounts.add(account)
        self._known.add((kind, id_))
        self._journal.see(urn, id_)

    def see_program(self) -> None:
        """Take note that a program runs: what it has written down of the state is of this run."""
        self._has_program = True

    def see_wanted(self, urn: str) -> None:
        """Take note that the program wants a resource; ``urn`` is empty where the engine does not tell it."""
        self._wanted.add(urn)

    def is_wanted(self, urn: str) -> bool:
        """Tell whether the program was seen to want a resource; a refresh comes before that."""
        return urn in self._wanted

    def see_accounts(self, urn: str) -> None:
        """Take note of the accounts that the state of a resource speaks of, before the first create."""
        if self._has_program:
            self._accounts |= told_accounts(urn)

    def _start(self) -> tuple[Lifecycle, Creation]:
        if self._lifecycle is None or self._creation is None:
            settings = Settings.load(self._config, os.environ)
            allowed = Allowed.load(os.environ)
            self.redactor.learn(settings.key)
            api = FlireoApi(
                settings,
                on_wait=lambda reason, seconds: self._say("info", wait_text(reason, seconds), True),
                on_warning=lambda text: self._say("warning", text, False),
            )
            inventory = Inventory(api, say=lambda text: self._say("warning", text, False))
            api.look_with(inventory.listing)
            self._accounts |= settings.state_accounts
            account = Account(
                api,
                expected=settings.account,
                is_other_allowed=allowed.covers("other-account"),
                seen=self._accounts,
                say=lambda text: self._say("warning", text, False),
            )

            def is_known(kind: str, id_: str) -> bool:
                return (kind, id_) in self._known or id_ in settings.state_ids

            self._lifecycle = Lifecycle(
                api, inventory, account, on_conflict=settings.on_conflict, allowed=allowed, is_known=is_known
            )
            self._creation = Creation(
                api,
                inventory,
                self._journal,
                update=self._lifecycle.update,
                account=account,
                digest=digester(settings.key),
                folder=place(Path.cwd(), os.environ),
                is_known=is_known,
                allowed=allowed,
                settle_s=settings.settle_s,
            )
        return self._lifecycle, self._creation

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
