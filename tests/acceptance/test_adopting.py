"""What comes into a state and what does not, on the local engine: programs, references, other stacks, interruptions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.cli._adopting import Adopting
from flireo_iac.cli._pulling import pulled
from flireo_iac.client.api import FlireoApi
from flireo_iac.core.selection import Selection
from flireo_iac.emulator.server import Running, running
from flireo_iac.engine.files.backend import Backend
from flireo_iac.engine.model.state import plain_resource
from flireo_iac.engine.run import Engine
from flireo_iac.engine.unfinished_local import LocalStack
from flireo_iac.errors import EngineError, ExitCode, OtherAccountError
from flireo_iac.kinds import FILE_KINDS
from flireo_iac.settings import Settings

PROGRAM = """\
import pulumi
from flireo_iac import Agent, PhoneNumber, SipTrunk


class Branch(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("shop:index:Branch", name)
        below = pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(create="90s"), protect=True)
        self.agent = Agent("desk", name="Desk", first_message=pulumi.Output.secret("canary greeting"), opts=below)


branch = Branch("north")
late = pulumi.ResourceOptions(depends_on=[branch.agent], ignore_changes=["name"], protect=False)
carrier = SipTrunk("carrier", name="Carrier", host="sip.example.com", username="u", password="p", opts=late)
number = PhoneNumber(
    "main",
    phone_number="+31970102000",
    name=pulumi.Output.concat("Line of ", branch.agent.name),
    agent_id=branch.agent.id,
    opts=pulumi.ResourceOptions(protect=False),
)
pulumi.export("number", number.id)
pulumi.export("both", pulumi.Output.all(number.id, carrier.id))
"""
YAML = "from flireo_iac import deploy\n\ndeploy()\n"


@dataclass
class Shop:
    """A project in a folder, with the account of its key.

    Args:
        folder: The project.
        server: The emulator.
    """

    folder: Path
    server: Running

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(exist_ok=True, parents=True)
        (self.folder / path).write_text(text)

    def engine(self, stack: str = "dev") -> Engine:
        return Engine(self.folder, stack)

    def up(self, *, refresh: bool = False) -> None:
        with self.engine() as engine:
            assert engine.up().exit_code == ExitCode.DONE
            if refresh:
                assert engine.refresh().exit_code == ExitCode.DONE

    def adopt(self, *items: str, stack: str = "dev", settles: bool = True) -> dict[str, Any]:
        """Adopt, and give the document."""
        found = LocalStack(self.folder, stack, lambda event: None)
        try:
            with Adopting(found, Selection.read("adopt", items)) as adopting:
                adopting.look()
                if settles:
                    adopting.settle()
                return {each["item"]: each for each in adopting.document()["items"]}
        finally:
            found.close()

    def held(self, stack: str = "dev") -> dict[str, dict[str, Any]]:
        """Give what the state holds, but for what every run makes anew."""
        with self.engine(stack) as engine:
            resources = engine.state().resources
        found = {}
        for each in resources:
            each.property_dependencies = {key: urns for key, urns in each.property_dependencies.items() if urns}
            each.provider = each.provider.rpartition("::")[0]
            each.created = each.modified = each.source_position = ""
            plain = plain_resource(each, lambda place, text: text)
            if each.type.startswith("pulumi:providers"):
                del plain["id"]
            found[each.urn] = plain
        return found

    def state_path(self, stack: str = "dev") -> Path:
        return self.folder / ".pulumi/stacks/shop" / f"{stack}.json"

    def put(self, path: str, **row: Any) -> str:
        headers = {"Authorization": f"Bearer {os.environ['FLIREO_API_KEY']}"}
        answer = httpx.post(f"{self.server.url}{path}", json=row, headers=headers)
        answer.raise_for_status()
        made = answer.json()
        return str(next((each["id"] for each in made.values() if isinstance(each, dict) and "id" in each), None))

    def rows(self, path: str, key: str) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {os.environ['FLIREO_API_KEY']}"}
        found: list[dict[str, Any]] = httpx.get(f"{self.server.url}{path}", headers=headers).json()[key]
        return found

    def account(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Give what the account holds by kind and name, with the names of what it refers to in place of ids."""
        with FlireoApi(Settings.load({}, os.environ)) as api:
            rows = {kind.name: api.list(kind).rows for kind in FILE_KINDS}
        names = {row["id"]: str(row.get("name")) for found in rows.values() for row in found}
        return {
            (kind, str(row["name"])): {
                key: names.get(value, value) if isinstance(value, str) else value
                for key, value in row.items()
                if key not in ("id", "org_id", "created_at", "updated_at")
            }
            for kind, found in rows.items()
            for row in found
        }

    def writes(self) -> int:
        log = httpx.get(f"{self.server.control_url}/requests").json()["requests"]
        return sum(each["method"] != "GET" for each in log)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as made:
        yield made


