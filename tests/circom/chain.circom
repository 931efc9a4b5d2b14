pragma circom 2.1.0;

// A number of so many bits.
template Bits(N) {
    signal input in;
    signal bit[N];
    var sum = 0;
    for (var i = 0; i < N; i++) {
        bit[i] <-- (in >> i) & 1;
        bit[i] * (bit[i] - 1) === 0;
        sum += bit[i] * (1 << i);
    }
    sum === in;
}

// x of 16 bits, so many times s ↦ s³ + k·s + i; and x·k.
template Chain(N) {
    signal input x;
    signal input k;
    signal output end;
    signal output product;

    component bits = Bits(16);
    bits.in <== x;

    signal s[N + 1];
    signal square[N];
    s[0] <== x;
    for (var i = 0; i < N; i++) {
        square[i] <== s[i] * s[i];
        s[i + 1] <== s[i] * (square[i] + k) + i;
    }
    end <== s[N];
    product <== x * k;
}

component main {public [k]} = Chain(20);
