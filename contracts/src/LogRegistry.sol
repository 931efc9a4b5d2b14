// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Heads of audit logs
/// @notice Who keeps a log publishes its head from time to time, from an account that its auditors know, and can
/// take none back: a log that was rewritten since differs from a head that is here. Whether a head continues the one
/// before, auditors find out, who have the entries: all heads stay, so that none can be slipped in between two.
/// This contract has no owner and is never paused.
contract LogRegistry {
    struct Head {
        uint64 size;
        uint64 publishedAt;
        bytes32 root;
    }

    mapping(address keeper => mapping(bytes32 log => Head[] heads)) private _heads;

    event HeadPublished(address indexed keeper, bytes32 indexed log, uint64 size, bytes32 root);

    /// A head must have more entries than the one before.
    error HeadBehind(uint64 newest, uint64 found);

    /// @notice Publishes a head of the sender's.
    /// @param log SHA-256 of the log's key as its auditors have it.
    /// @param size How many entries are under the root.
    /// @param root RFC 6962's tree hash of them.
    function publish(bytes32 log, uint64 size, bytes32 root) external {
        Head[] storage heads = _heads[msg.sender][log];
        uint64 newest = heads.length == 0 ? 0 : heads[heads.length - 1].size;
        if (size <= newest) revert HeadBehind(newest, size);
        heads.push(Head({size: size, publishedAt: uint64(block.timestamp), root: root}));
        emit HeadPublished(msg.sender, log, size, root);
    }

    /// @notice How many heads there are.
    function count(address keeper, bytes32 log) external view returns (uint256) {
        return _heads[keeper][log].length;
    }

    /// @notice The heads from `first` on, at most `most` of them, the oldest first.
    function headsFrom(address keeper, bytes32 log, uint256 first, uint256 most)
        external
        view
        returns (Head[] memory page)
    {
        Head[] storage heads = _heads[keeper][log];
        uint256 left = first < heads.length ? heads.length - first : 0;
        page = new Head[](left < most ? left : most);
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = heads[first + i];
        }
    }
}
