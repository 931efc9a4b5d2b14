// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The cheat codes of forge that the tests use
interface Vm {
    function accesses(address target) external returns (bytes32[] memory reads, bytes32[] memory writes);
    function assertEq(uint256 found, uint256 expected) external pure;
    function assertEq(uint256 found, uint256 expected, string calldata what) external pure;
    function assertEq(address found, address expected) external pure;
    function assertEq(bytes32 found, bytes32 expected) external pure;
    function assertEq(bytes32 found, bytes32 expected, string calldata what) external pure;
    function assertEq(bool found, bool expected, string calldata what) external pure;
    function assertGt(uint256 found, uint256 least, string calldata what) external pure;
    function assertLe(uint256 found, uint256 most, string calldata what) external pure;
    function assertTrue(bool holds, string calldata what) external pure;
    function assume(bool condition) external pure;
    function expectRevert(bytes calldata reason) external;
    function getCode(string calldata contract_) external view returns (bytes memory);
    function keyExistsJson(string calldata json, string calldata path) external view returns (bool);
    function parseJsonBytes(string calldata json, string calldata path) external pure returns (bytes memory);
    function parseJsonString(string calldata json, string calldata path) external pure returns (string memory);
    function prank(address sender) external;
    function readFile(string calldata path) external view returns (string memory);
    function record() external;
    function revertToState(uint256 id) external returns (bool);
    function setNonceUnsafe(address account, uint64 nonce) external;
    function snapshotState() external returns (uint256 id);
    function store(address target, bytes32 slot, bytes32 value) external;
    function toString(uint256 value) external pure returns (string memory);
    function warp(uint256 time) external;
}
