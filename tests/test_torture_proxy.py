"""The torture suite's bad network finds the frames it cuts between, however their bytes come."""

from hypothesis import given
from hypothesis import strategies as st

from tests.torture.proxy import Frames

REQUEST = b"GET /ws/chat/alfa/ HTTP/1.1\r\nHost: x\r\n\r\n"


def frame(payload: bytes) -> bytes:
    """A masked text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes([0x81, 0x80 | size])
    elif size < 2**16:
        head = bytes([0x81, 0x80 | 126]) + size.to_bytes(2)
    else:
        head = bytes([0x81, 0x80 | 127]) + size.to_bytes(8)
    return head + b"mask" + payload


@given(st.lists(st.sampled_from([0, 1, 125, 126, 300, 2**16 - 1, 2**16]), max_size=5), st.data())
def test_pieces_are_the_request_and_a_frame_each(sizes: list[int], data: st.DataObject) -> None:
    pieces = [REQUEST, *(frame(b"\r\n" + b"x" * (size - 2) if size > 1 else b"x" * size) for size in sizes)]
    sent = b"".join(pieces) + b"\x81"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    chunks = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    frames = Frames()
    assert [piece for chunk in chunks for piece in frames.cut(chunk)] == pieces
