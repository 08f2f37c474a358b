//! A fast JSON parser in front of sorted vectors: what a good engine in Rust would do. Reads frames as text, applies them in passes that start from the same state,
//! prints the CPU nanoseconds a message of each pass, and writes the best levels of all books. Started and checked by bench/feeds/parse-apply.bench.ts.
use serde::Deserialize;
use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::Write;

const SHOWN_LEVELS: usize = 25;

#[derive(Deserialize)]
struct Depth<'a> {
    #[serde(borrow)]
    s: &'a str,
    #[serde(rename = "U")]
    first: u64,
    u: u64,
    pu: Option<u64>,
    #[serde(borrow)]
    b: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    a: Vec<(&'a str, &'a str)>,
}

#[derive(Deserialize)]
struct Combined<'a> {
    #[serde(borrow)]
    data: Depth<'a>,
}

#[derive(Deserialize)]
struct Rest<'a> {
    #[serde(rename = "lastUpdateId")]
    last: u64,
    #[serde(borrow)]
    bids: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    asks: Vec<(&'a str, &'a str)>,
}

#[derive(Deserialize)]
struct BybitData<'a> {
    #[serde(borrow)]
    s: &'a str,
    #[serde(borrow)]
    b: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    a: Vec<(&'a str, &'a str)>,
    u: u64,
}

#[derive(Deserialize)]
struct Bybit<'a> {
    #[serde(borrow)]
    r#type: &'a str,
    #[serde(borrow)]
    data: BybitData<'a>,
}

#[derive(Deserialize)]
struct BitmexRow<'a> {
    #[serde(borrow)]
    symbol: &'a str,
    id: u64,
    #[serde(borrow)]
    side: &'a str,
    size: Option<f64>,
    price: Option<f64>,
}

#[derive(Deserialize)]
struct Bitmex<'a> {
    #[serde(borrow)]
    action: &'a str,
    #[serde(borrow)]
    data: Vec<BitmexRow<'a>>,
}

/// One side, the worst level first: changes happen near the best, so little moves.
#[derive(Default, Clone)]
struct Side {
    levels: Vec<(f64, f64)>,
}

impl Side {
    fn set(&mut self, sign: f64, price: f64, quantity: f64) {
        let at = self.levels.partition_point(|level| sign * level.0 < sign * price);
        if at < self.levels.len() && self.levels[at].0 == price {
            if quantity == 0.0 {
                self.levels.remove(at);
            } else {
                self.levels[at].1 = quantity;
            }
        } else if quantity != 0.0 {
            self.levels.insert(at, (price, quantity));
        }
    }
}

#[derive(Default, Clone)]
struct Book {
    bids: Side,
    asks: Side,
    last: u64,
    is_live: bool,
    is_spliced: bool,
    prices: HashMap<u64, f64>,
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

impl Book {
    fn apply(&mut self, bids: &[(&str, &str)], asks: &[(&str, &str)]) {
        for (price, quantity) in bids {
            self.bids.set(1.0, number(price), number(quantity));
        }
        for (price, quantity) in asks {
            self.asks.set(-1.0, number(price), number(quantity));
        }
    }

    fn depth(&mut self, depth: &Depth) {
        let is_old = if depth.pu.is_none() { depth.u <= self.last } else { depth.u < self.last };
        if is_old {
            return;
        }
        if self.is_spliced {
            let is_next = match depth.pu {
                None => depth.first == self.last + 1,
                Some(before) => before == self.last,
            };
            assert!(is_next, "gap of {} at {}", depth.s, depth.u);
        }
        self.is_spliced = true;
        self.last = depth.u;
        self.apply(&depth.b, &depth.a);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Venue {
    Combined,
    Raw,
    Bybit,
    Bitmex,
}

struct Line<'a> {
    is_timed: bool,
    conn: &'a str,
    /// Of a REST snapshot, else empty.
    symbol: &'a str,
    raw: &'a str,
}

type Books = HashMap<String, Book>;

/// The books of a connection where names are its own, else the books of all.
fn book<'b>(books: &'b mut HashMap<&str, Books>, scope: &str, symbol: &str) -> &'b mut Book {
    let own = books.get_mut(scope).expect("a connection that was named");
    if !own.contains_key(symbol) {
        own.insert(symbol.to_string(), Book::default());
    }
    own.get_mut(symbol).expect("a book")
}

