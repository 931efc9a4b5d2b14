// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title BN254 as its precompiles have it (EIP-196, EIP-197)
/// @dev G1: (x, y). G2: (x.c1, x.c0, y.c1, y.c0), the imaginary part first.
library Bn254 {
    /// @notice The scalar field's modulus.
    uint256 internal constant R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
    /// @notice The base field's modulus.
    uint256 internal constant Q = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

    uint256 private constant G2_X1 = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 private constant G2_X0 = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 private constant G2_Y1 = 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;

    error CoordinateNotCanonical(uint256 coordinate);
    error PointAtInfinity();
    error PointNotOnCurve();
    error PointNotInSubgroup();
    error PointIsGenerator();

    /// @notice Reverts unless the point is canonical, not the identity and on the curve.
    function requireG1(uint256[2] calldata p) internal pure {
        uint256 x = p[0];
        uint256 y = p[1];
        if (x >= Q) revert CoordinateNotCanonical(x);
        if (y >= Q) revert CoordinateNotCanonical(y);
        if (x | y == 0) revert PointAtInfinity();
        if (mulmod(y, y, Q) != addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q)) revert PointNotOnCurve();
    }

    /// @notice Reverts unless the points are canonical, not the identity, on the twist and in its
    /// subgroup of order R.
    /// @dev The pairing precompile checks curve and subgroup of every G2 point, whatever its
    /// partner: against the identity it costs no more and the product is always one.
    function requireG2(uint256[4][3] memory points) internal view {
        uint256[18] memory pairs;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 any = 0;
            for (uint256 j = 0; j < 4; ++j) {
                uint256 coordinate = points[i][j];
                if (coordinate >= Q) revert CoordinateNotCanonical(coordinate);
                any |= coordinate;
                pairs[6 * i + 2 + j] = coordinate;
            }
            if (any == 0) revert PointAtInfinity();
        }
        uint256[1] memory one;
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), 8, pairs, 576, one, 32)
            ok := and(ok, eq(returndatasize(), 32))
        }
        if (!ok || one[0] != 1) revert PointNotInSubgroup();
    }

    /// @notice Reverts if a valid G1 point is the generator (1, 2) or its negative.
    function requireNotGenerator1(uint256[2] calldata p) internal pure {
        if (p[0] == 1) revert PointIsGenerator();
    }

    /// @notice Reverts if a valid G2 point is EIP-197's generator or its negative: same x.
    function requireNotGenerator2(uint256[4] memory p) internal pure {
        if (p[0] == G2_X1 && p[1] == G2_X0) revert PointIsGenerator();
    }

    /// @notice Reverts if a valid G2 point is the negative of EIP-197's generator: the generator passes.
    function requireNotNegativeGenerator2(uint256[4] memory p) internal pure {
        if (p[2] != G2_Y1) requireNotGenerator2(p);
    }

    /// @notice Whether two valid G2 points are equal or each other's negative.
    function sameUpToSign(uint256[4] memory a, uint256[4] memory b) internal pure returns (bool) {
        return a[0] == b[0] && a[1] == b[1];
    }
}
