"""Keys, signatures, fingerprints and tokens."""

from __future__ import annotations

import hashlib

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.sync.signing import AUDIENCE, DeviceKey, bearer, fingerprint, signature, verify
from kube_pos.sync.wire import ANSWER_LABEL, BATCH_LABEL, PAGE_LABEL, from_base64, to_base64
from tests.sync_kit import FORGER_KEY, LEDGER, TILL_KEY


def test_a_key_is_the_one_of_its_bytes() -> None:
    # RFC 8032, section 7.1, test 1.
    key = DeviceKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public_key().hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


def test_a_key_of_another_length_is_none() -> None:
    with pytest.raises(ValueError, match="32"):
        DeviceKey(bytes(31))


@given(st.binary(max_size=300))
def test_what_was_signed_is_verified(body: bytes) -> None:
    made = signature(TILL_KEY, BATCH_LABEL, body)
    assert verify(TILL_KEY.public_key(), BATCH_LABEL, body, made)
    assert not verify(FORGER_KEY.public_key(), BATCH_LABEL, body, made)


@given(st.binary(min_size=1, max_size=100), st.data())
def test_any_changed_bit_is_found(body: bytes, data: st.DataObject) -> None:
    made = signature(TILL_KEY, BATCH_LABEL, body)
    place, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    spoilt = bytearray(body)
    spoilt[place] ^= 1 << bit
    assert not verify(TILL_KEY.public_key(), BATCH_LABEL, bytes(spoilt), made)
    raw = bytearray(from_base64(made))
    raw[place % 64] ^= 1 << bit
    assert not verify(TILL_KEY.public_key(), BATCH_LABEL, body, to_base64(bytes(raw)))


def test_a_label_can_not_be_exchanged() -> None:
    made = signature(TILL_KEY, ANSWER_LABEL, b"{}")
    assert not verify(TILL_KEY.public_key(), PAGE_LABEL, b"{}", made)


@given(st.text(max_size=100))
def test_a_header_of_any_text_is_merely_wrong(text: str) -> None:
    assert not verify(TILL_KEY.public_key(), BATCH_LABEL, b"x", text)


def test_a_public_key_of_another_length_is_merely_wrong() -> None:
    assert not verify(b"short", BATCH_LABEL, b"x", signature(TILL_KEY, BATCH_LABEL, b"x"))


def test_a_fingerprint_is_half_of_the_digest() -> None:
    assert fingerprint(b"k" * 32) == hashlib.sha256(b"k" * 32).hexdigest()[:32]


def test_a_token_says_who_speaks_for_five_minutes() -> None:
    token = bearer(LEDGER, TILL_KEY, 1_795_000_000)
    key = Ed25519PublicKey.from_public_bytes(TILL_KEY.public_key())
    claims = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        audience=AUDIENCE,
        issuer=LEDGER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims == {"iss": LEDGER, "iat": 1_795_000_000, "exp": 1_795_000_300, "aud": "kube-pos upstream"}
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA"}


def test_a_token_of_another_key_is_refused() -> None:
    key = Ed25519PublicKey.from_public_bytes(TILL_KEY.public_key())
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(bearer(LEDGER, FORGER_KEY, 1_795_000_000), key, algorithms=["EdDSA"], audience=AUDIENCE)
