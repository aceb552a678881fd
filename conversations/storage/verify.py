"""Checks a conversation's file: whole records, seq without gaps, unbroken chain, no id twice."""

from conversations.storage import codec


def faults(data: bytes) -> list[str]:
    """What is wrong with a file's bytes, one sentence each; empty when it is sound."""
    try:
        decoded = codec.decode(data)
    except codec.BadFile as error:
        return [str(error)]
    found = [
        f"row {seq} was changed, or one before it was removed or moved"
        for seq in codec.broken_links(data, decoded.rows)
    ]
    tail = len(data) - decoded.good_size
    if tail:
        found.append(f"{tail} bytes after row {len(decoded.rows)} are no whole record")
    ids = [row.client_id for row in decoded.rows if row.client_id]
    found += [
        f"client_id {name!r} stands in more than one row" for name in sorted({one for one in ids if ids.count(one) > 1})
    ]
    return found
