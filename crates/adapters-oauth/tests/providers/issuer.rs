//! An OpenID Connect issuer over real HTTP, with keys that sign real tokens.

use std::sync::Arc;
use std::time::Duration;

use adapters_oauth::{Oidc, OidcClient};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use domain::clock::Clock;
use domain::identity::PkceVerifier;
use http_client::script::{Pages, ok};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::ours::verifier;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-30 09:00 UTC);
pub(crate) const CLIENT_ID: &str = "our id";
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

/// An RSA key of 2048 bits (PKCS #1), for tests only: `ring` makes none.
const RSA_KEY: &str = "MIIEogIBAAKCAQEA3YgqffPZIPHCr/vttBydAzIDKoaKvngSzwklNxm33oFXTktdRM7N3pHpGJSZ8Xpqx3V/O9GlhJvr1Q+qIRcttN5pJf9nNe\
     sTvu/7quKDuA/NVbGjxQcQ23ALk/JURx1ZC9z22pX0r0qBPd0LlT07rfzv0VheeixAWZW0ft2yWd+wOwC+xSrQU0hufszrA9MbiQvwUbCdwDeF\
     KWyo3ZWrYgD+btwNAL5V5gUXDgHPcCmZvq/pFmTi49xsYs4T1UO4Vy0u/P6mUVRm5fLXsmkEfC4hxZDbq7fUzY0GIyfPmsru7Md+OREJRWzQFa\
     SNcj5HXwsG6AYi3B+PER6+iPK2OQIDAQABAoIBAATpGFMIKULCD9AYQCJseh0DOj99Mb0LhZQ2Bk+IkrMxkAU95ax+qTYoVb/GxyZLhxYn2uOx\
     L8TG8tpwpqi63izKu3ndMFUel7vqjybbBEiGU3rVWBVdb5suSm1o6INr3r36SQpa8FcZ36VGyEjSYtzQ6mJ23bTs1JoqbRCyWppEG5GUhaUfhw\
     qAZFTB0EtLHUasgcf+cQQ7msXGgEK1Y9DsOENI6rDsDVKkTi2wfK3tVbn2Zfh3dRfM+u7e+btEjfa6o5Gkjtq82C/jPAqZ+RvBnTgrp1V4Xrj7\
     2q1DTHpjoxd9klDCNsqOHtipL1w/Tp42TWhRITW2AlC36jvD4YECgYEA8UEYSFLd7yc5G7KUiDFwekkSVK1jZ3ZGRHnCbacLHTJ/GddQFfZwfa\
     CGqSJci4jZM1Qqs3OstO68Jw1u4g7OhFsSoSWmgOSqNEEjvHGuMdgxf3lcmm/tgmVEcrJq3M6dSRodGi5PHaJuKC6bQYqkZqQ041lOAhobit9O\
     kmhAirkCgYEA6xJ5oWHq/QZcK9krTMDLOG1tYwP1ZIQ8bONHgs2iBn9yh2Q2WNuEqISHkr6dEm311NGLZX054i4uDkaE6PeUsuGSS9NXnjWrnR\
     A3PpXDD5o/gAJJU8u+L/PFrEoGWqPrp978sQmC62BW5QgQr9ATQpxZbPhKwzCSS/rZknHPx4ECgYEA09ScRaS9SefetPswgAUpBbZzafZ0ebvY\
     JvfiR/WMRK65+y6bGy2vyB7THl8Vc09Np0wX0kmXM6cLfh7FZagqnPx6dxRgBnzBFfC8OBJ5KTry+0LMlK4ClaPlXfBa9FZWtIFBXGOdBCBDKP\
     UDTaE2iQlVhuo7HI1f8afxjYwMX8ECgYEAsfy9J5qSaJ7mLzUx+d2IgeMpDe2zYjZV4kR8oue8JJtfRnB0Tfd4jHg8hrnZCFlF56v5lhCpQT6i\
     FKEEhbjgWEk/kjYlg18z36qlibeviCLMrcoNZ2s/R+OV6ovqH7s59VN7lTiUbk/1u1jN+bDcxHTJqR6ezQf73ZfEIYQXRQECfyyidYGMfaaWOU\
     N8KDsdmn5UcJ4khmryZjp2shb5xtdA62R4C85QG18qTa0SEZroDjiVeyZzo0TvWNRE/UeAGWna1aoGLFtOv2LeA1WoL4MA0R9to3PKspQ7vlO1\
     rHE/Ze6hhkeHsiL1n43sMJ+bcoHUIIViLy2hVD9RClZCELo=";

