// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LogRegistry} from "../src/LogRegistry.sol";
import {Deployed} from "./support/Deployed.sol";

contract LogRegistryTest is Deployed {
    function test_the_newest_head_is_not_published_again(address keeper, bytes32 log, bytes32 head, bytes32 other)
        external
    {
        vm.assume(head != other);
        _publish(keeper, log, head);
        vm.prank(keeper);
        vm.expectRevert(abi.encodeWithSelector(LogRegistry.HeadKnown.selector, head));
        logs.publish(log, head);
        // An earlier one may return: an auditor sees that it did.
        _publish(keeper, log, other);
        _publish(keeper, log, head);
        vm.assertEq(logs.count(keeper, log), 3);
    }

    function test_a_log_is_its_keepers_own(address keeper, address other, bytes32 log, bytes32 head) external {
        vm.assume(keeper != other);
        _publish(other, log, head);
        vm.assertEq(logs.count(keeper, log), 0);
        vm.assertEq(logs.headsFrom(keeper, log, 0, 1).length, 0);
    }

    function test_every_page_is_a_part_of_the_whole(uint8 heads, uint256 first, uint256 most) external {
        for (uint256 i = 0; i < heads % 16; ++i) {
            vm.warp(START + i);
            _publish(ISSUER, 0, bytes32(i + 1));
        }
        if (first % 2 == 0) (first, most) = (first % 20, most % 20);
        LogRegistry.Head[] memory page = logs.headsFrom(ISSUER, 0, first, most);
        uint256 left = first < heads % 16 ? heads % 16 - first : 0;
        vm.assertEq(page.length, left < most ? left : most);
        for (uint256 i = 0; i < page.length; ++i) {
            vm.assertEq(page[i].head, bytes32(first + i + 1));
            vm.assertEq(page[i].publishedAt, START + first + i);
        }
    }

    function _publish(address keeper, bytes32 log, bytes32 head) private {
        vm.prank(keeper);
        logs.publish(log, head);
    }
}
