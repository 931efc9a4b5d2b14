"""The permutation's published known answers, and how its internal matrices were chosen."""

import unittest
from itertools import islice

from field import P
from grain import DIAGONALS_REFUSED, parameters
from poseidon2 import EXTERNAL_ROUNDS, INTERNAL_ROUNDS, permute
from refusal import Refused

# Of the state 0, 1, 2, …: the tests of taceo-poseidon2 0.3.1, after the generator's own output.
KNOWN = {
    4: """786823568102245344938517132468097745676732687098822989626730198331658606391
16105493617470833344375945651585194737369509580406730765188791202038211593826
2169165722086073256768101917994796590773204847633762971322389403847680713675
20837792685223053096472825292260687493226094382304778455120670180090619921530""",
    8: """13163567864211573827878829467860137302577760599598440387954761704438999762399
20455256474176316209572707628365862887207812418465031548192789068192434065861
21622031586696647398529562584873094656572287904668581566093346191656615936784
18320622048765136384409419776996464874987888500923344182439589703061890523284
19915468795157938233689963601267136400922725821760118753901600546477081024243
12383970660639123649548441396659012498414420037083153473614822644813849243474
9133088157465982496917058916696585316057943251337470087079495488316110895778
5020935059501715015422969097649999023750915432550677386523662686145648636517""",
    12: """21747906029444710619015915752138298720154944671203754489949869861753578346008
21513939049501079563576935737155721457540823975552714210005077333811928299954
20878374758297529903859235955630169324042890083998477622604596085833701396575
13305407019214443087878969363157154486205891028167855104279647302453885090170
16682997524380753461053737193932628645715072618825598039805329428502517736729
11014586020348730912470390146630484158055437849128185322266607138671384948760
2994526630703474400464067497664388590264808865382597731255193635407418251755
18211926869629584578138817320090692365663938300773975413887207856257516040147
6849612996087489069533591576260064469744251636332619304205225628198348842052
968962401542471672838330254238837400778821690766303842855005474297047085971
14385329809671587788248037486076267578972545577910278482783910245125370012450
4080137159225732886879922458777678533435313239919796733917069554543642876459""",
    16: """7129053404014098913941583447102076532611276040718594073862066403012892177215
5458683216916715697310099658604278457911373519210593239261146303695981710820
11764907654416682971926471140388165312909351793032868507449176373009888376893
17363012907147515824232626923071954964539976031233523938322583063167173991942
16754602647566413012759386310550362661092317428428132757066277153406453157400
10442131742273378767812305849732860137449534508695657144865044457198204305243
13315916208806700309353847107954103794241355430909228633658159683794835480566
14675611827802190925530581036356245293764500457751312643178429199155385431971
3800671750689110886099899395588427301982955036566905831860793275457528754896
863058427093450397617252284543198432424871511785791089866952153042503171268
16110421480974327191214802248220528120081914075253666769021797524181818259452
3050248777345249982082587219460801555485024010345812479213241978893548171998
8005144369031495385854140476761376792991595443174132540148616210767138457404
193712991007063517677674367979478243863141973963118958643316643360558925992
6765341258738133397733055933640609905610288576122407133007925535267189590216
6411743912316957490668095751870764077217660758836562678571866082387292213586""",
}


def times(first, second, modulus):
    """The product of two polynomials (lowest coefficient first) modulo a monic one."""
    degree = len(modulus) - 1
    product = [0] * (2 * degree - 1)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            product[i + j] += a * b
    for top in range(2 * degree - 2, degree - 1, -1):
        lead = product[top] % P
        for i in range(degree):
            product[top - degree + i] -= lead * modulus[i]
    return [coefficient % P for coefficient in product[:degree]]


def power(base, exponent, modulus):
    """A polynomial's power modulo another."""
    result = [1] + [0] * (len(modulus) - 2)
    for bit in bin(exponent)[2:]:
        result = times(result, result, modulus)
        if bit == "1":
            result = times(result, base, modulus)
    return result


