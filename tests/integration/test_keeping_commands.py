"""The commands that keep a till's data, as a technician gives them; the report on a lost till; retention."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from kube_pos import logs, machine
from kube_pos.backup import DAY_MS, backups_in, prefix_of
from kube_pos.cli import main
from kube_pos.enrolment import enrol, make_recovery_code
from kube_pos.folder import TillFolder, open_folder
from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number
from kube_pos.ledger.ids import ProgramId
from kube_pos.ledger.sqlite_holdings import holdings
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_replica import ReplicaChange, SqliteReplica
from kube_pos.operations.loss_report import FIELDS, facts, lines, loss_report
from kube_pos.retention import apply_retention, retention_days
from kube_pos.texts import LANGUAGES, Texts
from tests.fakes import TODAY
from tests.keeping_kit import City, key_file, make_folder, sell, small_city
from tests.ledger_kit import Outlet
from tests.upstream_kit import NOW_MS


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path / "office.db") as made:
        yield made


class Shell:
    """Gives commands on one folder and keeps what they said."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys

    def run(self, *words: str) -> tuple[int, str]:
        self._capsys.readouterr()
        result = main(["--language", "en", "--folder", str(self.path), *words])
        said = self._capsys.readouterr()
        return result, said.out + said.err


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    make_folder(tmp_path / "till")
    return Shell(tmp_path / "till", capsys)


def code_in(said: str) -> str:
    line = next(line for line in said.splitlines() if line.startswith("Recovery code:"))
    return line.partition(": ")[2]


def test_from_enrolment_to_a_new_computer(shell: Shell, city: City, tmp_path: Path) -> None:
    done, said = shell.run("enrol", city.code())
    assert (done, "terminal A01" in said) == (0, True)
    code = code_in(said)
    again, said = shell.run("enrol", city.code())
    assert (again, code not in said) == (1, True)

    folder = open_folder(shell.path)
    sell(folder, 3)
    folder.close()
    assert shell.run("verify")[0] == 0

    stick = tmp_path / "stick"
    failed, said = shell.run("backup", "--to", str(stick))
    assert (failed, str(stick) in said) == (1, True)
    stick.mkdir()
    done, said = shell.run("backup", "--to", str(stick))
    assert (done, "up to entry 4" in said, "same disk" in said) == (0, True, True)
    backup = next(stick.glob("*.kpb"))

    key_file(shell.path).unlink()
    refused, said = shell.run("verify")
    assert (refused, "kube-pos recover" in said) == (1, True)
    wrong, said = shell.run("recover", "0000-0000")
    assert (wrong, "28 digits" in said) == (1, True)
    assert shell.run("recover", *code.split("-"))[0] == 0
    assert shell.run("verify")[0] == 0
    assert shell.run("verify", "--journal", str(backup)) == (0, "The journal is whole: 4 entries.\n")
    assert shell.run("verify", "--journal", str(stick))[0] == 1

    new = Shell(tmp_path / "new", shell._capsys)
    make_folder(new.path)
    done, said = new.run("restore", str(backup), "--code", code)
    assert (done, "up to entry 4" in said, "new enrolment code" in said) == (0, True, True)
    refused, said = new.run("verify")
    assert (refused, "kube-pos enrol" in said) == (1, True)
    old = next(new.path.glob("journal-A01-*.db"))
    assert new.run("verify", "--journal", str(old))[0] == 0
    done, said = new.run("enrol", city.code())
    assert done == 0
    assert "terminal A02" in said
    assert "the office now holds up to entry 4 of 4" in said
    assert "stays valid" in said
    assert new.run("verify")[0] == 0
    assert new.run("send-old")[0] == 0


def test_a_second_code_ends_the_first(shell: Shell, city: City) -> None:
    first = code_in(shell.run("enrol", city.code())[1])
    done, said = shell.run("recovery-code")
    second = code_in(said)
    assert done == 0
    assert shell.run("recover", first)[0] == 1
    assert shell.run("recover", second)[0] == 0


@pytest.mark.parametrize("command", ["recovery-code", "loss-report", "retention", "backup"])
def test_a_folder_that_is_not_enrolled_is_told_as_such(shell: Shell, command: str, tmp_path: Path) -> None:
    words = (command, "--to", str(tmp_path)) if command == "backup" else (command,)
    refused, said = shell.run(*words)
    assert (refused, "kube-pos enrol" in said) == (1, True)


