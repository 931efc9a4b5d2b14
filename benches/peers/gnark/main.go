// gnark's Groth16, as `cargo xtask bench-peers` asks for it: `peer-gnark ZKEY WTNS` takes the circuit
// and the witness from these files, makes a key of its own, says `ready MS NOTE`, and answers each
// line `prove FILE` with `proved MS`. gnark reads no .zkey: it verifies its proofs by itself, and
// nothing is written.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/logger"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peer-gnark:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: peer-gnark ZKEY WTNS")
	}
	logger.Disable()
	circuit, err := readCircuit(os.Args[1], os.Args[2])
	if err != nil {
		return err
	}
	system := circuit.system()
	made, verifying, err := groth16.Setup(system)
	if err != nil {
		return err
	}
	var dump bytes.Buffer
	if err := made.WriteDump(&dump); err != nil {
		return err
	}
	start := time.Now()
	key := groth16.NewProvingKey(ecc.BN254)
	if err := key.ReadDump(&dump); err != nil {
		return err
	}
	ready := time.Since(start)
	witness, err := circuit.witness()
	if err != nil {
		return err
	}
	public, err := witness.Public()
	if err != nil {
		return err
	}
	start = time.Now()
	if _, err := system.Solve(witness); err != nil {
		return err
	}
	rows := time.Since(start)
	fmt.Printf("ready %f its rows take %.1f ms of a proof\n", milliseconds(ready), milliseconds(rows))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		start := time.Now()
		proof, err := groth16.Prove(system, key, witness)
		took := time.Since(start)
		if err != nil {
			return err
		}
		if err := groth16.Verify(proof, verifying, public); err != nil {
			return err
		}
		fmt.Printf("proved %f\n", milliseconds(took))
	}
	return lines.Err()
}

func milliseconds(time time.Duration) float64 {
	return time.Seconds() * 1000
}
