"""Signatures: what the platform signs is accepted, and nothing that was changed on the way."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flireo_iac.webhooks import SignatureError, Signed, sign, verify

BODY = b'{"message":{"type":"status-update"}}'
SECRET = "whsec_canary_41f0"
AT = 1_767_225_600
BY_HAND = "911fe6df928875a4c21b054d504b313d8061e3ee6f1c9be495e9ebc0a361d845"


def check(
    body: bytes = BODY,
    signature: str | None = None,
    timestamp: str | None = str(AT),
    secrets: Sequence[str] = (SECRET,),
    now: float = AT,
) -> Signed:
    given_signature = sign(BODY, SECRET, AT) if signature is None else signature
    return verify(body, given_signature, timestamp, secrets, now=lambda: now)


def test_a_signature_made_by_hand_is_accepted_with_and_without_prefix() -> None:
    digest = hmac.new(SECRET.encode(), b"1767225600." + BODY, hashlib.sha256).hexdigest()
    assert sign(BODY, SECRET, AT) == f"sha256={digest}"
    for signature in (digest, f"sha256={digest}"):
        assert check(signature=signature) == Signed(0, AT)


def test_a_signature_of_another_program_is_accepted() -> None:
    # printf '1767225600.{"message":{"type":"status-update"}}' | openssl dgst -sha256 -hmac whsec_canary_41f0
    assert check(signature=BY_HAND).sent_at == AT


@pytest.mark.parametrize("secrets", [("new", SECRET), (SECRET, "new"), ("a", "b", SECRET)])
def test_each_secret_of_a_rotation_is_accepted_and_named(secrets: tuple[str, ...]) -> None:
    assert check(secrets=secrets).secret == secrets.index(SECRET)


def test_one_text_is_one_secret_and_not_its_letters() -> None:
    assert check(secrets=SECRET).secret == 0
    with pytest.raises(SignatureError, match="does not match"):
        check(signature=sign(BODY, SECRET[0], AT), secrets=SECRET)


@pytest.mark.parametrize("secrets", [(), ("",), (SECRET, "")])
def test_no_secret_and_an_empty_one_are_refused(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        check(secrets=secrets)


@pytest.mark.parametrize(
    ("now", "words"),
    [(AT + 301, "301 s old"), (AT - 301, "301 s ahead"), (AT + 300, ""), (AT - 300, "")],
)
def test_five_minutes_either_way(now: float, words: str) -> None:
    if not words:
        check(now=now)
        return
    with pytest.raises(SignatureError, match=words):
        check(now=now)


@pytest.mark.parametrize("timestamp", [None, "", "now", "12.5", "-5", "٣", "9" * 13, "1e9"])
def test_a_timestamp_that_is_none_is_refused(timestamp: str | None) -> None:
    with pytest.raises(SignatureError, match="X-Webhook-Timestamp"):
        check(timestamp=timestamp, signature=sign(BODY, SECRET, AT))


def test_a_request_without_a_signature_is_refused() -> None:
    with pytest.raises(SignatureError, match="has no X-Webhook-Signature"):
        verify(BODY, None, str(AT), [SECRET])


def test_no_text_holds_the_secret_or_the_signature() -> None:
    with pytest.raises(SignatureError) as caught:
        check(body=b"other")
    assert SECRET not in str(caught.value)
    assert sign(b"other", SECRET, AT)[7:] not in str(caught.value)


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


def flipped(data: bytes, position: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[position % len(changed)] ^= 1 << bit
    return bytes(changed)


@given(st.binary(min_size=1), TEXTS, st.integers(0, 10**11), st.integers(0), st.integers(0, 7))
def test_any_flipped_bit_of_the_body_is_found(body: bytes, secret: str, at: int, position: int, bit: int) -> None:
    signature = sign(body, secret, at)
    verify(body, signature, str(at), [secret], now=lambda: at)
    with pytest.raises(SignatureError):
        verify(flipped(body, position, bit), signature, str(at), [secret], now=lambda: at)


@given(st.integers(0), st.integers(0, 7))
def test_any_flipped_bit_of_the_signature_is_found(position: int, bit: int) -> None:
    digest = sign(BODY, SECRET, AT).removeprefix("sha256=")
    with pytest.raises(SignatureError):
        check(signature=flipped(digest.encode(), position, bit).decode("latin-1"))


@given(st.integers(0), st.integers(0, 7))
def test_any_flipped_bit_of_the_timestamp_is_found(position: int, bit: int) -> None:
    timestamp = flipped(str(AT).encode(), position, bit).decode("latin-1")
    near = int(timestamp) if timestamp.isascii() and timestamp.isdigit() else AT
    with pytest.raises(SignatureError):
        check(timestamp=timestamp, now=near)


@given(TEXTS, TEXTS)
def test_another_secret_signs_otherwise(secret: str, other: str) -> None:
    assume(secret.rstrip("\0") != other.rstrip("\0"))  # HMAC fills a short key up with zeros
    with pytest.raises(SignatureError):
        verify(BODY, sign(BODY, other, AT), str(AT), [secret], now=lambda: AT)
