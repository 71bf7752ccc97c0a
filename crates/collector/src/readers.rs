//! The table of all readers, and the scan over them. Readers do not know it, so a new tool changes no other file.

use crate::report::OnRecords;
use crate::scan::SourceScan;
use crate::{
    Environment, Reader, Scan, ScanOptions, State, amp, claude, cline, codex, copilot, cursor, droid, gemini, goose,
    grok, kimi, mux, opencode, pi, qwen, vibe, zed,
};

/// All readers. A tool is added here and in a folder of its own.
pub fn readers() -> &'static [&'static dyn Reader] {
    &[
        &claude::ClaudeCode,
        &codex::CODEX,
        &codex::TRAE,
        &opencode::OPENCODE,
        &opencode::KILO,
        &opencode::ICODEMATE,
        &opencode::MIMO_CODE,
        &gemini::GeminiCli,
        &copilot::CopilotCli,
        &cursor::Cursor,
        &qwen::QwenCode,
        &pi::PI,
        &pi::OMP,
        &pi::PRIME,
        &pi::OPENCLAW,
        &kimi::KimiCli,
        &kimi::KIMI_CODE,
        &kimi::KIMI_WORK,
        &goose::Goose,
        &cline::CLINE,
        &cline::ROO_CODE,
        &cline::KILO_CODE,
        &mux::Mux,
        &grok::Grok,
        &amp::Amp,
        &droid::Droid,
        &vibe::Vibe,
        &zed::Zed,
    ]
}

/// Reads what changed since `state`, in the home directory of `environment`, and calls `on_records` with what is new or better than before.
/// A record may come again when a better copy of it is found later.
///
/// Nothing fails as a whole: a root that does not exist is empty, and a file that cannot be read is a [`Problem`] and is tried again by
/// the next scan.
pub fn scan(environment: &Environment, mut state: State, options: &ScanOptions, on_records: OnRecords<'_>) -> Scan {
    let mut scan = Scan { state: State::default(), is_changed: false, sources: Vec::new() };
    for reader in readers() {
        let source = reader.source();
        let previous = state.take_source(source, reader.parser_version());
        if options.sources.as_ref().is_some_and(|sources| !sources.iter().any(|wanted| wanted == source)) {
            if let Some(known) = previous {
                scan.state.set_source(source, known);
            }
            continue;
        }
        let mut reading =
            SourceScan::new(*reader, environment, previous.unwrap_or_default(), options.now, &mut *on_records);
        reader.read(&mut reading);
        let (next, is_changed, report) = reading.finish();
        scan.is_changed |= is_changed;
        scan.state.set_source(source, next);
        scan.sources.push(report);
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_have_one_source_each() {
        let mut sources: Vec<_> = readers().iter().map(|reader| reader.source()).collect();
        sources.sort_unstable();
        sources.dedup();
        assert_eq!(sources.len(), readers().len());
        assert!(readers().iter().all(|reader| reader.parser_version() > 0));
    }
}
