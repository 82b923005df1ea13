"""One file makes a kind: class, page, schema, route and loader follow from it (CONTRIBUTING.md)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROVE = """
import json, sys
from pathlib import Path
from flireo_iac.kinds import KINDS
import flireo_iac
assert Path(flireo_iac.__file__).is_relative_to(sys.argv[1]), flireo_iac.__file__

# the class
from flireo_iac.provider.resources import RESOURCES, Thing, ThingArgs
assert RESOURCES["thing"] is Thing
assert list(ThingArgs.__annotations__) == ["name", "size", "token", "agent_id"]

# the provider
from flireo_iac.provider import dynamic
from flireo_iac.provider.pickled import provider_constant
import base64, pickle
assert pickle.loads(base64.b64decode(provider_constant("thing"))) is dynamic.thing

# the loader
from flireo_iac.stacks.load import resolve
from flireo_iac.stacks.folder import read_folder
stack = Path(sys.argv[2])
(stack / "things").mkdir(parents=True)
(stack / "agents").mkdir()
(stack / "Pulumi.yaml").write_text("name: s\\nruntime: python\\n")
(stack / "agents" / "a.yaml").write_text("name: A\\n")
(stack / "things" / "one.yaml").write_text("name: One\\nagent_id: ${agents.a.id}\\nsiz: 2\\n")
loaded = resolve(read_folder(stack), None)
assert list(loaded.items) == ["agents.a", "things.one"], loaded.items
assert [problem.rule for problem in loaded.problems] == ["FL103"], loaded.problems
assert 'did you mean "size"' in loaded.problems[0].text

# the route
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
seen = []
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen.append((self.path, body))
        answer = json.dumps({"thing": {**body, "id": "1"}}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *args):
        pass
server = HTTPServer(("127.0.0.1", 0), Handler)
Thread(target=server.serve_forever, daemon=True).start()
from flireo_iac.client.api import FlireoApi
from flireo_iac.settings import Settings
with FlireoApi(Settings(key="fl_x", base_url=f"http://127.0.0.1:{server.server_port}/api/v1")) as api:
    assert api.create(KINDS["thing"], {"name": "One"})["id"] == "1"
assert seen == [("/api/v1/things", {"name": "One"})], seen
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package with one more file: the example of CONTRIBUTING.md."""
    shutil.copytree(ROOT / "flireo_iac", tmp_path / "flireo_iac", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (example,) = re.findall(r"```python\n(class ThingProperties.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    imports = """
from typing import Annotated

from pydantic import Field

from flireo_iac.kinds._markers import Clearable, Reference, ServerSet, write_only
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties

"""
    (tmp_path / "flireo_iac" / "kinds" / "thing.py").write_text(imports + example)
    return tmp_path


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(copy), "FLIREO_STATE_DIR": str(copy / "state")}
    return subprocess.run(
        [sys.executable, *command], cwd=copy, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_kind_is_one_file(copy: Path) -> None:
    done = run(copy, "-m", "flireo_iac.generate")
    assert done.returncode == 0, done.stderr
    assert "written: docs/kinds/thing.md" in done.stderr
    assert "never given back" in (copy / "docs" / "kinds" / "thing.md").read_text()
    done = run(copy, "-c", PROVE, str(copy), str(copy / "stack"))
    assert done.returncode == 0, done.stderr
    done = run(copy, "-m", "flireo_iac.cli", "schema", "thing")
    assert done.returncode == 0, done.stderr
    assert '"size"' in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('natural_key=("name",)', 'natural_key=("nme",)', "natural key 'nme' is not an input"),
        ('Reference("agent")', 'Reference("agnt")', "refers to kind 'agnt'"),
        ('token="Thing"', 'token="Agent"', "share the token 'Agent'"),
        ('folder="things"', 'folder="agents"', "share the folder 'agents'"),
        ('name="thing"', 'name="other"', "stands in thing.py"),
        ("ServerSet(), ", "ServerSet(), Clearable(), ", "marked Clearable"),
        ('description="Display name."', 'description=""', "has no description"),
        ('many=("things",)', "many=()", "needs the key of its list"),
    ],
)
def test_a_kind_that_contradicts_itself_is_refused_when_it_is_loaded(copy: Path, old: str, new: str, text: str) -> None:
    file = copy / "flireo_iac" / "kinds" / "thing.py"
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new))
    done = run(copy, "-c", "import flireo_iac.kinds")
    assert done.returncode == 1
    assert text in done.stderr.splitlines()[-1]
