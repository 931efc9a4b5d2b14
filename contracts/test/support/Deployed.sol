// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsentRegistry} from "../../src/ConsentRegistry.sol";
import {DisclosureRegistry} from "../../src/DisclosureRegistry.sol";
import {Governance} from "../../src/Governance.sol";
import {KeyRegistry} from "../../src/KeyRegistry.sol";
import {LogRegistry} from "../../src/LogRegistry.sol";
import {RecordRegistry} from "../../src/RecordRegistry.sol";
import {Support} from "./Support.sol";
import {TestKey} from "./TestKey.sol";

/// @title The six contracts: a council of three of whom two act and one pauses, an issuer, a key
abstract contract Deployed is Support {
    uint256 internal constant START = 1_750_000_000;
    uint40 internal constant GRACE = 1 hours;
    uint32 internal constant DELAY = 1 days;

    address internal constant FIRST = address(0xC001);
    address internal constant SECOND = address(0xC002);
    address internal constant THIRD = address(0xC003);
    address internal constant ISSUER = address(0x1550);
    address internal constant AUDIENCE = address(0xA0D1);
    bytes32 internal constant KEY = bytes32(uint256(0x4b));

    Governance internal governance;
    RecordRegistry internal records;
    KeyRegistry internal keys;
    ConsentRegistry internal consents;
    DisclosureRegistry internal disclosures;
    LogRegistry internal logs;

    function setUp() public virtual {
        vm.warp(START);
        governance = Governance(_deploy("Governance", abi.encode(_council(), 2, 1, DELAY, false)));
        records = RecordRegistry(_deploy("RecordRegistry", abi.encode(governance, GRACE)));
        keys = KeyRegistry(_deploy("KeyRegistry", abi.encode(governance, false)));
        consents = ConsentRegistry(_deploy("ConsentRegistry", ""));
        disclosures = DisclosureRegistry(_deploy("DisclosureRegistry", abi.encode(records, keys, consents)));
        logs = LogRegistry(_deploy("LogRegistry", ""));
        vm.prank(address(governance));
        records.admitIssuer(ISSUER);
        _register(KEY);
    }

    function _council() internal pure returns (address[] memory members) {
        members = new address[](3);
        (members[0], members[1], members[2]) = (FIRST, SECOND, THIRD);
    }

    function _register(bytes32 keyId) internal {
        KeyRegistry.VerifyingKey memory vk = TestKey.key();
        vm.prank(address(governance));
        keys.registerKey(keyId, 2, 1, 0, false, vk);
    }

    function _publish(uint256 root, uint64 epoch) internal {
        vm.prank(ISSUER);
        records.publish(root, epoch, 20);
    }
}
