// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Heads of audit logs
/// @notice Who keeps a log publishes its head from time to time, from an account that its auditors know, and can
/// take none back: a log that was rewritten since never had a head that is here. Auditors find out, who have the entries:
/// all heads stay, so that none can be slipped in between two.
/// A head is a hash of size and root, so that nobody else sees here how much was logged.
/// This contract has no owner and is never paused.
contract LogRegistry {
    struct Head {
        bytes32 head;
        uint64 publishedAt;
    }

    mapping(address keeper => mapping(bytes32 log => Head[] heads)) private _heads;

    event HeadPublished(address indexed keeper, bytes32 indexed log, bytes32 head);

    /// The head is the newest already.
    error HeadKnown(bytes32 head);

    /// @notice Publishes a head of the sender's.
    /// @param log SHA-256 of the log's key as its auditors have it.
    /// @param head SHA-256 of the log's size and of RFC 6962's root over its entries, with a tag.
    function publish(bytes32 log, bytes32 head) external {
        Head[] storage heads = _heads[msg.sender][log];
        if (heads.length != 0 && heads[heads.length - 1].head == head) revert HeadKnown(head);
        heads.push(Head({head: head, publishedAt: uint64(block.timestamp)}));
        emit HeadPublished(msg.sender, log, head);
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
