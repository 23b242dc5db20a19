//! `report`: what stands in logs is shown and never becomes markup; and whatever the logs
//! are, there is a page.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, conn_log, model, odd_row, run};
use scraper::{Html, Selector};
use std::path::Path;

fn sample(part: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/sample/logs")
        .join(part);
    dir.to_string_lossy().into_owned()
}

/// Runs it and gives the page.
fn page(dir: &Dir, args: &[&str]) -> String {
    let out = dir.arg("report.html");
    let ran = run(&[&["report", "-o", &out][..], args].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    std::fs::read_to_string(out).unwrap()
}

/// The page as a browser's parser has it, once it is known to hold nothing that could act.
fn parsed(page: &str) -> Html {
    let html = Html::parse_document(page);
    assert!(html.errors.is_empty(), "{:?}", html.errors);
    let known = [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "div",
        "a",
        "header",
        "h1",
        "h2",
        "h3",
        "dl",
        "dt",
        "dd",
        "ul",
        "ol",
        "li",
        "b",
        "nav",
        "main",
        "section",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "br",
        "span",
        "code",
        "figure",
        "figcaption",
        "footer",
        "svg",
        "text",
        "line",
        "rect",
        "circle",
        "polyline",
        "polygon",
    ];
    let attributes = [
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "href",
        "id",
        "role",
        "aria-label",
        "aria-labelledby",
        "aria-hidden",
        "tabindex",
        "data-label",
        "scope",
        "width",
        "height",
        "viewbox",
        "xmlns",
        "opacity",
        "stroke",
        "stroke-width",
        "fill",
        "points",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "dy",
        "text-anchor",
        "font-family",
        "font-size",
        "transform",
    ];
    for e in html.select(&Selector::parse("*").unwrap()) {
        let e = e.value();
        assert!(known.contains(&e.name()), "<{}>", e.name());
        for (name, value) in e.attrs() {
            let name = name.to_lowercase();
            assert!(attributes.contains(&name.as_str()), "<{} {name}=", e.name());
            if name == "href" {
                assert!(value.starts_with('#'), "{value}");
            }
        }
    }
    let one = |s: &str| html.select(&Selector::parse(s).unwrap()).count();
    assert_eq!(
        (
            one("style"),
            one("title"),
            one("main"),
            one("meta[http-equiv]")
        ),
        (1, 1, 1, 1)
    );
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    assert!(!page.contains(acts));
    html
}

fn text(html: &Html, selector: &str) -> String {
    html.select(&Selector::parse(selector).unwrap())
        .flat_map(|e| e.text())
        .collect()
}

/// The text of a PDF, without blanks, once it is known to hold nothing that could act.
#[cfg(feature = "pdf")]
fn written(pdf: &str) -> String {
    let pdf = lopdf::Document::load(pdf).unwrap();
    for (id, object) in &pdf.objects {
        let dict = match object {
            lopdf::Object::Dictionary(d) => d,
            lopdf::Object::Stream(s) => &s.dict,
            _ => continue,
        };
        for key in [
            "JS",
            "JavaScript",
            "AA",
            "OpenAction",
            "URI",
            "Launch",
            "EmbeddedFiles",
            "AcroForm",
        ] {
            assert!(!dict.has(key.as_bytes()), "{key} in {id:?}");
        }
    }
    let pages: Vec<u32> = pdf.get_pages().keys().copied().collect();
    dense(&pdf.extract_text(&pages).unwrap())
}

/// Without the blanks, at which lines are broken.
#[cfg(feature = "pdf")]
fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The options that write a PDF, if this build can.
fn pdf_to(path: &str) -> Vec<&str> {
    match cfg!(feature = "pdf") {
        true => vec!["--pdf", path],
        false => Vec::new(),
    }
}

#[test]
#[cfg(not(feature = "pdf"))]
fn without_the_feature_pdf_the_error_says_how_to_get_it() {
    println!("skipped: the PDF of a report (build with --features pdf)");
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(10));
    let pdf = dir.arg("report.pdf");
    let ran = run(&["report", "-q", "--pdf", &pdf, &log]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(ran.err.contains("--features pdf"), "{}", ran.err);
    assert_eq!(dir.names(), ["conn.log"]);
}

#[test]
#[cfg(feature = "pdf")]
fn the_pdf_says_what_the_page_says() {
    let dir = Dir::new();
    let (ordinary, attack, pdf) = (sample("ordinary"), sample("attack"), dir.arg("report.pdf"));
    let args = [
        "report",
        "-q",
        "--pdf",
        &pdf,
        "--train-on",
        &ordinary,
        &attack,
    ];
    let ran = run(&args);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let text = written(&pdf);
    for want in [
        "Findings",
        "sync.edge-metrics.test",
        "192.168.10.103",
        "Timeline",
        "in file order",
    ] {
        assert!(text.contains(&dense(want)), "{want}\n{text}");
    }
    assert_eq!(dir.names(), ["report.pdf"]);
}

#[test]
fn the_sample_report_names_what_was_done() {
    let dir = Dir::new();
    let (ordinary, attack) = (sample("ordinary"), sample("attack"));
    let html = parsed(&page(
        &dir,
        &["-q", "--sensor", "office", "--train-on", &ordinary, &attack],
    ));
    assert!(text(&html, "h1").contains("office"));
    let findings = text(&html, "section[aria-labelledby=findings] tbody");
    assert!(findings.contains("sync.edge-metrics.test"), "{findings}");
    // The scanner and guesser, and the host that calls home, before all others.
    let named = Selector::parse("section[aria-labelledby=hosts] tbody th").unwrap();
    let hosts = html.select(&named);
    let mut first: Vec<String> = hosts.take(2).map(|h| h.text().collect()).collect();
    first.sort();
    assert_eq!(first, ["192.168.10.103", "192.168.10.105"]);
    let behaviors = text(&html, "section[aria-labelledby=behaviors] tbody");
    for want in ["beacon", "scan", "guessing"] {
        assert!(behaviors.contains(want), "{want}: {behaviors}");
    }
    let next = text(&html, "section[aria-labelledby=next] code");
    assert!(
        next.contains("zeek-anomaly explain 192.168.10.103"),
        "{next}"
    );
    // A page for each log, each with its plots in two sizes.
    for log in ["conn", "dns", "ssl", "http", "files", "x509"] {
        let sections = html
            .select(&Selector::parse("section.log").unwrap())
            .filter(|s| s.text().any(|t| t.trim() == log))
            .count();
        assert!(sections >= 1, "{log}");
    }
    let svgs = html
        .select(&Selector::parse("section.log svg").unwrap())
        .count();
    assert!(svgs >= 12 * 4, "{svgs}");
}

#[test]
fn the_verdict_stands_beside_its_baseline() {
    let dir = Dir::new();
    let (ordinary, attack) = (sample("ordinary"), sample("attack"));
    let args = [
        "-q",
        "--train-on",
        &ordinary,
        "--normal",
        &ordinary,
        &attack,
    ];
    let html = parsed(&page(&dir, &args));
    let verdict = text(&html, "section[aria-labelledby=verdict]");
    for want in ["HIGH", "ABOVE NORMAL BASELINE", "weighted_top", "(beyond)"] {
        assert!(verdict.contains(want), "{want}: {verdict}");
    }
    let calm = parsed(&page(
        &dir,
        &[
            "-q",
            "--train-on",
            &ordinary,
            "--normal",
            &ordinary,
            &ordinary,
        ],
    ));
    let verdict = text(&calm, "section[aria-labelledby=verdict]");
    assert!(
        verdict.contains("LOW") && verdict.contains("WITHIN NORMAL BASELINE"),
        "{verdict}"
    );
}

#[test]
fn the_same_logs_give_the_same_bytes() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(400) + &odd_row(7));
    let pdf = dir.arg("report.pdf");
    let made = |threads: &str| {
        let args = [&["-q", "--threads", threads, &log], &pdf_to(&pdf)[..]].concat();
        (page(&dir, &args), std::fs::read(&pdf).ok())
    };
    assert!(made("1") == made("2"));
    let dated = page(&dir, &["-q", "--made", "2026-07-04 <noon>", &log]);
    assert!(dated.contains("2026-07-04 &#60;noon&#62;"), "made");
}

