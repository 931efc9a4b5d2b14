"""Baby Jubjub as EIP-2494 has it: a x² + y² = 1 + d x² y². The addition law is complete: no case is special."""

from functools import lru_cache

from field import P

A = 168700
D = 168696
# The order of the subgroup, and its base point.
ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041
BASE8 = (
    5299619240641551281634865583518297030282874472190772894086521144482721001553,
    16950150798460657717958625567821834550301663161624707787222815936182638968203,
)
# Points are added as (x·z, y·z, z).
NEUTRAL = (0, 1, 1)


def on_curve(point):
    """Whether the affine point fulfils the curve's equation."""
    x, y = point
    return (A * x * x + y * y - 1 - D * x * x * y * y) % P == 0


def projective(point):
    """An affine point with z = 1."""
    return (point[0], point[1], 1)


def affine(point):
    """The coordinates of a projective point."""
    x, y, z = point
    inverse = pow(z, -1, P)
    return (x * inverse % P, y * inverse % P)


def is_neutral(point):
    """Whether the projective point is (0, 1)."""
    x, y, z = point
    return x % P == 0 and (y - z) % P == 0


def add(first, second):
    """The sum of two projective points."""
    x1, y1, z1 = first
    x2, y2, z2 = second
    z = z1 * z2 % P
    zz = z * z % P
    x = x1 * x2 % P
    y = y1 * y2 % P
    e = D * x * y % P
    f, g = zz - e, zz + e
    cross = (x1 + y1) * (x2 + y2) - x - y
    return (z * f % P * cross % P, z * g % P * (y - A * x) % P, f * g % P)


def negative(point):
    """Minus a projective point."""
    x, y, z = point
    return (-x % P, y, z)


@lru_cache(maxsize=256)
def doublings(point):
    """An affine point times 1, 2, 4, … up to 2^255."""
    powers = [projective(point)]
    for _ in range(255):
        powers.append(add(powers[-1], powers[-1]))
    return tuple(powers)


def multiply(point, scalar):
    """An affine point times a number below 2^256, projective."""
    total = NEUTRAL
    for power in doublings(point):
        if scalar & 1:
            total = add(total, power)
        scalar >>= 1
    return total


def eightfold(point):
    """A projective point times 8."""
    for _ in range(3):
        point = add(point, point)
    return point
