// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @title What every test builds on
abstract contract Support {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev A contract's code as it is deployed. By `new` it would be as the tests are compiled, and by
    /// its name too.
    function _code(string memory name) internal view returns (bytes memory) {
        return vm.getCode(string.concat("node_modules/.cache/forge/out/", name, ".sol/", name, ".json"));
    }

    function _deploy(string memory name, bytes memory arguments) internal returns (address created) {
        bytes memory code = abi.encodePacked(_code(name), arguments);
        assembly ("memory-safe") {
            created := create(0, add(code, 32), mload(code))
            if iszero(created) {
                let place := mload(0x40)
                returndatacopy(place, 0, returndatasize())
                revert(place, returndatasize())
            }
        }
    }

    /// @dev A number in the range, its ends more often than chance has them.
    function _bound(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        if (value >= least && value <= most) return value;
        return value == type(uint256).max ? most : least + value % (most - least + 1);
    }

    /// @dev Whether an account's call succeeds.
    function _try(address sender, address target, bytes memory data) internal returns (bool ok) {
        vm.prank(sender);
        (ok,) = target.call(data);
    }
}
