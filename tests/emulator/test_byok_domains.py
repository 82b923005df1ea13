"""Provider keys and the e-mail domain."""

from __future__ import annotations

import httpx
import pytest

from flireo_iac.emulator.server import Running

FLIREO = ["deepgram", "openai", "elevenlabs", "xai", "resend"]


def test_a_key_is_stored_under_a_new_id_each_time_and_never_answered(api: httpx.Client) -> None:
    assert api.get("/byok").json() == {"byok_keys": {f"{name}_secret_id": None for name in FLIREO}}
    first = api.post("/byok", json={"provider": "openai", "api_key": "canary-one"})
    second = api.post("/byok", json={"provider": "openai", "api_key": "canary-one"})
    assert first.status_code == second.status_code == 200
    ids = [each.json()["byok_keys"]["openai_secret_id"] for each in (first, second)]
    assert len(set(ids)) == 2
    assert api.get("/byok").json()["byok_keys"]["openai_secret_id"] == ids[1]
    assert "canary" not in first.text + second.text + api.get("/byok").text


def test_a_key_is_deleted_by_a_body_and_then_is_404(api: httpx.Client) -> None:
    api.post("/byok", json={"provider": "xai", "api_key": "k"})
    answer = api.request("DELETE", "/byok", json={"provider": "xai"})
    assert (answer.status_code, answer.json()["byok_keys"]["xai_secret_id"]) == (200, None)
    assert api.request("DELETE", "/byok", json={"provider": "xai"}).status_code == 404
    assert api.request("DELETE", "/byok").status_code == 400


@pytest.mark.parametrize(
    "body", [{"provider": "acme", "api_key": "k"}, {"provider": "openai"}, {"provider": "xai", "api_key": " "}]
)
def test_a_bad_key_is_refused(api: httpx.Client, body: dict[str, str]) -> None:
    assert api.post("/byok", json=body).status_code == 400


def test_the_catalog_names_the_default_models(api: httpx.Client) -> None:
    catalog = {each["id"]: each for each in api.get("/byok/config").json()["providers"]}
    assert [each["id"] for each in catalog["openai"]["models"] if each["default"]] == ["gpt-4o-mini"]


@pytest.fixture
def resend(own_api: httpx.Client) -> httpx.Client:
    own_api.post("/byok", json={"provider": "resend", "api_key": "re_canary"})
    return own_api


def test_a_domain_needs_a_resend_key(own_api: httpx.Client) -> None:
    answers = [own_api.post("/domains", json={"domain_name": "mail.example.com"}), own_api.get("/domains/sync")]
    assert [each.status_code for each in answers] == [400, 400]
    assert "Resend" in answers[0].json()["message"]


def test_without_a_domain_reading_is_null_and_the_rest_404(resend: httpx.Client) -> None:
    assert resend.get("/domains").json() == {"domain": None}
    codes = [resend.post(f"/domains/{verb}").status_code for verb in ("verify", "refresh")]
    assert [*codes, resend.delete("/domains").status_code] == [404] * 3


def test_a_domain_goes_from_not_started_to_verified_when_resend_says_so(
    resend: httpx.Client, control: httpx.Client
) -> None:
    answer = resend.post("/domains", json={"domain_name": "mail.example.com"})
    domain = answer.json()["domain"]
    assert (answer.status_code, domain["status"], domain["verified_at"]) == (201, "not_started", None)
    assert [(record["record"], record["type"]) for record in domain["records"]] == [
        ("SPF", "MX"),
        ("SPF", "TXT"),
        ("DKIM", "TXT"),
    ]
    assert resend.post("/domains", json={"domain_name": "other.example.com"}).status_code == 409
    assert resend.post("/domains/verify").json()["domain"]["status"] == "pending"
    assert resend.post("/domains/refresh").json()["domain"]["status"] == "pending"
    control.patch(f"/objects/resend-domains/{domain['resend_domain_id']}", json={"status": "verified"})
    verified = resend.post("/domains/refresh").json()["domain"]
    assert verified["status"] == "verified"
    assert verified["verified_at"] is not None
    assert {record["status"] for record in verified["records"]} == {"verified"}
    assert resend.get("/domains").json() == {"domain": verified}
    assert resend.delete("/domains").json() == {"success": True}
    assert resend.get("/domains/sync").json() == {"domains": [], "selected_domain_id": None}


def test_a_control_request_can_set_the_status_itself(resend: httpx.Client, control: httpx.Client) -> None:
    domain = resend.post("/domains", json={"domain_name": "mail.example.com"}).json()["domain"]
    control.patch(f"/objects/domains/{domain['id']}", json={"status": "verified"})
    assert resend.get("/domains").json()["domain"]["status"] == "verified"


def test_a_domain_that_resend_has_is_adopted(resend: httpx.Client, own: Running) -> None:
    key = resend.headers["authorization"]
    at_resend = httpx.post(
        f"{own.control_url}/objects/resend-domains",
        json={"name": "old.example.com", "status": "verified", "region": "us-east-1"},
        headers={"Authorization": key},
    ).json()["object"]
    assert resend.post("/domains/sync", json={"resendDomainId": "nothing"}).status_code == 404
    answer = resend.post("/domains/sync", json={"resendDomainId": at_resend["id"]}).json()
    assert answer["domain"]["domain_name"] == "old.example.com"
    assert answer["domain"]["status"] == "verified"
    again = resend.post("/domains/sync", json={"domain_id": at_resend["id"]}).json()
    assert again["domain"]["id"] == answer["domain"]["id"]
    assert resend.get("/domains/sync").json()["selected_domain_id"] == at_resend["id"]
    resend.delete("/domains")
    assert len(resend.get("/domains/sync").json()["domains"]) == 1


def test_resend_looks_at_dns_and_gives_up_after_three_days(resend: httpx.Client, control: httpx.Client) -> None:
    domain = resend.post("/domains", json={"domain_name": "mail.example.com"}).json()["domain"]
    at_resend = f"/objects/resend-domains/{domain['resend_domain_id']}"

    def refreshed() -> str:
        status: str = resend.post("/domains/refresh").json()["domain"]["status"]
        return status

    control.patch(at_resend, json={"dns": True})
    assert refreshed() == "not_started", "nobody has asked for a look at DNS"
    control.patch(at_resend, json={"dns": False})
    resend.post("/domains/verify")
    control.post("/clock", json={"advance_s": 72 * 3600 - 60}).raise_for_status()
    assert refreshed() == "pending"
    control.post("/clock", json={"advance_s": 120}).raise_for_status()
    assert refreshed() == "failed"
    control.patch(at_resend, json={"dns": True})
    assert resend.post("/domains/verify").json()["domain"]["status"] == "pending"
    assert refreshed() == "verified"


@pytest.mark.parametrize("name", ["", "localhost", "-a.example.com", "a..b", "exa mple.com", "a.b\n"])
def test_a_name_that_is_no_domain_is_refused(resend: httpx.Client, name: str) -> None:
    answer = resend.post("/domains", json={"domain_name": name})
    assert (answer.status_code, answer.json()["param"]) == (400, "domain_name")
