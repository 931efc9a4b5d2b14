// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {KeyRegistry} from "../src/KeyRegistry.sol";
import {Handler} from "./support/Handler.sol";
import {Invariants} from "./support/Invariants.sol";
import {TestKey} from "./support/TestKey.sol";

/// @title Three keys; the handler is the council
contract KeyHandler is Handler {
    uint256 private constant KEYS = 3;

    KeyRegistry private _keys;
    mapping(uint256 i => KeyRegistry.KeyStatus) private _status;
    uint256[8] private _proof;

    constructor() {
        _keys = KeyRegistry(_deploy("KeyRegistry", abi.encode(this, false)));
        uint256[5] memory inputs;
        _proof = TestKey.prove(inputs, 1);
    }

    function register(uint256 i) external timed {
        bool may = _status[i %= KEYS] == KeyRegistry.KeyStatus.Unknown;
        _act(abi.encodeCall(_keys.registerKey, (_id(i), 2, 1, 0, false, TestKey.key())), may, "register");
        if (may) _status[i] = KeyRegistry.KeyStatus.Active;
    }

    function retire(uint256 i) external timed {
        bool may = _status[i %= KEYS] == KeyRegistry.KeyStatus.Active;
        _act(abi.encodeCall(_keys.retireKey, (_id(i))), may, "retire");
        if (may) _status[i] = KeyRegistry.KeyStatus.Retiring;
    }

    // One in four, so that some keys live.
    function revoke(uint256 i, uint256 draw) external timed {
        if (draw % 4 != 0) return;
        KeyRegistry.KeyStatus status = _status[i %= KEYS];
        bool may = status == KeyRegistry.KeyStatus.Active || status == KeyRegistry.KeyStatus.Retiring;
        _act(abi.encodeCall(_keys.revokeKey, (_id(i))), may, "revoke");
        if (may) _status[i] = KeyRegistry.KeyStatus.Revoked;
    }

    function use(uint256 i) external timed {
        KeyRegistry.KeyStatus status = _status[i %= KEYS];
        bool active = status == KeyRegistry.KeyStatus.Active;
        uint256[5] memory inputs;
        _act(abi.encodeCall(_keys.requireActive, (_id(i))), active, "active");
        bool usable = active || status == KeyRegistry.KeyStatus.Retiring;
        _act(abi.encodeCall(_keys.verifyProof, (_id(i), inputs, _proof)), usable, "usable");
    }

    /// @notice The model knows no way back.
    function compare() external view {
        for (uint256 i = 0; i < KEYS; ++i) {
            vm.assertEq(uint256(_keys.key(_id(i)).status), uint256(_status[i]));
        }
    }

    function _act(bytes memory data, bool may, string memory what) private {
        vm.assertEq(_try(address(this), address(_keys), data), may, what);
    }

    function _id(uint256 i) private pure returns (bytes32) {
        return bytes32(0x4b + i);
    }
}

contract KeyRegistryInvariants is Invariants {
    KeyHandler private _handler;

    function setUp() external {
        _handler = new KeyHandler();
        _target(address(_handler));
    }

    function invariant_a_revoked_key_stays_revoked() external view {
        _handler.compare();
    }
}