@pytest.fixture
def shop(server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    for name, value in {
        "FLIREO_API_KEY": f"fl_test_{tmp_path.name}",
        "FLIREO_BASE_URL": server.url,
        "FLIREO_REQUESTS_PER_MINUTE": "100000",
        "FLIREO_STATE_DIR": str(tmp_path / "home"),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "",
    }.items():
        monkeypatch.setenv(name, value)
    made = Shop(tmp_path / "stack", server)
    made.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("__main__.py", YAML)
    return made


def test_a_program_with_components_and_options(shop: Shop) -> None:
    shop.write("__main__.py", PROGRAM)
    shop.up(refresh=True)
    expected = shop.held()
    shop.state_path().unlink()
    before = shop.writes()
    found = shop.adopt()
    assert {item: each["action"] for item, each in found.items()} == dict.fromkeys(
        ["agents.desk", "numbers.main", "trunks.carrier"], "adopt"
    )
    root = next(urn for urn in expected if "pulumi:pulumi:Stack" in urn)
    del expected[root]["outputs"]["both"]
    assert shop.held() == expected
    assert "canary" not in shop.state_path().read_text()
    with shop.engine() as engine:
        assert not engine.preview(refresh=True).has_changes
    assert shop.writes() == before


def test_what_leads_to_what_is_not_there_yet(shop: Shop) -> None:
    shop.write("agents/desk.yaml", "name: Desk\n")
    shop.write("numbers/main.yaml", 'phone_number: "+31970102000"\nname: Main\nagent_id: ${agents.desk.id}\n')
    other = shop.put("/agents", name="Night")
    shop.put("/numbers", phone_number="+31970102000", name="Other", agent_id=other)
    found = shop.adopt("numbers.*")
    assert list(found) == ["numbers.main"]
    assert sorted(found["numbers.main"]["differences"]) == ["agent_id", "name"]
    (number,) = [each for urn, each in shop.held().items() if urn.endswith("main")]
    assert number["protect"]
    assert "dependencies" not in number
    assert (number["inputs"]["name"], number["inputs"]["agent_id"]) == ("Other", other)
    shop.up()
    assert [row["name"] for row in shop.rows("/numbers", "numbers")] == ["Main"]


def test_two_stacks_on_one_account_stay_apart(shop: Shop) -> None:
    shop.write("agents/desk.yaml", "name: Desk\n")
    shop.up()
    found = shop.adopt(stack="second")
    assert found["agents.desk"]["action"] == "refuse"
    assert found["agents.desk"]["reason"].endswith('is agents.desk of the stack "shop/dev" already')
    assert not shop.state_path("second").exists()
    twin = shop.put("/agents", name="Desk")
    assert shop.adopt(stack="second")["agents.desk"]["id"] == twin
    with shop.engine() as engine:
        assert not engine.preview(refresh=True).has_changes


def test_a_state_is_as_before_or_as_after(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write("agents/desk.yaml", "name: Desk\n")
    shop.up()
    before = shop.state_path().read_bytes()
    shop.write("agents/night.yaml", "name: Night\n")
    shop.put("/agents", name="Night")
    with monkeypatch.context() as during:
        during.setattr(Backend, "write", _interrupt)
        with pytest.raises(EngineError, match="interrupted") as error:
            shop.adopt()
    assert error.value.exit_code == ExitCode.CANCELLED
    monkeypatch.setenv("FLIREO_API_KEY", "fl_test_another")
    with pytest.raises(OtherAccountError):
        shop.adopt()
    assert shop.state_path().read_bytes() == before
    assert not list(shop.folder.glob(".pulumi/locks/**/*.json"))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_another_organization_gets_the_same_objects(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = {"name": "book", "description": "Books ${x}.", "parameters": {"type": "object"}}
    block = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "Be kind.\r\n"}]}
    shop.put("/tool-templates", name="Book", tool_type="function", tool_config=tool)
    trunk = shop.put("/sip-trunks", name="Carrier", host="sip.example.com", username="u", password="p")
    agents = [
        shop.put("/agents", name=name, first_message="${hello}", llm_config={**block, "tools": tools})
        for name, tools in (("Desk", [tool]), ("東京", [{"type": "endCall"}, tool]), ("Night", [{"type": "endCall"}]))
    ]
    for number, agent in enumerate(agents):
        line = f"+3197010200{number}"
        shop.put("/numbers", phone_number=line, name=f"Line {number}", agent_id=agent, transfer_trunk_id=trunk)
    shop.put("/campaigns", name="Renewals", agent_id=agents[0], schedule_start_time="10:00:00")
    first = shop.account()
    pulled(shop.folder, "dev", (), is_adding=False).write()
    monkeypatch.setenv("FLIREO_API_KEY", "fl_test_copy")
    monkeypatch.setenv("FLIREO_SECRET_CARRIER_PASSWORD", "p")
    shop.up()
    assert shop.account() == first
    assert len(first) == 9
