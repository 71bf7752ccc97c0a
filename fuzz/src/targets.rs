//! Feeds arbitrary bytes to parsers and asserts what must hold for any input. The targets of the fuzzer and the test that runs the corpus
//! share this file.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use actix_web::web::Data;
use adapters_http::body::Encoding;
use adapters_http::caller::{bearer, device};
use adapters_http::client_ip::{TrustedProxies, client_ip};
use adapters_http::usage::sync::parse;
use adapters_http::validation::Problems;
use domain::pricing::PriceBook;
use domain::pricing::names::{each_group, plainest};
use domain::usage::{MAX_COUNT, ModelName, Provider};

/// The most messages of a body in these targets.
const MOST: usize = 50;

/// A sync body is parsed to a batch within all limits, or to a list of problems.
pub(crate) fn sync_body(data: &[u8]) {
    let Ok(json) = std::str::from_utf8(data) else { return };
    match parse(json, MOST) {
        Ok(batch) => {
            assert!((1..=MOST).contains(&batch.messages.len()));
            for message in &batch.messages {
                assert!((1..=200).contains(&message.id.chars().count()) && !message.id.contains('\0'));
                assert!(!message.model.as_str().is_empty() && !message.model.as_str().contains('\0'));
                let counts = [message.input, message.output, message.cache_read, message.cache_write];
                let counts = counts.into_iter().chain([message.cache_write_1h, message.reasoning]);
                assert!(counts.into_iter().all(|count| count <= MAX_COUNT));
            }
        }
        Err(problems) => assert!((1..=Problems::MOST).contains(&problems.iter().count())),
    }
}

/// The input is a model's name and, after a line break, a provider's name. The forms are ordered by step and no longer than the name.
/// The case of the name does not change whether the book has it.
pub(crate) fn model_name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (name, provider) = text.split_once('\n').unwrap_or((text, ""));
    let Some(model) = ModelName::parse(name) else { return };
    let longest = model.as_str().len();
    each_group(model.as_str(), |forms| {
        assert!(forms.is_sorted_by_key(|(step, _)| *step), "{forms:?} of {name:?}");
        for (_, form) in forms {
            assert!(!form.is_empty() && form.len() <= longest, "{form:?} of {name:?}");
        }
        None::<()>
    });
    let plain = plainest(model.as_str());
    assert_eq!(plainest(&plain), plain, "{name:?} is not at its plainest");

    let (book, provider) = (PriceBook::shipped(), Provider::parse(provider));
    let known = book.find(&model, provider.as_ref()).is_some();
    let canonical = book.canonical(&model, provider.as_ref());
    assert_eq!(book.canonical(&canonical, None), canonical, "{name:?} has several names");
    if let Some(shouted) = ModelName::parse(&model.as_str().to_ascii_uppercase()) {
        assert_eq!(book.find(&shouted, provider.as_ref()).is_some(), known, "{name:?}");
    }
}

/// The input is lines of `name: value`, an empty line and a body. The token, the address and the device are well-formed, and the body is
/// not unpacked beyond its limit.
pub(crate) fn headers(data: &[u8]) {
    const LIMIT: usize = 4096;
    let end = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((data, &[][..]), |end| (&data[..end], &data[end + 2..]));
    let proxies = TrustedProxies::parse(["127.0.0.0/8", "10.0.0.0/8", "::1"]).unwrap_or_default();
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 40_000));
    let mut request = TestRequest::default().peer_addr(peer).app_data(Data::new(proxies));
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            request = request.append_header((name, value));
        }
    }
    let request = request.to_http_request();
    if let Some(token) = bearer(&request) {
        assert_eq!(token, token.trim());
    }
    assert!(client_ip(&request).is_some());
    let device = device(&request);
    assert!(device.user_agent.is_none_or(|agent| !agent.contains('\0') && agent.chars().count() <= 300));
    if let Ok(encoding) = Encoding::of(request.headers())
        && let Ok(unpacked) = encoding.decode(body, LIMIT)
    {
        assert!(encoding == Encoding::Identity || unpacked.len() <= LIMIT);
    }
}
