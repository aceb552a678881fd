"""The torture suite's ledger finds each kind of fault it exists for, and none where nothing is wrong."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from conversations.core.records import Row, to_json
from conversations.storage.codec import HEADER, encode_all
from tests.conversation_rows import event, numbered, part, visitor
from tests.torture import ledger
from tests.torture.ledger import compare, left_open
from tests.torture.stored import as_shown, read
from tests.torture.told import Ack, Told

SAID = visitor('Oi, "tudo"\r\nbem?', "ana-1")
REPLY = part(answers=[1])


def kept(data: Path, *rows: Row, slug: str = "alfa", name: str = "c1") -> Path:
    """A conversation's file as the product writes it."""
    path = data / slug / "conversations" / f"conversation_{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    finished = [row._replace(session_id=row.session_id or name, tenant_id=row.tenant_id or slug) for row in rows]
    path.write_bytes(HEADER + encode_all(numbered(*finished), "")[0])
    return path


def told_of(path: Path, person: str = "ana") -> Told:
    """What a visitor was told who saw all of this file and sent what it holds."""
    stored, log = read(path), Told("alfa", person)
    for row in stored.rows:
        log.show(stored.conversation, as_shown(row))
        if row["client_id"] not in {"", *log.sent}:
            log.sent[row["client_id"]] = [row["content"]]
            log.acks.append(Ack("c1", row["client_id"], int(row["seq"]), row["message_id"], row["content"], 0.0))
    return log


def faults(data: Path, *logs: Told) -> dict[str, int]:
    """The counts that are not 0."""
    return {name: count for name, count in compare(data, logs).counts.items() if count}


def test_a_sound_conversation_has_no_fault(tmp_path: Path) -> None:
    log = told_of(kept(tmp_path, SAID, REPLY, visitor("Sim", "ana-2"), part(of="r2", answers=[3])))
    assert faults(tmp_path, log) == {}
    assert len(log.acks) == 2


class TestWhatClientsWereTold:
    def test_an_acked_row_that_is_gone(self, tmp_path: Path) -> None:
        log = told_of(kept(tmp_path, SAID, REPLY, visitor("Sim", "ana-2"), part(of="r2", answers=[3])))
        kept(tmp_path, SAID, REPLY)
        assert faults(tmp_path, log) == {ledger.LOST: 1, ledger.SHOWN: 2}

    def test_an_acked_conversation_that_is_gone(self, tmp_path: Path) -> None:
        path = kept(tmp_path, SAID, REPLY)
        log = told_of(path)
        path.unlink()
        assert faults(tmp_path, log) == {ledger.LOST: 1, ledger.SHOWN: 2}

    def test_an_ack_that_named_another_row(self, tmp_path: Path) -> None:
        log = told_of(kept(tmp_path, SAID, REPLY))
        log.acks.append(log.acks[0]._replace(seq=3))
        assert faults(tmp_path, log) == {ledger.CHANGED: 1}

    def test_a_text_that_is_not_what_was_sent(self, tmp_path: Path) -> None:
        log = told_of(kept(tmp_path, SAID, REPLY))
        log.sent["ana-1"] = ["Oi, tudo bem?"]
        assert faults(tmp_path, log) == {ledger.UNFAITHFUL: 1}

    def test_a_row_that_was_shown_otherwise(self, tmp_path: Path) -> None:
        log = told_of(kept(tmp_path, SAID, REPLY))
        log.rows["c1"][2] = {**log.rows["c1"][2], "content": "Tchau"}
        assert faults(tmp_path, log) == {ledger.SHOWN: 1}

    def test_a_row_that_was_shown_in_two_ways(self, tmp_path: Path) -> None:
        log = told_of(kept(tmp_path, SAID, REPLY))
        log.show("c1", {**log.rows["c1"][2], "id": "m-other"})
        assert faults(tmp_path, log) == {ledger.SHOWN: 1}


