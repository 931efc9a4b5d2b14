// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Support} from "./Support.sol";

/// @title What an invariant test calls in any order: acts, each compared with a model of its own
/// @dev A warp lasts for one call, so that the time is kept here.
abstract contract Handler is Support {
    uint256 public time = 1_750_000_000;

    modifier timed() {
        vm.warp(time);
        _;
    }

    function pass(uint256 seconds_) external {
        time += _bound(seconds_, 1, 1 hours);
    }
}
