"""The second wrap of the data's key: a code on paper that opens the data when the key store is lost.

The code is 130 random bits, so no table and no guessing reaches it: a plain HKDF turns it into the wrapping key. A slow
password hash would only cost memory on a small laptop; it helps where people choose the secret, and here nobody does.

`recovery.json` holds the file key wrapped by the code, and the device key wrapped by the file key: a device key that
changes (after a restore) is wrapped anew without asking for the code. A copy of it lies beside every backup.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kube_pos.errors import KubePosError, StorageFailed
from kube_pos.keys import Keys
from kube_pos.settings import write_durably

FILE_NAME = "recovery.json"
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 digits: no I, L, O or U."""
_LOOK_ALIKES = str.maketrans("ILO", "110")
_SECRET, _CHECK, _GROUP = 26, 2, 4
_LABEL = b"kube-pos recovery 1"
_DEVICE_LABEL = b"kube-pos recovery 1 device"


class MistypedRecoveryCode(KubePosError):
    """The text is no recovery code: a digit is wrong or missing. Facts: none."""

    code = "recovery_code_mistyped"


class WrongRecoveryCode(KubePosError):
    """The code is well formed and opens something else. Facts: path."""

    code = "recovery_code_wrong"


class NoRecoveryFile(KubePosError):
    """There is no wrapped key that a code could open, or it can't be read. Facts: path."""

    code = "no_recovery_file"


class Wrapped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `recovery.json`."""

    format: int
    salt: bytes
    """For the key that is made of the code."""
    files: bytes
    """Nonce and sealed file key."""
    device: bytes
    """Nonce and sealed device key."""


def new_code() -> str:
    """Return a new recovery code: 26 random digits and 2 that check them, in groups of four."""
    secret = "".join(secrets.choice(_DIGITS) for _ in range(_SECRET))
    whole = secret + _check(secret)
    return "-".join(whole[place : place + _GROUP] for place in range(0, len(whole), _GROUP))


def parse_code(text: str) -> str:
    """Return the secret digits of a code as a person typed it. Raises MistypedRecoveryCode."""
    digits = "".join(text.upper().replace("-", " ").split()).translate(_LOOK_ALIKES)
    secret, check = digits[:_SECRET], digits[_SECRET:]
    if len(digits) != _SECRET + _CHECK or set(digits) - set(_DIGITS) or check != _check(secret):
        raise MistypedRecoveryCode
    return secret


def wrap(path: Path, keys: Keys, code: str) -> None:
    """Write the keys, wrapped by a code, into the file at `path`. Raises MistypedRecoveryCode and StorageFailed."""
    salt = secrets.token_bytes(16)
    files = _seal(_key_of(parse_code(code).encode(), salt, _LABEL), keys.files, _LABEL)
    _write(path, salt, files, keys)


def wrap_new_device(path: Path, keys: Keys) -> None:
    """Wrap a new device key in a file whose code stays as it is; nothing is done when there is no such file."""
    try:
        old = _read(path)
    except NoRecoveryFile:
        return
    _write(path, old.salt, old.files, keys)


def unwrap(path: Path, code: str) -> Keys:
    """Return the keys that a code opens. Raises MistypedRecoveryCode, WrongRecoveryCode and NoRecoveryFile."""
    secret, wrapped = parse_code(code), _read(path)
    try:
        files = _open(_key_of(secret.encode(), wrapped.salt, _LABEL), wrapped.files, _LABEL)
    except InvalidTag as error:
        raise WrongRecoveryCode(path=str(path)) from error
    try:
        device = _open(_key_of(files, wrapped.salt, _DEVICE_LABEL), wrapped.device, _DEVICE_LABEL)
    except InvalidTag as error:
        raise NoRecoveryFile(path=str(path)) from error
    return Keys(files=files, device=device)


def _write(path: Path, salt: bytes, files: bytes, keys: Keys) -> None:
    device = _seal(_key_of(keys.files, salt, _DEVICE_LABEL), keys.device, _DEVICE_LABEL)
    try:
        write_durably(path, msgspec.json.encode(Wrapped(format=1, salt=salt, files=files, device=device)))
    except OSError as error:
        raise StorageFailed(path=str(path), reason=error.strerror or "") from error


def _read(path: Path) -> Wrapped:
    try:
        wrapped = msgspec.json.decode(path.read_bytes(), type=Wrapped)
    except (OSError, msgspec.MsgspecError) as error:
        raise NoRecoveryFile(path=str(path)) from error
    if wrapped.format != 1:
        raise NoRecoveryFile(path=str(path))
    return wrapped


def _check(secret: str) -> str:
    number = int.from_bytes(hashlib.sha256(_LABEL + secret.encode()).digest()[:2], "big") % 1024
    return _DIGITS[number >> 5] + _DIGITS[number & 31]


def _key_of(secret: bytes, salt: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=label).derive(secret)


def _seal(key: bytes, content: bytes, label: bytes) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, content, label)


def _open(key: bytes, sealed: bytes, label: bytes) -> bytes:
    if len(sealed) != 12 + 32 + 16:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], label)
