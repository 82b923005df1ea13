"""The main job on this machine: emulator, deploy, change a line, undo drift, destroy. Run it with `make demo`.

Works on a copy of `stacks/` in a temporary folder, on the `pulumi` program where it is on PATH and on the local engine
elsewhere. Ends with status 0 and leaves nothing running.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
FLIREO = [sys.executable, "-m", "flireo_iac.cli"]
STACK = "dev"
OLD, NEW = "Be brief.", "Be brief and warm."
DASHBOARD = {"first_message": "Edited in the dashboard, and nobody knows why."}

console = Console(highlight=False, soft_wrap=True)


class Demo:
    """One walk through the main job.

    Args:
        folder: Temporary folder that holds everything.
        url: Base URL of the emulator's API.
        control: Base URL of the emulator's control routes.
    """

    def __init__(self, folder: Path, url: str, control: str) -> None:
        self.stack = folder / "stacks"
        self.before = folder / "before"
        self.control = control
        shutil.copytree(ROOT / "stacks", self.stack, ignore=shutil.ignore_patterns("Pulumi.dev.yaml", "__pycache__"))
        (folder / "state").mkdir()
        self.engine = "pulumi" if shutil.which("pulumi") else "local"
        self.environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "FLIREO_BASE_URL": url,
            "FLIREO_API_KEY": "fl_test_demo",
            "FLIREO_REQUESTS_PER_MINUTE": "1000",
            "FLIREO_STATE_DIR": str(folder / "flireo"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_HOME": str(folder / "pulumi"),
            "PULUMI_CONFIG_PASSPHRASE": "demo",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            **{f"FLIREO_SECRET_{name.upper()}": f"demo-{name}" for name in self._secrets()},
        }

    def _secrets(self) -> set[str]:
        texts = (path.read_text("utf-8") for path in self.stack.rglob("*") if path.suffix in (".yaml", ".md"))
        return {name for text in texts for name in re.findall(r"\$\{secret\.(\w+)\}", text)}

    def step(self, sentence: str, *command: str, shows: str = "end", expects: int = 0) -> None:
        """Announce a step, run its command, and say what it cost.

        Args:
            sentence: What happens.
            *command: Arguments of ``flireo``.
            shows: ``all`` shows everything the command prints, ``end`` only what it comes to.
            expects: Exit code that means success.
        """
        console.print(Text(f"\n{sentence}", style="bold"))
        console.print(Text(f"$ flireo {' '.join(command)}", style="cyan"))
        verb_flags = ["--engine", self.engine, "--stack", STACK] if command[0] not in ("validate", "review") else []
        started = time.monotonic()
        done = subprocess.run(
            [*FLIREO, *command, *verb_flags],
            cwd=self.stack,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        took_s = time.monotonic() - started
        printed = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        if done.returncode != expects:
            console.print("\n".join(printed), markup=False)
            sys.exit(f"error: this step ended with {done.returncode}, {expects} was expected.")
        for line in printed if shows == "all" else outcome(printed):
            console.print(Text(f"  {line}"))
        console.print(Text(f"  {self.cost()}, {took_s:.1f} s", style="green"))

    def cost(self) -> str:
        """Say which requests were sent since the last step."""
        log = httpx.get(f"{self.control}/requests").json()
        requests = log["requests"] if isinstance(log, dict) else log
        counted = Counter("reads" if request["method"] == "GET" else "writes" for request in requests)
        httpx.delete(f"{self.control}/requests").raise_for_status()
        words = [f"{count} {what if count > 1 else what[:-1]}" for what, count in sorted(counted.items(), reverse=True)]
        return " and ".join(words) or "no request"

    def change_a_line(self) -> str:
        """Change one line of the first prompt that has it; give the prompt's name."""
        shutil.copytree(self.stack, self.before)
        for prompt in sorted((self.stack / "agents").glob("*.md")):
            text = prompt.read_text("utf-8")
            if OLD in text:
                prompt.write_text(text.replace(OLD, NEW, 1), "utf-8")
                return prompt.name
        sys.exit(f"error: no prompt in stacks/agents holds the line {OLD!r} that the demo changes.")

    def edit_behind_its_back(self) -> str:
        """Change an agent as the dashboard would; give its name."""
        state = httpx.get(self.environ["FLIREO_BASE_URL"] + "/agents", headers=self._headers()).json()
        agent = state["agents"][0]
        httpx.patch(f"{self.control}/objects/agents/{agent['id']}", json=DASHBOARD).raise_for_status()
        httpx.delete(f"{self.control}/requests").raise_for_status()
        return str(agent["name"])

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.environ['FLIREO_API_KEY']}"}

    def walk(self) -> None:
        """Do the main job, step by step."""
        console.print(Text(f"Engine: {self.engine}. Stack: a copy of stacks/, environment {STACK}."))
        self.step("1. The stack is checked: every problem of every file would be named here.", "validate")
        self.step("2. A preview says what would be made. It sends nothing.", "preview")
        self.step("3. The stack is deployed.", "up", "--yes", "--skip-preview")
        self.step(
            "4. Deployed again: everything is looked at, nothing has to change.",
            *("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes"),
        )
        prompt = self.change_a_line()
        self.step(
            f"5. One line of agents/{prompt} is changed. This is what it means, as a pull request would show it:",
            *("review", "--environment", STACK, "--base", "../before"),
            shows="all",
        )
        self.step("6. It is applied.", "up", "--yes", "--skip-preview")
        name = self.edit_behind_its_back()
        self.step(
            f'7. Somebody edits the agent "{name}" in the dashboard. The drift is found (exit code 7):',
            "drift",
            shows="all",
            expects=7,
        )
        self.step(
            "8. The next run brings back what git says.", "up", "--yes", "--skip-preview", "--refresh", shows="end"
        )
        self.step("9. Everything is destroyed.", "destroy", "--yes", "--skip-preview")


def outcome(printed: list[str]) -> list[str]:
    """Give the lines that say what a command comes to.

    The local engine sums up in one line; pulumi heads a list, which ends at the next line that is not indented.
    """
    found: list[str] = []
    is_listed = False
    for line in printed:
        is_listed = line.startswith("Resources:") or (is_listed and line.startswith(" "))
        if is_listed or "no problems" in line:
            found.append(line)
    return found


@contextmanager
def emulator(folder: Path) -> Iterator[tuple[str, str]]:
    """Run the emulator as a process of its own; give the URLs of its API and of its control routes."""
    command = [*FLIREO, "emulator", "--port", "0", "--requests-per-minute", "0", "--data", str(folder / "account.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "listening on " not in line:
            sys.exit("error: the emulator did not start.")
        url = line.split("listening on ", 1)[1].strip()
        console.print(Text(f"The emulator serves the whole API on this machine: {url}"))
        yield url, url.removesuffix("/api/v1") + "/_emulator"
    finally:
        process.terminate()
        process.wait(timeout=20)


def main() -> None:
    """Run the demo in a temporary folder."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flireo-demo-") as name, emulator(Path(name)) as (url, control):
        Demo(Path(name), url, control).walk()
    console.print(Text(f"\nDone in {time.monotonic() - started:.0f} s. Nothing was left running.", style="bold green"))


if __name__ == "__main__":
    main()
