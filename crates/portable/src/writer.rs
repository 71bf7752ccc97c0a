//! Writes the lines of an export.

use std::collections::BTreeMap;

use crate::lines::{EndLine, Line};

/// Writes lines into a buffer and counts them by type.
#[derive(Debug, Default)]
pub struct Writer {
    text: Vec<u8>,
    counts: BTreeMap<&'static str, u64>,
}

impl Writer {
    pub fn write(&mut self, line: &Line) -> serde_json::Result<()> {
        serde_json::to_writer(&mut self.text, line)?;
        self.text.push(b'\n');
        *self.counts.entry(line.kind()).or_default() += 1;
        Ok(())
    }

    /// Writes the last line, with the counts of all lines before it.
    pub fn end(&mut self) -> serde_json::Result<()> {
        let counts = self.counts.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
        self.write(&Line::End(EndLine { counts }))
    }

    /// The number of bytes in the buffer.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Empties the buffer and returns its bytes.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }
}
