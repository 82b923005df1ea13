"""The pipeline for GitLab: the scripts of its jobs are run as they stand."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import yaml

from flireo_iac.emulator.server import running
from tests.pipelines.world import PIPELINES, SECRETS, GitLab, World

PIPELINE = yaml.safe_load((PIPELINES / "gitlab/.gitlab-ci.yml").read_text())


def test_a_change_goes_from_a_merge_request_to_staging(tmp_path: Path) -> None:
    with running() as emulator:
        world = World(tmp_path, emulator.url)
        pipeline = GitLab(world)
        before = world.person.git("rev-parse", "HEAD")
        world.push("Change", "topic", **{"stacks/agents/desk.md": "You answer in Utrecht. Never promise a day.\n"})
        pipeline.job("check", "topic", CI_MERGE_REQUEST_DIFF_BASE_SHA=before)
        for _ in range(2):
            pipeline.job("comment", "topic", CI_MERGE_REQUEST_IID="3")
        (note,) = world.forge("notes")  # the second one edited the first
        assert "<del>price</del>" in note["body"]
        assert "(https://gitlab.example.com/jobs/1/artifacts/file/review.html)" in note["body"]

        world.person.git("push", "-q", "origin", "HEAD:main")
        pipeline.job("promote", RELEASE="main", ENVIRONMENT="staging")
        (request,) = world.forge("merge_requests")
        assert (request["source_branch"], request["target_branch"]) == ("promote/staging", "main")
        world.merge("promote/staging")
        pipeline.job("staging")

        key = {"Authorization": f"Bearer {SECRETS['FLIREO_API_KEY']}"}
        (agent,) = httpx.get(f"{emulator.url}/agents", headers=key).json()["agents"]
        assert agent["name"] == "Desk Proefstad"
        httpx.patch(f"{emulator.url}/agents/{agent['id']}", headers=key, json={"name": "Somebody"}).raise_for_status()
        pipeline.job("drift staging")
        (issue,) = world.forge("issues")
        assert issue["title"] == "Drift in staging"
        assert "Somebody" in issue["description"]
        world.assert_no_secret()


@pytest.mark.parametrize("name", ["dev", "staging", "prod", "drift staging", "drift prod"])
def test_one_job_at_a_time_deploys_an_environment(name: str) -> None:
    job = PIPELINE[name]
    environment = job["environment"]["name"] if isinstance(job["environment"], dict) else job["environment"]
    assert job["resource_group"] == f"flireo-{environment}"
    assert job["extends"] == (".drift" if "drift" in name else ".up")


def test_staging_and_prod_wait_for_a_person_and_forks_do_not_comment() -> None:
    for name in ("staging", "prod"):
        (rule,) = PIPELINE[name]["rules"]
        assert rule["when"] == "manual"
        assert f"stacks/Pulumi.{name}.yaml" in rule["changes"]
    (rule,) = PIPELINE["comment"]["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in rule["if"]
