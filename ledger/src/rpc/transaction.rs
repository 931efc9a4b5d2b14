//! Signed transactions. The legacy form with the chain's id (EIP-155): every chain takes it.

use super::wire::list;
use crate::account::AccountError;
use crate::{Account, Address, B256, U256};
use alloy_primitives::keccak256;
use alloy_rlp::Encodable;

pub(super) struct Transaction {
    pub nonce: u64,
    pub gas_price: u128,
    pub gas_limit: u64,
    pub to: Option<Address>,
    pub data: Vec<u8>,
    pub chain_id: u64,
}

impl Transaction {
    /// The bytes to send.
    pub fn sign(&self, from: &Account) -> Result<Vec<u8>, AccountError> {
        let signature = from.sign(&self.digest())?;
        let v = u128::from(self.chain_id) * 2 + 35 + u128::from(signature.odd);
        let mut fields = self.fields();
        v.encode(&mut fields);
        number(&signature.r, &mut fields);
        number(&signature.s, &mut fields);
        Ok(list(fields))
    }

    fn digest(&self) -> B256 {
        let mut fields = self.fields();
        self.chain_id.encode(&mut fields);
        0u8.encode(&mut fields);
        0u8.encode(&mut fields);
        keccak256(list(fields))
    }

    fn fields(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.nonce.encode(&mut out);
        self.gas_price.encode(&mut out);
        self.gas_limit.encode(&mut out);
        self.to.as_ref().map_or(&[][..], |to| to.as_slice()).encode(&mut out);
        0u8.encode(&mut out); // No value is ever sent.
        self.data.as_slice().encode(&mut out);
        out
    }
}

fn number(x: &U256, out: &mut Vec<u8>) {
    x.to_be_bytes_trimmed_vec().as_slice().encode(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of EIP-155.
    #[test]
    fn eip_155_example() {
        let account = Account::from_secret(&[0x46; 32]).unwrap();
        let to = Address::repeat_byte(0x35);
        let transaction = Transaction {
            nonce: 9,
            gas_price: 20_000_000_000,
            gas_limit: 21_000,
            to: Some(to),
            data: Vec::new(),
            chain_id: 1,
        };
        // Its value of one ether is the one field that we never set, so its digest is computed on
        // the side and only the signature's parts are compared.
        let mut fields = Vec::new();
        9u64.encode(&mut fields);
        20_000_000_000u64.encode(&mut fields);
        21_000u64.encode(&mut fields);
        to.as_slice().encode(&mut fields);
        1_000_000_000_000_000_000u64.encode(&mut fields);
        [].as_slice().encode(&mut fields);
        1u64.encode(&mut fields);
        0u8.encode(&mut fields);
        0u8.encode(&mut fields);
        let digest = keccak256(list(fields));
        assert_eq!(
            hex::encode(digest),
            "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
        );
        let signature = account.sign(&digest).unwrap();
        assert!(!signature.odd);
        assert_eq!(
            format!("{:x}", signature.r),
            "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
        );
        assert_eq!(
            format!("{:x}", signature.s),
            "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        );
        let raw = transaction.sign(&account).unwrap();
        assert_eq!(raw.first(), Some(&0xf8));
    }
}
