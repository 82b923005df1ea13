from __future__ import annotations

import datetime
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flireo_iac import __version__
from flireo_iac.client import FlireoApi
from flireo_iac.errors import NotFoundError, SettingsError, TransportError
from flireo_iac.kinds import KINDS
from tests.client.conftest import KEY
from tests.client.scripted import Scripted, reply, serving

AGENT = KINDS["agent"]
ROW = {"id": "a1", "name": "A"}


def test_what_goes_over_the_wire(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(200, {"agent": ROW, "agents": [ROW], "success": True, "byok_keys": {"openai_secret_id": "s"}}))
    api.create(AGENT, {"name": "Zoë", "first_message": None})
    api.update(AGENT, "a1", {"name": "B"})
    api.get(AGENT, "a1")
    api.list(AGENT)
    api.delete(AGENT, "a1")
    api.update(KINDS["byok_key"], "openai", {"api_key": "k"})
    api.delete(KINDS["byok_key"], "openai")
    assert [(seen.method, seen.path, seen.body) for seen in server.seen] == [
        ("POST", "/api/v1/agents", '{"name":"Zoë","first_message":null}'.encode()),
        ("PATCH", "/api/v1/agents/a1", b'{"name":"B"}'),
        ("GET", "/api/v1/agents/a1", b""),
        ("GET", "/api/v1/agents", b""),
        ("DELETE", "/api/v1/agents/a1", b""),
        ("POST", "/api/v1/byok", b'{"api_key":"k","provider":"openai"}'),
        ("DELETE", "/api/v1/byok", b'{"provider":"openai"}'),
    ]
    for seen in server.seen:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        assert headers["authorization"] == f"Bearer {KEY}"
        assert headers["user-agent"] == f"flireo_iac/{__version__}"
        assert headers.get("content-type") == ("application/json" if seen.body else None)


def test_what_a_create_notes_before_it_goes_out_comes_after_its_turn(server: Scripted, api: FlireoApi) -> None:
    def refuse() -> None:
        raise RuntimeError("it cannot be noted")

    with pytest.raises(RuntimeError):
        api.create(AGENT, {"name": "A"}, refuse)
    assert server.seen == []
    noted: list[int] = []
    server.will(reply(429, {}, Retry_After="0"), reply(200, {"agent": ROW}))
    api.create(AGENT, {"name": "A"}, lambda: noted.append(len(server.seen)))
    assert noted == [0, 1], "each attempt is noted anew"


def test_threads_share_one_client(server: Scripted, api: FlireoApi) -> None:
    def slowly(handler: Any) -> None:
        time.sleep(0.2)
        reply(200, {"agents": [ROW]})(handler)

    server.will(slowly)
    began = time.monotonic()
    threads = [threading.Thread(target=lambda: [api.list(AGENT) for _ in range(3)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.seen) == 24
    assert time.monotonic() - began < 4  # one after the other would take 4.8 s


def test_an_environment_proxy_does_not_get_what_goes_to_this_machine(
    server: Scripted, make_api: Callable[..., FlireoApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server.will(reply(200, {"agents": []}))
    assert make_api(server.url).list(AGENT).rows == ()


def test_other_hosts_are_reached_through_the_environments_proxy(
    server: Scripted, make_api: Callable[..., FlireoApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server.will(reply(200, {"agents": []}))
    assert make_api("http://emulator/api/v1").list(AGENT).rows == ()
    assert server.paths == ["http://emulator/api/v1/agents"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "ftp://me:canary@proxy:1"),
        ("ALL_PROXY", "socks5://me:canary@proxy:1"),
        ("SSL_CERT_FILE", "/no/canary"),
    ],
)
def test_a_proxy_or_certificate_file_that_cannot_be_used_is_one_line(
    make_api: Callable[..., FlireoApi], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        make_api("https://flireo.invalid/api/v1")
    assert "canary" not in str(caught.value)


def test_plain_http_reads_no_certificates(
    server: Scripted, make_api: Callable[..., FlireoApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("certificates were read")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", read)
    server.will(reply(200, {"agents": []}))
    assert make_api(server.url).list(AGENT).rows == ()


@pytest.mark.parametrize("host", ["256.256.256.256", "☃.com"])
def test_an_address_that_httpx_refuses_is_one_line(make_api: Callable[..., FlireoApi], host: str) -> None:
    with pytest.raises(SettingsError, match="FLIREO_BASE_URL"):
        make_api(f"https://{host}/api/v1")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_a_certificate_that_is_not_trusted_is_not_asked_twice(
    certificate: Path, make_api: Callable[..., FlireoApi]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as server:
        server.will(reply(200, {"agents": []}))
        began = time.monotonic()
        with pytest.raises(TransportError, match=r"certificate of 127.0.0.1:[0-9]+ is not trusted") as caught:
            make_api(server.url, backoff_s=10).list(AGENT)
        assert time.monotonic() - began < 10
    assert not caught.value.may_have_arrived
    assert server.seen == []


@pytest.mark.parametrize(
    ("dialect", "paths"), [("dec2025", ["agents"]), ("jan2026", ["agents"]), ("successor", ["assistants"])]
)
def test_the_dialect_names_the_path(
    server: Scripted, make_api: Callable[..., FlireoApi], dialect: str, paths: list[str]
) -> None:
    server.will(reply(200, {"assistants": [ROW]}))
    assert make_api(server.url, dialect=dialect).list(AGENT).rows == (ROW,)
    assert server.paths == [f"/api/v1/{path}" for path in paths]


def by_path(known: str) -> Callable[[Any], None]:
    def answer(handler: Any) -> None:
        if f"/{known}" in handler.path:
            reply(200, {"assistant": ROW, "agents": [ROW], "success": True})(handler)
        else:
            reply(404, {"error": "Not Found"})(handler)

    return answer


@pytest.mark.parametrize("known", ["agents", "assistants"])
@pytest.mark.parametrize(
    "first",
    [
        lambda api: api.list(AGENT),
        lambda api: api.create(AGENT, {"name": "A"}),
        lambda api: api.get(AGENT, "a1"),
        lambda api: api.update(AGENT, "a1", {"name": "A"}),
        lambda api: api.delete(AGENT, "a1"),
    ],
)
def test_auto_learns_the_path_from_the_first_answer(
    server: Scripted, make_api: Callable[..., FlireoApi], known: str, first: Callable[[FlireoApi], object]
) -> None:
    server.will(by_path(known))
    api = make_api(server.url, dialect="auto")
    assert first(api)
    tried = [path.split("/")[3] for path in server.paths]
    assert tried == (["agents"] if known == "agents" else ["agents", "assistants"])
    api.list(AGENT)
    assert server.paths[-1] == f"/api/v1/{known}"
    assert len(server.seen) == len(tried) + 1
    server.will(reply(404, {"error": "Not Found"}))
    assert api.get(AGENT, "a2") is None
    assert server.paths == [f"/api/v1/{known}/a2"]


def test_auto_believes_absence_only_from_both_paths(server: Scripted, make_api: Callable[..., FlireoApi]) -> None:
    server.will(reply(404, {"error": "Not Found"}))
    api = make_api(server.url, dialect="auto")
    assert api.get(AGENT, "a1") is None
    assert server.paths == ["/api/v1/agents/a1", "/api/v1/assistants/a1"]
    with pytest.raises(NotFoundError) as caught:
        api.create(AGENT, {"name": "A"})
    assert caught.value.path == "/agents"
    assert server.methods == ["GET", "GET", "POST", "POST"]
