"""Checks presentations of health attributes, offline.

Open a :class:`Verifier` with your settings and a trust bundle, and ask it as often as you like. What
was verified is a :class:`Verified`; why nothing was, a :class:`Refused`.
"""

from ._fields import Block, Clause, Criterion, Ledger, Request, Shown
from ._verifier import Refused, Verified, Verifier

__all__ = [
    "Block",
    "Clause",
    "Criterion",
    "Ledger",
    "Refused",
    "Request",
    "Shown",
    "Verified",
    "Verifier",
]