def coprime(first, second):
    """Whether two polynomials have no common factor."""
    first, second = list(first), list(second)
    while any(second):
        while second[-1] == 0:
            second.pop()
        inverse = pow(second[-1], -1, P)
        while len(first) >= len(second):
            factor = first[-1] * inverse % P
            for i in range(1, len(second) + 1):
                first[-i] = (first[-i] - factor * second[-i]) % P
            first.pop()
        first, second = second, first
    return len([c for c in first if c]) == 1 and first[0] != 0


def characteristic(diagonal):
    """The characteristic polynomial of the matrix of ones with this diagonal: with D the diagonal less one, it is
    ∏(x − D_i) − Σ_i ∏_{j≠i}(x − D_j)."""

    def product(roots):
        polynomial = [1]
        for root in roots:
            shifted = [0, *polynomial]
            polynomial = [(a - root * b) % P for a, b in zip(shifted, [*polynomial, 0])]
        return polynomial

    roots = [(entry - 1) % P for entry in diagonal]
    total = product(roots)
    for index in range(len(roots)):
        for place, coefficient in enumerate(product(roots[:index] + roots[index + 1 :])):
            total[place] = (total[place] - coefficient) % P
    return total


def accepted(diagonal):
    """Whether the first 2t powers of the matrix have irreducible minimal polynomials of degree t: its characteristic
    polynomial is irreducible, so that it generates the field of p^t elements, and no such power is of a subfield."""
    t = len(diagonal)
    modulus = characteristic(diagonal)
    x = [0, 1] + [0] * (t - 2)
    conjugates = [x, power(x, P, modulus)]
    if not coprime(modulus, [(a - b) % P for a, b in zip(conjugates[1], x)]):
        return False
    for _ in range(t - 1):
        # Of f(x)^p the coefficients are f's, of x^p.
        image, step = [0] * t, [1] + [0] * (t - 1)
        for coefficient in conjugates[-1]:
            image = [(a + coefficient * b) % P for a, b in zip(image, step)]
            step = times(step, conjugates[1], modulus)
        conjugates.append(image)
    if conjugates[t] != x:
        return False
    for prime in [q for q in (2, 3) if t % q == 0]:
        other = conjugates[t // prime]
        if not coprime(modulus, [(a - b) % P for a, b in zip(other, x)]):
            return False
        for exponent in range(1, 2 * t + 1):
            if power(other, exponent, modulus) == power(x, exponent, modulus):
                return False
    return True


class Permutation(unittest.TestCase):
    def test_known_answers(self):
        for width, answer in KNOWN.items():
            self.assertEqual(list(permute(tuple(range(width)))), [int(lane) for lane in answer.split()], width)

    def test_known_answer_of_greater_numbers(self):
        lane = 69883186645750645681994932030385246708157590398620226325678277467989879383945 % P
        self.assertEqual(
            permute((lane,) * 4),
            (
                19876884339830114960362368309895990346608408251258324603720941116757387714453,
                5431247209421262354231150208254604337955649394486434112818062632325221806111,
                687894710690940102848643567468393776669463870896767752431820942566056771027,
                5764589378402668418492845603546890649188307247798553598873913830282103946561,
            ),
        )

    def test_no_other_width(self):
        for width in (0, 2, 3, 5, 20):
            with self.assertRaises(Refused):
                permute((0,) * width)

    def test_the_first_diagonal_that_is_accepted_is_taken(self):
        for width, refused in DIAGONALS_REFUSED.items():
            *_, diagonals = parameters(width, EXTERNAL_ROUNDS, INTERNAL_ROUNDS[width])
            for diagonal in islice(diagonals, refused):
                self.assertFalse(accepted(diagonal), width)
            self.assertTrue(accepted(next(diagonals)), width)


if __name__ == "__main__":
    unittest.main()
