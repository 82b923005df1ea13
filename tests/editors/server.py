"""Installs the YAML language server, and speaks its protocol with it over standard input and output.

Source: Language Server Protocol 3.17.
"""

from __future__ import annotations

import hashlib
import json
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WAIT_S = 60


class UnavailableError(Exception):
    """The server cannot be had on this machine; says why."""


def installed() -> Path:
    """Give the program of the language server; install it once, as the lock file pins it.

    Raises:
        UnavailableError: There is no node or npm, or the registry cannot be reached.
    """
    for needed in ("node", "npm"):
        if shutil.which(needed) is None:
            raise UnavailableError(f"{needed} is not on PATH")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = ROOT / ".venv" / f"editors-{hashlib.sha256(lock).hexdigest()[:12]}"
    program = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if not (folder / ".ready").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, folder)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0"]
            try:
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
            except subprocess.TimeoutExpired:
                raise UnavailableError("the npm registry does not answer") from None
            if done.returncode:
                said = [line for line in done.stderr.splitlines() if "error" in line]
                raise UnavailableError(f"npm ci failed: {said[0] if said else 'it does not say why'}")
            (folder / ".ready").touch()
    return program


class LanguageServer:
    """A running YAML language server.

    Args:
        program: The program, as ``installed`` gives it.
    """

    def __init__(self, program: Path) -> None:
        command = ["node", str(program), "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._diagnostics: queue.Queue[dict[str, Any]] = queue.Queue()
        self._last_id = 0
        threading.Thread(target=self._read, daemon=True).start()
        self.request("initialize", {"processId": None, "rootUri": None, "capabilities": _CAPABILITIES})
        self._send({"method": "initialized", "params": {}})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open a file with a text that need not be on the disk; give what the server objects to."""
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while (found := self._diagnostics.get(timeout=WAIT_S))["uri"] != uri:
            pass
        return list(found["diagnostics"])

    def at(self, method: str, path: Path, line: int, column: int) -> Any:
        """Ask about a position of an open file, counted from 0."""
        where = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}}
        return self.request(f"textDocument/{method}", where)

    def request(self, method: str, params: Any) -> Any:
        """Ask, and give the result."""
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        while (answer := self._answers.get(timeout=WAIT_S))["id"] != self._last_id:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.partition(b":")[2])
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(length))
            if message.get("method") == "workspace/configuration":
                wanted = [_SETTINGS.get(item.get("section"), {}) for item in message["params"]["items"]]
                self._send({"id": message["id"], "result": wanted})
            elif message.get("method") == "textDocument/publishDiagnostics":
                self._diagnostics.put(message["params"])
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            elif "id" in message:
                self._answers.put(message)


_CAPABILITIES = {"workspace": {"configuration": True}, "textDocument": {"hover": {"contentFormat": ["plaintext"]}}}
_SETTINGS: dict[Any, Any] = {
    # Nothing but the schema that the first line of a file names: the store of schemas is on the internet.
    "yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}},
}
