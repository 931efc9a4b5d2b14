package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// A number of a row: what a variable is multiplied by.
type entry struct {
	variable    int
	coefficient fr.Element
}

// What a .zkey tells of its circuit, and a .wtns of its variables.
type circuit struct {
	public int
	a, b   [][]entry
	values []fr.Element
}

func readCircuit(zkey, wtns string) (circuit, error) {
	key, err := sections(zkey, "zkey")
	if err != nil {
		return circuit{}, err
	}
	header, coefficients := key[2], key[4]
	// Each prime's size, then the prime.
	for range 2 {
		if len(header) < 4 || len(header) < 4+int(number(header)) {
			return circuit{}, fmt.Errorf("%s: a header that is cut short", zkey)
		}
		header = header[4+number(header):]
	}
	if len(header) < 12 || len(coefficients) < 4 {
		return circuit{}, fmt.Errorf("%s: a header or coefficients that are cut short", zkey)
	}
	variables, public, domain := int(number(header)), int(number(header[4:])), int(number(header[8:]))
	c := circuit{public: public, a: make([][]entry, domain), b: make([][]entry, domain)}
	const size = 12 + fr.Bytes
	for rest := coefficients[4:]; len(rest) >= size; rest = rest[size:] {
		matrix, row, variable := number(rest), int(number(rest[4:])), int(number(rest[8:]))
		if matrix > 1 || row >= domain || variable >= variables {
			return circuit{}, fmt.Errorf("%s: a coefficient of no row or variable", zkey)
		}
		// Montgomery form twice over.
		twice := fr.Element(words(rest[12:size]))
		rows := [][][]entry{c.a, c.b}[matrix]
		rows[row] = append(rows[row], entry{variable, twice.Bits()})
	}
	c.withoutInputRows()

	witness, err := sections(wtns, "wtns")
	if err != nil {
		return circuit{}, err
	}
	if len(witness[2]) != variables*fr.Bytes {
		return circuit{}, fmt.Errorf("%s: expected %d values, found %d bytes", wtns, variables, len(witness[2]))
	}
	for rest := witness[2]; len(rest) > 0; rest = rest[fr.Bytes:] {
		var value fr.Element
		var bytes [fr.Bytes]byte
		copy(bytes[:], rest)
		if value, err = fr.LittleEndian.Element(&bytes); err != nil {
			return circuit{}, fmt.Errorf("%s: %w", wtns, err)
		}
		c.values = append(c.values, value)
	}
	return c, nil
}

// The last rows bind the inputs, which gnark does by itself; rows behind those are empty.
func (c *circuit) withoutInputRows() {
	rows := len(c.a)
	for rows > 0 && len(c.a[rows-1]) == 0 && len(c.b[rows-1]) == 0 {
		rows--
	}
	rows = max(rows-c.public-1, 0)
	c.a, c.b = c.a[:rows], c.b[:rows]
}

func sections(path, kind string) (map[uint32][]byte, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(bytes) < 12 || string(bytes[:4]) != kind {
		return nil, fmt.Errorf("%s: not a .%s file", path, kind)
	}
	found := map[uint32][]byte{}
	for rest := bytes[12:]; len(rest) > 0; {
		if len(rest) < 12 || uint64(len(rest)-12) < binary.LittleEndian.Uint64(rest[4:]) {
			return nil, errors.New(path + ": cut short")
		}
		end := 12 + binary.LittleEndian.Uint64(rest[4:])
		found[number(rest)] = rest[12:end]
		rest = rest[end:]
	}
	return found, nil
}

func number(bytes []byte) uint32 {
	return binary.LittleEndian.Uint32(bytes)
}

func words(bytes []byte) (limbs [fr.Limbs]uint64) {
	for i := range limbs {
		limbs[i] = binary.LittleEndian.Uint64(bytes[8*i:])
	}
	return limbs
}
