//! A file of sections that takes its name when it is whole.

use super::PowersError;
use super::file::{MAGIC, VERSION};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that takes its name when it is whole.
pub(super) struct Writer {
    file: File,
    path: PathBuf,
    partial: PathBuf,
    // Where the section's content begins, whose length is written when the next one does.
    open: Option<u64>,
    end: u64,
    finished: bool,
}

impl Writer {
    pub(super) fn create(path: &Path, sections: u32) -> Result<Writer, PowersError> {
        let mut partial = path.to_owned().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(|source| PowersError::Io {
            action: "create",
            path: partial.clone(),
            source,
        })?;
        let mut writer = Writer {
            file,
            path: path.to_owned(),
            partial,
            open: None,
            end: 0,
            finished: false,
        };
        writer.write(MAGIC)?;
        writer.write(&VERSION.to_le_bytes())?;
        writer.write(&sections.to_le_bytes())?;
        Ok(writer)
    }

    fn io(&self, action: &'static str) -> impl Fn(io::Error) -> PowersError {
        let path = self.partial.clone();
        move |source| PowersError::Io {
            action,
            path: path.clone(),
            source,
        }
    }

    pub(super) const fn position(&self) -> u64 {
        self.end
    }

    /// Bytes after all that was written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), PowersError> {
        self.at(self.end, bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Bytes at a place.
    pub(super) fn at(&mut self, place: u64, bytes: &[u8]) -> Result<(), PowersError> {
        self.file.seek(SeekFrom::Start(place)).map_err(self.io("write"))?;
        self.file.write_all(bytes).map_err(self.io("write"))
    }

    /// All up to here was written at its place.
    pub(super) fn end(&mut self, end: u64) -> Result<(), PowersError> {
        self.end = end;
        self.close()
    }

    fn close(&mut self) -> Result<(), PowersError> {
        if let Some(begin) = self.open.take() {
            self.at(begin - 8, &(self.end - begin).to_le_bytes())?;
        }
        Ok(())
    }

    /// Begins a section.
    pub(super) fn section(&mut self, number: u32) -> Result<(), PowersError> {
        self.close()?;
        self.write(&number.to_le_bytes())?;
        self.write(&[0; 8])?;
        self.open = Some(self.end);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), PowersError> {
        self.close()?;
        self.file.sync_all().map_err(self.io("write"))?;
        fs::rename(&self.partial, &self.path).map_err(self.io("rename"))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.finished {
            // What failed was said already.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
