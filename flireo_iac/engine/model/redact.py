"""Keeps secrets out of everything that is printed.

Source: pulumi notes on the engine, section 4, and the list of leaks in the pulumi notes.
"""

from __future__ import annotations

import json
import re
import threading

from flireo_iac.engine.model.values import Properties, secret_texts

_SHORTEST = 3
_SHORTEST_LINE = 8  # of a secret with several lines: shorter ones, such as "}", stand everywhere
_MASK = "[secret]"
_PLAIN_WORDS = frozenset({"true", "false"})


class Redactor:
    """Knows every secret that the run met, and masks it in texts. Safe for use by several threads."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def learn(self, text: str) -> None:
        """Mask this text from now on; texts below three characters are not masked, as in Pulumi."""
        if len(text) < _SHORTEST or text in _PLAIN_WORDS:
            return
        forms = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]}
        lines = text.splitlines()
        if len(lines) > 1:
            forms.update(line.strip() for line in lines if len(line.strip()) >= _SHORTEST_LINE)
        with self._lock:
            if not forms <= self._texts:
                self._texts |= forms
                self._pattern = None

    def learn_properties(self, properties: Properties) -> None:
        """Mask every text that stands in a secret of these properties."""
        for text in secret_texts(properties):
            self.learn(text)

    def __call__(self, text: str) -> str:
        """Give the text with secrets masked."""
        with self._lock:
            if not self._texts:
                return text
            if self._pattern is None:
                longest_first = sorted(self._texts, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            return self._pattern.sub(_MASK, text)
