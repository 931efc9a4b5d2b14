"""Asks cvc5's solver for finite fields for two solutions with equal inputs and a different output.

The solver is the PyPI package cvc5-gpl, if it is installed. What it finds is worked out again here before it is believed.
"""

from r1cs import CONSTANT

try:
    import cvc5
    from cvc5 import Kind
except ImportError:
    cvc5 = None


class Refuted(AssertionError):
    """The solver's two solutions are none."""


def available():
    return cvc5 is not None


def two_solutions(system, known, output, seconds):
    """"none", "timeout", or two solutions that differ in the output. Known wires are the same in both."""
    solver = cvc5.Solver()
    solver.setOption("tlimit-per", str(seconds * 1000))
    solver.setOption("produce-models", "true")
    solver.setLogic("QF_FF")
    field = solver.mkFiniteFieldSort(str(system.modulus), 10)
    shared = {wire: solver.mkConst(field, f"s{wire}") for wire in known if wire != CONSTANT}
    one = solver.mkFiniteFieldElem("1", field)
    copies = []
    for side in "ab":
        wires = {CONSTANT: one, **shared}
        for wire in range(1, system.wires):
            if wire not in wires:
                wires[wire] = solver.mkConst(field, f"{side}{wire}")
        copies.append(wires)
    for wires in copies:
        for row in system.rows:
            a, b, c = (_combination(solver, field, terms, wires) for terms in row)
            solver.assertFormula(solver.mkTerm(Kind.EQUAL, solver.mkTerm(Kind.FINITE_FIELD_MULT, a, b), c))
    first, second = (wires[output] for wires in copies)
    solver.assertFormula(solver.mkTerm(Kind.DISTINCT, first, second))
    answer = solver.checkSat()
    if answer.isUnsat():
        return "none"
    if not answer.isSat():
        return "timeout"
    found = [{wire: _value(solver, term, system.modulus) for wire, term in wires.items()} for wires in copies]
    _verify(system, found, output)
    return found


def _combination(solver, field, terms, wires):
    parts = [
        solver.mkTerm(Kind.FINITE_FIELD_MULT, solver.mkFiniteFieldElem(str(k), field), wires[wire])
        for wire, k in terms.items()
    ]
    if not parts:
        return solver.mkFiniteFieldElem("0", field)
    return parts[0] if len(parts) == 1 else solver.mkTerm(Kind.FINITE_FIELD_ADD, *parts)


def _value(solver, term, modulus):
    return int(solver.getValue(term).getFiniteFieldValue()) % modulus


def _verify(system, found, output):
    p = system.modulus
    for values in found:
        for a, b, c in system.rows:
            left, right, product = (sum(k * values[wire] for wire, k in terms.items()) for terms in (a, b, c))
            if (left * right - product) % p:
                raise Refuted("a row is broken")
    first, second = found
    if first[output] == second[output] or any(first[wire] != second[wire] for wire in system.inputs):
        raise Refuted("the outputs agree or the inputs do not")
