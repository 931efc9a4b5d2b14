// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";
import {Governed} from "./Governed.sol";

/// @title Issuers and the roots of their record registries
/// @notice An issuer's account publishes (root, epoch, size). A root is accepted while it is
/// current or for a grace period after it was superseded, and only while the issuer's last
/// publication is younger than whoever asks allows: publishing the current root again is the
/// heartbeat that keeps it so.
/// @dev Roots are kept per issuer: nobody can occupy or claim a root of another's.
contract RecordRegistry is Governed {
    uint256 public constant MAX_GRACE = 7 days;

    enum IssuerStatus {
        Unknown,
        Active,
        Suspended
    }

    struct Issuer {
        IssuerStatus status;
        // Numbered from 1 in order of admission, for what refers to an issuer in 16 bits.
        uint16 index;
        uint64 epoch;
        uint40 lastPublicationAt;
        uint256 currentRoot;
    }

    struct Root {
        uint64 epoch;
        uint64 size;
        // When it last became current, and 0 or when another root took its place.
        uint40 publishedAt;
        uint40 supersededAt;
    }

    uint40 private immutable _grace;
    bool private _paused;
    uint16 private _issuerCount;
    mapping(address account => Issuer) private _issuers;
    mapping(uint256 index => address account) private _issuerAt;
    mapping(address account => mapping(uint256 root => Root)) private _roots;

    event IssuerAdmitted(address indexed issuer, uint16 index);
    event IssuerSuspended(address indexed issuer);
    event IssuerReinstated(address indexed issuer);
    event RootPublished(address indexed issuer, uint256 indexed root, uint64 epoch, uint64 size);
    event Heartbeat(address indexed issuer, uint256 indexed root, uint64 epoch);
    event Paused();
    event Unpaused();

    error GraceOutOfRange(uint256 grace, uint256 maximum);
    error IssuerInvalid(address issuer);
    error IssuersExhausted();
    error IssuerNotActive(address issuer, IssuerStatus status);
    error IssuerNotSuspended(address issuer, IssuerStatus status);
    error IssuerAlreadyAdmitted(address issuer);
    error RegistryPaused();
    error RegistryNotPaused();
    error RootNotCanonical(uint256 root);
    error EpochNotIncreasing(uint64 epoch, uint64 current);
    error HeartbeatDiffers(uint64 epoch, uint64 size, uint64 currentEpoch, uint64 currentSize);
    error RootUnknown(address issuer, uint256 root);
    error RootSuperseded(uint256 root, uint256 supersededAt, uint256 grace);
    error IssuerStalled(address issuer, uint256 lastPublicationAt, uint256 maxAge);

    constructor(address governance_, uint40 grace_) Governed(governance_) {
        if (grace_ > MAX_GRACE) revert GraceOutOfRange(grace_, MAX_GRACE);
        _grace = grace_;
    }

    /// @notice Lets an account publish roots.
    function admitIssuer(address account) external onlyGovernance {
        Issuer storage issuer_ = _issuers[account];
        if (account == address(0)) revert IssuerInvalid(account);
        if (issuer_.status != IssuerStatus.Unknown) revert IssuerAlreadyAdmitted(account);
        if (_issuerCount == type(uint16).max) revert IssuersExhausted();
        issuer_.status = IssuerStatus.Active;
        issuer_.index = ++_issuerCount;
        _issuerAt[issuer_.index] = account;
        emit IssuerAdmitted(account, issuer_.index);
    }

    /// @notice Refuses the issuer's roots, old and new, until it is reinstated.
    function suspendIssuer(address account) external onlyGovernance {
        Issuer storage issuer_ = _issuers[account];
        if (issuer_.status != IssuerStatus.Active) revert IssuerNotActive(account, issuer_.status);
        issuer_.status = IssuerStatus.Suspended;
        emit IssuerSuspended(account);
    }

    /// @notice Ends a suspension. The issuer's last publication is as old as before.
    function reinstateIssuer(address account) external onlyGovernance {
        Issuer storage issuer_ = _issuers[account];
        if (issuer_.status != IssuerStatus.Suspended) revert IssuerNotSuspended(account, issuer_.status);
        issuer_.status = IssuerStatus.Active;
        emit IssuerReinstated(account);
    }

    /// @notice Stops publication and acceptance of all roots. Fewer members suffice, without delay.
    function pause() external onlyGovernance {
        if (_paused) revert RegistryPaused();
        _paused = true;
        emit Paused();
    }

    function unpause() external onlyGovernance {
        if (!_paused) revert RegistryNotPaused();
        _paused = false;
        emit Unpaused();
    }

    /// @notice Publishes the caller's root, or its heartbeat: the current root, epoch and size again.
    function publish(uint256 root_, uint64 epoch, uint64 size) external {
        Issuer storage issuer_ = _issuers[msg.sender];
        if (_paused) revert RegistryPaused();
        if (issuer_.status != IssuerStatus.Active) revert IssuerNotActive(msg.sender, issuer_.status);
        if (root_ == 0 || root_ >= Bn254.R) revert RootNotCanonical(root_);
        uint256 current = issuer_.currentRoot;
        issuer_.lastPublicationAt = uint40(block.timestamp);
        if (root_ == current) {
            Root storage entry = _roots[msg.sender][root_];
            if (epoch != entry.epoch || size != entry.size) {
                revert HeartbeatDiffers(epoch, size, entry.epoch, entry.size);
            }
            emit Heartbeat(msg.sender, root_, epoch);
            return;
        }
        if (epoch <= issuer_.epoch) revert EpochNotIncreasing(epoch, issuer_.epoch);
        if (current != 0) _roots[msg.sender][current].supersededAt = uint40(block.timestamp);
        // A registry can return to an earlier state, such as the empty one: its root is current again.
        _roots[msg.sender][root_] =
            Root({epoch: epoch, size: size, publishedAt: uint40(block.timestamp), supersededAt: 0});
        issuer_.epoch = epoch;
        issuer_.currentRoot = root_;
        emit RootPublished(msg.sender, root_, epoch, size);
    }

    /// @notice Reverts with the reason unless the root is accepted now.
    /// @param maxAge The issuer's last publication must be younger than this, in seconds.
    /// @return index The issuer's number.
    /// @return epoch The root's epoch.
    function requireAccepted(address account, uint256 root_, uint256 maxAge)
        external
        view
        returns (uint16 index, uint64 epoch)
    {
        if (_paused) revert RegistryPaused();
        Issuer storage issuer_ = _issuers[account];
        if (issuer_.status != IssuerStatus.Active) revert IssuerNotActive(account, issuer_.status);
        Root storage entry = _roots[account][root_];
        uint256 supersededAt = entry.supersededAt;
        if (entry.publishedAt == 0) revert RootUnknown(account, root_);
        if (supersededAt != 0 && block.timestamp - supersededAt >= _grace) {
            revert RootSuperseded(root_, supersededAt, _grace);
        }
        uint256 last = issuer_.lastPublicationAt;
        if (block.timestamp - last >= maxAge) revert IssuerStalled(account, last, maxAge);
        return (issuer_.index, entry.epoch);
    }

    function issuer(address account) external view returns (Issuer memory) {
        return _issuers[account];
    }

    function issuerAt(uint16 index) external view returns (address) {
        return _issuerAt[index];
    }

    function issuerCount() external view returns (uint16) {
        return _issuerCount;
    }

    function root(address account, uint256 root_) external view returns (Root memory) {
        return _roots[account][root_];
    }

    function paused() external view returns (bool) {
        return _paused;
    }

    function grace() external view returns (uint40) {
        return _grace;
    }
}
