//! Writing lines.

use std::collections::BTreeMap;

use crate::lines::{End, Line};

/// Writes lines one after the other and keeps count.
#[derive(Debug, Default)]
pub struct Writer {
    text: Vec<u8>,
    counts: BTreeMap<&'static str, u64>,
}

impl Writer {
    /// Writes `line`.
    pub fn write(&mut self, line: &Line) -> serde_json::Result<()> {
        serde_json::to_writer(&mut self.text, line)?;
        self.text.push(b'\n');
        *self.counts.entry(line.kind()).or_default() += 1;
        Ok(())
    }

    /// Writes the last line, which counts all before it.
    pub fn end(&mut self) -> serde_json::Result<()> {
        let counts = self.counts.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
        self.write(&Line::End(End { counts }))
    }

    /// How many bytes were written and not taken yet.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether all that was written is taken.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes what was written.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }
}
