"""Baby Jubjub's published vectors, and signatures good and bad."""

import unittest

from baby_jubjub import (
    BASE8,
    NEUTRAL,
    ORDER,
    add,
    affine,
    eightfold,
    is_neutral,
    multiply,
    negative,
    on_curve,
    projective,
)
from eddsa import refusal
from example import keypair, sign
from field import P

# EIP-2494's generator and test vectors.
GENERATOR = (
    995203441582195749578291179787384436505546430278305826713579947235728471134,
    5472060717959818805561601436314318772137091100104008585924551046643952123905,
)
FIRST = (
    17777552123799933955779906779655732241715742912184938656739573121738514868268,
    2626589144620713026669568689430873010625803728049924121243784502389097019475,
)
SECOND = (
    16540640123574156134436876038791482806971768689494387082833631921987005038935,
    20819045374670962167435360035096875258406992893633759881276124905556507972311,
)
SUM = (
    7916061937171219682591368294088513039687205273691143098332585753343424131937,
    14035240266687799601661095864649209771790948434046947201833777492504781204499,
)
TWICE_FIRST = (
    6890855772600357754907169075114257697580319025794532037257385534741338397365,
    4338620300185947561074059802482547481416142213883829469920100239455078257889,
)
THRICE_FIRST = (
    19372461775513343691590086534037741906533799473648040012278229434133483800898,
    9458658722007214007257525444427903161243386465067105737478306991484593958249,
)
OF_ORDER_TWO = (0, P - 1)
# taceo-eddsa-babyjubjub 0.6.1's known signature.
KEY = (
    6455457437599555712470292006698497651368330439885001091360860505942781961078,
    159582469885801264018994393559668361426312790589452469977288210156289744741,
)
MESSAGE = 11402413954866905186435396811587452922431987224444219565589628185750911976901
R = (
    13510474864897098616813579098554011532099156065498391918941310871279007011380,
    6174281596809503539616638137919225478797775244469469874632974950922119341264,
)
S = 1417540261437304871044355305314258066261410991135874710101475943871745383953


def plus(first, second):
    """The sum of affine points."""
    return affine(add(projective(first), projective(second)))


class Curve(unittest.TestCase):
    def test_published_vectors(self):
        self.assertEqual(plus(FIRST, SECOND), SUM)
        self.assertEqual(plus(FIRST, FIRST), TWICE_FIRST)
        self.assertEqual(affine(multiply(FIRST, 3)), THRICE_FIRST)

    def test_base_points(self):
        self.assertTrue(on_curve(GENERATOR) and on_curve(BASE8))
        self.assertEqual(affine(eightfold(projective(GENERATOR))), BASE8)
        self.assertTrue(is_neutral(multiply(BASE8, ORDER)))
        self.assertFalse(is_neutral(multiply(GENERATOR, ORDER)))
        self.assertTrue(is_neutral(multiply(GENERATOR, 8 * ORDER)))

    def test_neutral_and_negative(self):
        self.assertEqual(affine(add(projective(FIRST), NEUTRAL)), FIRST)
        self.assertTrue(is_neutral(add(projective(FIRST), negative(projective(FIRST)))))
        self.assertFalse(is_neutral(projective(OF_ORDER_TWO)))
        self.assertFalse(on_curve((1, 1)))


class Signatures(unittest.TestCase):
    def test_published_signature(self):
        self.assertIsNone(refusal(KEY, MESSAGE, R, S))

    def test_own_signature(self):
        secret, key = keypair(7)
        self.assertIsNone(refusal(key, 5, *sign(secret, 5)))

    def test_points_of_small_order_change_nothing(self):
        # The equation is multiplied by 8: R and A may carry a part of small order, which the challenge is then over.
        secret, key = keypair(7)
        odd_key = plus(key, OF_ORDER_TWO)
        self.assertIsNone(refusal(odd_key, 5, *sign(secret, 5, key=odd_key)))

    def test_what_is_not_valid(self):
        bad = {
            "the equation does not hold": [
                (KEY, MESSAGE + 1, R, S),
                (KEY, MESSAGE, R, S + 1),
                (KEY, MESSAGE, BASE8, S),
                (BASE8, MESSAGE, R, S),
            ],
            "s is not below the group's order": [(KEY, MESSAGE, R, S + ORDER)],
            "R is not on the curve": [(KEY, MESSAGE, (R[0], R[1] + 1), S)],
            "the key is not on the curve": [((KEY[0] + 1, KEY[1]), MESSAGE, R, S)],
            "the key is of small order": [((0, 1), MESSAGE, R, S), (OF_ORDER_TWO, MESSAGE, R, S)],
        }
        for why, cases in bad.items():
            for case in cases:
                self.assertEqual(refusal(*case), why)


if __name__ == "__main__":
    unittest.main()
