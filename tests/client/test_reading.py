from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.client import FlireoApi, list_voices, read_account
from flireo_iac.client.answers import MismatchError
from flireo_iac.client.envelopes import Page, read_deleted, read_one, read_page, read_single, read_slots
from flireo_iac.client.paging import read_all
from flireo_iac.errors import UnexpectedAnswerError
from flireo_iac.kinds import KINDS
from flireo_iac.rows import Row
from tests.client.scripted import Scripted, reply

COLLECTIONS = [kind for kind in KINDS.values() if kind.endpoint.style == "collection"]
ROW = {"id": "a1", "name": "A"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "agent", "agents", "data", "total", "success", "byok_keys", "domain"]), inner
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", COLLECTIONS, ids=lambda kind: kind.name)
def test_every_envelope_and_alias_is_read(kind: Any) -> None:
    for key in (*kind.envelope.one, "data"):
        assert read_one(kind, {key: ROW, "success": True}) == ROW
    for key in (*kind.envelope.many, "data"):
        assert read_page(kind, {key: [ROW]}) == Page((ROW,), None)
        assert read_page(kind, {key: []}) == Page((), None)
    if kind.envelope.is_bare_allowed:
        assert read_one(kind, ROW) == ROW
    else:
        with pytest.raises(MismatchError):
            read_one(kind, ROW)


@pytest.mark.parametrize(
    "value", [None, [], "x", 3, {}, {"agent": None}, {"agent": {}}, {"agent": {"id": 3}}, {"agent": {"id": ""}}]
)
def test_what_is_no_object_is_no_row(value: Any) -> None:
    with pytest.raises(MismatchError):
        read_one(KINDS["agent"], value)


@pytest.mark.parametrize(
    "value", [None, [ROW], {}, {"agents": None}, {"agents": {}}, {"agents": [ROW, {"name": "B"}]}, {"agents": [None]}]
)
def test_what_is_no_list_is_no_page(value: Any) -> None:
    with pytest.raises(MismatchError):
        read_page(KINDS["agent"], value)


@given(JSON)
def test_no_answer_breaks_the_readers(value: Any) -> None:
    readers: list[Callable[[], Any]] = [
        lambda: read_one(KINDS["agent"], value),
        lambda: read_one(KINDS["analysis_template"], value),
        lambda: read_page(KINDS["agent"], value),
        lambda: read_slots(KINDS["byok_key"], value),
        lambda: read_single(KINDS["domain"], value),
        lambda: read_deleted(value),
    ]
    for read in readers:
        try:
            got = read()
        except MismatchError:
            continue
        rows = got.rows if isinstance(got, Page) else got if isinstance(got, tuple) else [got] if got else []
        assert all(isinstance(row["id"], str) and row["id"] for row in rows)


def test_slots_that_hold_nothing_are_no_rows() -> None:
    keys = {
        "openai_secret_id": "s1",
        "deepgram_secret_id": None,
        "google_vertex_secret_id": "s2",
        "_secret_id": "x",
        "note": "y",
    }
    assert read_slots(KINDS["byok_key"], {"byok_keys": keys}) == (
        {"id": "openai", "provider": "openai", "secret_id": "s1"},
        {"id": "google_vertex", "provider": "google_vertex", "secret_id": "s2"},
    )


def test_the_only_object_may_be_missing_or_bare() -> None:
    domain = KINDS["domain"]
    assert read_single(domain, {"domain": None}) == ()
    assert read_single(domain, {"domain": ROW}) == (ROW,)
    assert read_single(domain, ROW) == (ROW,)
    odd: list[Any] = [None, {}, {"domain": []}, []]
    for value in odd:
        with pytest.raises(MismatchError):
            read_single(domain, value)


def test_a_delete_may_say_nothing_or_that_it_was_done() -> None:
    good: list[Any] = [None, {"success": True}, {}, {"success": True, "byok_keys": {}}]
    bad: list[Any] = [{"success": False}, {"success": None}, [], "ok"]
    for value in good:
        read_deleted(value)
    for wrong in bad:
        with pytest.raises(MismatchError):
            read_deleted(wrong)


