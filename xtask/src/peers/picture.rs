//! The medians as bars: `docs/performance/peers.svg`.

use super::rounds::{Results, Times};
use crate::page;
use crate::run::{Result, root};
use std::fmt::Write;

const FILE: &str = "docs/performance/peers.svg";

// Pixels.
const WIDTH: f64 = 760.0;
const NAMES: f64 = 150.0;
const NUMBERS: f64 = 150.0;
const BAR: f64 = 13.0;
const LINE: f64 = 22.0;
const HEAD: f64 = 46.0;

// Bars longer than this many of ours are cut.
const LONGEST: f64 = 10.0;

const STYLE: &str = "\
text{font:12px sans-serif;fill:#222}.h{font-weight:bold;font-size:14px}.ours{fill:#1a7f4e}.theirs{fill:#8a94a3}\
.paper{fill:#fff}.cut{stroke:#fff;stroke-width:3}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.paper{fill:#111}.cut{stroke:#111}.ours{fill:#3fb97c}}";

/// Draws and writes it.
pub fn write(results: &[Results]) -> Result<()> {
    let path = root().join(FILE);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    page::write(&path, &draw(results))
}

fn draw(results: &[Results]) -> String {
    let mut bars = String::new();
    let mut y = 8.0;
    for results in results {
        for (at, threads) in results.threads.iter().enumerate() {
            let threads = if *threads == 1 {
                "1 thread".to_owned()
            } else {
                format!("{threads} threads")
            };
            let title = escaped(&format!("{}, {threads}: milliseconds a proof", results.circuit));
            let _ = writeln!(bars, r#"<text class="h" x="8" y="{}">{title}</text>"#, y + 20.0);
            y += HEAD - 14.0;
            for peer in &results.peers {
                bars += &bar(results, peer, at, y);
                y += LINE;
            }
            y += 14.0;
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" viewBox=\"0 0 {WIDTH} {y}\">\n\
         <title>Milliseconds a proof, ours and others</title>\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{y}\"/>\n{bars}</svg>\n"
    )
}

fn bar(results: &Results, peer: &Times, at: usize, y: f64) -> String {
    let (Some(series), ratio) = (peer.by_threads.get(at), results.ratio(peer, at)) else {
        return String::new();
    };
    let longest = results
        .peers
        .iter()
        .map(|p| results.ratio(p, at).min(LONGEST))
        .fold(1.0, f64::max);
    let width = (WIDTH - NAMES - NUMBERS) * ratio.min(LONGEST) / longest;
    let class = if peer.name.starts_with("medproof") {
        "ours"
    } else {
        "theirs"
    };
    let (name, base, end) = (escaped(peer.name), y + BAR - 2.0, NAMES + width);
    let mut out = format!("<text x=\"8\" y=\"{base:.0}\">{name}</text>");
    let _ = write!(
        out,
        r#"<rect class="{class}" x="{NAMES}" y="{y:.0}" width="{width:.1}" height="{BAR}"/>"#
    );
    if ratio > LONGEST {
        let (x, bottom) = (end - 24.0, y + BAR);
        let _ = write!(out, r#"<path class="cut" d="M{x:.0} {bottom:.0}l8 -{BAR}"/>"#);
    }
    let _ = writeln!(
        out,
        r#"<text x="{:.0}" y="{base:.0}">{:.0} ms, {ratio:.1} ×</text>"#,
        end + 8.0,
        series.median()
    );
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::rounds::Series;
    use super::*;

    #[test]
    fn every_peer_has_a_bar_and_what_is_far_longer_is_cut() {
        let peer = |name, ms| Times {
            name,
            about: String::new(),
            by_threads: vec![Series {
                proofs: vec![ms],
                ..Series::default()
            }],
        };
        let results = Results {
            circuit: "a < b".to_owned(),
            about: String::new(),
            threads: vec![1],
            peers: vec![peer("medproof", 10.0), peer("near", 50.0), peer("far", 5000.0)],
        };
        let svg = draw(&[results]);
        assert_eq!(
            (
                svg.matches("<rect class=\"theirs\"").count(),
                svg.matches("class=\"ours\"").count()
            ),
            (2, 1)
        );
        assert_eq!(svg.matches("class=\"cut\"").count(), 1);
        assert!(svg.contains("a &lt; b") && svg.contains("5000 ms, 500.0 ×"));
    }
}
