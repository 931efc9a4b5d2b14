// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governance} from "../src/Governance.sol";
import {Handler} from "./support/Handler.sol";
import {Invariants} from "./support/Invariants.sol";

/// @title What the council acts on: it counts the calls by proposal, and who made them
contract Target {
    mapping(uint256 mark => uint256) public calls;
    address public caller;

    function act(uint256 mark) external {
        caller = msg.sender;
        ++calls[mark];
    }
}

/// @title Five accounts, of which a council has three or four, and its proposals
contract GovernanceHandler is Handler {
    uint256 private constant ACCOUNTS = 5;
    uint256 private constant DELAY = 1 hours;

    struct Model {
        uint256 council;
        uint256 proposedAt;
        // When the approvals became enough; 0 while they are not.
        uint256 enoughAt;
        uint256 required;
        bool executed;
        // The council to come, or 0: a call of the target.
        uint256 change;
    }

    Governance private _governance;
    Target private _target = new Target();
    Model[] private _proposals;
    mapping(uint256 id => mapping(uint256 i => bool)) private _approved;
    // Councils are numbered: an even one is accounts 0 to 2, of whom two act; an odd one 1 to 4, of whom three do.
    uint256 private _council;

    constructor() {
        vm.warp(time);
        _governance = Governance(_deploy("Governance", abi.encode(_members(0), _threshold(0), 1, DELAY, false)));
    }

    function propose(uint256 i, uint256 draw) external timed {
        i %= ACCOUNTS;
        uint256 change = draw % 3 == 0 ? _council + 1 : 0;
        uint256 id = _proposals.length + 1;
        (address target, bytes memory data) = _action(id, change);
        _act(i, abi.encodeCall(_governance.propose, (target, data)), _isMember(i), "propose");
        if (!_isMember(i)) return;
        _proposals.push(Model(_council, time, 0, _threshold(_council), false, change));
        _approved[id][i] = true;
    }

    function approve(uint256 i, uint256 draw) external timed {
        uint256 id = _draw(draw);
        bool may = _isMember(i %= ACCOUNTS) && _isOpen(id) && !_approved[id][i];
        _act(i, abi.encodeCall(_governance.approve, (id)), may, "approve");
        if (!may) return;
        _approved[id][i] = true;
        Model storage proposal = _proposals[id - 1];
        if (proposal.enoughAt == 0 && _approvals(id) >= proposal.required) proposal.enoughAt = time;
    }

    function withdraw(uint256 i, uint256 draw) external timed {
        uint256 id = _draw(draw);
        bool may = _isMember(i %= ACCOUNTS) && _isOpen(id) && _approved[id][i];
        _act(i, abi.encodeCall(_governance.withdraw, (id)), may, "withdraw");
        if (!may) return;
        _approved[id][i] = false;
        if (_approvals(id) < _proposals[id - 1].required) _proposals[id - 1].enoughAt = 0;
    }

    function execute(uint256 i, uint256 draw) external timed {
        uint256 id = _draw(draw);
        bool may = _isMember(i %= ACCOUNTS) && _isOpen(id) && _approvals(id) >= _proposals[id - 1].required
            && time >= _proposals[id - 1].enoughAt + DELAY;
        uint256 change = id <= _proposals.length ? _proposals[id - 1].change : 0;
        (address target, bytes memory data) = _action(id, change);
        _act(i, abi.encodeCall(_governance.execute, (id, target, data)), may, "execute");
        if (!may) return;
        _proposals[id - 1].executed = true;
        if (change != 0) _council = change;
    }

    /// @notice Every action was made once if it was executed, by the council, and never else.
    function compare() external view {
        vm.assertEq(_governance.proposals(), _proposals.length);
        (uint32 generation, address[] memory members,,,) = _governance.council();
        vm.assertEq(generation, _council + 1);
        vm.assertEq(keccak256(abi.encode(members)), keccak256(abi.encode(_members(_council))));
        bool any = false;
        for (uint256 id = 1; id <= _proposals.length; ++id) {
            Model storage proposal = _proposals[id - 1];
            bool acted = proposal.executed && proposal.change == 0;
            any = any || acted;
            vm.assertEq(_target.calls(id), acted ? 1 : 0);
        }
        vm.assertEq(_target.caller(), any ? address(_governance) : address(0));
    }

    function _isOpen(uint256 id) private view returns (bool) {
        if (id > _proposals.length) return false;
        Model storage proposal = _proposals[id - 1];
        return !proposal.executed && proposal.council == _council && time < proposal.proposedAt + 60 days;
    }

    // Of the last four, or the next, which is unknown.
    function _draw(uint256 draw) private view returns (uint256) {
        uint256 next = _proposals.length + 1;
        return next - draw % (next < 5 ? next : 5);
    }

    function _approvals(uint256 id) private view returns (uint256 count) {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if (_approved[id][i]) ++count;
        }
    }

    function _action(uint256 id, uint256 change) private view returns (address, bytes memory) {
        if (change == 0) return (address(_target), abi.encodeCall(_target.act, (id)));
        bytes memory data =
            abi.encodeCall(_governance.setCouncil, (_members(change), _threshold(change), 1, uint32(DELAY)));
        return (address(_governance), data);
    }

    function _isMember(uint256 i) private view returns (bool) {
        return _council % 2 == 0 ? i < 3 : i > 0;
    }

    function _threshold(uint256 council) private pure returns (uint8) {
        return council % 2 == 0 ? 2 : 3;
    }

    function _members(uint256 council) private pure returns (address[] memory members) {
        members = new address[](council % 2 == 0 ? 3 : 4);
        for (uint256 i = 0; i < members.length; ++i) {
            members[i] = _account(i + council % 2);
        }
    }

    function _account(uint256 i) private pure returns (address) {
        return address(uint160(0xC000 + i));
    }

    function _act(uint256 i, bytes memory data, bool may, string memory what) private {
        vm.assertEq(_try(_account(i), address(_governance), data), may, what);
    }
}

contract GovernanceInvariants is Invariants {
    GovernanceHandler private _handler;

    function setUp() external {
        _handler = new GovernanceHandler();
        _target(address(_handler));
    }

    function invariant_the_council_acts_once_after_approvals_and_time() external view {
        _handler.compare();
    }
}
