from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.client import FlireoApi
from flireo_iac.emulator.options import DIALECTS
from flireo_iac.emulator.server import Running, running
from flireo_iac.kinds import KINDS, Kind
from flireo_iac.pull.account import read_account
from flireo_iac.pull.choice import Choice
from flireo_iac.pull.frame import frame
from flireo_iac.pull.pulling import pull
from flireo_iac.pull.result import Pulled
from flireo_iac.settings import Settings

FRAME = {
    path: text
    for path, text in frame(Path("stack"), "dev", "https://api.flireo.com/api/v1").items()
    if not path.startswith("schema/")
}
STAMP = "2026-01-01T00:00:00.000Z"


@dataclass
class Org:
    """One organization of the emulator.

    Args:
        api: Its API.
        emulator: The server.
        key: Its key.
    """

    api: FlireoApi
    emulator: Running
    key: str

    def put(self, kind: Kind, values: Mapping[str, Any]) -> str:
        """Let the organization hold an object, whatever is in it; gives its id."""
        id_ = str(uuid.uuid4())
        row = {"id": id_, "created_at": STAMP, "updated_at": STAMP, **values}
        answer = httpx.post(
            f"{self.emulator.control_url}/objects{kind.endpoint.path}",
            json=row,
            headers={"Authorization": f"Bearer {self.key}"},
        )
        answer.raise_for_status()
        return str(row["id"])

    def replace(self, kind: Kind, id_: str, values: Mapping[str, Any]) -> None:
        """Let an object hold something else, whatever it is."""
        where = f"{self.emulator.control_url}/objects{kind.endpoint.path}"
        headers = {"Authorization": f"Bearer {self.key}"}
        held = next(row for row in self.api.list(kind).rows if row["id"] == id_)
        for method, path, body in (
            ("DELETE", f"/{id_}", None),
            ("POST", "", {"created_at": held["created_at"], **values, "id": id_}),
        ):
            httpx.request(method, where + path, json=body, headers=headers).raise_for_status()

    def create(self, kind: str, **values: Any) -> dict[str, Any]:
        """Make an object through the API: the example's values, and these over them."""
        return dict(self.api.create(KINDS[kind], {**KINDS[kind].example, **values}))

    def update(self, kind: str, id_: str, **values: Any) -> None:
        """Change an object, as somebody does in the dashboard."""
        self.api.update(KINDS[kind], id_, values)

    def pull(
        self,
        folder: Path,
        *only: str,
        write: bool = True,
        is_adding: bool = False,
        state: Mapping[str, str] | None = None,
    ) -> Pulled:
        """Pull into a folder, and write."""
        is_new = not (folder / "Pulumi.yaml").exists()
        made = {path: text for path, text in FRAME.items() if is_new}
        found = pull(Choice(folder, "dev", "dev", only, is_adding), read_account(self.api), made, state)
        if write:
            found.write()
        return found


@pytest.fixture(
    scope="session", params=[DIALECTS[0], *(pytest.param(each, marks=pytest.mark.sweep) for each in DIALECTS[1:])]
)
def emulator(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(dialect=request.param) as server:
        yield server


@pytest.fixture
def orgs(emulator: Running, tmp_path: Path) -> Iterator[Callable[[], Org]]:
    """Makes empty organizations."""
    made: list[Org] = []

    def make() -> Org:
        key = f"fl_test_{uuid.uuid4().hex}"
        settings = Settings(key, emulator.url, requests_per_minute=100_000, state_dir=tmp_path / "state")
        made.append(Org(FlireoApi(settings), emulator, key))
        return made[-1]

    yield make
    for each in made:
        each.api.close()


@pytest.fixture
def org(orgs: Callable[[], Org]) -> Org:
    return orgs()
