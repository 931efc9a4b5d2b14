// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Support} from "./support/Support.sol";

contract ArtifactsTest is Support {
    function test_what_is_tested_is_what_is_deployed() external view {
        string[6] memory names =
            ["Governance", "RecordRegistry", "KeyRegistry", "ConsentRegistry", "DisclosureRegistry", "LogRegistry"];
        for (uint256 i = 0; i < names.length; ++i) {
            string memory artifact = vm.readFile(string.concat("artifacts/", names[i], ".json"));
            bytes memory deployed = vm.parseJsonBytes(artifact, ".bytecode");
            vm.assertEq(keccak256(_code(names[i])), keccak256(deployed), names[i]);
        }
    }
}
