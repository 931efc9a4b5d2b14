//! A node that is none.

use medproof_ledger::RpcConfig;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Duration;

/// A node that answers as it is told, one connection at a time.
pub fn answering(answer: impl Fn(&Value) -> String + Send + 'static) -> RpcConfig {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let asked: Value = serde_json::from_slice(&body).unwrap();
            let body = answer(&asked);
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = reader.get_mut().write_all((head + &body).as_bytes());
        }
    });
    RpcConfig {
        timeout: Duration::from_secs(5),
        ..RpcConfig::new(url, 1)
    }
}

/// A result as nodes answer it.
pub fn result(value: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "result": value }).to_string()
}
