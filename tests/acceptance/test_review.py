"""`flireo review --live`: what a change would overwrite in the account."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.acceptance.deployment import Deployment, Run

AGENT = "name: {name}\nfirst_message: {said}\nllm_config:\n  provider: openai\n  model: gpt-4o\n  prompt: {name}.md\n"


def write(deployment: Deployment, name: str, said: str, prompt: str) -> None:
    deployment.write(f"agents/{name}.yaml", AGENT.format(name=name, said=said))
    deployment.write(f"agents/{name}.md", prompt)


def review(deployment: Deployment, base: Path, *flags: str) -> Run:
    program = str(Path(shutil.which("flireo", path=deployment.environment["PATH"]) or "flireo"))
    options = ["--base", str(base), "-s", "dev", "--engine", deployment.engine, *flags]
    return deployment.command(program, "review", *options)


@pytest.mark.sweep
def test_a_review_of_the_account_names_what_it_would_overwrite(deployment: Deployment, tmp_path: Path) -> None:
    write(deployment, "desk", "Good day.", "Be brief.\n")
    write(deployment, "night", "Good night.", "Be kind.\n")
    base = Path(shutil.copytree(deployment.folder, tmp_path / "base"))
    deployment.good("up")
    held = {each["name"]: each for each in deployment.account("/agents")["agents"]}
    prompt = {"messages": [{"role": "system", "content": "Be rude.\n"}]}
    deployment.edit(
        "agents", held["desk"]["id"], {"first_message": "Yo.", "llm_config": held["desk"]["llm_config"] | prompt}
    )
    deployment.edit("agents", held["night"]["id"], {"first_message": "What?"})
    write(deployment, "desk", "Good evening.", "Be brief and kind.\n")
    deployment.counts()

    offline = review(deployment, base, "--json")
    assert json.loads(offline.stdout)["environments"][0]["drift"] is None
    assert deployment.counts() == {}
    done = review(deployment, base, "--live", "--json")
    assert done.code == 0, done.text
    assert json.loads(done.stdout)["environments"][0]["drift"] == [
        'agent "desk": first_message is Yo. in the account, Good day. was deployed.',
        'agent "desk": llm_config.messages[system].content has 1 passage that somebody changed in the account.',
    ]
    assert set(deployment.counts()) == {"GET"}

    deployment.environ["FLIREO_API_KEY"] = "of-another-form"
    refused = review(deployment, base, "--live")
    assert refused.code != 0
    assert "review --live: the account of" in refused.stderr
    assert "401" in refused.stderr, "the reason stands in the error"
    assert "see above" not in refused.stderr
