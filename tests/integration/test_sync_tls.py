"""TLS to the office: a pinned authority, a wrong one, and certificates whose dates don't fit the till's clock."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kube_pos.sync.client import UpstreamClient, enrol
from kube_pos.sync.failures import AuthorityUnreadable, CertificateRefused
from kube_pos.sync.state import SyncState, report_of
from kube_pos.sync.wire import EnrolmentRequest, to_base64
from tests.fakes import FixedClock
from tests.sync_kit import LEDGER, OFFICE_KEY, TILL_KEY, Office
from tests.sync_server import OfficeServer, serving

NOW = datetime.now(UTC)
YEAR = timedelta(days=365)


@dataclass
class Authority:
    """A private certificate authority of a city."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self.name)])
        certificate = (
            self._builder(self.subject, self.key.public_key(), NOW - 5 * YEAR, NOW + 5 * YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.file = self.folder / f"{self.name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, begins: datetime, ends: datetime, host: str = "127.0.0.1") -> ssl.SSLContext:
        """Return a server's side of TLS with a certificate for a host and a time."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kantor")])
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        certificate = (
            self._builder(name, key.public_key(), begins, ends)
            .add_extension(alternative, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        file = self.folder / "server.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.subject).public_key(key)
        return builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "Kota")


@contextmanager
def office(tls: ssl.SSLContext, ca_file: Path | None) -> Iterator[tuple[OfficeServer, UpstreamClient]]:
    with ExitStack() as stack:
        server = stack.enter_context(serving(Office(FixedClock()), tls))
        client = UpstreamClient(
            server.address, LEDGER, TILL_KEY, OFFICE_KEY.public_key(), FixedClock(), ca_file=ca_file
        )
        stack.callback(client.close)
        yield server, client


def test_a_pinned_authority_is_trusted(authority: Authority) -> None:
    with office(authority.server(NOW - YEAR, NOW + YEAR), authority.file) as (server, client):
        assert client.changes(0).next == 0
        request = EnrolmentRequest(
            code=server.code,
            ledger_id=LEDGER,
            public_key=to_base64(TILL_KEY.public_key()),
            device_name="kasir",
            program_version="0.1.0",
        )
        assert enrol(server.enrolment_code(), request, ca_file=authority.file).terminal == "A01"


@pytest.mark.parametrize("years", [-2, 2])
def test_dates_of_a_pinned_authority_lock_no_till_with_a_wrong_clock_out(authority: Authority, years: int) -> None:
    middle = NOW + years * YEAR
    with office(authority.server(middle - YEAR / 2, middle + YEAR / 2), authority.file) as (_, client):
        assert client.changes(0).next == 0


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_an_authority_is_told_by_its_name(
    authority: Authority, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "kantor.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(AuthorityUnreadable) as caught, office(authority.server(NOW - YEAR, NOW + YEAR), file):
        pass
    assert caught.value.facts["path"] == str(file)
    assert report_of(caught.value).state is SyncState.NOT_TRUSTED


def test_another_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "Kafe")
    with office(other.server(NOW - YEAR, NOW + YEAR), authority.file) as (server, client):
        with pytest.raises(CertificateRefused):
            client.changes(0)
        assert server.seen == []


def test_a_certificate_of_another_machine_is_refused(authority: Authority) -> None:
    with office(authority.server(NOW - YEAR, NOW + YEAR, "127.0.0.2"), authority.file) as (server, client):
        with pytest.raises(CertificateRefused):
            client.changes(0)
        assert server.seen == []


def test_a_private_authority_that_is_not_pinned_is_refused(authority: Authority) -> None:
    with office(authority.server(NOW - YEAR, NOW + YEAR), None) as (server, client):
        with pytest.raises(CertificateRefused) as caught:
            client.changes(0)
        assert "certificate" in str(caught.value.facts["reason"])
        assert server.seen == []
