//! The imported file, plain or gzip.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use portable::{FieldError, Line, Reader, Refusal};

/// The magic number of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

pub(super) struct Lines(Reader<Box<dyn BufRead + Send>>);

impl Lines {
    /// Opens the file at `path`. A gzip file is unpacked while it is read.
    pub(super) fn open(path: &Path) -> Result<Self, Refusal> {
        let failed = |error| Refusal::Read(0, error);
        let mut file = File::open(path).map_err(failed)?;
        let mut start = Vec::with_capacity(GZIP.len());
        (&mut file).take(GZIP.len() as u64).read_to_end(&mut start).map_err(failed)?;
        file.rewind().map_err(failed)?;
        let file = BufReader::with_capacity(1 << 16, file);
        let text: Box<dyn BufRead + Send> =
            if start == GZIP { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
        Ok(Self(Reader::new(text)))
    }

    /// See [`Reader::next_line`].
    pub(super) fn next_line(&mut self) -> Result<Option<Line>, Refusal> {
        self.0.next_line()
    }

    /// See [`Reader::number`].
    pub(super) fn number(&self) -> u64 {
        self.0.number()
    }

    /// Adds the number of the last line to an error.
    pub(super) fn explain<T>(&self, read: Result<T, FieldError>) -> Result<T, Refusal> {
        read.map_err(|FieldError { field, reason }| self.0.wrong_field(field, reason))
    }
}
