"""The verifier, what it verified, and why it refused."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Union

from . import _native
from ._fields import VerifiedFields, verified_fields

Text = Union[str, bytes]


class Refused(Exception):
    """Nothing was verified: the first thing that is wrong."""

    code: str
    """Its name: stable, the same in every language."""
    message: str
    """What was expected, what was found, and what to do."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        refused = json.loads(answer)["refused"]
        self.code = refused["code"]
        self.message = refused["message"]
        self._json = answer

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def to_json(self) -> str:
        """The answer as it is in every language."""
        return self._json


@dataclass(frozen=True, repr=False)
class Verified(VerifiedFields):
    """A presentation that was checked, and what it shows. Keep ``scope`` and ``nullifier``: who shows the same
    pair again has answered before."""

    _json: str = field(compare=False)

    def to_json(self) -> str:
        """The answer as it is in every language."""
        return self._json

    def __repr__(self) -> str:
        development = " DEVELOPMENT: evidence of nothing" if self.development else ""
        return (
            f"<Verified {self.shown.title!r} as of {self.as_of}, issuer {self.issuer}, "
            f"scope {self.request.scope_label!r}, nullifier {self.nullifier}{development}>"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{value}</td></tr>"
            for name, value in self._rows()
        )
        return f"<table><caption>Verified: {escape(self.shown.title)}</caption>{rows}</table>"

    def _rows(self) -> list[tuple[str, str]]:
        criteria = [criterion for clause in self.shown.clauses for criterion in clause.criteria]
        shown = [*(criterion.sentence for criterion in criteria), *self.shown.record]
        rows = [
            ("shown", "<br>".join(map(escape, shown))),
            ("not shown", "<br>".join(map(escape, self.shown.not_shown))),
            ("as of", escape(self.as_of)),
            ("issuer", f"<code>{escape(self.issuer)}</code>"),
            ("scope", f"{escape(self.request.scope_label)} <code>{escape(self.scope)}</code>"),
            ("nullifier", f"<code>{escape(self.nullifier)}</code>"),
        ]
        if self.development:
            rows.insert(0, ("development", "<b>evidence of nothing: anybody can forge proofs under this key</b>"))
        return rows


class Verifier:
    """Settings and a trust bundle, read once. Threads may share it: they take turns, and no other thread waits.

    ``settings`` is JSON of type ``medproof/verifier-settings``, or a mapping that is it. ``bundle`` is a trust bundle
    of the signer that the settings name. Raises :class:`Refused` where they are not.
    """

    def __init__(self, settings: Text | Mapping[str, Any], bundle: Text) -> None:
        if isinstance(settings, Mapping):
            settings = json.dumps(dict(settings))
        opened = _native.open(_bytes(settings), _bytes(bundle))
        if isinstance(opened, str):
            raise Refused(opened)
        self._native = opened

    def verify(self, request: Text, claim: Text, presentation: Text, now: int | None = None) -> Verified:
        """Checks a presentation: 321 bytes, or canonical JSON. ``now`` is in seconds since 1970; the clock's, if none is
        given. Raises :class:`Refused`."""
        answer = self.answer(request, claim, presentation, now)
        read = json.loads(answer)
        if "refused" in read:
            raise Refused(answer)
        return Verified(**verified_fields(read["verified"]), _json=answer)

    def answer(self, request: Text, claim: Text, presentation: Text, now: int | None = None) -> str:
        """As :meth:`verify`, but the answer is JSON as it is in every language, refusals too."""
        now = int(time.time()) if now is None else now
        return self._native.answer(_bytes(request), _bytes(claim), _bytes(presentation), now)


def _bytes(text: Text) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(memoryview(text))
