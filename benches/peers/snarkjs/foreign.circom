pragma circom 2.0.0;

include "node_modules/circomlib/circuits/bitify.circom";
include "node_modules/circomlib/circuits/poseidon.circom";
include "node_modules/circomlib/circuits/sha256/sha256.circom";

// What circuits of circom are made of: bits of numbers, a hash of bits, a chain of hashes of numbers.
template Foreign(links) {
    signal input secret;
    signal input with;
    signal output last;
    signal output digest;

    component bits[2];
    component sha = Sha256(440);
    for (var i = 0; i < 2; i++) {
        bits[i] = Num2Bits_strict();
        bits[i].in <== i == 0 ? secret : with;
        for (var k = 0; k < 220; k++) {
            sha.in[220 * i + k] <== bits[i].out[k];
        }
    }
    component number = Bits2Num(248);
    for (var k = 0; k < 248; k++) {
        number.in[k] <== sha.out[k];
    }
    digest <== number.out;

    component chain[links];
    for (var i = 0; i < links; i++) {
        chain[i] = Poseidon(2);
        chain[i].inputs[0] <== i == 0 ? secret : chain[i - 1].out;
        chain[i].inputs[1] <== with;
    }
    last <== chain[links - 1].out;
}

component main {public [with]} = Foreign(118);
