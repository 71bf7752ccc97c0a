//! The key of a message as text.

use std::fmt::Write;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 128 bits, written as 32 lower-case hexadecimal digits and read in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 16]);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(32);
        for byte in self.0 {
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = is_hex.then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        value.map(|value| Self(value.to_be_bytes())).ok_or_else(|| D::Error::custom("a key has 32 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_32_hexadecimal_digits() {
        let key = Key([0x11, 0x6b, 0x88, 0xf1, 0x73, 0, 0x7b, 0xe5, 0xe0, 0x5d, 0xf2, 0xa8, 0x71, 0x05, 0xf0, 0x95]);
        let text = r#""116b88f173007be5e05df2a87105f095""#;
        assert_eq!(serde_json::to_string(&key).expect("text"), text);
        assert_eq!(serde_json::from_str::<Key>(text).expect("a key"), key);
        assert_eq!(serde_json::from_str::<Key>(&text.to_uppercase()).expect("a key"), key);
        for bad in
            [r#""""#, r#""116b""#, r#""+16b88f173007be5e05df2a87105f095""#, r#""ü16b88f173007be5e05df2a87105f09""#, "7"]
        {
            assert!(serde_json::from_str::<Key>(bad).is_err(), "{bad}");
        }
    }
}
