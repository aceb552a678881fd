"""The model of a disk whose power went finds what a careless writer would lose."""

import random
from pathlib import Path

import pytest

from tests.torture.listener import Heard, Listener
from tests.torture.platter import Platter
from tests.torture.syscalls import Call, calls

ROOT = "/nowhere/data"
FILE, DRAFT = f"{ROOT}/file", f"{ROOT}/draft"
CREATE = ", O_RDWR|O_CREAT|O_APPEND, 0640"


@pytest.fixture
def platter() -> Platter:
    return Platter(Path(ROOT))


def after(platter: Platter, *asked: Call, of: str = FILE) -> set[bytes | None]:
    for call in asked:
        assert platter.take(call)
    return set(platter.outcomes(of, random.Random(1), 3))


def test_what_was_not_synced_may_be_there_in_any_part(platter: Platter) -> None:
    text = b"x" * 5000
    found = after(platter, Call("openat", FILE, flags=CREATE), Call("write", FILE, text))
    assert {
        None,
        b"",
        text,
        text[:1],
        text[:-1],
        bytes(5000),
        bytes(512) + text[512:],
        text[:4096] + bytes(904),
    } <= found
    assert not platter.is_sure(FILE, b"x")


def test_a_synced_file_needs_a_synced_name(platter: Platter) -> None:
    asked = Call("openat", FILE, flags=CREATE), Call("write", FILE, b"row"), Call("fsync", FILE)
    assert after(platter, *asked) == {None, b"row"}
    assert not platter.is_sure(FILE, b"row")
    assert after(platter, Call("fsync", ROOT)) == {b"row"}
    assert platter.is_sure(FILE, b"row")


def test_a_later_write_takes_nothing_of_what_was_synced(platter: Platter) -> None:
    after(platter, Call("openat", FILE, flags=CREATE), Call("write", FILE, b"a" * 700), Call("fsync", FILE))
    found = after(platter, Call("fsync", ROOT), Call("write", FILE, b"b" * 700))
    assert all(one is not None and one.startswith(b"a" * 700) for one in found)
    assert b"a" * 700 + bytes(324) + b"b" * 376 in found


def test_a_draft_that_was_not_synced_may_replace_a_file_by_nothing(platter: Platter) -> None:
    old = Call("openat", FILE, flags=CREATE), Call("write", FILE, b"old"), Call("fsync", FILE), Call("fsync", ROOT)
    new = Call("openat", DRAFT, flags=CREATE), Call("write", DRAFT, b"new"), Call("rename", DRAFT, target=FILE)
    assert {b"old", b"new", b""} <= after(platter, *old, *new)


def test_what_a_failed_sync_left_behind_never_arrives(platter: Platter) -> None:
    after(platter, Call("openat", FILE, flags=CREATE), Call("write", FILE, b"a"), Call("fsync", FILE))
    after(platter, Call("fsync", ROOT), Call("write", FILE, b"b"), Call("fsync", FILE, worked=False))
    assert after(platter, Call("write", FILE, b"c"), Call("fsync", FILE)) == {b"a\0c"}


def test_a_record_is_read_in_the_order_in_which_things_were_sure(tmp_path: Path) -> None:
    def hexed(text: str) -> str:
        return "".join(f"\\x{byte:02x}" for byte in text.encode())

    (tmp_path / "record").write_text(
        f'1 openat(AT_FDCWD<{hexed("/")}>, "{hexed(FILE)}", O_RDWR|O_CREAT, 0640) = 3<{hexed(FILE)}>\n'
        f'1 write(3<{hexed(FILE)}>, "{hexed("row")}", 3) = 2\n'
        f"1 fsync(3<{hexed(FILE)}> <unfinished ...>\n"
        f'2 sendto(4<{hexed("socket:[7]")}>, "{hexed("x")}", 1, 0, NULL, 0 <unfinished ...>\n'
        "1 <... fsync resumed>)                   = -1 EIO (Input/output error) (INJECTED)\n"
        "2 <... sendto resumed>)                  = 1\n"
        "1 +++ exited with 0 +++\n"
    )
    found = calls(tmp_path / "record")
    assert [(one.name, one.path, one.data, one.worked) for one in found] == [
        ("openat", FILE, b"", True),
        ("write", FILE, b"ro", True),
        ("sendto", "socket:[7]", b"x", True),
        ("fsync", FILE, b"", False),
    ]


def test_frames_are_heard_however_they_are_cut() -> None:
    frame = b'{"type":"ack","client_id":"k","message":{"id":"m1"}}'
    stream = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + bytes([0x81, len(frame)]) + frame
    listener = Listener()
    heard = [one for byte in stream for one in listener.take(Call("sendto", "socket:[1]", bytes([byte])))]
    assert heard == [Heard("", "m1", acked=True)]
    assert listener.take(Call("write", "pipe:[2]", b"told c1\n", number=1)) == [Heard("c1", "", acked=True)]
