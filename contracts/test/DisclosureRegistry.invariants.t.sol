// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsentRegistry} from "../src/ConsentRegistry.sol";
import {DisclosureRegistry} from "../src/DisclosureRegistry.sol";
import {KeyRegistry} from "../src/KeyRegistry.sol";
import {RecordRegistry} from "../src/RecordRegistry.sol";
import {Handler} from "./support/Handler.sol";
import {Invariants} from "./support/Invariants.sol";
import {TestKey} from "./support/TestKey.sol";

/// @title Two audiences with four requests in two scopes, four patients with two consents each
contract DisclosureHandler is Handler {
    uint256 private constant POLICY = 0x7001;
    uint256 private constant ROOT = 100;
    bytes32 private constant KEY = bytes32(uint256(0x4b));
    address private constant ISSUER = address(0x1550);

    struct Answer {
        uint256 digest;
        uint256 consent;
        bytes result;
    }

    DisclosureRegistry private _disclosures;
    ConsentRegistry private _consents;
    RecordRegistry private _records;
    mapping(uint256 audience => mapping(uint256 digest => uint256 expiresAt)) private _requests;
    mapping(uint256 audience => mapping(uint256 scope => mapping(uint256 nullifier => Answer))) private _answers;
    mapping(uint256 consent => bool) private _revoked;
    uint256[8] private _handles;

    constructor() {
        vm.warp(time);
        _records = RecordRegistry(_deploy("RecordRegistry", abi.encode(this, 1 hours)));
        KeyRegistry keys = KeyRegistry(_deploy("KeyRegistry", abi.encode(this, false)));
        _consents = ConsentRegistry(_deploy("ConsentRegistry", ""));
        _disclosures = DisclosureRegistry(_deploy("DisclosureRegistry", abi.encode(_records, keys, _consents)));
        _records.admitIssuer(ISSUER);
        keys.registerKey(KEY, 2, 1, 0, false, TestKey.key());
        for (uint256 consent = 0; consent < 8; ++consent) {
            _handles[consent] = _consents.handleOf(consent);
        }
        vm.prank(ISSUER);
        _records.publish(ROOT, 1, 20);
    }

    function open(uint256 audience, uint256 digest) external timed {
        (audience, digest) = (audience % 2, digest % 4);
        DisclosureRegistry.OpenRequest memory asked;
        asked.requestDigest = digest;
        asked.policyDigest = POLICY;
        asked.keyId = KEY;
        asked.scope = digest % 2;
        asked.expiresAt = uint64(time + 12 hours);
        asked.maxRootAge = 366 days;
        asked.issuers = new address[](1);
        asked.issuers[0] = ISSUER;
        bool may = _requests[audience][digest] == 0;
        bytes memory data = abi.encodeCall(_disclosures.open, (asked));
        vm.assertEq(_try(_account(audience), address(_disclosures), data), may, "open");
        if (may) _requests[audience][digest] = asked.expiresAt;
    }

    // One in eight, of eight.
    function revoke(uint256 consent, uint256 draw) external timed {
        if (draw % 8 != 0) return;
        _consents.revoke(consent % 8);
        _revoked[consent % 8] = true;
    }

    function submit(address sender, uint256 audience, uint256 digest, uint256 nullifier, uint256 consent)
        external
        timed
    {
        (audience, digest, nullifier) = (audience % 2, digest % 4, nullifier % 4);
        consent = 2 * nullifier + consent % 2;
        Answer storage answer = _answers[audience][digest % 2][nullifier];
        bool again = answer.result.length != 0;
        bool may = again
            ? answer.digest == digest && answer.consent == consent
            : time < _requests[audience][digest] && !_revoked[consent];
        bytes memory data = abi.encodeCall(_disclosures.submit, (_submission(audience, digest, nullifier, consent)));
        vm.assertEq(_try(sender, address(_disclosures), data), may, "submit");
        if (may && !again) {
            _answers[audience][digest % 2][nullifier] = Answer(digest, consent, _result(audience, digest, nullifier));
        }
    }

    /// @notice Every answer is as it was given, under the one request that it was given to.
    function compare() external view {
        bytes memory none = abi.encode(DisclosureRegistry.Result(0, 0, 0, 0, 0));
        for (uint256 audience = 0; audience < 2; ++audience) {
            for (uint256 digest = 0; digest < 4; ++digest) {
                for (uint256 nullifier = 0; nullifier < 4; ++nullifier) {
                    Answer storage answer = _answers[audience][digest % 2][nullifier];
                    bool spent = _disclosures.isSpent(_account(audience), digest % 2, nullifier);
                    vm.assertEq(spent, answer.result.length != 0, "spent");
                    bytes memory expected = spent && answer.digest == digest ? answer.result : none;
                    vm.assertEq(keccak256(_result(audience, digest, nullifier)), keccak256(expected), "result");
                }
            }
        }
    }

    function _submission(uint256 audience, uint256 digest, uint256 nullifier, uint256 consent)
        private
        view
        returns (DisclosureRegistry.Submission memory s)
    {
        s.audience = _account(audience);
        s.requestDigest = digest;
        s.issuer = ISSUER;
        s.registryRoot = ROOT;
        s.nullifier = nullifier;
        s.consentHandle = _handles[consent];
        s.proof = TestKey.prove([ROOT, POLICY, digest, nullifier, s.consentHandle], 1);
    }

    function _result(uint256 audience, uint256 digest, uint256 nullifier) private view returns (bytes memory) {
        return abi.encode(_disclosures.result(_account(audience), digest, nullifier));
    }

    function _account(uint256 audience) private pure returns (address) {
        return address(uint160(0xA0D0 + audience));
    }
}

contract DisclosureRegistryInvariants is Invariants {
    DisclosureHandler private _handler;

    function setUp() external {
        _handler = new DisclosureHandler();
        _target(address(_handler));
    }

    function invariant_a_nullifier_answers_once_and_its_answer_stays() external view {
        _handler.compare();
    }
}
