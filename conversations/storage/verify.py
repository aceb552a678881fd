"""Checks a conversation's file: whole records, seq without gaps, unbroken chain, no id twice."""

from collections import Counter

from conversations.storage import codec, tails


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
    if len(data) > decoded.good_size:
        found.append(tails.told(data[decoded.good_size :], len(decoded.rows)))
    ids = Counter(row.client_id for row in decoded.rows if row.client_id)
    found += [f"client_id {name!r} stands in more than one row" for name, count in sorted(ids.items()) if count > 1]
    return found


def is_torn(data: bytes) -> bool:
    """Whether a file ends with an unfinished write that nobody was told of, and can be repaired by cutting it off."""
    try:
        good_size = codec.decode(data).good_size
    except codec.BadFile:
        return False
    return good_size < len(data) and not tails.holds_a_whole_record(data[good_size:])
