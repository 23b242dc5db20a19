//! Which files a command line names, and for what: checked before any work is done.

use super::{Command, RowArgs};
use crate::commands::analyze::args::AnalysisArgs;
use crate::output::place::Content;
use std::path::{Path, PathBuf};

/// A file that is written.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// The option.
    pub option: &'static str,
    /// The path.
    pub path: &'a Path,
    /// What is written: a file that holds something else is not replaced.
    pub content: Content,
}

/// All files that a command line names.
#[derive(Debug, Default)]
pub struct Files<'a> {
    /// Logs, and directories of logs.
    pub logs: Vec<&'a Path>,
    /// Models, lists and the like: the option, and the path.
    pub reads: Vec<(&'static str, &'a Path)>,
    /// What is written.
    pub writes: Vec<Output<'a>>,
}

impl<'a> Files<'a> {
    fn logs(&mut self, paths: &'a [PathBuf]) -> &mut Files<'a> {
        self.logs.extend(paths.iter().map(PathBuf::as_path));
        self
    }

    fn reads(
        &mut self,
        option: &'static str,
        paths: impl IntoIterator<Item = &'a PathBuf>,
    ) -> &mut Files<'a> {
        let paths = paths.into_iter().map(|p| (option, p.as_path()));
        self.reads.extend(paths);
        self
    }

    fn writes(
        &mut self,
        option: &'static str,
        path: impl IntoIterator<Item = &'a PathBuf>,
        content: Content,
    ) -> &mut Files<'a> {
        let all = path.into_iter().map(|path| Output {
            option,
            path,
            content,
        });
        self.writes.extend(all);
        self
    }

    fn analysis(&mut self, a: &'a AnalysisArgs) -> &mut Files<'a> {
        self.logs(&a.rows.paths)
            .logs(&a.train_on)
            .logs(&a.normal)
            .reads("--model", &a.model)
            .reads("--baseline", &a.baseline)
            .reads("--behavior-baseline", &a.usual)
            .reads("--allow", &a.allow)
    }
}

impl Command {
    /// The files that are read and written.
    pub fn files(&self) -> Files<'_> {
        let mut files = Files::default();
        let f = &mut files;
        match self {
            Command::Train(a) => f
                .logs(&a.rows.paths)
                .reads("--continue", &a.from_model)
                .writes("-o", &a.output, Content::Model),
            Command::Merge(a) => {
                f.reads("MODEL", &a.models)
                    .writes("-o", [&a.output], Content::Model)
            }
            Command::Score(a) => f
                .logs(&a.rows.paths)
                .logs(&a.train_on)
                .reads("--model", &a.model)
                .reads("--behavior-baseline", &a.usual)
                .reads("--allow", &a.allow)
                .writes("-o", &a.output, Content::Findings),
            Command::Verdict(a) => f
                .logs(&a.rows.paths)
                .logs(&a.train_on)
                .logs(&a.normal)
                .reads("--model", &a.model)
                .reads("--behavior-baseline", &a.usual)
                .reads("--baseline", &a.baseline)
                .writes("-o", &a.output, Content::Findings)
                .writes("--save-baseline", &a.save_baseline, Content::Baseline),
            Command::Evaluate(a) => f
                .logs(&a.paths)
                .logs(&a.train_on)
                .reads("--model", &a.models)
                .reads("--uids", &a.uids)
                .reads("--behavior-baseline", &a.usual)
                .reads("--allow", &a.allow)
                .writes("--scores-out", &a.scores_out, Content::Findings),
            Command::Backtest(a) => f
                .logs(&a.rows.paths)
                .reads("--model", [&a.model])
                .reads("--behavior-baseline", &a.usual)
                .reads("--allow", &a.allow),
            Command::Hunt(a) => f
                .logs(&a.rows.paths)
                .logs(&a.train_on)
                .reads("--behavior-baseline", &a.usual)
                .reads("--allow", &a.allow)
                .writes("-o", &a.output, Content::Findings)
                .writes(
                    "--save-behavior-baseline",
                    &a.learn,
                    Content::BehaviorBaseline,
                )
                .writes("--state", &a.state, Content::BehaviorState),
            Command::Explain(a) => f
                .logs(&a.paths)
                .logs(&a.train_on)
                .reads("--model", &a.model),
            Command::Watch(a) => f
                .reads("--model", [&a.model])
                .writes("-o", &a.output, Content::Appended)
                .writes("--state", &a.state, Content::WatchState),
            Command::Drift(a) => f.logs(&a.rows.paths).reads("--model", [&a.model]),
            Command::Feedback(a) => f
                .logs(&a.paths)
                .reads("--model", [&a.model])
                .reads("--from", &a.from)
                .writes("-o", &a.output, Content::Model),
            Command::Analyze(a) => f
                .analysis(&a.analysis)
                .writes("-o", &a.output, Content::Page),
            Command::Report(a) => f
                .analysis(&a.analysis)
                .writes("-o", &a.output, Content::Page)
                .writes("--pdf", &a.pdf, Content::Pdf),
            Command::Inspect(a) => f.reads("MODEL", [&a.model]),
            Command::Config(_) | Command::Man(_) | Command::Completions(_) => f,
        };
        files
    }

    /// Which rows are used, where that can be asked for.
    fn rows(&self) -> Option<&RowArgs> {
        match self {
            Command::Train(a) => Some(&a.rows),
            Command::Score(a) => Some(&a.rows),
            Command::Verdict(a) => Some(&a.rows),
            Command::Backtest(a) => Some(&a.rows),
            Command::Hunt(a) => Some(&a.rows),
            Command::Drift(a) => Some(&a.rows),
            Command::Analyze(a) => Some(&a.analysis.rows),
            Command::Report(a) => Some(&a.analysis.rows),
            _ => None,
        }
    }

    /// What contradicts itself in the command line, if anything does.
    pub fn contradiction(&self) -> Option<String> {
        let rows = self.rows()?;
        let (from, until) = (rows.from?, rows.until?);
        (from >= until).then(|| {
            format!(
                "--until {} is not after --from {}: no row can lie between them",
                crate::say::second(until),
                crate::say::second(from)
            )
        })
    }
}
