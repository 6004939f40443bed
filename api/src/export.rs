//! Files in place of JSON, for spreadsheets. The body is produced while it is sent: the producer waits for the reader, so that
//! little of it is in memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Receiver;
use utoipa::ToSchema;

/// A file that is on its way.
#[derive(Debug)]
pub struct Export {
    /// Its media type.
    pub media_type: &'static str,
    /// The name that a browser saves it by.
    pub file_name: String,
    /// Its pieces, in order. An error cuts the connection, so that nobody takes a part for the whole.
    pub pieces: Receiver<io::Result<Bytes>>,
}

/// The format of a table in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// RFC 4180 with a header.
    Csv {
        /// True for texts as they are, also those that spreadsheets take for formulas.
        raw: bool,
    },
    /// A workbook of a spreadsheet.
    Xlsx,
}

/// The format of an answer that can also be a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// JSON, as it is documented here.
    #[default]
    Json,
    /// RFC 4180 with a header: a row for each item, and columns named as its fields.
    Csv,
    /// A workbook of a spreadsheet with the same rows, and with ids and times as texts.
    Xlsx,
}

impl AnswerFormat {
    /// The format of the file that is asked for; `None` for JSON.
    pub fn file(self, raw: bool) -> Option<TableFormat> {
        match self {
            Self::Json => None,
            Self::Csv => Some(TableFormat::Csv { raw }),
            Self::Xlsx => Some(TableFormat::Xlsx),
        }
    }
}

/// The answer as JSON, or the same as a file.
#[derive(Debug)]
pub enum OrFile<T> {
    /// The usual answer.
    Json(T),
    /// The file that was asked for.
    File(Export),
}

impl<T: IntoResponse> IntoResponse for OrFile<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Json(answer) => answer.into_response(),
            Self::File(export) => export.into_response(),
        }
    }
}

struct Pieces(Receiver<io::Result<Bytes>>);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

impl IntoResponse for Export {
    fn into_response(self) -> Response {
        let mut response = Body::from_stream(Pieces(self.pieces)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let disposition = format!("attachment; filename=\"{}\"", self.file_name);
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
        response
    }
}
