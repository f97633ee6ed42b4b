"""Ways to spoil bytes."""

import random
from collections.abc import Sequence

NUMBERS = (b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\x00\x00", b"\xff\xff", b"\x7f\xff", b"\xff\x7f",
           b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x00\x00\x00")


def spoiled(data: bytes, donors: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    """Return ``data`` after one to eight small disasters; ``donors`` lend it parts, ``words`` are put into it."""
    spoilt = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        # Half of them hit the beginning: there the sizes stand.
        at = rng.randrange(len(spoilt) + 1) if rng.random() < 0.5 else rng.randrange(min(64, len(spoilt)) + 1)
        kind = rng.randrange(8)
        if kind <= 1 and spoilt:
            spoilt[at % len(spoilt)] ^= 1 << rng.randrange(8)
        elif kind == 2 and spoilt:
            spoilt[at % len(spoilt)] = rng.randrange(256)
        elif kind == 3:
            word = rng.choice(words)
            spoilt[at:at + rng.choice((0, len(word)))] = word
        elif kind == 4:
            del spoilt[at:at + rng.randint(1, 60)]
        elif kind == 5:
            start = rng.randrange(len(spoilt) + 1)
            spoilt[at:at] = spoilt[start:start + rng.randint(1, 60)]
        elif kind == 6:
            donor = rng.choice(donors)
            start = rng.randrange(len(donor))
            spoilt[at:at + rng.choice((0, 40))] = donor[start:start + rng.randint(1, 200)]
        elif rng.random() < 0.3:
            del spoilt[at:]
    return bytes(spoilt)
