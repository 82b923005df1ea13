"""The keys of a run: from passphrase and salts to what encrypts the state and opens the configuration.

Deriving a key takes a quarter of a second; it starts early, beside everything else.

Source: pulumi notes on the engine, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from flireo_iac.engine.files.backend import Backend
from flireo_iac.engine.files.config import Config, open_config, read_config, write_salt
from flireo_iac.engine.files.project import Project
from flireo_iac.engine.files.secrets import Crypter, find_passphrase
from flireo_iac.engine.files.snapshot import read_salt
from flireo_iac.errors import FlireoError, PassphraseError

_NEW = ""  # stands for a salt that is still to be made


class Keys:
    """Keys and configuration of one stack.

    Args:
        project: The project.
        stack: Name of the stack.
        environment: Environment variables.

    Raises:
        SettingsError: The stack file is wrong.
    """

    def __init__(self, project: Project, stack: str, environment: Mapping[str, str]) -> None:
        self._project = project
        self._stack = stack
        self._environment = environment
        self._passphrase: str | None = None
        self._pool = ThreadPoolExecutor(2, "key")
        self._crypters: dict[str, Future[Crypter]] = {}
        self.stack_config = read_config(project, stack)
        self.state_salt: str | None = None
        self._writing: Crypter | None = None

    def start(self, backend: Backend) -> None:
        """Read the stack file as it is now, and begin to derive the keys that a run will need.

        Says nothing about what is wrong with the state or the passphrase, the real use does.

        Raises:
            SettingsError: The stack file is wrong.
        """
        # It may be long since this was made: a person had to answer, and set a secret meanwhile.
        self.stack_config = read_config(self._project, self._stack)
        self._writing = None
        try:
            content = backend.read()
            self.state_salt = read_salt(content, backend) if content is not None else None
            if not self._has_passphrase():
                return
            for salt in {self.stack_config.salt, self.state_salt} - {None}:
                self._derive(salt or _NEW)
        except FlireoError:
            return

    def _has_passphrase(self) -> bool:
        names = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
        return self._passphrase is not None or any(name in self._environment for name in names)

    def _derive(self, salt: str) -> Future[Crypter]:
        if self._passphrase is None:
            self._passphrase = find_passphrase(self._stack, self._environment)
        if salt not in self._crypters:
            self._crypters[salt] = self._pool.submit(Crypter, self._passphrase, salt or None)
        return self._crypters[salt]

    def opened(self, salt: str | None) -> Crypter:
        """Give what opens secrets of this salt.

        Raises:
            PassphraseError: The passphrase is missing or wrong, or there is no salt.
        """
        if salt is None:
            raise PassphraseError("there are secrets, but no encryptionsalt to open them with.")
        return self._derive(salt).result()

    def config(self) -> Config:
        """Give the configuration, secrets in clear.

        Raises:
            PassphraseError: The passphrase is missing or wrong.
        """
        crypter = self.opened(self.stack_config.salt) if self.stack_config.has_secrets else None
        return open_config(self.stack_config, crypter)

    def for_writing(self) -> Crypter:
        """Give what encrypts the state; a stack file without a salt gets one.

        Raises:
            PassphraseError: The passphrase is missing or wrong.
            StateError: The stack file cannot be written.
        """
        if self._writing is None:
            salt = self.stack_config.salt or self.state_salt
            crypter = self._derive(salt or _NEW).result()
            if self.stack_config.salt is None:
                written = write_salt(self.stack_config.path, crypter.salt_text)
                if written == crypter.salt_text:
                    self._crypters[written] = self._crypters[salt or _NEW]
                crypter = self._derive(written).result()
            self._writing = crypter
        return self._writing
