// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LogRegistry} from "../src/LogRegistry.sol";
import {Handler} from "./support/Handler.sol";
import {Invariants} from "./support/Invariants.sol";

/// @title Two keepers of two logs each
contract LogHandler is Handler {
    LogRegistry private _logs;
    // As published, by keeper and log.
    LogRegistry.Head[][4] private _heads;

    constructor() {
        _logs = LogRegistry(_deploy("LogRegistry", ""));
    }

    function publish(uint256 which, uint256 draw) external timed {
        which %= 4;
        bytes32 head = bytes32(draw % 3);
        LogRegistry.Head[] storage heads = _heads[which];
        bool may = heads.length == 0 || heads[heads.length - 1].head != head;
        bytes memory data = abi.encodeCall(_logs.publish, (_log(which), head));
        vm.assertEq(_try(_keeper(which), address(_logs), data), may, "publish");
        if (may) heads.push(LogRegistry.Head(head, uint64(time)));
    }

    function compare() external view {
        for (uint256 which = 0; which < 4; ++which) {
            LogRegistry.Head[] memory heads = _heads[which];
            vm.assertEq(_logs.count(_keeper(which), _log(which)), heads.length);
            LogRegistry.Head[] memory found = _logs.headsFrom(_keeper(which), _log(which), 0, type(uint256).max);
            vm.assertEq(keccak256(abi.encode(found)), keccak256(abi.encode(heads)));
        }
    }

    function _keeper(uint256 which) private pure returns (address) {
        return address(uint160(0x1000 + which / 2));
    }

    function _log(uint256 which) private pure returns (bytes32) {
        return bytes32(which % 2);
    }
}

contract LogRegistryInvariants is Invariants {
    LogHandler private _handler;

    function setUp() external {
        _handler = new LogHandler();
        _target(address(_handler));
    }

    function invariant_every_head_stays_where_it_is() external view {
        _handler.compare();
    }
}
