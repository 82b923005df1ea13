"""A small stack with tests of its calls, and the command on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from flireo_iac.cli import promote, smoke, validate
from tests.stacks.repository import Repository

FILES = {
    "stacks/Pulumi.yaml": "name: shop\nruntime: python\n",
    "stacks/environments/dev.yaml": "vars: {company: Example Bicycles}\nomit: [agents.night]\n",
    "stacks/environments/prod.yaml": "vars: {company: Bicycles of Utrecht}\n",
    "stacks/agents/desk.yaml": """name: Desk
first_message: Good day {{caller}}, this is ${var.company}.
webhook_url: https://hooks.example.com/flireo
webhook_secret: ${secret.webhook}
stt_config: {provider: deepgram, model: nova-3-general, language: en}
tts_config: {provider: openai, voiceId: alloy}
max_duration_seconds: 120
llm_config:
  provider: openai
  model: gpt-4o
  prompt: desk.md
  tools: [{template: book}, {type: endCall}]
analysis_plan:
  structuredDataPlan:
    enabled: true
    schema:
      type: object
      properties: {topic: {type: string, enum: [booking, hours]}, day: {type: string}}
""",
    "stacks/agents/desk.md": "You answer the phone. ${include rules.md}\n",
    "stacks/prompts/rules.md": "Be kind.\n",
    "stacks/tools/book.yaml": """name: Book
tool_type: function
tool_config:
  name: book
  description: Books a day.
  parameters: {type: object, properties: {day: {type: string}, year: {type: integer}}}
""",
    "stacks/agents/night.yaml": """name: Night
first_message: We are closed.
webhook_url: https://hooks.example.com/${agents.desk.id}
llm_config: {provider: openai, model: gpt-4o}
""",
    "stacks/numbers/main.yaml": 'phone_number: "+31201234567"\nagent_id: ${agents.desk.id}\n',
    "stacks/tests/booking.yaml": """agent: desk
description: Somebody books a day.
context: {caller: Ann}
caller:
  - says: I would like to come on Tuesday.
    agent_calls: {name: book, arguments: {day: Tuesday}, result: {at: "10:00"}}
    agent_says: Booked, at {{result}}.
  - says: Thank you, bye.
    agent_calls: {name: end_call}
analysis_finds: {topic: booking}
expect:
  transcript:
    - {speaker: agent, contains: "good day ann, this is ${var.company}"}
    - {speaker: agent, matches: '1\\d:00'}
    - {speaker: agent, never_contains: "{{"}
  tools:
    - {name: book, arguments: {$.day: Tuesday}}
    - {name: endCall}
  analysis: {$.topic: booking}
  max_duration_s: 60
""",
    "stacks/tests/closed.yaml": """agent: agents.night
caller: [{says: Hello?}]
expect: {transcript: [{equals: We are closed.}, {speaker: agent, never_contains: hello}]}
""",
}
Flireo = Callable[..., Any]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The stack in a repository; v1 is its first commit."""
    made = Repository(tmp_path / "repository")
    for path, text in FILES.items():
        made.write(path, text)
    made.commit(tag="v1")
    monkeypatch.chdir(made.folder / "stacks")
    return made


@pytest.fixture
def flireo(monkeypatch: pytest.MonkeyPatch) -> Flireo:
    """Runs a command where no account can be reached."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    app = typer.Typer()
    for module in (promote, smoke, validate):
        module.register(app)
    return lambda *words, **options: CliRunner().invoke(app, [*words], **options)
