"""Which wires of a system are functions of its inputs, by rules that each follow from a few rows.

"Known" means: in any two solutions that agree on the inputs, this wire has one value. The rules:

- linear: a row is linear in its one unknown wire, and the wire's coefficient is a constant other than 0;
- inverse: x·w = k for a constant k other than 0, so x is not 0 either;
- bits: a row says of a sum that it is 0 or 1, or some other known value; each of its unknown wires is held to 0 or 1
  by a row of its own, and no two choices of them have the same sum;
- one-hot: a row says of a sum what it is; of its unknown wires at most one is 1, and each has a weight of its own;
- bounded bits: the same where p and above can be spelled too, but the rows refuse every such spelling;
- zero: x·w = y and x·z = 0 for a known x, with y and z linear in the same unknown wire;
- quotient, unless not wanted: q·x = y for known x and y, where x is taken not to be 0. Each such divisor is counted: why it
  is not 0 is an argument outside of the system (a complete addition law, a precondition);
- choice, if wanted: when nothing else applies, the first unknown wire is taken for one more input.
"""

from collections import Counter, defaultdict

from bounded import spells_less_than_the_modulus
from r1cs import CONSTANT


class Propagation:
    def __init__(self, system, divisors=True, choose=False):
        self.system, self.p = system, system.modulus
        self.divisors, self.choose = divisors, choose
        self.known = {CONSTANT, *system.inputs}
        self.by = Counter()
        self.choices = []
        self.divided = []
        self.rows_of = defaultdict(list)
        self.boolean = set()
        self.sums = {}
        self.factors = defaultdict(list)
        self._queue, self._queued = [], set()
        self._quotients, self._bounded = [], []
        self._alike = []
        for number, row in enumerate(system.rows):
            self._index(number, row)
        self.hot = [wires for wires, sum_ in self._alike if self._is_hot(wires, sum_)]
        self._run()

    @property
    def unknown(self):
        return [wire for wire in range(1, self.system.wires) if wire not in self.known]

    def _index(self, number, row):
        for wire in set().union(*row):
            self.rows_of[wire].append(number)
        a, b, c = row
        if a and b and not c and self.plus(a, b) == {CONSTANT: 1}:
            # L·(1 − L) = 0.
            wire = next(iter(a))
            if len(a) == 1 and a[wire] == 1:
                self.boolean.add(wire)
            else:
                self.sums[number] = a
                wires = a.keys() - {CONSTANT}
                if len({a[wire] for wire in wires}) == 1 and a[max(wires)] in (1, self.p - 1):
                    self._alike.append((wires, a))
        for one, other in ((a, b), (b, a)):
            if len(one) == 1 and other:
                self.factors[self._form(other)].append((number, other, c))
        self._put(number)

    # Σ bᵢ or 1 − Σ bᵢ is a bit, and so is each: at most one is 1.
    def _is_hot(self, wires, sum_):
        plain = sum_[max(wires)] == 1
        return wires <= self.boolean and sum_.get(CONSTANT, 0) == (0 if plain else 1)

    def plus(self, a, b, scale=1):
        out = dict(a)
        for wire, k in b.items():
            out[wire] = (out.get(wire, 0) + scale * k) % self.p
        return {wire: k for wire, k in out.items() if k}

    # A combination up to a factor.
    def _form(self, terms):
        lead = pow(terms[min(terms)], -1, self.p)
        return tuple(sorted((wire, k * lead % self.p) for wire, k in terms.items()))

    def _put(self, number):
        if number not in self._queued:
            self._queued.add(number)
            self._queue.append(number)

    def _run(self):
        first = 1
        while True:
            while self._queue:
                number = self._queue.pop()
                self._queued.discard(number)
                self._apply(number)
            if self._one_of(self._bounded, self._apply_bounded) or self._one_of(self._quotients, self._apply_quotient):
                continue
            while first in self.known:
                first += 1
            if first >= self.system.wires or not self.choose:
                return
            self.choices.append(first)
            self._learn(first, "choice")

    def _one_of(self, candidates, apply):
        while candidates:
            if apply(candidates.pop()):
                return True
        return False

    def _learn(self, wire, rule):
        if wire in self.known:
            return
        self.known.add(wire)
        self.by[rule] += 1
        for number in self.rows_of[wire]:
            self._put(number)

    def _open(self, terms):
        return [wire for wire in terms if wire not in self.known]

    def _apply(self, number):
        a, b, c = row = self.system.rows[number]
        in_a, in_b, in_c = (self._open(terms) for terms in row)
        wires = {*in_a, *in_b, *in_c}
        if not wires:
            return
        if number in self.sums or not (a.keys() - {CONSTANT} and b.keys() - {CONSTANT}):
            self._bits(number, row)
        if not c and (not in_a or not in_b):
            self._zero(a if not in_a else b, b if not in_a else a)
        if len(wires) == 1 and not (in_a and in_b):
            self._single(number, row, wires.pop(), in_a or in_b)

    def _single(self, number, row, wire, in_factor):
        a, b, c = row
        slope = {CONSTANT: -c[wire] % self.p} if wire in c else {}
        if in_factor:
            factor, other = (a, b) if wire in a else (b, a)
            slope = self.plus(slope, other, factor[wire])
        if slope.keys() == {CONSTANT}:
            self._learn(wire, "linear")
        elif slope and in_factor and len(factor) == 1 and wire not in c:
            if c.keys() == {CONSTANT}:
                self._learn(wire, "inverse")
            elif self.divisors and c and wire not in self.boolean and len(self.rows_of[wire]) > 1:
                # A quotient is read elsewhere. A factor that only decides whether something is 0 is not: it may be anything.
                self._quotients.append((number, wire))

    def _apply_quotient(self, candidate):
        number, wire = candidate
        if wire in self.known:
            return False
        self.divided.append(number)
        self._learn(wire, "quotient")
        return True

    def _zero(self, x, z):
        open_z = self._open(z)
        if len(open_z) != 1 or not x:
            return
        wire = open_z[0]
        for _, other, y in self.factors.get(self._form(x), ()):
            if self._open(y) == [wire]:
                self._learn(wire, "zero")

    # The unknown part of a row as weights of bits, None standing for the sum itself where that is a bit.
    def _weights(self, number, row):
        if number in self.sums:
            sum_, weights = self.sums[number], {None: self.p - 1}
        else:
            a, b, c = row
            scale, other = (a, b) if not a.keys() - {CONSTANT} else (b, a)
            sum_, weights = self.plus(c, other, -scale.get(CONSTANT, 0)), {}
        for wire in self._open(sum_):
            if wire not in self.boolean:
                return None, None
            weights[wire] = sum_[wire]
        return sum_, weights

    def _bits(self, number, row):
        sum_, weights = self._weights(number, row)
        if not weights or weights.keys() == {None}:
            return
        if self._one_of_a_few(weights):
            rule = "one-hot"
        elif self._all_sums_differ(weights):
            rule = "bits"
        else:
            self._bounded.append(number)
            return
        for wire in weights.keys() - {None}:
            self._learn(wire, rule)

    # Each weight above the sum of the smaller ones, and all together below p; the sign of a weight is of no account.
    def _all_sums_differ(self, weights):
        total = 0
        for size in sorted(min(k, self.p - k) for k in weights.values()):
            if size <= total:
                return False
            total += size
        return total < self.p

    # Wires of which at most one is 1, each with a weight of its own.
    def _one_of_a_few(self, weights):
        wires = weights.keys()
        few = None not in wires and any(wires <= hot for hot in self.hot)
        return few and len(set(weights.values())) == len(weights)

    def _apply_bounded(self, number):
        sum_, weights = self._weights(number, self.system.rows[number])
        if not weights or not spells_less_than_the_modulus(self, sum_, weights):
            return False
        for wire in weights.keys() - {None}:
            self._learn(wire, "bounded bits")
        return True
