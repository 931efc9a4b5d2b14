// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../src/Bn254.sol";
import {KeyRegistry} from "../../src/KeyRegistry.sol";

/// @title A verifying key whose secrets are known, and by them proofs of whatever inputs
/// @dev In multiples of the generators: alpha 7, IC 11 to 16, beta 2, gamma 3, delta 5. A proof is
/// A = a, B = 1, C = c, where a = 7·2 + IC(inputs)·3 + c·5.
library TestKey {
    uint256 internal constant R = Bn254.R;

    function key() internal view returns (KeyRegistry.VerifyingKey memory vk) {
        vk.alpha = g1(7);
        vk.beta = g2(2);
        vk.gamma = g2(3);
        vk.delta = g2(5);
        vk.ic = new uint256[2][](6);
        for (uint256 i = 0; i < 6; ++i) {
            vk.ic[i] = g1(11 + i);
        }
    }

    /// @param c Any: each gives another proof of the same.
    function prove(uint256[5] memory inputs, uint256 c) internal view returns (uint256[8] memory proof) {
        uint256 sum = 11;
        for (uint256 i = 0; i < 5; ++i) {
            sum = addmod(sum, mulmod(inputs[i], 12 + i, R), R);
        }
        uint256 a = addmod(addmod(14, mulmod(sum, 3, R), R), mulmod(c, 5, R), R);
        uint256[4] memory b = g2(1);
        (proof[0], proof[1]) = (g1(a)[0], g1(a)[1]);
        (proof[2], proof[3], proof[4], proof[5]) = (b[0], b[1], b[2], b[3]);
        (proof[6], proof[7]) = (g1(c)[0], g1(c)[1]);
    }

    /// @notice A multiple of G1's generator, by the precompile.
    function g1(uint256 factor) internal view returns (uint256[2] memory) {
        (, bytes memory point) = address(7).staticcall(abi.encode(1, 2, factor));
        return abi.decode(point, (uint256[2]));
    }

    /// @notice Multiples 1, 2, 3 and 5 of G2's generator, for which there is no precompile. A wrong
    /// one would fail the test that compares them with G1's by the pairing.
    function g2(uint256 factor) internal pure returns (uint256[4] memory) {
        if (factor == 1) {
            return [
                0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
                0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
                0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
                0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
            ];
        }
        if (factor == 2) {
            return [
                0x203e205db4f19b37b60121b83a7333706db86431c6d835849957ed8c3928ad79,
                0x27dc7234fd11d3e8c36c59277c3e6f149d5cd3cfa9a62aee49f8130962b4b3b9,
                0x195e8aa5b7827463722b8c153931579d3505566b4edf48d498e185f0509de152,
                0x04bb53b8977e5f92a0bc372742c4830944a59b4fe6b1c0466e2a6dad122b5d2e
            ];
        }
        if (factor == 3) {
            return [
                0x1014772f57bb9742735191cd5dcfe4ebbc04156b6878a0a7c9824f32ffb66e85,
                0x06064e784db10e9051e52826e192715e8d7e478cb09a5e0012defa0694fbc7f5,
                0x021e2335f3354bb7922ffcc2f38d3323dd9453ac49b55441452aeaca147711b2,
                0x058e1d5681b5b9e0074b0f9c8d2c68a069b920d74521e79765036d57666c5597
            ];
        }
        return [
            0x0a09ccf561b55fd99d1c1208dee1162457b57ac5af3759d50671e510e428b2a1,
            0x2e539c423b302d13f4e5773c603948eaf5db5df8ae8a9a9113708390a06410d8,
            0x19b763513924a736e4eebd0d78c91c1bc1d657fee4214057d21414011cfcc763,
            0x2f8d9f9ab83727c77a2fec063cb7b6e5eb23044ccf535ad49d46d394fb6f6bf6
        ];
    }
}
