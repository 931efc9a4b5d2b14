//! A line to a server that can be cut.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Passes on what comes, while it is whole.
pub struct Line {
    pub address: String,
    is_cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    /// To a server on this machine.
    pub fn to(server: &str) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Line {
            address: listener.local_addr().unwrap().to_string(),
            is_cut: Arc::default(),
            open: Arc::default(),
        };
        let (server, is_cut, open) = (server.to_owned(), Arc::clone(&line.is_cut), Arc::clone(&line.open));
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), TcpStream::connect(&server).unwrap());
                if is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let both = [&near, &far].map(|end| end.try_clone().unwrap());
                open.lock().unwrap().extend(both);
                pass(&near, &far);
                pass(&far, &near);
            }
        });
        line
    }

    /// Nothing passes any more.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        for end in self.open.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// It is whole again.
    pub fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        let mut step = || -> io::Result<bool> {
            let length = from.read(&mut part)?;
            to.write_all(&part[..length])?;
            Ok(length > 0)
        };
        while step().unwrap_or(false) {}
        let _ = to.shutdown(Shutdown::Write);
    });
}