@pytest.mark.parametrize("answer", [reply(204), reply(200, {"success": True}), reply(202, ""), reply(200, " \n")])
def test_every_success_of_a_delete_is_one(server: Scripted, api: FlireoApi, answer: Any) -> None:
    server.will(answer)
    assert api.delete(KINDS["agent"], "a1") is True
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 203])
def test_any_success_of_a_create_is_one(server: Scripted, api: FlireoApi, status: int) -> None:
    server.will(reply(status, {"agent": ROW}))
    assert api.create(KINDS["agent"], {"name": "A"}) == ROW


def test_absence_is_none_and_false(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(404, {"error": "Not Found"}))
    assert api.get(KINDS["agent"], "a1") is None
    assert api.delete(KINDS["agent"], "a1") is False
    server.will(reply(404))
    assert api.get(KINDS["agent"], "a1") is None


def test_a_domain_that_took_the_place_of_ours_is_left_alone(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(200, {"domain": {"id": "theirs"}}))
    assert api.delete(KINDS["domain"], "ours") is False
    assert server.methods == ["GET"]


def test_account_and_voices(server: Scripted, api: FlireoApi) -> None:
    for body in (ROW, {"account": ROW}, {"organization": ROW}, {"data": ROW}):
        server.will(reply(200, body))
        assert read_account(api.http) == ROW
    server.will(reply(404, {"error": "gone"}), reply(200, ROW))
    assert read_account(api.http) == ROW
    assert server.paths == ["/api/v1/account", "/api/v1/organizations"]
    for answer in ({"voices": [ROW]}, {"data": [ROW]}, [ROW]):
        server.will(reply(200, answer))
        assert list_voices(api) == (ROW,)
    for odd in ("[]", "3", '{"id": 3}'):
        server.will(reply(200, odd))
        with pytest.raises(UnexpectedAnswerError):
            read_account(api.http)
    for odd in ("{}", "[3]"):
        server.will(reply(200, odd))
        with pytest.raises(UnexpectedAnswerError):
            list_voices(api)


class Paged:
    """A list that pages in one of the ways a server may."""

    def __init__(self, count: int, size: int, *, states_total: bool, heeds_query: bool, largest: int = 100) -> None:
        self.rows = tuple({"id": f"r{number}"} for number in range(count))
        self.size, self.states_total, self.heeds_query, self.largest = size, states_total, heeds_query, largest
        self.requests = 0

    def __call__(self, params: Mapping[str, int]) -> Page:
        self.requests += 1
        offset = params.get("offset", 0) if self.heeds_query else 0
        limit = min(params.get("limit", self.size), self.largest) if self.heeds_query else self.size
        return Page(self.rows[offset : offset + limit], len(self.rows) if self.states_total else None)


@given(count=st.integers(0, 260), size=st.sampled_from([20, 50, 100, 1000]), largest=st.sampled_from([50, 100]))
def test_a_list_with_a_total_is_followed_to_its_end(count: int, size: int, largest: int) -> None:
    server = Paged(count, size, states_total=True, heeds_query=True, largest=largest)
    listing = read_all(None, server)
    assert listing.rows == server.rows
    assert listing.is_complete
    if count <= min(size, largest):
        assert server.requests == 1


@given(count=st.integers(0, 260), heeds_query=st.booleans())
def test_analysis_templates_are_proven_without_a_total(count: int, heeds_query: bool) -> None:
    # A server that pages gives 50; one that does not gives everything.
    server = Paged(count, 50 if heeds_query else 1000, states_total=False, heeds_query=heeds_query)
    listing = read_all(50, server)
    assert listing.rows == server.rows
    assert listing.is_complete
    if count != 50 and (count < 50 or not heeds_query):
        assert server.requests == 1


def test_another_list_without_a_total_is_everything(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(200, {"agents": [{"id": f"a{number}"} for number in range(50)]}))
    assert api.list(KINDS["agent"]).is_complete
    assert server.paths == ["/api/v1/agents"]


