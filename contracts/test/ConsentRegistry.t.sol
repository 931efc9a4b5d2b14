// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../src/Bn254.sol";
import {ConsentRegistry} from "../src/ConsentRegistry.sol";
import {Deployed} from "./support/Deployed.sol";

contract ConsentRegistryTest is Deployed {
    function test_a_preimage_is_canonical(uint256 preimage) external {
        preimage = _bound(preimage, Bn254.R, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ConsentRegistry.PreimageNotCanonical.selector, preimage));
        consents.revoke(preimage);
        vm.expectRevert(abi.encodeWithSelector(ConsentRegistry.PreimageNotCanonical.selector, preimage));
        consents.handleOf(preimage);
    }

    function test_whoever_knows_the_preimage_revokes_and_nothing_else(
        address sender,
        uint256 preimage,
        uint256 other,
        uint256 later
    ) external {
        preimage = _bound(preimage, 0, Bn254.R - 1);
        other = _bound(other, 0, Bn254.R - 1);
        vm.assume(preimage != other);
        vm.prank(sender);
        uint256 handle = consents.revoke(preimage);
        vm.assertEq(handle, consents.handleOf(preimage));
        vm.assertEq(consents.isRevoked(consents.handleOf(other)), false, "another's consent");
        // Again, later: it stays revoked since then.
        vm.warp(START + _bound(later, 1, 1000 days));
        vm.prank(sender);
        vm.assertEq(consents.revoke(preimage), handle);
        vm.assertEq(consents.revokedAt(handle), START);
        vm.assertEq(consents.isRevoked(handle), true, "revoked");
    }
}
