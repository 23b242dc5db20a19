//! C and C++ programs against the library: plain, under the sanitizers, under Valgrind.
//!
//! What the machine has no tool for is skipped, with a line that says so.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const SANITIZE: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// What `rustc --print native-static-libs` names, less what every compiler adds.
const NATIVE: &[&str] = &["-lpthread", "-ldl", "-lm"];

const STATIC: &str = "libzeek_anomaly.a";
#[cfg(not(target_os = "macos"))]
const SHARED: &str = "libzeek_anomaly.so";
#[cfg(target_os = "macos")]
const SHARED: &str = "libzeek_anomaly.dylib";

/// Written past the test harness, which shows output only of what fails.
fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

/// The folder that has the libraries which were built with this test.
fn libraries() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let deps = exe.parent().unwrap().to_owned();
    let has = |dir: &Path| dir.join(STATIC).exists() && dir.join(SHARED).exists();
    if has(&deps) {
        return deps;
    }
    let profile = deps.parent().unwrap().to_owned();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .args(["build", "--lib", "--package", env!("CARGO_PKG_NAME")])
        .arg("--target-dir")
        .arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    done(&mut cargo);
    assert!(has(&profile), "no libraries in {}", profile.display());
    profile
}

/// Runs a command that has to go well.
fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{:?} {:?}: {}\n{}{}",
        command.get_program(),
        command.get_args().collect::<Vec<_>>(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|o| o.status.success())
}

/// The C or C++ compiler that the `cc` crate finds.
fn compiler(cpp: bool) -> Command {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let about = done(Command::new(rustc).arg("-vV")).stdout;
    let about = String::from_utf8(about).unwrap();
    let host = about
        .lines()
        .find_map(|l| l.strip_prefix("host: "))
        .unwrap();
    cc::Build::new()
        .cpp(cpp)
        .host(host)
        .target(host)
        .opt_level(1)
        .debug(true)
        .cargo_metadata(false)
        .get_compiler()
        .to_command()
}

/// The folder, the models and the programs of one test.
struct Bench {
    dir: TempDir,
    libraries: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench {
            dir: tempfile::tempdir().unwrap(),
            libraries: libraries(),
        };
        let bytes = common::model().to_bytes().unwrap();
        fs::write(bench.path("model"), &bytes).unwrap();
        let mut damaged = bytes;
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x10;
        fs::write(bench.path("damaged"), &damaged).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Compiles a program from tests/c with every warning an error.
    fn compile(&self, source: &str, standard: &str, flags: &[&str], shared: bool) -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = self.path("program");
        let mut command = compiler(source.ends_with(".cc"));
        command
            .arg(format!("-std={standard}"))
            .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .args(flags)
            .arg("-I")
            .arg(root.join("include"))
            .arg(root.join("tests/c").join(source))
            .arg("-o")
            .arg(&program);
        if shared {
            command
                .arg(self.libraries.join(SHARED))
                .arg(format!("-Wl,-rpath,{}", self.libraries.display()));
        } else {
            command.arg(self.libraries.join(STATIC));
        }
        done(command.args(NATIVE));
        program
    }

    /// Adds what abi.c wants to be told.
    fn run(&self, mut command: Command) {
        let told = ["model", "damaged", "missing"].map(|n| self.path(n));
        done(command.args(told));
    }
}

#[test]
fn c_programs_work_with_the_static_library() {
    let bench = Bench::new();
    bench.run(Command::new(bench.compile("abi.c", "c11", &[], false)));
}

#[test]
fn c_programs_work_with_the_shared_library() {
    let bench = Bench::new();
    bench.run(Command::new(bench.compile("abi.c", "c11", &[], true)));
}

#[test]
fn c_programs_work_under_the_sanitizers() {
    let bench = Bench::new();
    let source = bench.path("try.c");
    fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let tried = bench.path("try");
    let mut compile = compiler(false);
    compile.args(SANITIZE).arg(&source).arg("-o").arg(&tried);
    if !works(&mut compile) {
        return skipped("C programs under sanitizers: the compiler has none");
    }
    let mut command = Command::new(bench.compile("abi.c", "c11", SANITIZE, false));
    if !works(Command::new(&tried).env("ASAN_OPTIONS", "detect_leaks=1")) {
        // It cannot work where the process is traced already.
        skipped("looking for leaks with a sanitizer: it does not run here");
        command.env("ASAN_OPTIONS", "detect_leaks=0");
    }
    bench.run(command);
}

#[test]
fn c_programs_work_under_valgrind() {
    if !works(Command::new("valgrind").arg("--version")) {
        return skipped("C programs under Valgrind: it is not installed");
    }
    let bench = Bench::new();
    let program = bench.compile("abi.c", "c11", &[], false);
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--error-exitcode=9", "--leak-check=full"])
        .args([
            "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect",
        ])
        .arg(program);
    bench.run(command);
}

#[test]
fn the_header_is_good_cpp() {
    let bench = Bench::new();
    for standard in ["c++17", "c++20"] {
        done(&mut Command::new(bench.compile(
            "header.cc",
            standard,
            &[],
            false,
        )));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_shared_library_exports_the_interface_and_nothing_else() {
    let mut nm = Command::new("nm");
    nm.args(["--dynamic", "--defined-only", "--format=posix"]);
    if !works(Command::new("nm").arg("--version")) {
        return skipped("the exports of the shared library: there is no nm");
    }
    let output = done(nm.arg(libraries().join(SHARED))).stdout;
    let text = String::from_utf8(output).unwrap();
    let mut names: Vec<&str> = text
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "za_abi_version",
            "za_engine_bind",
            "za_engine_close",
            "za_engine_configure",
            "za_engine_decide",
            "za_engine_finish",
            "za_engine_info",
            "za_engine_load_model",
            "za_engine_next_event",
            "za_engine_observe",
            "za_engine_open",
            "za_engine_save",
            "za_engine_tick",
            "za_engine_unpack",
            "za_engine_watch_behaviors",
            "za_error_free",
            "za_error_message",
        ]
    );
}
