// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsentRegistry} from "../src/ConsentRegistry.sol";
import {Handler} from "./support/Handler.sol";
import {Invariants} from "./support/Invariants.sol";

/// @title Eight consents, revoked by whoever calls
contract ConsentHandler is Handler {
    uint256 private constant CONSENTS = 8;

    ConsentRegistry private _consents;
    uint256[CONSENTS] private _handles;
    mapping(uint256 preimage => uint256 time) private _since;

    constructor() {
        _consents = ConsentRegistry(_deploy("ConsentRegistry", ""));
        for (uint256 preimage = 0; preimage < CONSENTS; ++preimage) {
            _handles[preimage] = _consents.handleOf(preimage);
        }
    }

    function revoke(address sender, uint256 preimage) external timed {
        preimage %= CONSENTS;
        vm.prank(sender);
        _consents.revoke(preimage);
        if (_since[preimage] == 0) _since[preimage] = time;
    }

    function compare() external view {
        for (uint256 preimage = 0; preimage < CONSENTS; ++preimage) {
            vm.assertEq(_consents.revokedAt(_handles[preimage]), _since[preimage]);
            vm.assertEq(_consents.isRevoked(_handles[preimage]), _since[preimage] != 0, "revoked");
        }
    }
}

contract ConsentRegistryInvariants is Invariants {
    ConsentHandler private _handler;

    function setUp() external {
        _handler = new ConsentHandler();
        _target(address(_handler));
    }

    function invariant_what_was_revoked_stays_so_since_then() external view {
        _handler.compare();
    }
}
