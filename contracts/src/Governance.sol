// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {KeyRegistry} from "./KeyRegistry.sol";
import {RecordRegistry} from "./RecordRegistry.sol";

/// @title The consortium's council: k of n members act, after a time-lock
/// @notice A member proposes a call, others approve it, and once enough have, the time-lock runs;
/// then any member executes it. Two calls only ever make the system stricter and do not wait:
/// `pause()`, for which fewer members suffice, and `revokeKey(bytes32)`, which needs all k.
/// @dev Only members write here, so no stranger makes its storage grow.
contract Governance {
    /// @dev Approvals are a bit set of 64.
    uint256 public constant MAX_MEMBERS = 64;
    /// @dev Outside development a time-lock below this would be none.
    uint256 public constant MIN_DELAY = 1 hours;
    uint256 public constant MAX_DELAY = 30 days;
    /// @notice How long a proposal can be approved and executed.
    uint256 public constant LIFETIME = 60 days;

    struct Proposal {
        // Proposals of an earlier council are void.
        uint32 generation;
        uint40 proposedAt;
        // 0 until enough members approve, then when the time-lock ends.
        uint40 readyAt;
        uint64 approvals;
        uint8 required;
        uint32 delay;
        bool executed;
        bytes32 action;
    }

    bool private immutable _development;
    address[] private _members;
    mapping(address member => uint256 position) private _positions;
    uint8 private _threshold;
    uint8 private _pauseThreshold;
    uint32 private _delay;
    uint32 private _generation;
    uint256 private _proposalCount;
    mapping(uint256 id => Proposal) private _proposals;

    event CouncilChanged(uint32 generation, address[] members, uint8 threshold, uint8 pauseThreshold, uint32 delay);
    event Proposed(uint256 indexed id, address indexed proposer, address target, bytes data);
    event Approved(uint256 indexed id, address indexed member, uint256 readyAt);
    event ApprovalWithdrawn(uint256 indexed id, address indexed member, uint256 readyAt);
    event Executed(uint256 indexed id, address indexed member);

    error NotAMember(address caller);
    error NotTheCouncil(address caller);
    error MembersInvalid();
    error ThresholdInvalid(uint8 threshold, uint8 pauseThreshold, uint256 members);
    error DelayOutOfRange(uint256 delay, uint256 minimum, uint256 maximum);
    error ProposalUnknown(uint256 id);
    error ProposalVoid(uint256 id);
    error ProposalExecuted(uint256 id);
    error ProposalExpired(uint256 id);
    error ProposalActionDiffers(uint256 id);
    error AlreadyApproved(uint256 id, address member);
    error NotApproved(uint256 id, address member);
    error NotEnoughApprovals(uint256 id, uint256 approvals, uint256 required);
    error TimeLocked(uint256 id, uint256 readyAt);
    error TargetWithoutCode(address target);
    error ActionFailed(uint256 id);

    constructor(
        address[] memory members,
        uint8 threshold,
        uint8 pauseThreshold,
        uint32 delay,
        bool development
    ) {
        _development = development;
        _setCouncil(members, threshold, pauseThreshold, delay);
    }

    modifier onlyMember() {
        if (_positions[msg.sender] == 0) revert NotAMember(msg.sender);
        _;
    }

    /// @notice Proposes a call and approves it.
    function propose(address target, bytes calldata data) external onlyMember returns (uint256 id) {
        if (target.code.length == 0) revert TargetWithoutCode(target);
        id = ++_proposalCount;
        Proposal storage proposal = _proposals[id];
        proposal.generation = _generation;
        proposal.proposedAt = uint40(block.timestamp);
        (proposal.required, proposal.delay) = _conditions(data);
        proposal.action = _action(target, data);
        emit Proposed(id, msg.sender, target, data);
        _approve(id, proposal);
    }

    /// @notice Adds the caller's approval; the last one needed starts the time-lock.
    function approve(uint256 id) external onlyMember {
        _approve(id, _open(id));
    }

    /// @notice Takes the caller's approval back; below the threshold the time-lock starts over.
    function withdraw(uint256 id) external onlyMember {
        Proposal storage proposal = _open(id);
        uint64 bit = _bit(msg.sender);
        if (proposal.approvals & bit == 0) revert NotApproved(id, msg.sender);
        proposal.approvals &= ~bit;
        if (_count(proposal.approvals) < proposal.required) proposal.readyAt = 0;
        emit ApprovalWithdrawn(id, msg.sender, proposal.readyAt);
    }

    /// @notice Makes the proposed call. `target` and `data` must be what was proposed.
    function execute(uint256 id, address target, bytes calldata data) external onlyMember {
        Proposal storage proposal = _open(id);
        if (proposal.action != _action(target, data)) revert ProposalActionDiffers(id);
        if (proposal.readyAt == 0) {
            revert NotEnoughApprovals(id, _count(proposal.approvals), proposal.required);
        }
        if (block.timestamp < proposal.readyAt) revert TimeLocked(id, proposal.readyAt);
        proposal.executed = true;
        emit Executed(id, msg.sender);
        (bool ok, bytes memory answer) = target.call(data);
        if (!ok) {
            // The target's own reason, if it has one.
            if (answer.length == 0) revert ActionFailed(id);
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }

    /// @notice Replaces the council. Only by its own proposal; every open proposal becomes void.
    function setCouncil(address[] calldata members, uint8 threshold, uint8 pauseThreshold, uint32 delay) external {
        if (msg.sender != address(this)) revert NotTheCouncil(msg.sender);
        _setCouncil(members, threshold, pauseThreshold, delay);
    }

    function council()
        external
        view
        returns (uint32 generation, address[] memory members, uint8 threshold, uint8 pauseThreshold, uint32 delay)
    {
        return (_generation, _members, _threshold, _pauseThreshold, _delay);
    }

    function proposals() external view returns (uint256) {
        return _proposalCount;
    }

    function proposalAt(uint256 id) external view returns (Proposal memory) {
        return _proposals[id];
    }

    function _open(uint256 id) private view returns (Proposal storage proposal) {
        proposal = _proposals[id];
        if (proposal.action == 0) revert ProposalUnknown(id);
        if (proposal.executed) revert ProposalExecuted(id);
        if (proposal.generation != _generation) revert ProposalVoid(id);
        if (block.timestamp >= proposal.proposedAt + LIFETIME) revert ProposalExpired(id);
    }

    function _approve(uint256 id, Proposal storage proposal) private {
        uint64 bit = _bit(msg.sender);
        if (proposal.approvals & bit != 0) revert AlreadyApproved(id, msg.sender);
        proposal.approvals |= bit;
        if (proposal.readyAt == 0 && _count(proposal.approvals) >= proposal.required) {
            proposal.readyAt = uint40(block.timestamp + proposal.delay);
        }
        emit Approved(id, msg.sender, proposal.readyAt);
    }

    function _conditions(bytes calldata data) private view returns (uint8 required, uint32 delay) {
        bytes4 selector = data.length < 4 ? bytes4(0) : bytes4(data[:4]);
        if (selector == RecordRegistry.pause.selector) return (_pauseThreshold, 0);
        if (selector == KeyRegistry.revokeKey.selector) return (_threshold, 0);
        return (_threshold, _delay);
    }

    function _setCouncil(address[] memory members, uint8 threshold, uint8 pauseThreshold, uint32 delay) private {
        uint256 count = members.length;
        if (count == 0 || count > MAX_MEMBERS) revert MembersInvalid();
        // A pause takes fewer than other acts, unless one member suffices for those.
        bool pauseValid = pauseThreshold != 0 && (pauseThreshold < threshold || threshold == 1);
        if (threshold == 0 || threshold > count || !pauseValid || pauseThreshold > threshold) {
            revert ThresholdInvalid(threshold, pauseThreshold, count);
        }
        uint256 minimum = _development ? 0 : MIN_DELAY;
        if (delay < minimum || delay > MAX_DELAY) revert DelayOutOfRange(delay, minimum, MAX_DELAY);
        for (uint256 i = 0; i < _members.length; ++i) {
            delete _positions[_members[i]];
        }
        for (uint256 i = 0; i < count; ++i) {
            if (members[i] == address(0) || _positions[members[i]] != 0) revert MembersInvalid();
            _positions[members[i]] = i + 1;
        }
        _members = members;
        _threshold = threshold;
        _pauseThreshold = pauseThreshold;
        _delay = delay;
        emit CouncilChanged(++_generation, members, threshold, pauseThreshold, delay);
    }

    function _bit(address member) private view returns (uint64) {
        return uint64(1 << (_positions[member] - 1));
    }

    function _action(address target, bytes calldata data) private pure returns (bytes32) {
        return keccak256(abi.encode(target, data));
    }

    function _count(uint64 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) ++count;
    }
}
