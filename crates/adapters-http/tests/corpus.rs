//! What the fuzzer has found interesting, without the fuzzer: every kept input goes through its target.

#[path = "../../../fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

/// Takes any bytes, and fails where something does not hold.
type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 3] =
    [("sync_body", targets::sync_body), ("model_name", targets::model_name), ("headers", targets::headers)];

#[test]
fn fuzz_corpus_inputs_pass() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, target) in TARGETS {
        let inputs = fs::read_dir(corpus.join(name)).expect("each target has a corpus");
        let inputs: Vec<_> = inputs.map(|input| fs::read(input.expect("a file").path()).expect("a file")).collect();
        assert!(inputs.len() >= 10, "{name} has {} inputs", inputs.len());
        for input in inputs {
            target(&input);
        }
    }
}
