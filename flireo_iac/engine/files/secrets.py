"""The passphrase of a stack, and what is encrypted with it.

Source: pulumi notes on the engine, section 4 (PBKDF2-HMAC-SHA256 with 1,000,000 rounds, AES-256-GCM).
"""

from __future__ import annotations

import base64
import binascii
import getpass
import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flireo_iac.errors import ExitCode, PassphraseError

_ROUNDS = 1_000_000
_KEY_BYTES = 32
_SALT_BYTES = 8
_NONCE_BYTES = 12
_CHECK_TEXT = "pulumi"


class Crypter:
    """Encrypts and decrypts with one key.

    Args:
        passphrase: The passphrase; may be empty.
        salt_text: ``v1:<base64 salt>:<encrypted check>``, as the stack file and the state hold it; None makes a new
            salt.

    Raises:
        PassphraseError: The passphrase does not fit the salt, or the salt is not readable.
    """

    def __init__(self, passphrase: str, salt_text: str | None = None) -> None:
        # What stands where, so that a value that did not change keeps its ciphertext and the file stays quiet.
        self._known: dict[str, tuple[str, str]] = {}
        if salt_text is None:
            salt = os.urandom(_SALT_BYTES)
            self._cipher = _cipher(passphrase, salt)
            self.salt_text = f"v1:{base64.b64encode(salt).decode()}:{self._seal(_CHECK_TEXT)}"
            return
        self.salt_text = salt_text
        try:
            version, salt_base64, check = salt_text.split(":", 2)
            salt = base64.b64decode(salt_base64, validate=True)
        except ValueError as error:
            raise PassphraseError("the stack's encryptionsalt is not readable, expected v1:<salt>:<check>.") from error
        if version != "v1":
            raise PassphraseError(f'the stack\'s encryptionsalt has the version "{version}", expected v1.')
        self._cipher = _cipher(passphrase, salt)
        if self._open(check) != _CHECK_TEXT:
            raise _wrong()

    def encrypt(self, place: str, text: str) -> str:
        """Give the ciphertext of a text; the same as before while the text at this place is the same.

        Args:
            place: Where the text stands, such as URN and path.
            text: What is secret.
        """
        known = self._known.get(place)
        if known is None or known[0] != text:
            known = (text, self._seal(text))
            self._known[place] = known
        return known[1]

    def decrypt(self, place: str, ciphertext: str) -> str:
        """Give the text of a ciphertext.

        Args:
            place: Where it stands.
            ciphertext: ``v1:<nonce>:<ciphertext and tag>``.

        Raises:
            PassphraseError: It was not encrypted with this key.
        """
        text = self._open(ciphertext)
        self._known[place] = (text, ciphertext)
        return text

    def _seal(self, text: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), None)
        return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"

    def _open(self, ciphertext: str) -> str:
        try:
            _, nonce, sealed = ciphertext.split(":", 2)
            return self._cipher.decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()
        except (ValueError, binascii.Error, InvalidTag) as error:
            raise _wrong() from error


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, _KEY_BYTES))


def _wrong() -> PassphraseError:
    return PassphraseError(
        "the passphrase does not open the secrets of this stack. Set PULUMI_CONFIG_PASSPHRASE to the one the stack "
        "was made with."
    )


def find_passphrase(stack: str, environment: Mapping[str, str]) -> str:
    """Find the passphrase: PULUMI_CONFIG_PASSPHRASE, then the file it names, then the person at the terminal.

    Args:
        stack: Name of the stack, for the question.
        environment: Environment variables.

    Raises:
        PassphraseError: There is none, or its file cannot be read.
    """
    passphrase = environment.get("PULUMI_CONFIG_PASSPHRASE")
    if passphrase is not None:
        return passphrase
    path = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if path:
        try:
            return Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise PassphraseError(
                f"PULUMI_CONFIG_PASSPHRASE_FILE: {path} cannot be read ({error.strerror}).",
                exit_code=ExitCode.CONFIGURATION,
            ) from error
    if sys.stdin.isatty() and sys.stderr.isatty():
        return getpass.getpass(f"Passphrase of the stack {stack} (PULUMI_CONFIG_PASSPHRASE): ")
    raise PassphraseError(
        f'the stack "{stack}" needs a passphrase for its secrets, and none is set. '
        "Set PULUMI_CONFIG_PASSPHRASE (an empty one is allowed) or PULUMI_CONFIG_PASSPHRASE_FILE.",
        exit_code=ExitCode.CONFIGURATION,
    )
