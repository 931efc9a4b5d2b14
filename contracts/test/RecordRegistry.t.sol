// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../src/Bn254.sol";
import {Governed} from "../src/Governed.sol";
import {RecordRegistry} from "../src/RecordRegistry.sol";
import {Deployed} from "./support/Deployed.sol";

contract RecordRegistryTest is Deployed {
    RecordRegistry.IssuerStatus private constant UNKNOWN = RecordRegistry.IssuerStatus.Unknown;
    RecordRegistry.IssuerStatus private constant ACTIVE = RecordRegistry.IssuerStatus.Active;
    RecordRegistry.IssuerStatus private constant SUSPENDED = RecordRegistry.IssuerStatus.Suspended;

    function test_grace_is_bounded(uint40 grace) external {
        uint256 most = records.MAX_GRACE();
        if (grace > most) {
            vm.expectRevert(abi.encodeWithSelector(RecordRegistry.GraceOutOfRange.selector, grace, most));
        }
        address made = _deploy("RecordRegistry", abi.encode(governance, grace));
        if (grace <= most) vm.assertEq(RecordRegistry(made).grace(), grace);
    }

    function test_only_the_council_governs(address caller, address account) external {
        vm.assume(caller != address(governance));
        bytes[5] memory calls = [
            abi.encodeCall(records.admitIssuer, (account)),
            abi.encodeCall(records.suspendIssuer, (account)),
            abi.encodeCall(records.reinstateIssuer, (account)),
            abi.encodeCall(records.pause, ()),
            abi.encodeCall(records.unpause, ())
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(caller);
            vm.expectRevert(abi.encodeWithSelector(Governed.NotGovernance.selector, caller));
            (bool refused,) = address(records).call(calls[i]);
            vm.assertTrue(refused, "expected");
        }
    }

    function test_an_issuer_is_admitted_once(address account) external {
        vm.assume(account != address(0) && account != ISSUER);
        _govern(abi.encodeCall(records.admitIssuer, (account)));
        vm.assertEq(records.issuer(account).index, 2);
        vm.assertEq(records.issuerAt(2), account);
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerAlreadyAdmitted.selector, account));
        records.admitIssuer(account);
        // Nor again after a suspension.
        _govern(abi.encodeCall(records.suspendIssuer, (account)));
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerAlreadyAdmitted.selector, account));
        records.admitIssuer(account);
    }

    function test_the_zero_account_is_no_issuer() external {
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerInvalid.selector, address(0)));
        records.admitIssuer(address(0));
    }

    function test_issuers_are_numbered_in_16_bits(address account) external {
        vm.assume(account != address(0) && account != ISSUER);
        // In the slot of `_paused` and `_issuerCount`: nobody admits 65,535 issuers here.
        vm.store(address(records), 0, bytes32(uint256(0xffff) << 8));
        vm.assertEq(records.issuerCount(), type(uint16).max);
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuersExhausted.selector));
        records.admitIssuer(account);
    }

    function test_suspension_is_of_active_issuers_and_ends(address other) external {
        vm.assume(other != ISSUER);
        _publish(1, 1);
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerNotActive.selector, other, UNKNOWN));
        records.suspendIssuer(other);
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerNotSuspended.selector, ISSUER, ACTIVE));
        records.reinstateIssuer(ISSUER);
        _govern(abi.encodeCall(records.suspendIssuer, (ISSUER)));
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerNotActive.selector, ISSUER, SUSPENDED));
        records.suspendIssuer(ISSUER);
        vm.prank(ISSUER);
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerNotActive.selector, ISSUER, SUSPENDED));
        records.publish(2, 2, 20);
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerNotActive.selector, ISSUER, SUSPENDED));
        records.requireAccepted(ISSUER, 1, 1 days);
        _govern(abi.encodeCall(records.reinstateIssuer, (ISSUER)));
        records.requireAccepted(ISSUER, 1, 1 days);
    }

    function test_a_pause_stops_everything_until_it_ends() external {
        _publish(1, 1);
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.RegistryNotPaused.selector));
        records.unpause();
        _govern(abi.encodeCall(records.pause, ()));
        vm.prank(address(governance));
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.RegistryPaused.selector));
        records.pause();
        vm.prank(ISSUER);
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.RegistryPaused.selector));
        records.publish(2, 2, 20);
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.RegistryPaused.selector));
        records.requireAccepted(ISSUER, 1, 1 days);
        _govern(abi.encodeCall(records.unpause, ()));
        records.requireAccepted(ISSUER, 1, 1 days);
    }

    function test_a_stranger_publishes_nothing(address stranger, uint256 root, uint64 epoch, uint64 size) external {
        vm.assume(stranger != ISSUER);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerNotActive.selector, stranger, UNKNOWN));
        records.publish(root, epoch, size);
    }

    function test_a_root_is_canonical_and_not_zero(uint256 root, uint64 epoch, uint64 size) external {
        root = root % 2 == 0 ? 0 : _bound(root, Bn254.R, type(uint256).max);
        vm.prank(ISSUER);
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.RootNotCanonical.selector, root));
        records.publish(root, epoch, size);
    }

    function test_a_new_root_needs_a_higher_epoch(uint256 first, uint256 second, uint64 before, uint64 epoch) external {
        first = _bound(first, 1, Bn254.R - 1);
        second = _bound(second, 1, Bn254.R - 1);
        vm.assume(first != second && before != 0);
        _publish(first, before);
        vm.prank(ISSUER);
        bool higher = epoch > before;
        if (!higher) {
            vm.expectRevert(abi.encodeWithSelector(RecordRegistry.EpochNotIncreasing.selector, epoch, before));
        }
        records.publish(second, epoch, 20);
        vm.assertEq(records.issuer(ISSUER).currentRoot, higher ? second : first);
        vm.assertEq(records.issuer(ISSUER).epoch, higher ? epoch : before);
    }

    function test_a_heartbeat_is_the_same_again(uint256 root, uint64 epoch, uint64 otherEpoch, uint64 size) external {
        root = _bound(root, 1, Bn254.R - 1);
        vm.assume(epoch != 0);
        _publish(root, epoch);
        vm.warp(START + 1 days);
        bool same = otherEpoch == epoch && size == 20;
        vm.prank(ISSUER);
        if (!same) {
            vm.expectRevert(
                abi.encodeWithSelector(RecordRegistry.HeartbeatDiffers.selector, otherEpoch, size, epoch, 20)
            );
        }
        records.publish(root, otherEpoch, size);
        _publish(root, epoch);
        vm.assertEq(records.issuer(ISSUER).lastPublicationAt, START + 1 days);
        vm.assertEq(records.root(ISSUER, root).publishedAt, START);
    }

    function test_roots_are_their_issuers_own(uint256 root, address other) external {
        root = _bound(root, 1, Bn254.R - 1);
        vm.assume(other != ISSUER && other != address(0));
        _govern(abi.encodeCall(records.admitIssuer, (other)));
        _publish(root, 1);
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.RootUnknown.selector, other, root));
        records.requireAccepted(other, root, 1 days);
    }

    function test_a_superseded_root_has_the_grace_period(uint256 passed) external {
        passed = _bound(passed, 0, 2 * uint256(GRACE));
        _publish(1, 1);
        vm.warp(START + 10);
        _publish(2, 2);
        vm.warp(START + 10 + passed);
        if (passed >= GRACE) {
            vm.expectRevert(abi.encodeWithSelector(RecordRegistry.RootSuperseded.selector, 1, START + 10, GRACE));
        }
        records.requireAccepted(ISSUER, 1, 1 days);
        // The current one has no end but the issuer's silence, and one that returned is current.
        records.requireAccepted(ISSUER, 2, 1 days);
        _publish(1, 3);
        (uint16 index, uint64 epoch) = records.requireAccepted(ISSUER, 1, 1 days);
        vm.assertEq(index, 1);
        vm.assertEq(epoch, 3);
    }

    function test_a_silent_issuer_stalls(uint256 passed, uint256 maxAge) external {
        passed = _bound(passed, 0, 800 days);
        maxAge = _bound(maxAge, 0, 800 days);
        _publish(1, 1);
        vm.warp(START + passed);
        if (passed >= maxAge) {
            vm.expectRevert(abi.encodeWithSelector(RecordRegistry.IssuerStalled.selector, ISSUER, START, maxAge));
        }
        records.requireAccepted(ISSUER, 1, maxAge);
    }

    function _govern(bytes memory data) private {
        vm.assertTrue(_try(address(governance), address(records), data), "the council's call");
    }
}
