//! RSA by arithmetic, for what no library will do: other paddings, other exponents, forgeries.

use num_bigint::BigUint;
use serde_json::{Value, json};

use crate::hostile::fixture::b64;

/// The DigestInfo of SHA-256 before the hash (RFC 8017, 9.2).
pub(crate) const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// A private key of two primes or more.
#[derive(Clone)]
pub(crate) struct Rsa {
    pub(crate) primes: Vec<BigUint>,
    e: BigUint,
}

impl Rsa {
    pub(crate) fn new(primes: Vec<BigUint>, e: u32) -> Self {
        Self {
            primes,
            e: e.into(),
        }
    }

    /// Reads the primes out of PKCS #8.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Self {
        let inner = children(der)[2];
        let numbers = children(inner);
        let number = |at: usize| BigUint::from_bytes_be(numbers[at]);
        Self {
            primes: vec![number(4), number(5)],
            e: number(2),
        }
    }

    pub(crate) fn n(&self) -> BigUint {
        self.primes.iter().product()
    }

    /// The length of the modulus in bytes.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.n().bits()).unwrap().div_ceil(8)
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
            "n": b64(self.n().to_bytes_be()), "e": b64(self.e.to_bytes_be()),
        })
    }

    /// The private operation on these bytes, prime by prime (RFC 8017, 5.2.1).
    pub(crate) fn apply(&self, message: &[u8]) -> Vec<u8> {
        let message = BigUint::from_bytes_be(message);
        let (mut result, mut modulus) = (BigUint::ZERO, BigUint::from(1_u32));
        for p in &self.primes {
            let d = self.e.modinv(&(p - 1_u32)).unwrap();
            let part = (&message % p).modpow(&d, p);
            // The number that is `result` mod `modulus` and `part` mod `p`.
            let lift = modulus.modinv(p).unwrap() * ((p + &part) - (&result % p)) % p;
            result += &modulus * lift;
            modulus *= p;
        }
        fixed(&result, self.len())
    }

    /// A signature as RFC 8017, 8.2 has it.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let info = [SHA256_INFO.as_slice(), &sha256(message)].concat();
        self.apply(&padded(1, 0xff, self.len(), &info))
    }
}

/// `00 type filler.. 00 rest`, so many bytes in all.
pub(crate) fn padded(block_type: u8, filler: u8, len: usize, rest: &[u8]) -> Vec<u8> {
    let mut block = vec![0, block_type];
    block.resize(len - rest.len() - 1, filler);
    block.push(0);
    block.extend(rest);
    block
}

pub(crate) fn sha256(message: &[u8]) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
    digest.as_ref().to_vec()
}

/// The number in so many bytes.
pub(crate) fn fixed(number: &BigUint, len: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let mut out = vec![0; len - bytes.len()];
    out.extend(bytes);
    out
}

/// A number whose cube starts like `start`, which is `len` bytes with free ones at the end.
pub(crate) fn cube_root(start: &[u8]) -> BigUint {
    BigUint::from_bytes_be(start).cbrt() + 1_u32
}

/// An odd number below 2^(8 * suffix.len()) whose cube ends with `suffix`, which must be odd.
pub(crate) fn cube_root_of_end(suffix: &[u8]) -> BigUint {
    let target = BigUint::from_bytes_be(suffix);
    let bits = u64::try_from(suffix.len()).unwrap() * 8;
    let mut root = BigUint::from(1_u32);
    // The cube of an odd number keeps its lowest k bits when only higher ones are changed.
    for bit in 1..bits {
        let cube = root.pow(3);
        if cube.bit(bit) != target.bit(bit) {
            root.set_bit(bit, true);
        }
    }
    root
}

/// The contents of the elements inside a DER element.
fn children(der: &[u8]) -> Vec<&[u8]> {
    let (mut inside, _) = element(der);
    let mut found = Vec::new();
    while !inside.is_empty() {
        let (content, rest) = element(inside);
        // An OCTET STRING that holds DER is entered by the caller; INTEGERs are taken as they are.
        found.push(content);
        inside = rest;
    }
    found
}

fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let short = usize::from(der[1]);
    let (len, start) = if short < 0x80 {
        (short, 2)
    } else {
        let bytes = short & 0x7f;
        let len = der[2..2 + bytes]
            .iter()
            .fold(0, |len, byte| len << 8 | usize::from(*byte));
        (len, 2 + bytes)
    };
    der[start..].split_at(len)
}

#[test]
fn the_arithmetic_is_right() {
    let fixture = crate::hostile::fixture::Fixture::shared();
    let signature = fixture.issuer.sign("text").unwrap();
    assert_eq!(fixture.raw.sign(b"text"), signature);
    let all = [
        fixture.raw.primes.clone(),
        fixture.raw_before.primes.clone(),
    ]
    .concat();
    let large = Rsa::new(all, 65537);
    let block = fixed(&BigUint::from(7_u32), large.len());
    let back = BigUint::from_bytes_be(&large.apply(&block)).modpow(&65537_u32.into(), &large.n());
    assert_eq!(back, BigUint::from(7_u32));
    let end = [1, 2, 3, 5];
    let cube = cube_root_of_end(&end).pow(3).to_bytes_be();
    assert!(cube.ends_with(&end));
}