class TestWhatFilesHold:
    @pytest.mark.parametrize(
        ("rows", "fault"),
        [
            ((SAID, REPLY, SAID, part(of="r2", answers=[3])), ledger.TWICE),
            ((SAID, REPLY, part(of="r2", answers=[1])), ledger.ANSWERED_TWICE),
            ((SAID, REPLY._replace(part="2")), ledger.MIXED),
            ((SAID, REPLY, part(number=2)), ledger.MIXED),
            ((SAID, part(last=False, answers=[1]), part(of="r2", answers=[]), part(number=2)), ledger.MIXED),
            ((SAID, part(last=False, answers=[1])), ledger.OPEN),
            ((SAID, REPLY, visitor("Sim", "ana-2")), ledger.UNANSWERED),
            ((SAID, REPLY._replace(user_id="v2")), ledger.CROSSED),
            ((SAID, REPLY._replace(tenant_id="beta")), ledger.CROSSED),
            ((SAID, REPLY._replace(session_id="c2")), ledger.CROSSED),
        ],
    )
    def test_rows_that_break_a_promise(self, tmp_path: Path, rows: Sequence[Row], fault: str) -> None:
        assert faults(tmp_path, told_of(kept(tmp_path, *rows))) == {fault: 1}

    def test_a_row_that_is_missing(self, tmp_path: Path) -> None:
        path = kept(tmp_path, SAID)
        after_next = REPLY._replace(seq="3", session_id="c1", tenant_id="alfa")
        path.write_bytes(path.read_bytes() + encode_all([after_next], read(path).rows[-1]["chain"])[0])
        assert faults(tmp_path) == {ledger.GAPS: 1}

    @pytest.mark.parametrize("tail", [b"m-2,c1,", b'm-2,c1,"Oi\r\n', b"\r\n", b"\0" * 40, b"m-2,\xc3"])
    def test_a_torn_tail(self, tmp_path: Path, tail: bytes) -> None:
        path = kept(tmp_path, SAID, REPLY)
        log = told_of(path)
        path.write_bytes(path.read_bytes() + tail)
        assert ledger.TORN in faults(tmp_path, log) or ledger.UNREADABLE in faults(tmp_path, log)

    def test_a_changed_byte(self, tmp_path: Path) -> None:
        path = kept(tmp_path, SAID, REPLY)
        path.write_bytes(path.read_bytes().replace(b"tudo", b"nada"))
        assert faults(tmp_path, told_of(path)) == {ledger.CHAIN: 1}

    def test_another_header(self, tmp_path: Path) -> None:
        kept(tmp_path, SAID, REPLY).write_bytes(b"a,b\r\n1,2\r\n")
        assert ledger.UNREADABLE in faults(tmp_path)

    def test_a_reply_that_was_overtaken_answers_nothing_twice_and_stays_open(self, tmp_path: Path) -> None:
        overtaken = part(last=False, answers=[1])
        next_one = part(of="r2")._replace(receipt=to_json({"answers": [1, 3], "supersedes": "r1"}))
        assert faults(tmp_path, told_of(kept(tmp_path, SAID, overtaken, visitor("Sim", "ana-2"), next_one))) == {}

    def test_nobody_waits_in_a_conversation_that_was_ended(self, tmp_path: Path) -> None:
        kept(tmp_path, SAID, event("end"))
        assert left_open(tmp_path) == []

    def test_what_waits_is_named(self, tmp_path: Path) -> None:
        kept(tmp_path, SAID, part(answers=[1], last=False), visitor("Sim", "ana-2"))
        assert left_open(tmp_path) == ["alfa/c1: row 3 is unanswered", "alfa/c1: r1"]


class TestCrossings:
    def test_two_persons_in_one_conversation(self, tmp_path: Path) -> None:
        path = kept(tmp_path, SAID, REPLY)
        assert faults(tmp_path, told_of(path), told_of(path, "bia")) == {ledger.CROSSED: 1}

    def test_a_reply_made_for_somebody_else(self, tmp_path: Path) -> None:
        bia = Told("alfa", "bia", sent={"bia-1": ["Oi #bia-1"]})
        log = told_of(kept(tmp_path, SAID, part("Samambaias … #bia-1", answers=[1])))
        assert faults(tmp_path, log, bia) == {ledger.CROSSED: 1}

    def test_one_person_stored_as_two_visitors(self, tmp_path: Path) -> None:
        log = told_of(kept(tmp_path, SAID, REPLY))
        kept(tmp_path, visitor("Sim", "ana-2", user_id="v2"), part(answers=[1], user_id="v2"), name="c2")
        log.sent["ana-2"] = ["Sim"]
        assert faults(tmp_path, log) == {ledger.CROSSED: 1}