/// Texts that would act if they were let.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\\\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style></svg></title><script>alert(1)</script>",
    "{{7*7}}{% raw %}<!--",
    "a\\u0000b\\u001b[31mc\\r\\nd",
    "\\u202egnp.exe\\u2066\\u200b",
    "&lt;b&gt;&#x3c;i&#x3e;",
    "javascript:alert(1)",
    "]]><svg onload=alert(1)>",
];

#[test]
fn what_stands_in_logs_never_becomes_markup() {
    let dir = Dir::new();
    let mut lines = String::new();
    for i in 0..300 {
        let odd = (i % 10 == 9).then(|| HOSTILE[(i / 10) % HOSTILE.len()]);
        let host = odd.unwrap_or("www.example.test");
        let long = if i == 150 {
            "<b>".repeat(200_000)
        } else {
            "/".into()
        };
        lines.push_str(&format!(
            "{{\"ts\":{}.5,\"uid\":\"{}\",\"id.orig_h\":\"10.0.0.{}\",\"id.orig_p\":5,\
             \"id.resp_h\":\"192.0.2.1\",\"id.resp_p\":80,\"host\":\"{host}\",\"uri\":\"{long}{host}\",\
             \"user_agent\":\"{host}\",\"method\":\"{}\"}}\n",
            1_780_000_000 + i,
            odd.unwrap_or("CAbc"),
            i % 5,
            odd.unwrap_or("GET"),
        ));
    }
    let http = dir.write("http.log", lines);
    // A log of its own name and columns.
    let mut lines = String::new();
    for i in 0..200 {
        lines.push_str(&format!(
            "{{\"_path\":\"<script>x</script>\",\"ts\":{},\"<img src=x onerror=alert(2)>\":\"{}\",\
             \"' onload='x\":{},\"peer\":\"<i>sensor</i>\"}}\n",
            1_780_000_000 + i,
            if i == 77 { HOSTILE[0] } else { "a" },
            i % 3,
        ));
    }
    let own = dir.write("own.json", lines);
    let pdf = dir.arg("report.pdf");
    let args = [&["-q", "--threshold", "1", &http, &own], &pdf_to(&pdf)[..]].concat();
    let html = parsed(&page(&dir, &args));
    #[cfg(feature = "pdf")]
    for want in [
        "<script>alert(1)</script>",
        "' onmouseover='alert(1)",
        "<i>sensor</i>",
    ] {
        assert!(written(&pdf).contains(&dense(want)), "{want}");
    }
    let shown = text(&html, "main");
    for want in [
        "<script>alert(1)</script>",
        "' onmouseover='alert(1)",
        "{{7*7}}",
        "\\u{202e}gnp.exe",
        "a\\x00b\\x1b[31mc",
    ] {
        assert!(shown.contains(want), "{want}");
    }
    assert!(text(&html, "section.log svg text").contains("<img src=x onerror"));
    assert!(text(&html, "dd").contains("<i>sensor</i>"));
}

