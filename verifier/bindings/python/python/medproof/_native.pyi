from typing import final

__all__ = ["Verifier", "open"]

@final
class Verifier:
    def answer(self, request: bytes, claim: bytes, presentation: bytes, now: int) -> str: ...

def open(settings: bytes, bundle: bytes) -> Verifier | str: ...
