package main

import (
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/backend/witness"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"
)

// The circuit in gnark's form: A, B and the values of all variables as in the files. A .zkey does not
// hold C: here it has each variable that is in neither A nor B once, in one row after another, and
// of the constant what makes a row's product right.
func (c circuit) system() *cs.R1CS {
	system := cs.NewR1CS(len(c.a))
	system.AddPublicVariable("1")
	for i := 1; i < len(c.values); i++ {
		if i <= c.public {
			system.AddPublicVariable("")
		} else {
			system.AddSecretVariable("")
		}
	}
	row := system.AddBlueprint(&constraint.BlueprintGenericR1C{})
	left := c.inNeither()
	each := (len(left) + len(c.a) - 1) / max(len(c.a), 1)
	for i := range c.a {
		mine := left[:min(each, len(left))]
		left = left[len(mine):]
		system.AddR1C(constraint.R1C{
			L: terms(system, c.a[i]),
			R: terms(system, c.b[i]),
			O: terms(system, c.fitting(i, mine)),
		}, row)
	}
	return system
}

func (c circuit) inNeither() (left []int) {
	used := make([]bool, len(c.values))
	for _, rows := range [][][]entry{c.a, c.b} {
		for _, row := range rows {
			for _, entry := range row {
				used[entry.variable] = true
			}
		}
	}
	for variable := c.public + 1; variable < len(used); variable++ {
		if !used[variable] {
			left = append(left, variable)
		}
	}
	return left
}

func (c circuit) fitting(row int, variables []int) (fitting []entry) {
	a, b := c.times(c.a[row]), c.times(c.b[row])
	lacking := *new(fr.Element).Mul(&a, &b)
	for _, variable := range variables {
		fitting = append(fitting, entry{variable, fr.One()})
		lacking.Sub(&lacking, &c.values[variable])
	}
	return append(fitting, entry{0, lacking})
}

func (c circuit) times(row []entry) (sum fr.Element) {
	for _, entry := range row {
		var product fr.Element
		sum.Add(&sum, product.Mul(&entry.coefficient, &c.values[entry.variable]))
	}
	return sum
}

func terms(system *cs.R1CS, row []entry) (terms constraint.LinearExpression) {
	for _, entry := range row {
		var coefficient constraint.U64
		copy(coefficient[:], entry.coefficient[:])
		terms = append(terms, system.MakeTerm(coefficient, entry.variable))
	}
	return terms
}

// All values but the constant 1, which gnark puts in.
func (c circuit) witness() (witness.Witness, error) {
	all, err := witness.New(fr.Modulus())
	if err != nil {
		return nil, err
	}
	values := make(chan any, len(c.values))
	for _, value := range c.values[1:] {
		values <- value
	}
	close(values)
	return all, all.Fill(c.public, len(c.values)-1-c.public, values)
}
