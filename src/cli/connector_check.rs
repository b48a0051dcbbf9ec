//! `offramp connector check`: all that is wrong with definitions, each with its code, its place and a caret.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::config::Config;
use crate::connector::{Document, Level, check, documents};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// A connector.yaml, its folder, or a folder of such folders; without any, the connectors of the settings.
    #[arg(value_name = "FOLDER OR FILE")]
    paths: Vec<PathBuf>,
}

impl Check {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode, Failure> {
        let mut all: Vec<Document> = Vec::new();
        for path in &self.paths {
            all.extend(documents(Some(path))?);
        }
        if self.paths.is_empty() {
            let folder = Some(config.connectors_dir.as_str()).filter(|folder| !folder.is_empty());
            all = documents(folder.map(Path::new))?;
        }
        let findings = check(&all);
        for finding in &findings {
            println!("{}", finding.render());
        }
        let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
        println!("{} checked, {errors} errors, {} warnings.", all.len(), findings.len() - errors);
        Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
