from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.client import FlireoApi
from flireo_iac.client.answers import LONGEST_TEXT, Answer, error_of
from flireo_iac.client.call import Call
from flireo_iac.client.secrets import masked
from flireo_iac.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    CreditsError,
    ForbiddenError,
    InvalidInputError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnexpectedAnswerError,
)
from flireo_iac.kinds import KINDS, secret_texts
from tests.client.conftest import KEY
from tests.client.scripted import Scripted, reply

AGENT = KINDS["agent"]
TRUNK = KINDS["sip_trunk"]
FLAT = {"error": "Bad Request", "message": "name is needed"}
NESTED = {"error": {"code": "missing_field", "message": "name is needed", "param": "name", "type": "x"}}


@pytest.mark.parametrize("body", [FLAT, NESTED])
@pytest.mark.parametrize(
    ("status", "error", "exit_code"),
    [
        (400, InvalidRequestError, 4),
        (401, AuthenticationError, 3),
        (402, CreditsError, 4),
        (403, ForbiddenError, 3),
        (404, NotFoundError, 4),
        (405, InvalidRequestError, 4),
        (409, ConflictError, 4),
        (413, InvalidRequestError, 4),
        (422, InvalidRequestError, 4),
        (429, RateLimitError, 4),
        (500, ServerError, 4),
        (501, ServerError, 4),
        (503, ServerError, 4),
    ],
)
def test_status_and_text_become_an_error(
    server: Scripted,
    make_api: Callable[..., FlireoApi],
    body: Any,
    status: int,
    error: type[ApiError],
    exit_code: int,
) -> None:
    server.will(reply(status, body))
    with pytest.raises(error, match=r'^create agent "Desk": .*"name is needed"') as caught:
        make_api(server.url, max_attempts=1).create(AGENT, {"name": "Desk"})
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.exit_code) == (status, exit_code)
    assert (caught.value.method, caught.value.path) == ("POST", "/agents")
    if body is NESTED:
        assert (caught.value.code, caught.value.param) == ("missing_field", "name")
    assert str(caught.value).endswith(", POST /agents).")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><h1>Bad Gateway</h1>",
        "no json",
        '{"error',
        "[1, 2]",
        '"text"',
        "null",
        '{"detail": {"x": 1}}',
        b"\xff",
    ],
)
def test_text_of_unknown_shape_is_dropped(server: Scripted, api: FlireoApi, body: Any) -> None:
    server.will(reply(400, body))
    with pytest.raises(InvalidRequestError) as caught:
        api.list(AGENT)
    assert str(caught.value) == (
        "list agents: the server does not accept the request. Mend the input that it names (HTTP 400, GET /agents)."
    )


def test_details_are_shown(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(400, {"error": "invalid_definition", "message": "bad", "details": ["one", 2, "two"]}))
    with pytest.raises(InvalidRequestError, match="bad; one; two") as caught:
        api.list(AGENT)
    assert caught.value.code == "invalid_definition"


def test_a_page_where_the_api_should_be_is_not_an_absent_object(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(404, "<html>Not Found</html>"))
    for ask in (lambda: api.get(AGENT, "a1"), lambda: api.delete(AGENT, "a1")):
        with pytest.raises(InvalidRequestError, match="Check FLIREO_BASE_URL"):
            ask()


def test_a_redirect_is_not_followed_because_the_key_would_travel(server: Scripted, api: FlireoApi) -> None:
    for method in (lambda: api.list(AGENT), lambda: api.create(AGENT, {"name": "A"})):
        server.will(reply(301, "", Location=f"{server.url}/elsewhere"))
        with pytest.raises(UnexpectedAnswerError, match="Set FLIREO_BASE_URL"):
            method()
        assert server.paths == ["/api/v1/agents"]


def test_no_secret_that_the_request_carried_is_in_an_error(server: Scripted, api: FlireoApi) -> None:
    secret = 'canary "é"\n/pass word'
    body = {"name": "T", "host": "h", "password": secret}

    def echo(handler: Any) -> None:
        sent = server.seen[-1]
        spellings = (
            secret,
            sent.headers["Authorization"],
            sent.body.decode(),
            " ".join(secret.split()),
            json.dumps(secret),
        )
        said = " ".join(spellings)
        reply(400, {"error": {"message": said, "code": "x", "param": KEY}})(handler)

    server.will(echo)
    with pytest.raises(InvalidRequestError) as caught:
        api.create(TRUNK, body)
    text = f"{caught.value} {caught.value!r} {vars(caught.value)}"
    assert "canary" not in text
    assert "pass word" not in text
    assert "[secret]" in text


