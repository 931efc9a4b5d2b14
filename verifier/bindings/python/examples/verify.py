"""Checks a presentation, and says what it shows or why it was refused.

usage: verify.py SETTINGS BUNDLE REQUEST CLAIM PRESENTATION [SECONDS SINCE 1970]
"""

from __future__ import annotations

import sys
from pathlib import Path

import medproof


def main(arguments: list[str]) -> int:
    """0: verified; 1: refused; 2: could not be asked."""
    if len(arguments) not in (5, 6):
        print(__doc__, file=sys.stderr)
        return 2
    settings, bundle, request, claim, presentation = (Path(file).read_bytes() for file in arguments[:5])
    now = int(arguments[5]) if len(arguments) == 6 else None
    try:
        verified = medproof.Verifier(settings, bundle).verify(request, claim, presentation, now)
    except medproof.Refused as refused:
        print(f"refused: {refused.code}\n  {refused.message}")
        return 1
    print(f"verified: {verified.shown.title}")
    for clause in verified.shown.clauses:
        for criterion in clause.criteria:
            print(f"  {criterion.sentence}")
    print(f"  issuer:    {verified.issuer}")
    print(f"  nullifier: {verified.nullifier}")
    print(f"  scope:     {verified.scope}")
    print("Keep nullifier and scope: who shows the same pair again has answered before.")
    if verified.development:
        print("This is evidence of nothing: anybody can forge proofs under a development key.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
