// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";
import {ConsentRegistry} from "./ConsentRegistry.sol";
import {KeyRegistry} from "./KeyRegistry.sol";
import {RecordRegistry} from "./RecordRegistry.sol";

/// @title Requests and the presentations that answered them
/// @notice An audience's account opens a request, which many patients may answer, each once in the
/// request's scope: the nullifier is what tells them apart. Results belong to the request,
/// whoever submits: a copied submission stores the same result, and its sender gains nothing.
/// @dev Requests are kept per account, so nobody can occupy another's digest, and nullifiers per
/// account and scope, so nobody can spend another's. Nothing here is iterated.
contract DisclosureRegistry {
    uint256 public constant MAX_ISSUERS = 64;
    uint256 public constant MAX_LIFETIME = 366 days;
    uint256 public constant MAX_ROOT_AGE = 366 days;

    struct OpenRequest {
        uint256 requestDigest;
        uint256 policyDigest;
        bytes32 keyId;
        uint256 scope;
        uint64 expiresAt;
        uint64 maxRootAge;
        address[] issuers;
    }

    struct Request {
        // Numbered from 1 per account.
        uint40 number;
        uint40 openedAt;
        uint40 expiresAt;
        uint32 maxRootAge;
        uint256 policyDigest;
        bytes32 keyId;
        uint256 scope;
    }

    struct Submission {
        address audience;
        uint256 requestDigest;
        address issuer;
        uint256 registryRoot;
        uint256 nullifier;
        uint256 consentHandle;
        // A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y
        uint256[8] proof;
    }

    // One slot. Epoch and issuer fix the root; the tag is the handle's low bits.
    struct Result {
        uint40 requestNumber;
        uint40 answeredAt;
        uint16 issuerIndex;
        uint64 epoch;
        uint96 consentTag;
    }

    RecordRegistry private immutable _records;
    KeyRegistry private immutable _keys;
    ConsentRegistry private immutable _consents;

    mapping(address audience => uint40 count) private _requestCount;
    mapping(address audience => mapping(uint256 digest => Request)) private _requests;
    mapping(address audience => mapping(uint256 digest => mapping(address issuer => bool))) private _accepts;
    mapping(address audience => mapping(uint256 scope => mapping(uint256 nullifier => Result))) private _results;

    event RequestOpened(
        address indexed audience,
        uint256 indexed requestDigest,
        uint256 policyDigest,
        bytes32 keyId,
        uint256 scope,
        uint64 expiresAt,
        uint64 maxRootAge,
        address[] issuers
    );
    event DisclosureRecorded(
        address indexed audience,
        uint256 indexed requestDigest,
        uint256 indexed nullifier,
        uint256 consentHandle,
        address issuer,
        uint256 registryRoot,
        uint64 epoch
    );

    error DigestNotCanonical(uint256 digest);
    error RequestAlreadyOpen(address audience, uint256 requestDigest);
    error ExpiryOutOfRange(uint256 expiresAt, uint256 earliest, uint256 latest);
    error MaxRootAgeOutOfRange(uint256 maxRootAge, uint256 maximum);
    error IssuersOutOfRange(uint256 count, uint256 maximum);
    error RequestUnknown(address audience, uint256 requestDigest);
    error RequestExpired(uint256 requestDigest, uint256 expiresAt);
    error IssuerNotAccepted(uint256 requestDigest, address issuer);
    error ConsentRevoked(uint256 consentHandle);
    error NullifierSpent(uint256 scope, uint256 nullifier);

    constructor(RecordRegistry records_, KeyRegistry keys_, ConsentRegistry consents_) {
        _records = records_;
        _keys = keys_;
        _consents = consents_;
    }

    /// @notice Opens a request of the caller's. A digest can be opened by an account once.
    function open(OpenRequest calldata asked) external {
        uint256 digest = asked.requestDigest;
        Request storage request_ = _requests[msg.sender][digest];
        if (digest >= Bn254.R) revert DigestNotCanonical(digest);
        if (asked.policyDigest >= Bn254.R) revert DigestNotCanonical(asked.policyDigest);
        if (asked.scope >= Bn254.R) revert DigestNotCanonical(asked.scope);
        if (request_.number != 0) revert RequestAlreadyOpen(msg.sender, digest);
        if (asked.expiresAt <= block.timestamp || asked.expiresAt > block.timestamp + MAX_LIFETIME) {
            revert ExpiryOutOfRange(asked.expiresAt, block.timestamp + 1, block.timestamp + MAX_LIFETIME);
        }
        if (asked.maxRootAge == 0 || asked.maxRootAge > MAX_ROOT_AGE) {
            revert MaxRootAgeOutOfRange(asked.maxRootAge, MAX_ROOT_AGE);
        }
        uint256 count = asked.issuers.length;
        if (count == 0 || count > MAX_ISSUERS) revert IssuersOutOfRange(count, MAX_ISSUERS);
        _keys.requireActive(asked.keyId);
        request_.number = ++_requestCount[msg.sender];
        request_.openedAt = uint40(block.timestamp);
        request_.expiresAt = uint40(asked.expiresAt);
        request_.maxRootAge = uint32(asked.maxRootAge);
        request_.policyDigest = asked.policyDigest;
        request_.keyId = asked.keyId;
        request_.scope = asked.scope;
        for (uint256 i = 0; i < count; ++i) {
            _accepts[msg.sender][digest][asked.issuers[i]] = true;
        }
        emit RequestOpened(
            msg.sender,
            digest,
            asked.policyDigest,
            asked.keyId,
            asked.scope,
            asked.expiresAt,
            asked.maxRootAge,
            asked.issuers
        );
    }

    /// @notice Verifies a presentation and stores its result under the request.
    /// @dev The same result again, whatever its proof, returns at once: a retry never fails, not
    /// even after the request expired.
    function submit(Submission calldata s) external {
        Request storage request_ = _requests[s.audience][s.requestDigest];
        uint40 number = request_.number;
        if (number == 0) revert RequestUnknown(s.audience, s.requestDigest);
        uint256 scope = request_.scope;
        Result storage result_ = _results[s.audience][scope][s.nullifier];
        if (result_.answeredAt != 0) {
            if (!_sameResult(result_, number, s)) revert NullifierSpent(scope, s.nullifier);
            return;
        }
        if (block.timestamp >= request_.expiresAt) revert RequestExpired(s.requestDigest, request_.expiresAt);
        if (!_accepts[s.audience][s.requestDigest][s.issuer]) {
            revert IssuerNotAccepted(s.requestDigest, s.issuer);
        }
        (uint16 issuerIndex, uint64 epoch) =
            _records.requireAccepted(s.issuer, s.registryRoot, request_.maxRootAge);
        if (_consents.isRevoked(s.consentHandle)) revert ConsentRevoked(s.consentHandle);
        uint256[5] memory inputs =
            [s.registryRoot, request_.policyDigest, s.requestDigest, s.nullifier, s.consentHandle];
        _keys.verifyProof(request_.keyId, inputs, s.proof);
        _results[s.audience][scope][s.nullifier] = Result({
            requestNumber: number,
            answeredAt: uint40(block.timestamp),
            issuerIndex: issuerIndex,
            epoch: epoch,
            consentTag: uint96(s.consentHandle)
        });
        emit DisclosureRecorded(
            s.audience, s.requestDigest, s.nullifier, s.consentHandle, s.issuer, s.registryRoot, epoch
        );
    }

    function request(address audience, uint256 requestDigest) external view returns (Request memory) {
        return _requests[audience][requestDigest];
    }

    function accepts(address audience, uint256 requestDigest, address issuer) external view returns (bool) {
        return _accepts[audience][requestDigest][issuer];
    }

    /// @notice The result that this nullifier's holder gave to this request; all zero if none.
    function result(address audience, uint256 requestDigest, uint256 nullifier)
        external
        view
        returns (Result memory)
    {
        Request storage request_ = _requests[audience][requestDigest];
        Result memory found = _results[audience][request_.scope][nullifier];
        if (found.requestNumber != request_.number) return Result(0, 0, 0, 0, 0);
        return found;
    }

    /// @notice Whether the nullifier has answered any request in the audience's scope.
    function isSpent(address audience, uint256 scope, uint256 nullifier) external view returns (bool) {
        return _results[audience][scope][nullifier].answeredAt != 0;
    }

    function registries() external view returns (RecordRegistry, KeyRegistry, ConsentRegistry) {
        return (_records, _keys, _consents);
    }

    function _sameResult(Result storage result_, uint40 number, Submission calldata s) private view returns (bool) {
        return result_.requestNumber == number && result_.consentTag == uint96(s.consentHandle);
    }
}