#[test]
fn there_is_a_page_whatever_the_logs_are() {
    let dir = Dir::new();
    let m = model(&dir, 300);
    // One row; nothing strange; rows without a time; constant columns.
    let one = dir.write("one-conn.log", conn_log(1));
    parsed(&page(&dir, &["-q", "-m", &m, &one]));
    let ordinary = dir.write("conn.log", conn_log(200));
    let html = parsed(&page(
        &dir,
        &["-q", "-m", &m, "--threshold", "50", &ordinary],
    ));
    assert!(text(&html, "section[aria-labelledby=findings]").contains("No record reached"));
    let timeless: String = (0..50)
        .map(|_| "{\"_path\":\"weird\",\"name\":\"x\",\"peer\":\"w1\"}\n".to_owned())
        .collect();
    let timeless = dir.write("weird.log", timeless);
    let html = parsed(&page(&dir, &["-q", &timeless]));
    assert!(text(&html, "section[aria-labelledby=timeline]").contains("No record has a time"));
    assert!(text(&html, "dd").contains("w1"));
    // Times of 1970 and 2106, and huge numbers.
    let mut far = conn_log(1000);
    far.push_str(&odd_row(0).replace("1000000000", "1"));
    far.push_str(
        &odd_row(1)
            .replace("1000000001", "4291747200")
            .replace("90000000", "18446744073709551615"),
    );
    let far = dir.write("far-conn.log", far);
    let html = parsed(&page(&dir, &["-q", &far]));
    assert!(text(&html, "figcaption").contains("lie far outside"));
}

#[test]
fn nothing_to_report_on_is_an_error_and_leaves_the_old_page() {
    let dir = Dir::new();
    let old = dir.write("report.html", "<!doctype html>old");
    let empty = dir.write("conn.log", conn_log(0));
    let ran = run(&["report", "-q", "-o", &old, &empty]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(ran.err.contains("no row"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "<!doctype html>old");
    assert_eq!(dir.names(), ["conn.log", "report.html"]);
}
