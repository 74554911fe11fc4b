// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Lists of checkpoints: one for each account and log, which only that account extends and nobody can change. A list
/// only grows to larger sizes, so it never has two checkpoints of one size. There is no owner and no upgrade.
contract AnchorLog {
    struct Checkpoint {
        uint64 size;
        uint64 blockNumber;
        bytes32 digest;
    }

    /// `origin`: Keccak-256 of the log's origin. `digest`: SHA-256 of the checkpoint's body.
    event Anchored(address indexed sender, bytes32 indexed origin, uint64 size, bytes32 digest);

    error NotLarger(uint64 size, uint64 last);

    mapping(address => mapping(bytes32 => Checkpoint[])) private lists;

    function anchor(bytes32 origin, uint64 size, bytes32 digest) external {
        Checkpoint[] storage list = lists[msg.sender][origin];
        uint256 length = list.length;
        if (length > 0 && size <= list[length - 1].size) revert NotLarger(size, list[length - 1].size);
        list.push(Checkpoint(size, uint64(block.number), digest));
        emit Anchored(msg.sender, origin, size, digest);
    }

    function count(address sender, bytes32 origin) external view returns (uint256) {
        return lists[sender][origin].length;
    }

    /// At most `max` of them, from this index on.
    function page(address sender, bytes32 origin, uint256 from, uint256 max)
        external
        view
        returns (Checkpoint[] memory found)
    {
        Checkpoint[] storage list = lists[sender][origin];
        uint256 left = from < list.length ? list.length - from : 0;
        found = new Checkpoint[](left < max ? left : max);
        for (uint256 i = 0; i < found.length; i++) found[i] = list[from + i];
    }
}
