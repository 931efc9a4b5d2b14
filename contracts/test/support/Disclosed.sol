// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DisclosureRegistry} from "../../src/DisclosureRegistry.sol";
import {Deployed} from "./Deployed.sol";
import {TestKey} from "./TestKey.sol";

/// @title Requests of the audience's, and presentations that answer them
abstract contract Disclosed is Deployed {
    uint256 internal constant POLICY = 0x7001;

    function _request(uint256 digest, uint256 scope)
        internal
        view
        returns (DisclosureRegistry.OpenRequest memory asked)
    {
        asked.requestDigest = digest;
        asked.policyDigest = POLICY;
        asked.keyId = KEY;
        asked.scope = scope;
        asked.expiresAt = uint64(block.timestamp + 1 days);
        asked.maxRootAge = 2 hours;
        asked.issuers = new address[](1);
        asked.issuers[0] = ISSUER;
    }

    function _open(uint256 digest, uint256 scope) internal {
        DisclosureRegistry.OpenRequest memory asked = _request(digest, scope);
        vm.prank(AUDIENCE);
        disclosures.open(asked);
    }

    /// @dev Valid, of root 100, by a consent of this preimage.
    function _submission(uint256 digest, uint256 nullifier, uint256 preimage)
        internal
        view
        returns (DisclosureRegistry.Submission memory s)
    {
        s.audience = AUDIENCE;
        s.requestDigest = digest;
        s.issuer = ISSUER;
        s.registryRoot = 100;
        s.nullifier = nullifier;
        s.consentHandle = consents.handleOf(preimage);
        s.proof = TestKey.prove([s.registryRoot, POLICY, digest, nullifier, s.consentHandle], 1);
    }
}