@pytest.mark.parametrize("secret", ["can\x07ary", "can\u2028ary", "can\r\nary", "canary"])
def test_a_secret_in_another_place_or_with_odd_characters_is_masked(
    server: Scripted, api: FlireoApi, secret: str
) -> None:
    server.will(reply(400, {"error": "bad", "message": f"{secret} is weak"}))
    with pytest.raises(InvalidRequestError, match=r"\[secret\] is weak") as caught:
        api.create(TRUNK, {"name": f"My {secret}", "host": "h", "password": secret})
    assert "ary" not in str(caught.value)


def test_a_long_text_is_cut(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(400, {"error": "bad", "message": "word " * 1000}))
    with pytest.raises(InvalidRequestError) as caught:
        api.list(AGENT)
    quoted = str(caught.value).partition('("')[2].partition('")')[0]
    assert 190 <= len(quoted) <= LONGEST_TEXT


def test_secrets_of_nested_blocks_are_known() -> None:
    tools = [
        {"type": "function", "name": "f", "description": "d", "server": {"url": "u", "secret": "one"}},
        {"type": "function", "function": {"name": "g"}, "server": {"secret": "two"}},
        {"type": "endCall", "secret": "not a field"},
    ]
    body = {"webhook_secret": "three", "llm_config": {"tools": tools}, "name": "shown"}
    assert secret_texts(AGENT.model, body) == {"one", "two", "three"}
    assert secret_texts(AGENT.model, {"webhook_secret": None, "llm_config": "odd"}) == frozenset()


@given(
    secret=st.text(min_size=4).filter(lambda text: bool(text.strip())),
    before=st.text(max_size=300),
    after=st.text(max_size=300),
    status=st.sampled_from([400, 401, 404, 429, 500]),
    shape=st.sampled_from(["flat", "nested", "details"]),
)
def test_any_text_around_a_secret_gives_a_short_line_without_it(
    secret: str, before: str, after: str, status: int, shape: str
) -> None:
    said = before + secret + after
    body: Any = {
        "flat": {"error": "e", "message": said},
        "nested": {"error": {"message": said, "code": said, "param": said}},
        "details": {"error": "e", "details": [said]},
    }[shape]
    call = Call(operation="read agent", method="GET", path="/agents/a", secrets=frozenset({secret}))
    answer = Answer(status, {}, json.dumps(body).encode("utf-8", "surrogatepass"))
    error = error_of(call, answer, secrets=call.secrets, attempts=1, wait_s=None)
    ours = str(error_of(call, Answer(status, {}, b""), secrets=frozenset(), attempts=1, wait_s=None))
    if secret not in ours and secret not in "[secret]":
        quoted = str(error).partition('("')[2].rpartition('")')[0].replace("[secret]", "")
        assert secret not in quoted
    assert len(str(error)) < len(ours) + LONGEST_TEXT + 200
    assert "\n" not in str(error)


@given(status=st.integers(300, 599), body=st.binary(max_size=200))
def test_any_answer_becomes_an_error(status: int, body: bytes) -> None:
    call = Call(operation="read agent", method="GET", path="/agents/a")
    error = error_of(call, Answer(status, {}, body), secrets=frozenset(), attempts=1, wait_s=None)
    assert str(error).startswith("read agent: ")


def test_the_longest_secret_goes_first() -> None:
    assert masked("abcdef abc", {"abc", "abcdef"}) == "[secret] [secret]"


@pytest.mark.parametrize("id_", ["", ".", "..", "a" * 70_000])
def test_an_id_that_names_another_path_is_refused_before_anything_is_sent(
    server: Scripted, api: FlireoApi, id_: str
) -> None:
    server.will(reply(200, {}))
    for ask in (
        lambda: api.get(AGENT, id_),
        lambda: api.update(AGENT, id_, {}),
        lambda: api.delete(AGENT, id_),
    ):
        with pytest.raises(InvalidInputError, match="is no id") as caught:
            ask()
        assert len(str(caught.value)) < 300
    assert server.seen == []


@pytest.mark.parametrize(
    ("id_", "path"),
    [("a/b", "a%2Fb"), ("a+b", "a%2Bb"), ("a?b#c", "a%3Fb%23c"), ("../x", "..%2Fx"), ("é %2e", "%C3%A9%20%252e")],
)
def test_an_id_is_one_part_of_the_path(server: Scripted, api: FlireoApi, id_: str, path: str) -> None:
    server.will(reply(200, {"agent": {"id": id_}}))
    assert api.get(AGENT, id_) == {"id": id_}
    assert server.paths == [f"/api/v1/agents/{path}"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes", "\ud800"])
def test_a_value_that_is_no_json_is_refused_before_anything_is_sent(
    server: Scripted, api: FlireoApi, value: Any
) -> None:
    server.will(reply(200, {}))
    with pytest.raises(InvalidInputError, match=r'create agent "A": a value cannot be written as JSON'):
        api.create(AGENT, {"name": "A", "llm_config": {"x": value}})
    assert server.seen == []
