// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../src/Bn254.sol";
import {Governed} from "../src/Governed.sol";
import {KeyRegistry} from "../src/KeyRegistry.sol";
import {Deployed} from "./support/Deployed.sol";
import {TestKey} from "./support/TestKey.sol";

contract KeyRegistryTest is Deployed {
    KeyRegistry.KeyStatus private constant UNKNOWN = KeyRegistry.KeyStatus.Unknown;
    KeyRegistry.KeyStatus private constant RETIRING = KeyRegistry.KeyStatus.Retiring;
    KeyRegistry.KeyStatus private constant REVOKED = KeyRegistry.KeyStatus.Revoked;
    bytes32 private constant NEW = bytes32(uint256(0x4c));

    function test_only_the_council_governs(address caller, bytes32 keyId) external {
        vm.assume(caller != address(governance));
        bytes[3] memory calls = [
            abi.encodeCall(keys.registerKey, (keyId, 2, 1, 0, false, TestKey.key())),
            abi.encodeCall(keys.retireKey, (keyId)),
            abi.encodeCall(keys.revokeKey, (keyId))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(caller);
            vm.expectRevert(abi.encodeWithSelector(Governed.NotGovernance.selector, caller));
            (bool refused,) = address(keys).call(calls[i]);
            vm.assertTrue(refused, "expected");
        }
    }

    // Verification.

    function test_a_proof_holds_for_its_inputs_alone(uint256[5] memory inputs, uint256 c, uint256 place, uint256 other)
        external
    {
        inputs = _canonical(inputs);
        uint256[8] memory proof = TestKey.prove(inputs, _bound(c, 1, Bn254.R - 1));
        keys.verifyProof(KEY, inputs, proof);
        place %= 5;
        other = _bound(other, 0, Bn254.R - 1);
        vm.assume(inputs[place] != other);
        inputs[place] = other;
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.ProofRejected.selector));
        keys.verifyProof(KEY, inputs, proof);
    }

    function test_inputs_are_canonical(uint256[5] memory inputs, uint256 place, uint256 large) external {
        inputs = _canonical(inputs);
        uint256[8] memory proof = TestKey.prove(inputs, 1);
        place %= 5;
        // Were it reduced, an input and itself plus R would be one: a nullifier could be spent twice.
        inputs[place] = large % 2 == 0 ? inputs[place] + Bn254.R : _bound(large, Bn254.R, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.InputNotCanonical.selector, place));
        keys.verifyProof(KEY, inputs, proof);
    }

    function test_a_proofs_coordinates_are_canonical(uint256 place, uint256 large) external {
        uint256[5] memory inputs;
        uint256[8] memory proof = TestKey.prove(inputs, 1);
        place %= 8;
        proof[place] = large % 2 == 0 ? proof[place] + Bn254.Q : _bound(large, Bn254.Q, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.ProofCoordinateNotCanonical.selector, place));
        keys.verifyProof(KEY, inputs, proof);
    }

    function test_no_point_of_a_proof_is_at_infinity(uint256 which) external {
        uint256[5] memory inputs;
        uint256[8] memory proof = TestKey.prove(inputs, 1);
        uint256[4] memory ends = [uint256(0), 2, 6, 8];
        for (uint256 i = ends[which % 3]; i < ends[which % 3 + 1]; ++i) {
            proof[i] = 0;
        }
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.ProofPointAtInfinity.selector));
        keys.verifyProof(KEY, inputs, proof);
    }

    function test_a_point_off_its_curve_fails_the_precompile(uint256 place, uint256 value) external {
        uint256[5] memory inputs;
        uint256[8] memory proof = TestKey.prove(inputs, 1);
        place %= 8;
        value = _bound(value, 1, Bn254.Q - 1);
        // The negative is on the curve, as is, for an x, what has the same cube: both improbable.
        vm.assume(value != proof[place] && value != Bn254.Q - proof[place]);
        proof[place] = value;
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.PrecompileFailed.selector));
        keys.verifyProof(KEY, inputs, proof);
    }

    // Life cycle.

    function test_a_retiring_key_verifies_and_a_revoked_one_does_not(uint256[5] memory inputs) external {
        inputs = _canonical(inputs);
        uint256[8] memory proof = TestKey.prove(inputs, 1);
        keys.requireActive(KEY);
        _govern(abi.encodeCall(keys.retireKey, (KEY)));
        keys.verifyProof(KEY, inputs, proof);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyNotActive.selector, KEY, RETIRING));
        keys.requireActive(KEY);
        _refuse(abi.encodeCall(keys.retireKey, (KEY)));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyNotActive.selector, KEY, RETIRING));
        _call();
        _govern(abi.encodeCall(keys.revokeKey, (KEY)));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyNotUsable.selector, KEY, REVOKED));
        keys.verifyProof(KEY, inputs, proof);
        _refuse(abi.encodeCall(keys.revokeKey, (KEY)));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyNotUsable.selector, KEY, REVOKED));
        _call();
    }

    function test_an_unknown_key_does_nothing(bytes32 keyId) external {
        vm.assume(keyId != KEY);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyNotActive.selector, keyId, UNKNOWN));
        keys.requireActive(keyId);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyNotUsable.selector, keyId, UNKNOWN));
        keys.verifyingKey(keyId);
        uint256[5] memory inputs;
        uint256[8] memory proof = TestKey.prove(inputs, 1);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyNotUsable.selector, keyId, UNKNOWN));
        keys.verifyProof(keyId, inputs, proof);
    }

    // Registration.

    function test_a_key_is_kept_as_it_was_registered() external view {
        vm.assertEq(keccak256(abi.encode(keys.verifyingKey(KEY))), keccak256(abi.encode(TestKey.key())));
    }

    function test_a_key_is_registered_once(uint256 revoked) external {
        if (revoked % 2 == 0) _govern(abi.encodeCall(keys.revokeKey, (KEY)));
        _refuse(_registration(KEY, false, TestKey.key()));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyAlreadyRegistered.selector, KEY));
        _call();
    }

    function test_a_key_has_an_id() external {
        _refuse(_registration(0, false, TestKey.key()));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyIdZero.selector));
        _call();
    }

    function test_development_keys_are_for_development() external {
        _refuse(_registration(NEW, true, TestKey.key()));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.DevelopmentKeyRefused.selector, NEW));
        _call();
        keys = KeyRegistry(_deploy("KeyRegistry", abi.encode(governance, true)));
        _govern(_registration(NEW, true, TestKey.key()));
    }

    function test_a_key_has_a_point_an_input_and_one_more(uint256 points) external {
        points = _bound(points, 0, 12);
        vm.assume(points != 6);
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        vk.ic = new uint256[2][](points);
        for (uint256 i = 0; i < points; ++i) {
            vk.ic[i] = TestKey.g1(11 + i);
        }
        _refuse(_registration(NEW, false, vk));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.InputCountDiffers.selector, 6, points));
        _call();
    }

    function test_a_keys_coordinates_are_canonical(uint256 place, uint256 large) external {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        place %= 26;
        uint256 found = _coordinate(vk, place);
        uint256 value = large % 2 == 0 ? found + Bn254.Q : _bound(large, Bn254.Q, type(uint256).max);
        _setCoordinate(vk, place, value);
        _refuse(_registration(NEW, false, vk));
        vm.expectRevert(abi.encodeWithSelector(Bn254.CoordinateNotCanonical.selector, value));
        _call();
    }

    function test_no_point_of_a_key_is_at_infinity(uint256 point) external {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        point %= 10;
        // Alpha and IC have two coordinates, the others four.
        (uint256 from, uint256 to) =
            point == 0 ? (0, 2) : point < 4 ? (4 * point - 2, 4 * point + 2) : (6 + 2 * point, 8 + 2 * point);
        for (uint256 i = from; i < to; ++i) {
            _setCoordinate(vk, i, 0);
        }
        _refuse(_registration(NEW, false, vk));
        vm.expectRevert(abi.encodeWithSelector(Bn254.PointAtInfinity.selector));
        _call();
    }

    function test_every_point_of_g1_is_on_its_curve(uint256 place, uint256 value) external {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        // Alpha's coordinates are 0 and 1, those of IC 14 to 25.
        place = place % 14 < 2 ? place % 14 : 12 + place % 14;
        value = _bound(value, 1, Bn254.Q - 1);
        uint256 found = _coordinate(vk, place);
        vm.assume(value != found && value != Bn254.Q - found);
        _setCoordinate(vk, place, value);
        _refuse(_registration(NEW, false, vk));
        vm.expectRevert(abi.encodeWithSelector(Bn254.PointNotOnCurve.selector));
        _call();
    }

    function test_every_point_of_g2_is_in_its_subgroup(uint256 place, uint256 value) external {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        place %= 12;
        value = _bound(value, 1, Bn254.Q - 1);
        uint256 found = _coordinate(vk, 2 + place);
        vm.assume(value != found && value != Bn254.Q - found);
        if (value % 2 == 0) {
            // On the twist, but of another order.
            uint256[4] memory point = [
                0,
                1,
                0x0d1271953ed9ea0836846e70a1934187998c7f790cb4d7511b7f8da82de048a4,
                0x2869111d5381f072f8e2728fdb825a51aadd70e52c9830e9ab4b871c0531f1bb
            ];
            for (uint256 i = 0; i < 4; ++i) {
                _setCoordinate(vk, 2 + place / 4 * 4 + i, point[i]);
            }
        } else {
            _setCoordinate(vk, 2 + place, value);
        }
        _refuse(_registration(NEW, false, vk));
        vm.expectRevert(abi.encodeWithSelector(Bn254.PointNotInSubgroup.selector));
        _call();
    }

    function test_no_point_but_gamma_is_a_generator(uint256 point, bool negative) external {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        point %= 4;
        if (point == 0) vk.alpha = [uint256(1), negative ? Bn254.Q - 2 : 2];
        if (point == 1) vk.beta = _signed(TestKey.g2(1), negative);
        if (point == 2) vk.gamma = _signed(TestKey.g2(1), true);
        if (point == 3) vk.delta = _signed(TestKey.g2(1), negative);
        _refuse(_registration(NEW, false, vk));
        vm.expectRevert(abi.encodeWithSelector(Bn254.PointIsGenerator.selector));
        _call();
    }

    function test_gamma_may_be_the_generator(uint256[5] memory inputs) external {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        // With IC three times as large, the same proofs hold.
        vk.gamma = TestKey.g2(1);
        for (uint256 i = 0; i < 6; ++i) {
            vk.ic[i] = TestKey.g1(3 * (11 + i));
        }
        _govern(_registration(NEW, false, vk));
        inputs = _canonical(inputs);
        keys.verifyProof(NEW, inputs, TestKey.prove(inputs, 1));
    }

    function test_no_other_point_is_gamma_the_generator(bool beta, bool negative) external {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        vk.gamma = TestKey.g2(1);
        if (beta) vk.beta = _signed(vk.gamma, negative);
        else vk.delta = _signed(vk.gamma, negative);
        _refuse(_registration(NEW, false, vk));
        vm.expectRevert(abi.encodeWithSelector(Bn254.PointIsGenerator.selector));
        _call();
    }

    function test_a_length_that_is_claimed_costs_nothing(uint256 length) external {
        bytes memory data = _registration(NEW, false, TestKey.key());
        (uint256 found, uint256 gas) = (_claim(data, _bound(length, 7, type(uint256).max)), gasleft());
        vm.assertEq(found, 6);
        vm.assertTrue(!_try(address(governance), address(keys), data), "a length that its data has not");
        vm.assertLe(gas - gasleft(), 50_000, "gas");
        // And the same call with the length that it has.
        _claim(data, 6);
        _govern(data);
    }

    // Another length of IC in a registration: the sixth of its words says where the key begins, the key's fifteenth where IC does.
    function _claim(bytes memory data, uint256 length) private pure returns (uint256 found) {
        assembly ("memory-safe") {
            let words := add(data, 36)
            let key := add(words, mload(add(words, 160)))
            let ic := add(key, mload(add(key, 448)))
            found := mload(ic)
            mstore(ic, length)
        }
    }

    function test_no_two_points_are_the_same_up_to_sign(uint256 pair, bool negative) external {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        pair %= 3;
        if (pair == 0) vk.beta = _signed(vk.gamma, negative);
        if (pair == 1) vk.gamma = _signed(vk.delta, negative);
        if (pair == 2) vk.delta = _signed(vk.beta, negative);
        _refuse(_registration(NEW, false, vk));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyPointsRelated.selector));
        _call();
    }

    function test_a_key_that_cannot_be_stored_is_not_registered() external {
        // No account creates at this nonce; in earnest it is the gas that runs out.
        vm.setNonceUnsafe(address(keys), type(uint64).max);
        _refuse(_registration(NEW, false, TestKey.key()));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyDataNotStored.selector));
        _call();
    }

    // The call that is to be refused, as the council's.
    bytes private _refused;

    function _refuse(bytes memory data) private {
        _refused = data;
    }

    function _call() private {
        vm.prank(address(governance));
        (bool refused,) = address(keys).call(_refused);
        vm.assertTrue(refused, "expected");
    }

    function _govern(bytes memory data) private {
        vm.assertTrue(_try(address(governance), address(keys), data), "the council's call");
    }

    function _registration(bytes32 keyId, bool development, KeyRegistry.VerifyingKey memory vk)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(keys.registerKey, (keyId, 2, 1, 0, development, vk));
    }

    function _canonical(uint256[5] memory inputs) private pure returns (uint256[5] memory) {
        for (uint256 i = 0; i < 5; ++i) {
            inputs[i] = _bound(inputs[i], 0, Bn254.R - 1);
        }
        return inputs;
    }

    function _signed(uint256[4] memory point, bool negative) private pure returns (uint256[4] memory) {
        if (!negative) return point;
        return [point[0], point[1], Bn254.Q - point[2], Bn254.Q - point[3]];
    }

    // A key's coordinates, numbered: alpha 0 and 1, beta to 5, gamma to 9, delta to 13, IC to 25.
    function _coordinate(KeyRegistry.VerifyingKey memory vk, uint256 place) private pure returns (uint256) {
        if (place < 2) return vk.alpha[place];
        if (place >= 14) return vk.ic[(place - 14) / 2][place % 2];
        return (place < 6 ? vk.beta : place < 10 ? vk.gamma : vk.delta)[(place - 2) % 4];
    }

    function _setCoordinate(KeyRegistry.VerifyingKey memory vk, uint256 place, uint256 value) private pure {
        if (place < 2) vk.alpha[place] = value;
        else if (place >= 14) vk.ic[(place - 14) / 2][place % 2] = value;
        else (place < 6 ? vk.beta : place < 10 ? vk.gamma : vk.delta)[(place - 2) % 4] = value;
    }
}
