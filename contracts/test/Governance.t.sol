// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governance} from "../src/Governance.sol";
import {KeyRegistry} from "../src/KeyRegistry.sol";
import {RecordRegistry} from "../src/RecordRegistry.sol";
import {Deployed} from "./support/Deployed.sol";

contract GovernanceTest is Deployed {
    bytes private admit = abi.encodeCall(RecordRegistry.admitIssuer, (address(0xBEEF)));

    // The council itself.

    function test_a_council_has_1_to_64_members(uint256 count) external {
        count = _bound(count, 0, 70);
        address[] memory members = _members(count);
        if (count == 0 || count > 64) vm.expectRevert(abi.encodeWithSelector(Governance.MembersInvalid.selector));
        _deploy("Governance", abi.encode(members, 1, 1, DELAY, false));
    }

    function test_members_differ_and_none_is_zero(uint256 count, uint256 place, uint256 from) external {
        count = _bound(count, 1, 64);
        address[] memory members = _members(count);
        (place, from) = (place % count, from % count);
        members[place] = place == from ? address(0) : members[from];
        vm.expectRevert(abi.encodeWithSelector(Governance.MembersInvalid.selector));
        _deploy("Governance", abi.encode(members, 1, 1, DELAY, false));
    }

    function test_thresholds_fit(uint256 count, uint8 threshold, uint8 pauseThreshold) external {
        count = _bound(count, 1, 64);
        (threshold, pauseThreshold) = (threshold % 70, pauseThreshold % 70);
        bool one = threshold == 1 && pauseThreshold == 1;
        bool fits = one || (0 < pauseThreshold && pauseThreshold < threshold && threshold <= count);
        if (!fits) {
            vm.expectRevert(
                abi.encodeWithSelector(Governance.ThresholdInvalid.selector, threshold, pauseThreshold, count)
            );
        }
        _deploy("Governance", abi.encode(_members(count), threshold, pauseThreshold, DELAY, false));
    }

    function test_the_time_lock_is_bounded(uint32 delay, bool development) external {
        uint256 least = development ? 0 : 1 hours;
        if (delay < least || delay > 30 days) {
            vm.expectRevert(abi.encodeWithSelector(Governance.DelayOutOfRange.selector, delay, least, 30 days));
        }
        _deploy("Governance", abi.encode(_council(), 2, 1, delay, development));
    }

    function test_only_the_council_changes_the_council(address caller) external {
        vm.assume(caller != address(governance));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Governance.NotTheCouncil.selector, caller));
        governance.setCouncil(_members(1), 1, 1, DELAY);
    }

    function test_a_new_council_voids_what_was_open(uint256 count) external {
        count = _bound(count, 2, 64);
        uint256 id = _propose(FIRST, address(records), admit);
        bytes memory change = abi.encodeCall(governance.setCouncil, (_members(count), 2, 1, DELAY));
        uint256 changing = _propose(FIRST, address(governance), change);
        vm.prank(SECOND);
        governance.approve(changing);
        vm.warp(START + DELAY);
        vm.prank(THIRD);
        governance.execute(changing, address(governance), change);
        // Who left is no member; who came finds it void.
        vm.prank(SECOND);
        vm.expectRevert(abi.encodeWithSelector(Governance.NotAMember.selector, SECOND));
        governance.approve(id);
        vm.prank(address(0x10000));
        vm.expectRevert(abi.encodeWithSelector(Governance.ProposalVoid.selector, id));
        governance.approve(id);
    }

    // Proposals.

    function test_only_members_act(address stranger, uint256 id) external {
        vm.assume(stranger != FIRST && stranger != SECOND && stranger != THIRD);
        bytes[4] memory calls = [
            abi.encodeCall(governance.propose, (address(records), admit)),
            abi.encodeCall(governance.approve, (id)),
            abi.encodeCall(governance.withdraw, (id)),
            abi.encodeCall(governance.execute, (id, address(records), admit))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(stranger);
            vm.expectRevert(abi.encodeWithSelector(Governance.NotAMember.selector, stranger));
            (bool refused,) = address(governance).call(calls[i]);
            vm.assertTrue(refused, "expected");
        }
    }

    function test_a_target_has_code(address target) external {
        vm.assume(target.code.length == 0);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.TargetWithoutCode.selector, target));
        governance.propose(target, admit);
    }

    function test_an_unknown_proposal_is_nothing(uint256 id) external {
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.ProposalUnknown.selector, id));
        governance.approve(id);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.ProposalUnknown.selector, id));
        governance.execute(id, address(records), admit);
    }

    function test_a_member_approves_once_and_takes_back_once() external {
        uint256 id = _propose(FIRST, address(records), admit);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.AlreadyApproved.selector, id, FIRST));
        governance.approve(id);
        vm.prank(SECOND);
        vm.expectRevert(abi.encodeWithSelector(Governance.NotApproved.selector, id, SECOND));
        governance.withdraw(id);
        vm.prank(FIRST);
        governance.withdraw(id);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.NotApproved.selector, id, FIRST));
        governance.withdraw(id);
    }

    function test_too_few_approvals_execute_nothing(uint256 passed) external {
        uint256 id = _propose(FIRST, address(records), admit);
        vm.warp(START + _bound(passed, 0, 60 days - 1));
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.NotEnoughApprovals.selector, id, 1, 2));
        governance.execute(id, address(records), admit);
    }

    function test_the_time_lock_runs_from_the_last_approval_needed(uint256 before, uint256 passed) external {
        before = _bound(before, 0, 10 days);
        passed = _bound(passed, 0, 2 * uint256(DELAY));
        uint256 id = _propose(FIRST, address(records), admit);
        vm.warp(START + before);
        vm.prank(SECOND);
        governance.approve(id);
        vm.warp(START + before + passed);
        vm.prank(THIRD);
        if (passed < DELAY) {
            vm.expectRevert(abi.encodeWithSelector(Governance.TimeLocked.selector, id, START + before + DELAY));
        }
        governance.execute(id, address(records), admit);
        vm.assertEq(records.issuerCount(), passed < DELAY ? 1 : 2);
    }

    function test_an_approval_taken_back_starts_the_time_lock_over(uint256 passed) external {
        passed = _bound(passed, 1, 10 days);
        uint256 id = _propose(FIRST, address(records), admit);
        vm.prank(SECOND);
        governance.approve(id);
        vm.prank(SECOND);
        governance.withdraw(id);
        vm.warp(START + passed);
        vm.prank(SECOND);
        governance.approve(id);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.TimeLocked.selector, id, START + passed + DELAY));
        governance.execute(id, address(records), admit);
    }

    function test_what_is_executed_is_what_was_proposed(address target, bytes calldata data) external {
        vm.assume(target != address(records) || keccak256(data) != keccak256(admit));
        uint256 id = _approved(address(records), admit);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.ProposalActionDiffers.selector, id));
        governance.execute(id, target, data);
    }

    function test_a_proposal_is_executed_once() external {
        uint256 id = _approved(address(records), admit);
        vm.prank(FIRST);
        governance.execute(id, address(records), admit);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.ProposalExecuted.selector, id));
        governance.execute(id, address(records), admit);
    }

    function test_a_proposal_expires(uint256 passed) external {
        passed = _bound(passed, DELAY, 120 days);
        uint256 id = _propose(FIRST, address(records), admit);
        vm.prank(SECOND);
        governance.approve(id);
        vm.warp(START + passed);
        vm.prank(FIRST);
        if (passed >= 60 days) vm.expectRevert(abi.encodeWithSelector(Governance.ProposalExpired.selector, id));
        governance.execute(id, address(records), admit);
    }

    function test_a_pause_takes_one_member_and_no_time() external {
        bytes memory pause = abi.encodeCall(RecordRegistry.pause, ());
        uint256 id = _propose(THIRD, address(records), pause);
        vm.prank(THIRD);
        governance.execute(id, address(records), pause);
        vm.assertEq(records.paused(), true, "paused");
    }

    function test_a_keys_revocation_takes_all_and_no_time() external {
        bytes memory revoke = abi.encodeCall(KeyRegistry.revokeKey, (KEY));
        uint256 id = _propose(THIRD, address(keys), revoke);
        vm.prank(THIRD);
        vm.expectRevert(abi.encodeWithSelector(Governance.NotEnoughApprovals.selector, id, 1, 2));
        governance.execute(id, address(keys), revoke);
        vm.prank(FIRST);
        governance.approve(id);
        vm.prank(THIRD);
        governance.execute(id, address(keys), revoke);
    }

    function test_a_refusal_of_the_targets_is_passed_on() external {
        bytes memory again = abi.encodeCall(RecordRegistry.admitIssuer, (ISSUER));
        uint256 id = _approved(address(records), again);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerAlreadyAdmitted.selector, ISSUER));
        governance.execute(id, address(records), again);
    }

    function test_a_refusal_without_a_reason_has_a_name(bytes4 unknown) external {
        // No contract of ours knows a call of one byte.
        bytes memory data = abi.encodePacked(bytes1(unknown));
        uint256 id = _approved(address(records), data);
        vm.prank(FIRST);
        vm.expectRevert(abi.encodeWithSelector(Governance.ActionFailed.selector, id));
        governance.execute(id, address(records), data);
    }

    function _members(uint256 count) private pure returns (address[] memory members) {
        members = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            members[i] = address(uint160(0x10000 + i));
        }
    }

    function _propose(address member, address target, bytes memory data) private returns (uint256) {
        vm.prank(member);
        return governance.propose(target, data);
    }

    function _approved(address target, bytes memory data) private returns (uint256 id) {
        id = _propose(FIRST, target, data);
        vm.prank(SECOND);
        governance.approve(id);
        vm.warp(START + DELAY);
    }
}