@pytest.mark.parametrize("key", ["analysisTemplates", "analysis_templates", "data"])
def test_pages_are_asked_for_on_the_wire(server: Scripted, api: FlireoApi, key: str) -> None:
    rows: list[Row] = [{"id": f"t{number}"} for number in range(70)]
    server.will(reply(200, {key: rows[:50]}), reply(200, {key: rows[50:]}))
    listing = api.list(KINDS["analysis_template"])
    assert listing.rows == tuple(rows)
    assert listing.is_complete
    assert server.paths == ["/api/v1/analysis-templates", "/api/v1/analysis-templates?limit=50&offset=50"]
    server.will(reply(200, {key: rows[:50]}), reply(400, {"error": "unknown parameter"}))
    assert not api.list(KINDS["analysis_template"]).is_complete
    server.will(
        reply(200, {key: rows[:50], "pagination": {"total": 70, "limit": 50, "offset": 0}}),
        reply(200, {key: rows[50:], "pagination": {"total": 70, "limit": 100, "offset": 50}}),
    )
    assert api.list(KINDS["analysis_template"]).is_complete
    assert server.paths[1] == "/api/v1/analysis-templates?limit=100&offset=50"


def rows_of(*numbers: int) -> tuple[Row, ...]:
    return tuple({"id": f"r{number}"} for number in numbers)


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([Page(rows_of(1, 2), 4), Page((), 4)], id="short"),
        pytest.param([Page(rows_of(1, 2), 4), Page(rows_of(3), 4), Page((), 4)], id="shorter"),
        pytest.param([Page(rows_of(1, 2), 4), Page(rows_of(3, 4), 5)], id="total changes"),
        pytest.param([Page(rows_of(1, 2), 4), Page(rows_of(3, 4), None)], id="total vanishes"),
        pytest.param([Page(rows_of(1, 2), 4), Page(rows_of(1, 2), 4)], id="query ignored"),
        pytest.param([Page(rows_of(1, 2), 4), Page(rows_of(2, 3), 4)], id="shifted"),
        pytest.param([Page(rows_of(1, 1), 2)], id="twice"),
        pytest.param([Page(rows_of(1, 2), 1)], id="more than all"),
        pytest.param([Page((), 3)], id="none of three"),
        pytest.param([Page(rows_of(1, 1), None)], id="twice without a total"),
    ],
)
def test_what_cannot_be_proven_is_not_complete(pages: list[Page]) -> None:
    left = list(pages)
    listing = read_all(None, lambda _: left.pop(0))
    assert not listing.is_complete
    ids = [row["id"] for row in listing.rows]
    assert len(ids) == len(set(ids))
    assert set(ids) == {row["id"] for page in pages for row in page.rows}


def test_pages_that_overlap_prove_nothing() -> None:
    left = [Page(rows_of(*range(50)), None), Page(rows_of(*range(49, 60)), None)]
    listing = read_all(50, lambda _: left.pop(0))
    assert len(listing.rows) == 60
    assert not listing.is_complete


@given(st.data())
def test_no_sequence_of_pages_goes_on_for_ever_or_is_complete_by_mistake(data: st.DataObject) -> None:
    pages = st.builds(
        Page,
        st.lists(st.integers(0, 120), max_size=60).map(lambda numbers: rows_of(*numbers)),
        st.none() | st.integers(0, 130),
    )
    given_pages: list[Page] = []

    def fetch(_: Mapping[str, int]) -> Page:
        given_pages.append(data.draw(pages))
        assert len(given_pages) < 200
        return given_pages[-1]

    listing = read_all(50, fetch)
    ids = [row["id"] for row in listing.rows]
    assert len(ids) == len(set(ids))
    if listing.is_complete and given_pages[0].total is not None:
        assert len(ids) == given_pages[0].total


def test_an_object_that_was_not_asked_for_is_not_taken(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(200, {"agent": {**ROW, "id": "b2"}}))
    with pytest.raises(UnexpectedAnswerError, match="another one than was asked for"):
        api.get(KINDS["agent"], "a1")
    with pytest.raises(UnexpectedAnswerError, match="another one than was asked for"):
        api.update(KINDS["agent"], "a1", {"name": "A"})
    server.will(reply(200, {"agent": {**ROW, "id": "A1"}}))
    assert api.get(KINDS["agent"], "a1") == {**ROW, "id": "A1"}


@pytest.mark.parametrize("odd", ["NaN", "-Infinity", "1e999", "9" * 400, '"\\ud800"', '"a\\udfffb"'])
def test_an_answer_that_no_state_can_hold_is_none(server: Scripted, api: FlireoApi, odd: str) -> None:
    server.will(reply(200, f'{{"agent": {{"id": "a1", "name": {odd}}}}}'))
    with pytest.raises(UnexpectedAnswerError):
        api.get(KINDS["agent"], "a1")
