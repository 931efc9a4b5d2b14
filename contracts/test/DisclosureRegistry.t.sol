// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../src/Bn254.sol";
import {DisclosureRegistry} from "../src/DisclosureRegistry.sol";
import {KeyRegistry} from "../src/KeyRegistry.sol";
import {RecordRegistry} from "../src/RecordRegistry.sol";
import {Deployed} from "./support/Deployed.sol";
import {Disclosed} from "./support/Disclosed.sol";

contract DisclosureRegistryTest is Disclosed {
    function setUp() public override {
        Deployed.setUp();
        _publish(100, 1);
    }

    // Requests.

    function test_digests_are_canonical(uint256 which, uint256 large) external {
        DisclosureRegistry.OpenRequest memory asked = _request(1, 1);
        large = _bound(large, Bn254.R, type(uint256).max);
        if (which % 3 == 0) asked.requestDigest = large;
        if (which % 3 == 1) asked.policyDigest = large;
        if (which % 3 == 2) asked.scope = large;
        vm.expectRevert(abi.encodeWithSelector(DisclosureRegistry.DigestNotCanonical.selector, large));
        disclosures.open(asked);
    }

    function test_a_request_is_opened_once_by_an_account(address audience, address other, uint256 digest) external {
        vm.assume(audience != other);
        DisclosureRegistry.OpenRequest memory asked = _request(_bound(digest, 0, Bn254.R - 1), 1);
        vm.prank(audience);
        disclosures.open(asked);
        vm.prank(audience);
        vm.expectRevert(
            abi.encodeWithSelector(DisclosureRegistry.RequestAlreadyOpen.selector, audience, asked.requestDigest)
        );
        disclosures.open(asked);
        // Another's is another request.
        vm.prank(other);
        disclosures.open(asked);
        vm.assertEq(disclosures.request(other, asked.requestDigest).number, 1);
    }

    function test_a_requests_expiry_is_bounded(uint64 expiresAt) external {
        DisclosureRegistry.OpenRequest memory asked = _request(1, 1);
        asked.expiresAt = expiresAt % 2 == 0 ? expiresAt : uint64(_bound(expiresAt, START, START + 732 days));
        if (asked.expiresAt <= START || asked.expiresAt > START + 366 days) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    DisclosureRegistry.ExpiryOutOfRange.selector, asked.expiresAt, START + 1, START + 366 days
                )
            );
        }
        disclosures.open(asked);
    }

    function test_a_roots_age_is_bounded(uint64 maxRootAge) external {
        DisclosureRegistry.OpenRequest memory asked = _request(1, 1);
        asked.maxRootAge = maxRootAge % 2 == 0 ? maxRootAge : uint64(_bound(maxRootAge, 1, 366 days));
        if (asked.maxRootAge == 0 || asked.maxRootAge > 366 days) {
            vm.expectRevert(
                abi.encodeWithSelector(DisclosureRegistry.MaxRootAgeOutOfRange.selector, asked.maxRootAge, 366 days)
            );
        }
        disclosures.open(asked);
    }

    function test_a_request_names_1_to_64_issuers(uint256 count) external {
        count = _bound(count, 0, 70);
        DisclosureRegistry.OpenRequest memory asked = _request(1, 1);
        asked.issuers = new address[](count);
        if (count == 0 || count > 64) {
            vm.expectRevert(abi.encodeWithSelector(DisclosureRegistry.IssuersOutOfRange.selector, count, 64));
        }
        disclosures.open(asked);
    }

    function test_a_new_request_needs_an_active_key() external {
        vm.prank(address(governance));
        keys.retireKey(KEY);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.KeyNotActive.selector, KEY, KeyRegistry.KeyStatus.Retiring));
        disclosures.open(_request(1, 1));
    }

    // Presentations.

    function test_an_unknown_request_is_not_answered(address audience, uint256 digest) external {
        DisclosureRegistry.Submission memory s = _submission(1, 1, 1);
        (s.audience, s.requestDigest) = (audience, digest);
        vm.expectRevert(abi.encodeWithSelector(DisclosureRegistry.RequestUnknown.selector, audience, digest));
        disclosures.submit(s);
    }

    function test_a_presentation_is_stored_whoever_submits(address sender, uint256 nullifier, uint256 preimage)
        external
    {
        _open(1, 1);
        nullifier = _bound(nullifier, 0, Bn254.R - 1);
        DisclosureRegistry.Submission memory s = _submission(1, nullifier, _bound(preimage, 0, Bn254.R - 1));
        vm.prank(sender);
        disclosures.submit(s);
        DisclosureRegistry.Result memory found = disclosures.result(AUDIENCE, 1, nullifier);
        vm.assertEq(found.answeredAt, START);
        vm.assertEq(found.issuerIndex, 1);
        vm.assertEq(found.epoch, 1);
        vm.assertEq(found.consentTag, uint96(s.consentHandle));
    }

    function test_a_proof_speaks_for_its_own_submission(uint256 which, uint256 other) external {
        _open(1, 1);
        _publish(200, 2);
        DisclosureRegistry.Submission memory s = _submission(1, 7, 7);
        other = _bound(other, 0, Bn254.R - 1);
        if (which % 3 == 0) s.nullifier = other == 7 ? 8 : other;
        if (which % 3 == 1) s.consentHandle = other;
        if (which % 3 == 2) s.registryRoot = 200;
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.ProofRejected.selector));
        disclosures.submit(s);
    }

    function test_a_nullifier_answers_one_request_of_a_scope(uint256 nullifier, uint256 scope) external {
        nullifier = _bound(nullifier, 0, Bn254.R - 1);
        scope = _bound(scope, 0, Bn254.R - 2);
        _open(1, scope);
        _open(2, scope);
        _open(3, scope + 1);
        disclosures.submit(_submission(1, nullifier, 7));
        DisclosureRegistry.Submission memory s = _submission(2, nullifier, 7);
        vm.expectRevert(abi.encodeWithSelector(DisclosureRegistry.NullifierSpent.selector, scope, nullifier));
        disclosures.submit(s);
        // Nor this one under another consent.
        s = _submission(1, nullifier, 8);
        vm.expectRevert(abi.encodeWithSelector(DisclosureRegistry.NullifierSpent.selector, scope, nullifier));
        disclosures.submit(s);
        // In another scope it is another patient.
        disclosures.submit(_submission(3, nullifier, 7));
    }

    function test_the_same_again_changes_nothing(uint256 passed, uint256[8] calldata proof) external {
        _open(1, 1);
        DisclosureRegistry.Submission memory s = _submission(1, 7, 7);
        disclosures.submit(s);
        bytes memory before = abi.encode(disclosures.result(AUDIENCE, 1, 7));
        vm.warp(START + _bound(passed, 0, 1000 days));
        s.proof = proof;
        vm.record();
        disclosures.submit(s);
        (, bytes32[] memory writes) = vm.accesses(address(disclosures));
        vm.assertEq(writes.length, 0);
        vm.assertEq(keccak256(abi.encode(disclosures.result(AUDIENCE, 1, 7))), keccak256(before));
    }

    function test_an_expired_request_is_not_answered(uint256 passed) external {
        _open(1, 1);
        passed = _bound(passed, 0, 2 days);
        vm.warp(START + passed);
        _publish(100, 1);
        DisclosureRegistry.Submission memory s = _submission(1, 7, 7);
        if (passed >= 1 days) {
            vm.expectRevert(abi.encodeWithSelector(DisclosureRegistry.RequestExpired.selector, 1, START + 1 days));
        }
        disclosures.submit(s);
    }

    function test_an_issuer_that_the_request_does_not_name_is_not_accepted(address other) external {
        vm.assume(other != ISSUER);
        _open(1, 1);
        DisclosureRegistry.Submission memory s = _submission(1, 7, 7);
        s.issuer = other;
        vm.expectRevert(abi.encodeWithSelector(DisclosureRegistry.IssuerNotAccepted.selector, 1, other));
        disclosures.submit(s);
    }

    function test_a_root_that_the_registry_refuses_is_not_accepted(uint256 root) external {
        vm.assume(root != 100);
        _open(1, 1);
        DisclosureRegistry.Submission memory s = _submission(1, 7, 7);
        s.registryRoot = root;
        vm.expectRevert(abi.encodeWithSelector(RecordRegistry.RootUnknown.selector, ISSUER, root));
        disclosures.submit(s);
    }

    function test_a_revoked_consent_answers_nothing(uint256 preimage) external {
        preimage = _bound(preimage, 0, Bn254.R - 1);
        _open(1, 1);
        DisclosureRegistry.Submission memory s = _submission(1, 7, preimage);
        consents.revoke(preimage);
        vm.expectRevert(abi.encodeWithSelector(DisclosureRegistry.ConsentRevoked.selector, s.consentHandle));
        disclosures.submit(s);
    }
}
