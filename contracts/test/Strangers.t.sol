// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DisclosureRegistry} from "../src/DisclosureRegistry.sol";
import {Governance} from "../src/Governance.sol";
import {RecordRegistry} from "../src/RecordRegistry.sol";
import {Disclosed} from "./support/Disclosed.sol";
import {TestKey} from "./support/TestKey.sol";

/// @title What a stranger can make the contracts store: of every function, README.md has the reason
/// @dev The functions are those of the artifacts, so that none is forgotten.
contract StrangersTest is Disclosed {
    struct Call {
        string name;
        address target;
        // For whom it succeeds as it is here.
        address entitled;
        bytes data;
        // How many slots a stranger may write by it, of the target's.
        uint256 slots;
    }

    uint256 private constant ISSUERS = 10;
    address private constant OTHER = address(0x1551);
    address private constant SUSPENDED = address(0x1552);
    bytes32 private constant NEW = bytes32(uint256(0x4c));

    mapping(string contract_ => Call[]) private _calls;

    function setUp() public override {
        super.setUp();
        _publish(100, 1);
        _open(1, 1);
        vm.prank(address(governance));
        records.admitIssuer(SUSPENDED);
        vm.prank(address(governance));
        records.suspendIssuer(SUSPENDED);
        _councilsCalls();
        _issuersCalls();
        _keysCalls();
        _everybodysCalls();
    }

    function test_every_function_that_changes_something_is_here() external view {
        _compareWithArtifact("Governance");
        _compareWithArtifact("RecordRegistry");
        _compareWithArtifact("KeyRegistry");
        _compareWithArtifact("ConsentRegistry");
        _compareWithArtifact("DisclosureRegistry");
        _compareWithArtifact("LogRegistry");
    }

    function test_a_stranger_writes_what_is_his_own_at_most(address stranger) external {
        vm.assume(stranger != FIRST && stranger != SECOND && stranger != THIRD && stranger != ISSUER);
        vm.assume(stranger != address(governance));
        string[6] memory names = _names();
        for (uint256 i = 0; i < names.length; ++i) {
            Call[] storage calls = _calls[names[i]];
            for (uint256 j = 0; j < calls.length; ++j) {
                _compareWrites(calls[j], stranger);
            }
        }
    }

    // As the entitled caller's the call succeeds and writes: as a stranger's it is the caller that is refused.
    function _compareWrites(Call storage call_, address stranger) private {
        string memory what = string.concat(call_.name, ": slots written");
        uint256 before = vm.snapshotState();
        if (call_.entitled != address(0)) {
            vm.record();
            vm.assertTrue(_try(call_.entitled, call_.target, call_.data), call_.name);
            vm.assertGt(_written(call_.target), 0, what);
            vm.revertToState(before);
        }
        vm.record();
        bool ok = _try(stranger, call_.target, call_.data);
        vm.assertEq(ok, call_.slots > 0, call_.name);
        vm.assertEq(_written(call_.target), call_.slots, what);
        address[6] memory all = _all();
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i] != call_.target) vm.assertEq(_written(all[i]), 0, what);
        }
        vm.revertToState(before);
    }

    // Different slots that were written, also by a call that failed then.
    function _written(address target) private returns (uint256 different) {
        (, bytes32[] memory writes) = vm.accesses(target);
        for (uint256 i = 0; i < writes.length; ++i) {
            uint256 j = 0;
            while (writes[j] != writes[i]) ++j;
            if (j == i) ++different;
        }
    }

    function _compareWithArtifact(string memory contract_) private view {
        string memory artifact = vm.readFile(string.concat("artifacts/", contract_, ".json"));
        uint256 changing = 0;
        for (uint256 i = 0; vm.keyExistsJson(artifact, _path(i, "type")); ++i) {
            if (!_is(vm.parseJsonString(artifact, _path(i, "type")), "function")) continue;
            string memory mutability = vm.parseJsonString(artifact, _path(i, "stateMutability"));
            if (_is(mutability, "view") || _is(mutability, "pure")) continue;
            ++changing;
            string memory name = vm.parseJsonString(artifact, _path(i, "name"));
            bool here = false;
            Call[] storage calls = _calls[contract_];
            for (uint256 j = 0; j < calls.length; ++j) {
                here = here || _is(calls[j].name, name);
            }
            vm.assertTrue(here, string.concat(contract_, ".", name, " is missing here and in README.md"));
        }
        vm.assertEq(_calls[contract_].length, changing, contract_);
    }

    function _councilsCalls() private {
        bytes memory pause = abi.encodeCall(records.pause, ());
        vm.prank(FIRST);
        uint256 id = governance.propose(address(records), pause);
        _add(
            "Governance",
            "propose",
            address(governance),
            FIRST,
            abi.encodeCall(governance.propose, (address(records), pause)),
            0
        );
        _add("Governance", "approve", address(governance), SECOND, abi.encodeCall(governance.approve, (id)), 0);
        _add("Governance", "withdraw", address(governance), FIRST, abi.encodeCall(governance.withdraw, (id)), 0);
        _add(
            "Governance",
            "execute",
            address(governance),
            FIRST,
            abi.encodeCall(governance.execute, (id, address(records), pause)),
            0
        );
        _add(
            "Governance",
            "setCouncil",
            address(governance),
            address(governance),
            abi.encodeCall(governance.setCouncil, (_council(), 3, 1, DELAY)),
            0
        );
    }

    function _issuersCalls() private {
        _add(
            "RecordRegistry",
            "admitIssuer",
            address(records),
            address(governance),
            abi.encodeCall(records.admitIssuer, (OTHER)),
            0
        );
        _add(
            "RecordRegistry",
            "suspendIssuer",
            address(records),
            address(governance),
            abi.encodeCall(records.suspendIssuer, (ISSUER)),
            0
        );
        _add(
            "RecordRegistry",
            "reinstateIssuer",
            address(records),
            address(governance),
            abi.encodeCall(records.reinstateIssuer, (SUSPENDED)),
            0
        );
        _add("RecordRegistry", "pause", address(records), address(governance), abi.encodeCall(records.pause, ()), 0);
        // Not paused, it is refused to the council too.
        _add("RecordRegistry", "unpause", address(records), address(0), abi.encodeCall(records.unpause, ()), 0);
        _add("RecordRegistry", "publish", address(records), ISSUER, abi.encodeCall(records.publish, (200, 2, 20)), 0);
    }

    function _keysCalls() private {
        _add(
            "KeyRegistry",
            "registerKey",
            address(keys),
            address(governance),
            abi.encodeCall(keys.registerKey, (NEW, 2, 1, 0, false, TestKey.key())),
            0
        );
        _add("KeyRegistry", "retireKey", address(keys), address(governance), abi.encodeCall(keys.retireKey, (KEY)), 0);
        _add("KeyRegistry", "revokeKey", address(keys), address(governance), abi.encodeCall(keys.revokeKey, (KEY)), 0);
    }

    function _everybodysCalls() private {
        _add("ConsentRegistry", "revoke", address(consents), address(0), abi.encodeCall(consents.revoke, (7)), 1);
        DisclosureRegistry.OpenRequest memory asked = _request(2, 1);
        asked.issuers = new address[](ISSUERS);
        for (uint256 i = 0; i < ISSUERS; ++i) {
            asked.issuers[i] = address(uint160(0x1560 + i));
        }
        // The account's count, a request of four slots, a slot an issuer.
        _add(
            "DisclosureRegistry",
            "open",
            address(disclosures),
            address(0),
            abi.encodeCall(disclosures.open, (asked)),
            5 + ISSUERS
        );
        _add(
            "DisclosureRegistry",
            "submit",
            address(disclosures),
            address(0),
            abi.encodeCall(disclosures.submit, (_submission(1, 7, 7))),
            1
        );
        // The array's length, a head of two slots.
        _add(
            "LogRegistry",
            "publish",
            address(logs),
            address(0),
            abi.encodeCall(logs.publish, (0, bytes32(uint256(1)))),
            3
        );
    }

    function _add(
        string memory contract_,
        string memory name,
        address target,
        address entitled,
        bytes memory data,
        uint256 slots
    ) private {
        _calls[contract_].push(Call(name, target, entitled, data, slots));
    }

    function _names() private pure returns (string[6] memory) {
        return ["Governance", "RecordRegistry", "KeyRegistry", "ConsentRegistry", "DisclosureRegistry", "LogRegistry"];
    }

    function _all() private view returns (address[6] memory) {
        return
            [
                address(governance),
                address(records),
                address(keys),
                address(consents),
                address(disclosures),
                address(logs)
            ];
    }

    function _path(uint256 i, string memory key) private pure returns (string memory) {
        return string.concat(".abi[", vm.toString(i), "].", key);
    }

    function _is(string memory found, string memory expected) private pure returns (bool) {
        return keccak256(bytes(found)) == keccak256(bytes(expected));
    }
}
