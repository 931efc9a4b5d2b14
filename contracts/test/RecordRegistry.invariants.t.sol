// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecordRegistry} from "../src/RecordRegistry.sol";
import {Handler} from "./support/Handler.sol";
import {Invariants} from "./support/Invariants.sol";

/// @title Three accounts that may become issuers, five roots; the handler is the council
contract RecordHandler is Handler {
    uint256 public constant ACCOUNTS = 3;
    uint256 public constant ROOTS = 5;
    uint40 private constant GRACE = 1 hours;
    uint256 private constant AGE = 3 hours;

    struct Published {
        bool known;
        uint64 epoch;
        uint64 size;
        uint256 supersededAt;
    }

    struct Model {
        RecordRegistry.IssuerStatus status;
        uint256 current;
        uint64 epoch;
        uint256 last;
    }

    RecordRegistry public records;
    bool private _paused;
    uint16 private _admitted;
    mapping(uint256 i => Model) private _issuers;
    mapping(uint256 i => mapping(uint256 root => Published)) private _roots;

    constructor() {
        records = RecordRegistry(_deploy("RecordRegistry", abi.encode(this, GRACE)));
    }

    function admit(uint256 i) external timed {
        bool may = _issuers[i %= ACCOUNTS].status == RecordRegistry.IssuerStatus.Unknown;
        _compare(_govern(abi.encodeCall(records.admitIssuer, (account(i)))), may, "admit");
        if (!may) return;
        _issuers[i].status = RecordRegistry.IssuerStatus.Active;
        vm.assertEq(records.issuer(account(i)).index, ++_admitted);
        vm.assertEq(records.issuerAt(_admitted), account(i));
    }

    function suspend(uint256 i) external timed {
        bool may = _issuers[i %= ACCOUNTS].status == RecordRegistry.IssuerStatus.Active;
        _compare(_govern(abi.encodeCall(records.suspendIssuer, (account(i)))), may, "suspend");
        if (may) _issuers[i].status = RecordRegistry.IssuerStatus.Suspended;
    }

    function reinstate(uint256 i) external timed {
        bool may = _issuers[i %= ACCOUNTS].status == RecordRegistry.IssuerStatus.Suspended;
        _compare(_govern(abi.encodeCall(records.reinstateIssuer, (account(i)))), may, "reinstate");
        if (may) _issuers[i].status = RecordRegistry.IssuerStatus.Active;
    }

    // One in four: a registry that is mostly paused does little.
    function pause(uint256 draw) external timed {
        if (draw % 4 != 0) return;
        _compare(_govern(abi.encodeCall(records.pause, ())), !_paused, "pause");
        _paused = true;
    }

    function unpause() external timed {
        _compare(_govern(abi.encodeCall(records.unpause, ())), _paused, "unpause");
        _paused = false;
    }

    function publish(uint256 i, uint256 root, uint64 epoch, uint64 size) external timed {
        Model storage issuer = _issuers[i %= ACCOUNTS];
        root = 1 + root % ROOTS;
        epoch = uint64(_bound(epoch, issuer.epoch == 0 ? 0 : issuer.epoch - 1, issuer.epoch + 3));
        size %= 3;
        // One in three is a heartbeat, which would be rare by chance.
        if (size == 0 && issuer.current != 0) {
            (root, epoch, size) = (issuer.current, issuer.epoch, _roots[i][issuer.current].size);
        }
        Published storage entry = _roots[i][root];
        bool again = issuer.current == root;
        bool fits = again ? epoch == entry.epoch && size == entry.size : epoch > issuer.epoch;
        bool may = !_paused && issuer.status == RecordRegistry.IssuerStatus.Active && fits;
        bytes memory data = abi.encodeCall(records.publish, (root, epoch, size));
        _compare(_try(account(i), address(records), data), may, "publish");
        if (!may) return;
        issuer.last = time;
        if (again) return;
        if (issuer.current != 0) _roots[i][issuer.current].supersededAt = time;
        _roots[i][root] = Published(true, epoch, size, 0);
        (issuer.current, issuer.epoch) = (root, epoch);
    }

    /// @notice The registry against the model, and the model's current root never superseded.
    function compare() external view {
        vm.assertEq(records.issuerCount(), _admitted);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            Model storage issuer = _issuers[i];
            RecordRegistry.Issuer memory found = records.issuer(account(i));
            vm.assertEq(found.epoch, issuer.epoch);
            vm.assertEq(found.currentRoot, issuer.current);
            vm.assertEq(found.lastPublicationAt, issuer.last);
            for (uint256 root = 1; root <= ROOTS; ++root) {
                _compareRoot(i, root);
            }
        }
    }

    function _compareRoot(uint256 i, uint256 root) private view {
        Model storage issuer = _issuers[i];
        Published storage entry = _roots[i][root];
        RecordRegistry.Root memory found = records.root(account(i), root);
        vm.assertEq(found.publishedAt != 0, entry.known, "known");
        vm.assertEq(found.supersededAt == 0, !entry.known || issuer.current == root, "current");
        vm.assertLe(found.epoch, issuer.epoch, "no root is of a later epoch than the current");
        bool accepted = !_paused && issuer.status == RecordRegistry.IssuerStatus.Active && entry.known
            && (issuer.current == root || time - entry.supersededAt < GRACE) && time - issuer.last < AGE;
        bytes memory data = abi.encodeCall(records.requireAccepted, (account(i), root, AGE));
        (bool ok,) = address(records).staticcall(data);
        _compare(ok, accepted, "accepted");
    }

    function account(uint256 i) public pure returns (address) {
        return address(uint160(0x1550 + i));
    }

    function _govern(bytes memory data) private returns (bool) {
        return _try(address(this), address(records), data);
    }

    function _compare(bool found, bool expected, string memory what) private pure {
        vm.assertEq(found, expected, what);
    }
}

contract RecordRegistryInvariants is Invariants {
    RecordHandler private _handler;

    function setUp() external {
        _handler = new RecordHandler();
        _target(address(_handler));
    }

    function invariant_epochs_increase_and_the_current_root_is_not_superseded() external {
        vm.warp(_handler.time());
        _handler.compare();
    }
}
