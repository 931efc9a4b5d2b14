//! What a fact measures: a type and 66 bits.

use crate::Fr;
use crate::concept::{Code, System};
use crate::field::pow2;
use zeroize::Zeroize;

/// Width of `v` in bits.
pub const V_BITS: u32 = 66;
/// Width of the type in bits.
pub const TYPE_BITS: u32 = 8;
/// Decimal places kept of a quantity: x becomes ⌊x·10^6⌋.
pub const DECIMALS: u32 = 6;

const V_MAX: u128 = (1 << V_BITS) - 1;
const ZERO_POINT: i128 = 1 << 63;

/// The type of a value. Values of different types never compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct ValueType(u8);

impl ValueType {
    /// No value.
    pub const NONE: ValueType = ValueType(0);
    /// A quantity in its concept's canonical UCUM unit.
    pub const QUANTITY: ValueType = ValueType(1);
    /// A truth value: 0 or 1.
    pub const BOOLEAN: ValueType = ValueType(2);
    /// A keyed member pseudonym of a payer: 64 bits of its digest.
    pub const PSEUDONYM: ValueType = ValueType(3);
    /// A value that is there but cannot be read or held: its fact is uncertain.
    pub const UNKNOWN: ValueType = ValueType(255);

    /// A code of this system.
    pub const fn coded(system: System) -> ValueType {
        ValueType(16 + system as u8)
    }

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// From its number.
    pub const fn from_number(number: u8) -> ValueType {
        ValueType(number)
    }
}

/// type(8) ‖ v(66).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Zeroize)]
pub struct Value(u128);

impl Value {
    /// No value.
    pub const NONE: Value = Value(0);
    /// A value that cannot be read.
    pub const UNKNOWN: Value = Value((255u128) << V_BITS);

    /// From a type and 66 bits; `None` where there are more.
    pub fn new(kind: ValueType, v: u128) -> Option<Value> {
        (v <= V_MAX).then_some(Value(u128::from(kind.0) << V_BITS | v))
    }

    /// A quantity x from ⌊x·10^6⌋ and whether something was cut off: v = 2·floor + inexact + 2^63.
    /// Comparisons with thresholds on the grid of 10^-6 are exact. `None` out of range: the
    /// caller makes it an unknown value, never a clamped one.
    pub fn quantity(floor: i128, inexact: bool) -> Option<Value> {
        let v = floor
            .checked_mul(2)?
            .checked_add(i128::from(inexact))?
            .checked_add(ZERO_POINT)?;
        Value::new(ValueType::QUANTITY, u128::try_from(v).ok()?)
    }

    /// A code.
    pub fn coded(system: System, code: Code) -> Value {
        Value(u128::from(ValueType::coded(system).0) << V_BITS | u128::from(code.bits()))
    }

    /// A truth value.
    pub fn boolean(b: bool) -> Value {
        Value(u128::from(ValueType::BOOLEAN.0) << V_BITS | u128::from(b))
    }

    /// A keyed member pseudonym.
    pub fn pseudonym(bits: u64) -> Value {
        Value(u128::from(ValueType::PSEUDONYM.0) << V_BITS | u128::from(bits))
    }

    /// The type.
    pub const fn kind(self) -> ValueType {
        ValueType((self.0 >> V_BITS) as u8)
    }

    /// The 66 bits of v.
    pub const fn v(self) -> u128 {
        self.0 & V_MAX
    }

    /// All 74 bits.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// From 74 bits.
    pub fn from_bits(bits: u128) -> Option<Value> {
        (bits >> (V_BITS + TYPE_BITS) == 0).then_some(Value(bits))
    }

    /// The least value of a type.
    pub fn least(kind: ValueType) -> Value {
        Value(u128::from(kind.0) << V_BITS)
    }

    /// The greatest value of a type.
    pub fn greatest(kind: ValueType) -> Value {
        Value(u128::from(kind.0) << V_BITS | V_MAX)
    }

    /// As a field element.
    pub fn to_field(self) -> Fr {
        Fr::from(self.0)
    }
}

/// 2^66 as a field element: the weight of the type.
pub fn type_weight() -> Fr {
    pow2(V_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_order_and_inexact_lies_between() {
        let q = |f, i| Value::quantity(f, i).unwrap();
        assert!(q(-1, false) < q(0, false) && q(6_999_999, true) < q(7_000_000, false));
        assert!(q(7_000_000, false) < q(7_000_000, true) && q(7_000_000, true) < q(7_000_001, false));
    }

    #[test]
    fn out_of_range_is_refused_never_clamped() {
        assert!(Value::quantity(-(1 << 62), false).is_some());
        assert!(Value::quantity(-(1 << 62) - 1, true).is_none());
        assert!(Value::quantity(7 * (1 << 62), false).is_none());
        assert!(Value::quantity(7 * (1 << 62) - 1, true).is_some());
        assert!(Value::quantity(i128::MAX, false).is_none());
        assert!(Value::quantity(i128::MIN, false).is_none());
    }

    #[test]
    fn a_value_is_its_type_above_66_bits() {
        let code = Code::parse(System::Snomed, "44054006").unwrap();
        let parts = |value: Value| (value.kind().number(), value.v());
        assert_eq!(parts(Value::coded(System::Snomed, code)), (19, 44_054_006));
        assert_eq!(ValueType::coded(System::Snomed), ValueType::from_number(19));
        assert_eq!([false, true].map(|b| parts(Value::boolean(b))), [(2, 0), (2, 1)]);
        assert_eq!(parts(Value::pseudonym(u64::MAX)), (3, u64::MAX.into()));
        assert_eq!(parts(Value::quantity(7, true).unwrap()), (1, (1 << 63) + 15));
        let one = ValueType::from_number(1);
        assert_eq!(Value::new(one, V_MAX), Some(Value::greatest(one)));
        assert_eq!(Value::new(one, 0), Some(Value::least(one)));
        assert_eq!(Value::new(one, V_MAX + 1), None);
        let widest = Value::greatest(ValueType::UNKNOWN);
        assert_eq!(widest.bits(), (1 << 74) - 1);
        assert_eq!(Value::from_bits(widest.bits()), Some(widest));
        assert_eq!(Value::from_bits(1 << 74), None);
        assert_eq!(widest.to_field(), pow2(74) - Fr::from(1u64));
        assert_eq!(type_weight(), pow2(66));
    }

    #[test]
    fn types_never_overlap() {
        assert!(Value::greatest(ValueType::QUANTITY) < Value::least(ValueType::BOOLEAN));
        assert_eq!(Value::UNKNOWN.kind(), ValueType::UNKNOWN);
        assert_eq!(Value::NONE.kind(), ValueType::NONE);
    }
}
