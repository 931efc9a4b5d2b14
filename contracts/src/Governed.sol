// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What only the council's executed proposals may change
abstract contract Governed {
    address private immutable _governance;

    error NotGovernance(address caller);

    constructor(address governance_) {
        _governance = governance_;
    }

    modifier onlyGovernance() {
        if (msg.sender != _governance) revert NotGovernance(msg.sender);
        _;
    }

    function governance() external view returns (address) {
        return _governance;
    }
}