def test_an_office_that_does_not_answer_does_not_undo_an_enrolment(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = city.join(tmp_path / "other")
    sell(folder)
    with folder.journal.write() as cursor:
        # The office has moved since: the old journal knows another address, where nobody answers.
        cursor.execute("UPDATE identity SET upstream_address = 'http://127.0.0.1:1'")
    folder.close()
    for name in ("other/journal.mark", "other.key.mark"):
        (tmp_path / name).unlink()
    other = Shell(tmp_path / "other", capsys)
    done, said = other.run("enrol", city.code())
    assert done == 0
    assert "kube-pos send-old" in said
    assert other.run("send-old")[0] == 1


def test_the_loss_report_counts_and_names_nobody(shell: Shell, city: City) -> None:
    code = city.code()
    assert shell.run("enrol", code)[0] == 0
    folder = open_folder(shell.path)
    city.sync(folder)
    sell(folder, 2)
    names = [
        json.loads(row[0])["name"] for row in folder.replica.read().exec_driver_sql("SELECT doc FROM recipient").all()
    ]
    folder.close()
    done, said = shell.run("loss-report", "--json")
    assert done == 0
    told = json.loads(said)
    assert (told["terminal"], told["families"], told["cards"], told["cards_elsewhere"]) == ("A01", 2, 2, 2)
    assert (told["entries"], told["unsent"]) == (3, 3)
    assert [(row["month"], row["unit"], row["families"]) for row in told["open_shares"]] == [
        ("2026-10", "rupiah", 2),
        ("2026-11", "rupiah", 2),
    ]
    done, words = shell.run("loss-report")
    assert done == 0
    assert "October 2026" in words
    assert "no backup yet" in words
    assert len(names) == 2
    for secret in (*names, *(card_number(number).digits for number in range(1, 5))):
        assert secret not in said
        assert secret not in words


def test_what_is_spent_or_given_back_is_not_open(outlet: Outlet) -> None:
    outlet.family()
    first, second = outlet.entitle("2026-10", 300_000), outlet.entitle("2026-11", 200_000)
    with outlet.journal_file.write() as cursor:
        cursor.execute("INSERT INTO share_use VALUES (?, 100000, 50000), (?, 200000, 0)", (first, second))
    held = holdings(outlet.journal_file, outlet.replica_file)
    assert [(row.month, row.amount, row.families) for row in held.open_shares] == [("2026-10", 150_000, 1)]
    report = loss_report(outlet.till.identity, held, TODAY, NOW_MS)
    for language in LANGUAGES:
        said = "\n".join(lines(report, Texts(language)))
        assert "Rp150.000" in said
        assert "Siti" not in said
    assert "Siti" not in json.dumps(facts(report))


def test_the_report_names_every_field_that_is_kept_of_a_family() -> None:
    kept = set(docs.Recipient.__struct_fields__) - {"id"}
    assert set(FIELDS) == kept


def test_this_computer_has_a_name_that_does_not_show_its_own_id() -> None:
    name = machine.machine_name()
    assert name == machine.machine_name()
    if (path := Path("/etc/machine-id")).exists() and path.read_text().strip():
        assert len(name) == 32
        assert name != path.read_text().strip()


def policy(days: int, program: int = 1, from_day: date = date(2026, 1, 1)) -> docs.Policy:
    return docs.Policy(program_id=ProgramId(program), from_day=from_day, retention_days=days)


@pytest.mark.parametrize(
    ("policies", "days"),
    [
        ([], None),
        ([policy(30)], 30),
        ([policy(0)], None),
        ([policy(30), policy(90, 2)], 90),
        ([policy(30), policy(0, 2)], None),
        ([policy(30), policy(60, from_day=date(2026, 11, 1)), policy(5, from_day=date(2027, 1, 1))], 60),
        ([policy(60, from_day=date(2026, 11, 1)), policy(30)], 60),
    ],
)
def test_the_longest_policy_in_force_holds(policies: list[docs.Policy], days: int | None) -> None:
    assert retention_days(policies, TODAY) == days


def aged(path: Path, days: int) -> Path:
    path.write_bytes(b"x")
    seconds = NOW_MS // 1000 - days * 86_400
    os.utime(path, (seconds, seconds))
    return path


def with_policy(folder: TillFolder, days: int) -> None:
    replica = SqliteReplica(folder.replica)
    change = ReplicaChange("policy", "1-2026-01-01", msgspec.json.encode(policy(days)))
    replica.apply(replica.cursor(), replica.cursor() + 1, NOW_MS, [change])


def test_retention_deletes_what_is_old_and_keeps_what_is_needed(city: City, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    make_folder(tmp_path / "till", backup_folder=str(stick))
    folder = open_folder(tmp_path / "till")
    enrol(folder, city.code(), city.clock)
    make_recovery_code(folder)
    sell(folder)
    identity = SqliteJournal(folder.journal).identity()
    prefix = prefix_of(identity.terminal, identity.ledger_id)
    old = [
        aged(folder.path / f"{logs.FILE_NAME}.1", 40),
        aged(folder.path / "journal-damaged.db", 40),
        aged(stick / f"{prefix}-20260901T000000Z-000001.kpb", 40),
        aged(stick / f"{prefix}-20260902T000000Z-000002.kpb", 40),
    ]
    kept = [
        aged(folder.path / f"{logs.FILE_NAME}.2", 10),
        aged(folder.path / "journal-A01-000003-01234567.db", 400),
        aged(stick / f"{prefix}-20261001T000000Z-000003.kpb", 40),
        aged(stick / "kube-pos-Z09-01234567-20200101T000000Z-000003.kpb", 400),
    ]
    assert apply_retention(folder, city.clock) == []
    with_policy(folder, 30)
    assert sorted(apply_retention(folder, city.clock)) == sorted(old)
    assert all(path.exists() for path in kept)
    assert backups_in(stick, prefix) == [kept[2]]
    folder.close()


def test_a_clock_far_ahead_wipes_nothing_out(city: City, tmp_path: Path) -> None:
    folder = city.join(tmp_path / "till")
    sell(folder)
    with_policy(folder, 30)
    log = aged(folder.path / f"{logs.FILE_NAME}.1", 1)
    city.clock.at_ms += 400 * DAY_MS
    assert apply_retention(folder, city.clock) == []
    assert log.exists()
    folder.close()
