//! Files that were compressed: zstd or gzip, in one or several frames.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use crate::files::has_extension;
use crate::jsonl::{self, Line};
use crate::lines::{LineParser, parse_line};

/// Whether a file's name says that it is compressed.
pub(crate) fn is_archive(path: &Path) -> bool {
    has_extension(path, "zst") || has_extension(path, "gz")
}

/// The content of a file, decompressed if its name says so.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let file = BufReader::new(File::open(path)?);
    Ok(if has_extension(path, "zst") {
        Box::new(Zstd { frame: next_frame(file)? })
    } else if has_extension(path, "gz") {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

type Frame = StreamingDecoder<BufReader<File>, FrameDecoder>;

struct Zstd {
    /// `None` after the last frame.
    frame: Option<Frame>,
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.frame {
            let count = frame.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.frame = match self.frame.take() {
                Some(frame) => next_frame(frame.into_inner())?,
                None => None,
            };
        }
        Ok(0)
    }
}

fn next_frame(mut file: BufReader<File>) -> io::Result<Option<Frame>> {
    if file.fill_buf()?.is_empty() {
        return Ok(None);
    }
    StreamingDecoder::new(file).map(Some).map_err(io::Error::other)
}

/// What was understood of an archive: the parser after its last line, what it found, and the bad lines with their numbers.
pub(crate) type ReadArchive<P> = (P, Vec<<P as LineParser>::Item>, Vec<(u64, String)>);

/// Reads all lines of an archive.
pub(crate) fn read_lines<P: LineParser>(path: &Path, mut parser: P) -> Result<ReadArchive<P>, String> {
    let (mut items, mut problems, mut number) = (Vec::new(), Vec::new(), 0);
    let archive = open(path).map_err(|error| format!("not an archive: {}", error.kind()))?;
    jsonl::read_lines(archive, u64::MAX, |line| {
        number += 1;
        let result = match line {
            Line::Text(text) => parse_line(&mut parser, text, &mut items),
            Line::TooLong => Err("line longer than 64 MiB".to_owned()),
        };
        if let Err(reason) = result {
            problems.push((number, reason));
        }
    })
    .map_err(|error| format!("damaged archive: {}", error.kind()))?;
    Ok((parser, items, problems))
}
