//! HTTP/2 by hand, for what no gRPC client sends: messages that lie, and readers that do not read.

use crate::Outcome;
use crate::client::TOKEN;
use bytes::{BufMut, Bytes, BytesMut};
use h2::client::{Connection, SendRequest};
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

// As much as HTTP/2 has.
const WINDOW: u32 = (1 << 31) - 1;

/// A message, as gRPC frames it: whether it is compressed, as long as it says, and its bytes.
pub fn framed(is_compressed: bool, says: usize, bytes: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(5 + bytes.len());
    framed.put_u8(u8::from(is_compressed));
    framed.put_u32(u32::try_from(says).unwrap_or(u32::MAX));
    framed.put_slice(bytes);
    framed.freeze()
}

/// A connection that is to be driven, and what calls over it. Its peer may send as much as it likes.
pub async fn connect(address: &str) -> Outcome<(SendRequest<Bytes>, Connection<TcpStream, Bytes>)> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    Ok(builder.handshake(stream).await?)
}

fn request(address: &str, method: &str, encoding: Option<&str>) -> Outcome<Request<()>> {
    let mut request = Request::post(format!("http://{address}/medproof.v1.{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {TOKEN}"));
    if let Some(encoding) = encoding {
        request = request.header("grpc-encoding", encoding);
    }
    Ok(request.body(())?)
}

/// Asks, and leaves the answer where it is.
pub async fn ask(
    sender: SendRequest<Bytes>,
    address: &str,
    method: &str,
    message: Bytes,
) -> Outcome<h2::client::ResponseFuture> {
    let (response, mut body) = sender
        .ready()
        .await?
        .send_request(request(address, method, None)?, false)?;
    body.send_data(message, true)?;
    Ok(response)
}

/// Calls over a connection of its own: gRPC's code, as a number.
pub async fn call(address: &str, method: &str, encoding: Option<&str>, message: Bytes) -> Outcome<String> {
    let (sender, connection) = connect(address).await?;
    let driver = tokio::spawn(connection);
    let (response, mut body) = sender
        .ready()
        .await?
        .send_request(request(address, method, encoding)?, false)?;
    // As the peer takes it; where it takes no more, it has answered.
    let _ = body.send_data(message, true);
    let (head, mut answer) = response.await?.into_parts();
    let found = match code(&head.headers) {
        Some(code) => code,
        None => {
            while let Some(part) = answer.data().await {
                answer.flow_control().release_capacity(part?.len())?;
            }
            let trailers = answer.trailers().await?.unwrap_or_default();
            code(&trailers).ok_or("an answer without gRPC's code")?
        }
    };
    driver.abort();
    Ok(found)
}

fn code(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("grpc-status")?.to_str().ok()?.to_owned())
}