/// A key of the issuer.
pub(crate) enum SigningKey {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl SigningKey {
    pub(crate) fn rsa() -> Self {
        let der = BASE64_STANDARD.decode(RSA_KEY).expect("base64");
        Self::Rsa(RsaKeyPair::from_der(&der).expect("a key"))
    }

    /// A new key.
    pub(crate) fn ec() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self::Ec(EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).expect("a key"))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    /// The public key, called `id`, as a JWK.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Rsa(key) => {
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": encoded(&n), "e": encoded(&e)})
            }
            Self::Ec(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "use": "sig", "crv": "P-256", "kid": id, "x": encoded(x), "y": encoded(y)})
            }
        }
    }

    /// A token with `claims`, signed by this key, whose header names the key `id`.
    pub(crate) fn sign(&self, id: Option<&str>, claims: &Value) -> String {
        let mut header = json!({"typ": "JWT", "alg": self.algorithm()});
        if let Some(id) = id {
            header["kid"] = json!(id);
        }
        let message = unsigned(&header, claims);
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect("a signature");
                signature
            }
            Self::Ec(key) => key.sign(&random, message.as_bytes()).expect("a signature").as_ref().to_vec(),
        };
        format!("{message}.{}", encoded(&signature))
    }
}

/// The token with `claims` that an attacker signs with `secret`, such as a public key.
pub(crate) fn sign_with_secret(id: &str, secret: &[u8], claims: &Value) -> String {
    let message = unsigned(&json!({"alg": "HS256", "kid": id}), claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", encoded(tag.as_ref()))
}

/// Header and claims, without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()))
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A running issuer with one key, called `k1`.
pub(crate) struct TestIssuer {
    pub(crate) pages: Pages,
    pub(crate) key: SigningKey,
}

impl TestIssuer {
    pub(crate) async fn start() -> Self {
        Self::with_key(SigningKey::rsa()).await
    }

    pub(crate) async fn with_key(key: SigningKey) -> Self {
        let issuer = Self { pages: Pages::start().await, key };
        issuer.pages.set(DISCOVERY, ok(issuer.discovery().to_string()));
        issuer.publish(&[issuer.key.jwk("k1")]);
        issuer
    }

    pub(crate) fn url(&self) -> &str {
        &self.pages.url
    }

    pub(crate) fn discovery(&self) -> Value {
        let url = self.url();
        json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize?kc_idp_hint=x"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"), "userinfo_endpoint": format!("{url}/userinfo"),
            "response_types_supported": ["code"],
        })
    }

    pub(crate) fn publish(&self, keys: &[Value]) {
        self.pages.set("/keys", ok(json!({ "keys": keys }).to_string()));
    }

    /// The claims of Ada's ID token in the sign-in with [`verifier`].
    pub(crate) fn claims(&self) -> Value {
        let now = NOW.unix_timestamp();
        json!({
            "iss": self.url(), "sub": "ada-7", "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": verifier().nonce(),
            "preferred_username": "ada", "name": "Ada Lovelace", "email": "ada@example.org", "email_verified": true,
            "groups": ["staff", "compilers"],
        })
    }

    /// The same with `changes`; null removes a claim.
    pub(crate) fn claims_with(&self, changes: &Value) -> Value {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().expect("an object") {
            match value {
                Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    /// Answers the next codes with `token`.
    pub(crate) fn issue(&self, token: &str) {
        let tokens = json!({"access_token": "at", "token_type": "Bearer", "id_token": token});
        self.pages.set("/token", ok(tokens.to_string()));
    }

    /// Answers the next codes with Ada's token and `changes`.
    pub(crate) fn issue_with(&self, changes: &Value) {
        self.issue(&self.key.sign(Some("k1"), &self.claims_with(changes)));
    }

    /// The client of this issuer that permits `groups`, with a clock that shows `now`.
    pub(crate) fn client_at(&self, groups: &[&str], clock: impl Clock + 'static) -> Oidc {
        let client = OidcClient {
            issuer: self.url().to_owned(),
            display_name: "Example".to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: "our~secret".to_owned(),
            callback_url: "https://burntop.example.org/api/v1/auth/oauth/oidc/callback".to_owned(),
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            groups_claim: "groups".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            timeout: Duration::from_mins(1),
        };
        Oidc::new(client, Arc::new(clock)).expect("a client")
    }

    pub(crate) fn client(&self, groups: &[&str]) -> Oidc {
        self.client_at(groups, domain::clock::FixedClock(NOW))
    }
}

/// Another sign-in than that of the tokens.
pub(crate) fn other_verifier() -> PkceVerifier {
    PkceVerifier::of([8; 32])
}