fn frame<'a>(books: &mut HashMap<&'a str, Books>, waiting: &mut Vec<(String, &'a str)>, venue: Venue, line: &Line<'a>) {
    let bytes = line.raw.as_bytes();
    match venue {
        Venue::Combined | Venue::Raw => {
            let depth = if venue == Venue::Combined {
                sonic_rs::from_slice::<Combined>(bytes).expect("a frame").data
            } else {
                sonic_rs::from_slice::<Depth>(bytes).expect("a frame")
            };
            let one = book(books, "", depth.s);
            if one.is_live {
                one.depth(&depth);
            } else {
                waiting.push((depth.s.to_string(), line.raw));
            }
        }
        Venue::Bybit => {
            let message: Bybit = sonic_rs::from_slice(bytes).expect("a frame");
            let one = book(books, line.conn, message.data.s);
            if message.r#type == "snapshot" || message.data.u == 1 {
                *one = Book::default();
            } else {
                assert!(message.data.u == one.last + 1, "gap of {} at {}", message.data.s, message.data.u);
            }
            one.last = message.data.u;
            one.apply(&message.data.b, &message.data.a);
        }
        Venue::Bitmex => {
            let message: Bitmex = sonic_rs::from_slice(bytes).expect("a frame");
            if message.action == "partial" {
                if let Some(first) = message.data.first() {
                    *book(books, line.conn, first.symbol) = Book::default();
                }
            }
            for row in &message.data {
                let one = book(books, line.conn, row.symbol);
                let price = match message.action {
                    "delete" => one.prices.remove(&row.id).expect("a known id"),
                    "update" => *one.prices.get(&row.id).expect("a known id"),
                    _ => {
                        let price = row.price.expect("a price");
                        one.prices.insert(row.id, price);
                        price
                    }
                };
                let quantity = if message.action == "delete" { 0.0 } else { row.size.unwrap_or(0.0) };
                if row.side == "Buy" {
                    one.bids.set(1.0, price, quantity);
                } else {
                    one.asks.set(-1.0, price, quantity);
                }
            }
        }
    }
}

fn snapshot<'a>(books: &mut HashMap<&'a str, Books>, waiting: &mut Vec<(String, &'a str)>, venue: Venue, line: &Line<'a>) {
    let rest: Rest = sonic_rs::from_slice(line.raw.as_bytes()).expect("a snapshot");
    let one = book(books, "", line.symbol);
    *one = Book::default();
    one.apply(&rest.bids, &rest.asks);
    one.last = rest.last;
    one.is_live = true;
    let held: Vec<_> = waiting.iter().filter(|(symbol, _)| symbol == line.symbol).map(|(_, raw)| *raw).collect();
    waiting.retain(|(symbol, _)| symbol != line.symbol);
    for raw in held {
        frame(books, waiting, venue, &Line { is_timed: false, conn: line.conn, symbol: "", raw });
    }
}

fn cpu_ns() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists and `now` is a place to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

fn levels(side: &Side) -> String {
    let shown: Vec<_> = side.levels.iter().rev().take(SHOWN_LEVELS).map(|(price, quantity)| format!("[{price},{quantity}]")).collect();
    format!("[{}]", shown.join(","))
}

/// yardstick FRAMES PASSES OUT; a line of FRAMES: before or timed (B, F), connection, symbol of a snapshot or nothing, the frame; tabs between.
fn main() {
    let args: Vec<String> = env::args().collect();
    let text = fs::read_to_string(&args[1]).expect("the frames");
    let passes: usize = args[2].parse().expect("a count");
    let lines: Vec<Line> = text
        .lines()
        .map(|line| {
            let mut parts = line.splitn(4, '\t');
            let mut next = || parts.next().expect("four parts");
            Line { is_timed: next() == "F", conn: next(), symbol: next(), raw: next() }
        })
        .collect();
    let sample = lines.iter().find(|line| line.is_timed).expect("a timed frame").raw;
    let venue = if sample.contains("\"topic\":") {
        Venue::Bybit
    } else if sample.contains("\"table\":") {
        Venue::Bitmex
    } else if sample.starts_with("{\"stream\"") {
        Venue::Combined
    } else {
        Venue::Raw
    };
    let mut books: HashMap<&str, Books> = lines.iter().map(|line| (line.conn, Books::new())).collect();
    books.insert("", Books::new());
    let mut waiting = Vec::new();
    for line in lines.iter().filter(|line| !line.is_timed) {
        if line.symbol.is_empty() {
            frame(&mut books, &mut waiting, venue, line);
        } else {
            snapshot(&mut books, &mut waiting, venue, line);
        }
    }
    let timed: Vec<&Line> = lines.iter().filter(|line| line.is_timed).collect();
    let mut last = books.clone();
    for _ in 0..passes {
        last = books.clone();
        let before = cpu_ns();
        for line in &timed {
            frame(&mut last, &mut waiting, venue, line);
        }
        println!("{:.2}", (cpu_ns() - before) / timed.len() as f64);
    }
    let mut out = fs::File::create(&args[3]).expect("the output");
    for (conn, own) in &last {
        for (symbol, book) in own {
            let name = if conn.is_empty() { symbol.clone() } else { format!("{conn} {symbol}") };
            writeln!(out, "{{\"name\":\"{name}\",\"bids\":{},\"asks\":{}}}", levels(&book.bids), levels(&book.asks)).expect("written");
        }
    }
}
