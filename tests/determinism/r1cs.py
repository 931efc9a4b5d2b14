"""Reads iden3's binary R1CS format and circom's list of signals."""

import struct
from dataclasses import dataclass, field

CONSTANT = 0


class Malformed(ValueError):
    """The file is not of the format, or says two things."""


@dataclass
class System:
    """A rank-1 constraint system: rows of three combinations, each a dict from wire to coefficient."""

    modulus: int
    wires: int
    outputs: range
    inputs: range
    rows: list
    names: dict = field(default_factory=dict)

    def name(self, wire):
        return self.names.get(wire, f"wire {wire}")


def read(path):
    """The system of a file, with its names if there is a .sym file beside it."""
    data = path.read_bytes()
    if data[:4] != b"r1cs" or struct.unpack_from("<I", data, 4) != (1,):
        raise Malformed(f"{path}: not version 1 of the format")
    sections, at = {}, 12
    for _ in range(struct.unpack_from("<I", data, 8)[0]):
        kind, size = struct.unpack_from("<IQ", data, at)
        sections[kind] = (at + 12, size)
        at += 12 + size
    if at != len(data) or not {1, 2} <= set(sections):
        raise Malformed(f"{path}: sections are missing or do not fill the file")
    at, _ = sections[1]
    size = struct.unpack_from("<I", data, at)[0]
    modulus = int.from_bytes(data[at + 4 : at + 4 + size], "little")
    wires, outputs, public, private, _, count = struct.unpack_from("<IIIIQI", data, at + 4 + size)
    rows, end = _rows(data, sections[2][0], count, size)
    if end != sum(sections[2]):
        raise Malformed(f"{path}: the constraints do not fill their section")
    system = System(
        modulus, wires, range(1, 1 + outputs), range(1 + outputs, 1 + outputs + public + private), rows
    )
    symbols = path.with_suffix(".sym")
    if symbols.exists():
        for line in symbols.read_text().splitlines():
            _, wire, _, name = line.split(",", 3)
            system.names[int(wire)] = name.removeprefix("main.")
    return system


def _rows(data, at, count, size):
    rows = []
    for _ in range(count):
        row = []
        for _ in range(3):
            terms = {}
            length = struct.unpack_from("<I", data, at)[0]
            at += 4
            for _ in range(length):
                wire = struct.unpack_from("<I", data, at)[0]
                if wire in terms:
                    raise Malformed(f"wire {wire} stands twice in a combination")
                terms[wire] = int.from_bytes(data[at + 4 : at + 4 + size], "little")
                at += 4 + size
            row.append(terms)
        rows.append(tuple(row))
    return rows, at
