//! Verification of ID tokens (OpenID Connect Core 1.0, 3.1.3.7).
//!
//! `jsonwebtoken` parses a token and checks its signature, issuer and audience; `ring` computes the signature. The claims that only
//! OpenID Connect has are checked here, and the times, because the library does not know the port `Clock`.

use std::fmt;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation};
use ring::signature as algorithms;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use time::{Duration, OffsetDateTime};

/// The difference between the issuer's clock and ours that is tolerated.
const CLOCK_SKEW: Duration = Duration::minutes(1);

/// The public keys of an issuer.
#[derive(Debug, Deserialize)]
pub(crate) struct KeySet {
    /// Keys of kinds that this program does not know are left out.
    #[serde(deserialize_with = "readable_keys")]
    keys: Vec<Jwk>,
}

fn readable_keys<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Jwk>, D::Error> {
    let keys = Vec::<Value>::deserialize(from)?;
    Ok(keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
}

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// The nonce of the sign-in, if a browser began it here.
    pub(crate) nonce: Option<&'a str>,
    pub(crate) now: OffsetDateTime,
}

/// A verified token.
#[derive(Debug)]
pub(crate) struct IdToken {
    pub(crate) subject: String,
    /// The claims about the user.
    pub(crate) claims: Map<String, Value>,
}

/// Why a token is refused. The text contains nothing of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// The issuer's known keys do not include the token's.
    UnknownKey,
    Invalid(&'static str),
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownKey => "is signed with an unknown key",
            Self::Invalid(reason) => reason,
        })
    }
}

impl From<Error> for TokenRefusal {
    fn from(error: Error) -> Self {
        Self::Invalid(match error.kind() {
            ErrorKind::InvalidSignature => "has a wrong signature",
            ErrorKind::InvalidIssuer => "is of another issuer",
            ErrorKind::InvalidAudience => "is for another client",
            ErrorKind::MissingRequiredClaim(_) => "lacks a required claim",
            ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "has an algorithm that is not permitted",
            ErrorKind::InvalidKeyFormat | ErrorKind::InvalidEcdsaKey | ErrorKind::InvalidRsaKey(_) => {
                "is signed with an unusable key"
            }
            _ => "is malformed",
        })
    }
}

#[derive(Deserialize)]
struct IdClaims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: NumericDate,
    iat: NumericDate,
    nbf: Option<NumericDate>,
    nonce: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(#[expect(dead_code, reason = "the library compares it")] String),
    Several(Vec<String>),
}

/// Seconds since 1970, perhaps with a fraction (RFC 7519, 2).
struct NumericDate(i64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(from)?;
        let whole =
            number.as_i64().or_else(|| Some(Duration::saturating_seconds_f64(number.as_f64()?).whole_seconds()));
        whole.map(Self).ok_or_else(|| serde::de::Error::custom("not a date"))
    }
}

/// Verifies `token` with `keys`.
pub(crate) fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<IdToken, TokenRefusal> {
    let header = jsonwebtoken::decode_header(token)?;
    if verification(header.alg).is_none() {
        return Err(TokenRefusal::Invalid("has an algorithm that is not permitted"));
    }
    let key = DecodingKey::from_jwk(keys.find(header.kid.as_deref(), header.alg)?)?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    // The times are compared with the port below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<IdClaims>(token, &key, &validation)?.claims;
    claims.check(expected)?;
    Ok(IdToken { subject: claims.sub, claims: claims.others })
}

impl KeySet {
    /// The key that signs with `algorithm` and is called `id`. A token without an id fits if only one key does.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&Jwk, TokenRefusal> {
        let mut fitting = self.keys.iter().filter(|key| signs(key, algorithm)).filter(|key| {
            let known = key.common.key_id.as_deref();
            id.is_none_or(|id| known == Some(id))
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(TokenRefusal::Invalid("does not say with which key it is signed")),
            (None, _) => Err(TokenRefusal::UnknownKey),
        }
    }
}

/// Whether `key` is for signatures with `algorithm`.
fn signs(key: &Jwk, algorithm: Algorithm) -> bool {
    let is_for_signatures = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let is_for_algorithm = key.common.key_algorithm.is_none_or(|known| known.to_string() == format!("{algorithm:?}"));
    let family = DecodingKey::from_jwk(key).map(|key| key.family());
    is_for_signatures && is_for_algorithm && family.is_ok_and(|family| family == algorithm.family())
}

impl IdClaims {
    /// Checks what the library does not.
    fn check(&self, expected: &Expected<'_>) -> Result<(), TokenRefusal> {
        let refused = |reason| Err(TokenRefusal::Invalid(reason));
        let (now, skew) = (expected.now.unix_timestamp(), CLOCK_SKEW.whole_seconds());
        // The library accepts a list of issuers.
        if self.iss != expected.issuer {
            return refused("is of another issuer");
        }
        let has_other_audiences = matches!(&self.aud, Audience::Several(clients) if clients.len() > 1);
        match self.azp.as_deref() {
            Some(client) if client != expected.client_id => return refused("was issued to another client"),
            None if has_other_audiences => return refused("does not say to which client it was issued"),
            _ => {}
        }
        if self.exp.0 <= now.saturating_sub(skew) {
            return refused("has expired");
        }
        let earliest = self.nbf.as_ref().map_or(self.iat.0, |start| start.0.max(self.iat.0));
        if earliest > now.saturating_add(skew) {
            return refused("is not valid yet");
        }
        match expected.nonce {
            Some(nonce) if self.nonce.as_deref() != Some(nonce) => refused("is of another sign-in"),
            _ => Ok(()),
        }
    }
}

/// Lets `jsonwebtoken` compute with `ring`.
pub(crate) fn install_crypto() {
    // A process installs it once; a second provider installs the same.
    let _ = RING.install_default();
}

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: |algorithm, key| Ok(Box::new(RingVerifier::new(*algorithm, key)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

/// The permitted algorithms: signatures with a public key.
fn verification(algorithm: Algorithm) -> Option<Verification> {
    Some(match algorithm {
        Algorithm::RS256 => Verification::Rsa(&algorithms::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Verification::Rsa(&algorithms::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Verification::Rsa(&algorithms::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Verification::Rsa(&algorithms::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Verification::Rsa(&algorithms::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Verification::Rsa(&algorithms::RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => Verification::Point(&algorithms::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Verification::Point(&algorithms::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Verification::Point(&algorithms::ED25519),
        _ => return None,
    })
}

#[derive(Clone, Copy)]
enum Verification {
    Rsa(&'static algorithms::RsaParameters),
    Point(&'static dyn algorithms::VerificationAlgorithm),
}

struct RingVerifier {
    algorithm: Algorithm,
    verification: Verification,
    key: DecodingKey,
}

impl RingVerifier {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, Error> {
        let verification = verification(algorithm).ok_or(ErrorKind::InvalidAlgorithm)?;
        if key.family() != algorithm.family() {
            return Err(ErrorKind::InvalidKeyFormat.into());
        }
        Ok(Self { algorithm, verification, key: key.clone() })
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (self.verification, self.key.kind()) {
            (Verification::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                algorithms::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Verification::Point(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                algorithms::UnparsedPublicKey::new(algorithm, point).verify(message, signature)
            }
            _ => return Err(signature::Error::new()),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
