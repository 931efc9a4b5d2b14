"""Whether rows refuse every spelling, in bits, of a number of p or more.

A number of p or more agrees with p − 1 from the top down to some bit where p − 1 has a 0 and it has a 1. For each such
place these bits are given their values, the rows are worked out from there with the lower bits left open, and must
come to a contradiction.
"""

from r1cs import CONSTANT

# What is sum − Σ bits where that is a bit itself.
REST = -1


def spells_less_than_the_modulus(state, sum_, weights):
    """Whether the bits with these weights (None: the rest of the sum) spell numbers below p alone."""
    p = state.p
    places = _places(p, weights, 1) or _places(p, weights, -1)
    if not places:
        return False
    rows = _Rows(state, sum_, None in weights, set(places.values()))
    most = p - 1
    for place in places:
        if most >> place & 1:
            continue
        given = {places[i]: most >> i & 1 for i in places if i > place}
        given[places[place]] = 1
        if not rows.refuse(given):
            return False
    return True


def _places(p, weights, sign):
    """Which bit stands at which place, if the weights are 1, 2, 4 and so on as far as p is long."""
    places = {}
    for wire, k in weights.items():
        size = k * sign % p
        if size & (size - 1):
            return None
        places[size.bit_length() - 1] = REST if wire is None else wire
    return places if sorted(places) == list(range(p.bit_length())) and len(weights) == len(places) else None


class _Rows:
    """The rows that mention the bits, and what follows from some of their values."""

    def __init__(self, state, sum_, has_rest, bits):
        self.state, self.p, self.bits = state, state.p, bits
        self.sum, self.has_rest = sum_, has_rest
        # A known wire of the sum, by which the sum is recognised in other combinations.
        self.pivot = next((wire for wire in sum_ if wire in state.known), None)

    def refuse(self, given):
        values = dict(given)
        queue = [number for wire in given for number in self._rows_of(wire)]
        while queue:
            row = [self._evaluate(terms, values) for terms in self.state.system.rows[queue.pop()]]
            learnt = self._follow(row)
            if learnt is None:
                return True
            for wire, value in learnt.items():
                if wire not in values:
                    values[wire] = value
                    queue.extend(self._rows_of(wire))
        return False

    def _rows_of(self, wire):
        if wire == REST:
            return self.state.rows_of[self.pivot]
        return self.state.rows_of[wire]

    # A combination with the sum written as its bits and its rest, and with the values put in.
    def _evaluate(self, terms, values):
        if self.has_rest and self.pivot in terms:
            scale = terms[self.pivot] * pow(self.sum[self.pivot], -1, self.p)
            terms = self.state.plus(terms, self.sum, -scale)
            terms[REST] = scale % self.p
        out = {}
        for wire, k in terms.items():
            value = 1 if wire == CONSTANT else values.get(wire)
            key, amount = (wire, k) if value is None else (CONSTANT, k * value)
            out[key] = (out.get(key, 0) + amount) % self.p
        return {wire: k for wire, k in out.items() if k}

    def _follow(self, row):
        """What a row says of further wires; None if it says what cannot be."""
        a, b, c = row
        factor, other = (a, b) if not a.keys() - {CONSTANT} else (b, a)
        if factor.keys() - {CONSTANT}:
            return {}
        # factor·other − c = 0, the factor a number.
        equation = self.state.plus(self.state.plus({}, other, factor.get(CONSTANT, 0)), c, -1)
        open_ = equation.keys() - {CONSTANT}
        constant = equation.get(CONSTANT, 0)
        if not open_:
            return None if constant else {}
        if len(open_) == 1:
            wire = next(iter(open_))
            value = -constant * pow(equation[wire], -1, self.p) % self.p
            return None if self._is_bit(wire) and value > 1 else {wire: value}
        # Bits with small weights of one sign, and a constant of that sign, never cancel.
        for sign in (1, -1):
            sizes = [k * sign % self.p for k in equation.values()]
            if constant and sum(sizes) < self.p and all(self._is_bit(wire) for wire in open_):
                return None
        return {}

    def _is_bit(self, wire):
        return wire in self.bits or wire in self.state.boolean
