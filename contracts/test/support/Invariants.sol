// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Support} from "./Support.sol";

/// @title An invariant test: a handler whose acts forge calls, and whose comparison holds after each
abstract contract Invariants is Support {
    address[] private _targets;

    function _target(address handler) internal {
        _targets.push(handler);
    }

    /// @notice What forge calls.
    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }
}
