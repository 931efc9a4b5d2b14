// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";
import {Governed} from "./Governed.sol";

/// @title Verifying keys, their life cycle, and verification under them
/// @notice A key is registered once, after checks of its soundness: every point canonical, on its
/// curve, in its subgroup and not the identity; alpha, beta and delta no generator, nor gamma the
/// negative of one; gamma, delta and beta different up to sign; exactly one IC point per public
/// input and one more. Points that are multiples of each other by a larger number are told apart
/// off chain only, by whoever proposes, approves or pins a key. New requests need an active key; a
/// retiring one still answers those already open; a revoked one nothing.
/// @dev A key's points are the code of a contract of their own: one cold account access to read
/// them (2,600 gas), where storage would take 26 cold slots (54,600).
contract KeyRegistry is Governed {
    /// @notice registry_root, policy_digest, request_digest, nullifier, consent_handle.
    uint256 public constant INPUTS = 5;

    enum KeyStatus {
        Unknown,
        Active,
        Retiring,
        Revoked
    }

    struct VerifyingKey {
        uint256[2] alpha;
        uint256[4] beta;
        uint256[4] gamma;
        uint256[4] delta;
        uint256[2][] ic;
    }

    struct Key {
        address data;
        KeyStatus status;
        uint8 tier;
        uint32 circuitVersion;
        bool development;
        // When it came to its status.
        uint40 since;
    }

    // Words of a key's data, in the order in which verification lays out its memory:
    // alpha 2, beta 4, hole 2, gamma 4, hole 2, delta 4, IC0 2, hole 2, IC1 to IC5 10.
    uint256 private constant DATA_BYTES = 34 * 32;
    uint256 private constant PAIRING_GAS = 500_000;

    bool private immutable _development;
    mapping(bytes32 keyId => Key) private _keys;

    event KeyRegistered(
        bytes32 indexed keyId, uint8 tier, uint32 circuitVersion, bytes32 matrixDigest, bool development, address data
    );
    event KeyRetiring(bytes32 indexed keyId);
    event KeyRevoked(bytes32 indexed keyId);

    error KeyIdZero();
    error KeyAlreadyRegistered(bytes32 keyId);
    error DevelopmentKeyRefused(bytes32 keyId);
    error InputCountDiffers(uint256 expected, uint256 found);
    error KeyPointsRelated();
    error KeyDataNotStored();
    error KeyNotActive(bytes32 keyId, KeyStatus status);
    error KeyNotUsable(bytes32 keyId, KeyStatus status);
    error InputNotCanonical(uint256 index);
    error ProofCoordinateNotCanonical(uint256 index);
    error ProofPointAtInfinity();
    error PrecompileFailed();
    error ProofRejected();

    constructor(address governance_, bool development_) Governed(governance_) {
        _development = development_;
    }

    /// @notice Registers a key as active, after all checks of its soundness.
    /// @param keyId Its identifier off chain: the digest of key, tier, circuit version and matrices.
    function registerKey(
        bytes32 keyId,
        uint8 tier,
        uint32 circuitVersion,
        bytes32 matrixDigest,
        bool development_,
        VerifyingKey calldata vk
    ) external onlyGovernance {
        if (keyId == 0) revert KeyIdZero();
        if (_keys[keyId].status != KeyStatus.Unknown) revert KeyAlreadyRegistered(keyId);
        if (development_ && !_development) revert DevelopmentKeyRefused(keyId);
        _requireSound(vk);
        address data = _store(vk);
        _keys[keyId] = Key({
            data: data,
            status: KeyStatus.Active,
            tier: tier,
            circuitVersion: circuitVersion,
            development: development_,
            since: uint40(block.timestamp)
        });
        emit KeyRegistered(keyId, tier, circuitVersion, matrixDigest, development_, data);
    }

    /// @notice Lets a key answer open requests only: the first half of a rotation.
    function retireKey(bytes32 keyId) external onlyGovernance {
        Key storage key_ = _keys[keyId];
        if (key_.status != KeyStatus.Active) revert KeyNotActive(keyId, key_.status);
        key_.status = KeyStatus.Retiring;
        key_.since = uint40(block.timestamp);
        emit KeyRetiring(keyId);
    }

    /// @notice Refuses a key from now on, for ever. No time-lock.
    function revokeKey(bytes32 keyId) external onlyGovernance {
        Key storage key_ = _keys[keyId];
        if (key_.status != KeyStatus.Active && key_.status != KeyStatus.Retiring) {
            revert KeyNotUsable(keyId, key_.status);
        }
        key_.status = KeyStatus.Revoked;
        key_.since = uint40(block.timestamp);
        emit KeyRevoked(keyId);
    }

    /// @notice Reverts unless new requests may name this key.
    function requireActive(bytes32 keyId) external view {
        KeyStatus status = _keys[keyId].status;
        if (status != KeyStatus.Active) revert KeyNotActive(keyId, status);
    }

    /// @notice Returns if the Groth16 proof holds under an active or retiring key; reverts otherwise.
    /// @param proof A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
    /// @param inputs The public inputs in their order, each below R.
    function verifyProof(bytes32 keyId, uint256[5] calldata inputs, uint256[8] calldata proof) external view {
        Key storage key_ = _keys[keyId];
        KeyStatus status = key_.status;
        if (status != KeyStatus.Active && status != KeyStatus.Retiring) revert KeyNotUsable(keyId, status);
        for (uint256 i = 0; i < 5; ++i) {
            if (inputs[i] >= Bn254.R) revert InputNotCanonical(i);
        }
        for (uint256 i = 0; i < 8; ++i) {
            if (proof[i] >= Bn254.Q) revert ProofCoordinateNotCanonical(i);
        }
        if (proof[0] | proof[1] == 0 || proof[2] | proof[3] | proof[4] | proof[5] == 0 || proof[6] | proof[7] == 0) {
            revert ProofPointAtInfinity();
        }
        (bool ran, bool holds) = _pair(key_.data, inputs, proof);
        if (!ran) revert PrecompileFailed();
        if (!holds) revert ProofRejected();
    }

    function key(bytes32 keyId) external view returns (Key memory) {
        return _keys[keyId];
    }

    /// @notice A key's points, so that anyone can compare them with what its identifier stands for.
    function verifyingKey(bytes32 keyId) external view returns (VerifyingKey memory vk) {
        address data = _keys[keyId].data;
        if (data == address(0)) revert KeyNotUsable(keyId, KeyStatus.Unknown);
        uint256[34] memory words;
        assembly ("memory-safe") {
            extcodecopy(data, words, 1, DATA_BYTES)
        }
        vk.alpha = [words[0], words[1]];
        vk.beta = [words[2], words[3], words[4], words[5]];
        vk.gamma = [words[8], words[9], words[10], words[11]];
        vk.delta = [words[14], words[15], words[16], words[17]];
        vk.ic = new uint256[2][](INPUTS + 1);
        vk.ic[0] = [words[18], words[19]];
        for (uint256 i = 0; i < INPUTS; ++i) {
            vk.ic[i + 1] = [words[22 + 2 * i], words[23 + 2 * i]];
        }
    }

    function development() external view returns (bool) {
        return _development;
    }

    /// @dev e(−A, B)·e(alpha, beta)·e(IC(inputs), gamma)·e(C, delta) = 1, in place: the key's data
    /// lands where the pairing precompile reads it, and IC is folded from its end so that each
    /// scalar may overwrite a point that is done with.
    function _pair(address data, uint256[5] calldata inputs, uint256[8] calldata proof)
        private
        view
        returns (bool ran, bool holds)
    {
        uint256 q = Bn254.Q;
        assembly ("memory-safe") {
            // Pairs at m: (−A, B), (alpha, beta), (sum, gamma), (C, delta): 24 words. Then the sum
            // so far, the next product, IC1 to IC5 and the last scalar: 4 + 10 + 1 words.
            let m := mload(0x40)
            extcodecopy(data, add(m, 192), 1, DATA_BYTES)
            calldatacopy(m, proof, 192)
            // On the curve y is never 0; were it, the precompile would refuse q.
            mstore(add(m, 32), sub(q, mload(add(m, 32))))
            calldatacopy(add(m, 576), add(proof, 192), 64)
            let sum := add(m, 768)
            let product := add(m, 832)
            ran := 1
            for { let i := 5 } i { i := sub(i, 1) } {
                let point := add(product, shl(6, i))
                calldatacopy(add(point, 64), add(inputs, shl(5, sub(i, 1))), 32)
                ran := and(ran, staticcall(gas(), 7, point, 96, product, 64))
                ran := and(ran, staticcall(gas(), 6, sum, 128, sum, 64))
            }
            mstore(add(m, 384), mload(sum))
            mstore(add(m, 416), mload(add(sum, 32)))
            // A refused point costs all gas that the call is given; no known price exceeds this.
            ran := and(ran, staticcall(PAIRING_GAS, 8, m, 768, 0, 32))
            ran := and(ran, eq(returndatasize(), 32))
            holds := eq(mload(0), 1)
        }
    }

    function _requireSound(VerifyingKey calldata vk) private view {
        if (vk.ic.length != INPUTS + 1) revert InputCountDiffers(INPUTS + 1, vk.ic.length);
        Bn254.requireG1(vk.alpha);
        Bn254.requireNotGenerator1(vk.alpha);
        for (uint256 i = 0; i < vk.ic.length; ++i) {
            Bn254.requireG1(vk.ic[i]);
        }
        uint256[4][3] memory points = [vk.beta, vk.gamma, vk.delta];
        Bn254.requireG2(points);
        Bn254.requireNotGenerator2(vk.beta);
        // Every key of the snarkjs format has the generator here: who knows gamma's logarithm alone
        // forges nothing.
        Bn254.requireNotNegativeGenerator2(vk.gamma);
        Bn254.requireNotGenerator2(vk.delta);
        for (uint256 i = 0; i < 3; ++i) {
            if (Bn254.sameUpToSign(points[i], points[(i + 1) % 3])) revert KeyPointsRelated();
        }
    }

    function _store(VerifyingKey calldata vk) private returns (address data) {
        bytes memory head = abi.encodePacked(
            vk.alpha, vk.beta, uint256(0), uint256(0), vk.gamma, uint256(0), uint256(0), vk.delta
        );
        bytes memory tail = abi.encodePacked(
            vk.ic[0], uint256(0), uint256(0), vk.ic[1], vk.ic[2], vk.ic[3], vk.ic[4], vk.ic[5]
        );
        // Init code that returns what follows its ten bytes; the data begins with STOP.
        bytes memory code =
            abi.encodePacked(hex"61", uint16(DATA_BYTES + 1), hex"80600a3d393df300", head, tail);
        assembly ("memory-safe") {
            data := create(0, add(code, 32), mload(code))
        }
        if (data == address(0)) revert KeyDataNotStored();
    }
}
