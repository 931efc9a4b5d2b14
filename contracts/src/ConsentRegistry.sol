// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";
import {Poseidon2T4} from "./Poseidon2T4.sol";

/// @title Revoked consents
/// @notice A consent's handle is shown by every presentation made under it; its preimage only the
/// holder knows. Whoever shows the preimage revokes, from any account, at any time: this contract
/// has no owner and is never paused.
contract ConsentRegistry {
    mapping(uint256 handle => uint256 time) private _revokedAt;

    event ConsentRevoked(uint256 indexed handle);

    error PreimageNotCanonical(uint256 preimage);

    /// @notice Revokes the consent whose handle is the hash of `preimage`. Again: nothing changes.
    function revoke(uint256 preimage) external returns (uint256 handle) {
        handle = handleOf(preimage);
        if (_revokedAt[handle] != 0) return handle;
        _revokedAt[handle] = block.timestamp;
        emit ConsentRevoked(handle);
    }

    function isRevoked(uint256 handle) external view returns (bool) {
        return _revokedAt[handle] != 0;
    }

    /// @notice 0, or when the consent was revoked.
    function revokedAt(uint256 handle) external view returns (uint256) {
        return _revokedAt[handle];
    }

    /// @notice H_handle(preimage).
    function handleOf(uint256 preimage) public pure returns (uint256) {
        if (preimage >= Bn254.R) revert PreimageNotCanonical(preimage);
        return Poseidon2T4.hashHandle(preimage);
    }
}
