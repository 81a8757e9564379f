//! The load: plain blocking sockets that stay open and read whole answers. The same for everybody who is measured.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What an answer is asked for as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Plain,
    Gzip,
}

/// How much is asked for: until so much time has passed, and at most so often on each connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) answer: Answer,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    pub(crate) most: usize,
}

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is read at once.
const BUFFER: usize = 256 * 1024;

impl Load {
    /// Asks, on all connections at once. Answers how long each answer took in seconds, from the request's first byte to
    /// the answer's last one; the first on each connection does not count, unless it is the only one.
    pub(crate) fn run(self, address: SocketAddr) -> io::Result<Vec<f64>> {
        let connections = (0..self.connections).map(|_| Connection::open(address)).collect::<io::Result<Vec<_>>>()?;
        let end = Instant::now() + self.time;
        std::thread::scope(|scope| {
            let run = |connection| scope.spawn(move || self.on(connection, end));
            let threads: Vec<_> = connections.into_iter().map(run).collect();
            let mut all = Vec::new();
            for thread in threads {
                let times = thread.join().map_err(|_| io::Error::other("a connection's thread has panicked"))??;
                all.extend(times);
            }
            Ok(all)
        })
    }

    fn on(self, mut connection: Connection, end: Instant) -> io::Result<Vec<f64>> {
        let mut times = Vec::new();
        while times.is_empty() || (times.len() < self.most && Instant::now() < end) {
            let begin = Instant::now();
            connection.get(self.answer, |_| ())?;
            times.push(begin.elapsed().as_secs_f64());
        }
        if times.len() > 1 {
            times.remove(0);
        }
        Ok(times)
    }
}

/// The body of one answer.
pub(crate) fn fetch(address: SocketAddr, answer: Answer) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    Connection::open(address)?.get(answer, |bytes| body.extend_from_slice(bytes))?;
    Ok(body)
}

struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::with_capacity(BUFFER, stream) })
    }

    /// Asks, and reads the answer to its end.
    fn get(&mut self, answer: Answer, mut body: impl FnMut(&[u8])) -> io::Result<()> {
        let encoding = match answer {
            Answer::Plain => "",
            Answer::Gzip => "Accept-Encoding: gzip\r\n",
        };
        let request = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{encoding}\r\n");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            return Err(io::Error::other(format!("not an answer: {line}")));
        }
        let (mut length, mut encoded) = (None, false);
        loop {
            self.line(&mut line)?;
            if line.is_empty() {
                break;
            }
            line.make_ascii_lowercase();
            match line.split_once(':').map(|(name, value)| (name, value.trim())) {
                Some(("content-length", value)) => length = value.parse().ok(),
                Some(("content-encoding", "gzip")) => encoded = true,
                _ => {}
            }
        }
        if encoded != (answer == Answer::Gzip) {
            return Err(io::Error::other("the answer is not encoded as it was asked for"));
        }
        match length {
            Some(length) => self.take(length, &mut body),
            None => self.chunks(&mut line, &mut body),
        }
    }

    /// A body of whose length nothing is said before.
    fn chunks(&mut self, line: &mut String, body: &mut impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            self.line(line)?;
            let length = usize::from_str_radix(line, 16).map_err(io::Error::other)?;
            self.take(length, body)?;
            self.line(line)?;
            if length == 0 {
                return Ok(());
            }
        }
    }

    fn take(&mut self, mut left: usize, body: &mut impl FnMut(&[u8])) -> io::Result<()> {
        while left > 0 {
            let bytes = self.stream.fill_buf()?;
            let part = bytes.get(..left.min(bytes.len())).unwrap_or_default();
            if part.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            body(part);
            let taken = part.len();
            self.stream.consume(taken);
            left -= taken;
        }
        Ok(())
    }

    fn line(&mut self, line: &mut String) -> io::Result<()> {
        line.clear();
        if self.stream.read_line(line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end().len());
        Ok(())
    }
}
