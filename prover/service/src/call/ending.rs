//! An answer that is given up at its deadline, and when the service ends.

use super::late;
use crate::drain::{Drain, stopping};
use crate::error::Refusal;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

type Ends = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The rest of an answer. `H` is held as long as it lasts.
pub struct Ending<H> {
    body: Body,
    deadline: Option<Pin<Box<Sleep>>>,
    service: Ends,
    has_ended: bool,
    _held: H,
}

impl<H> Ending<H> {
    /// Of this body.
    pub fn new(body: Body, until: Option<Instant>, drain: &Drain, held: H) -> Ending<H> {
        Ending {
            body,
            deadline: until.map(|until| Box::pin(tokio::time::sleep_until(until.into()))),
            service: Box::pin(drain.ended()),
            has_ended: false,
            _held: held,
        }
    }

    fn given_up(&mut self, cx: &mut Context<'_>) -> Option<Refusal> {
        if self.deadline.as_mut().is_some_and(|at| at.as_mut().poll(cx).is_ready()) {
            return Some(late());
        }
        self.service.as_mut().poll(cx).is_ready().then(stopping)
    }
}

impl<H: Unpin> http_body::Body for Ending<H> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        // What is there is given out before anything is given up.
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.has_ended = frame
                .as_ref()
                .is_none_or(|frame| frame.as_ref().is_ok_and(Frame::is_trailers));
            return Poll::Ready(frame);
        }
        let Some(refusal) = self.given_up(cx) else {
            return Poll::Pending;
        };
        self.has_ended = true;
        let mut trailers = HeaderMap::new();
        Status::from(refusal).add_header(&mut trailers)?;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
