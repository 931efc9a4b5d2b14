"""What the installed package answers to a file of vectors, a line each: ``conformance.py FILE``, as
verifier/examples/answers.rs does it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Optional

import medproof

Opened = tuple[Any, Any, Optional[medproof.Verifier], str]


def part(value: Any) -> bytes:
    """Text, or bytes in hexadecimal, or text and another that is repeated after it."""
    if isinstance(value, str):
        return value.encode()
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    return str(value["text"]).encode() + str(value["repeat"]).encode() * int(value["times"])


def opened(settings: Any, bundle: Any) -> Opened:
    try:
        return settings, bundle, medproof.Verifier(part(settings), part(bundle)), ""
    except medproof.Refused as refused:
        return settings, bundle, None, refused.to_json()


def main() -> None:
    file = json.loads(Path(sys.argv[1]).read_bytes())
    last: Optional[Opened] = None
    for vector in file["vectors"]:
        given = {**file["base"], **vector}
        by = (given["settings"], given["bundle"])
        if last is None or last[:2] != by:
            last = opened(*by)
        _, _, verifier, answer = last
        if verifier is not None:
            files = [part(given[name]) for name in ("request", "claim", "presentation")]
            answer = verifier.answer(files[0], files[1], files[2], given["now"])
        sys.stdout.buffer.write(answer.encode() + b"\n")


if __name__ == "__main__":
    main()
