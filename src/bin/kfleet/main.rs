//! The `kfleet` program: flags in, report out. What it does is in the library.

mod args;
mod cli;
mod commands;
mod complete;
mod context;
mod ui;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use commands::{
    completions, fmt, generate, history, init, kfmt, man, promote, rollback, run_pipeline, status, version, vet,
};
use context::Context;
use std::process::ExitCode;
use ui::{ColorChoice, Ui};

/// Many small texts are made and dropped on all cores, and memory that the C library's allocator takes back and forth costs
/// system calls: this one makes a layout run that changes nothing a tenth faster (`benches/layout.rs`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let context = Context::read();
    // Before there are threads: they cannot enter a sandbox.
    if let Some(code) = kfleet::runner::local::step_process::main(&context.arguments) {
        return ExitCode::from(code);
    }
    if complete::answered(Cli::command, &context) {
        return ExitCode::SUCCESS;
    }
    if context.called_as("kfmt") {
        return kfmt::main(&context);
    }
    let cli = match Cli::try_parse_from(&context.arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are not errors, and go to standard output.
            let _ = error.print();
            if error.exit_code() != 0 {
                Ui::new(ColorChoice::Auto, false, 0, &context).report_usage(&error.to_string());
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let ui = Ui::new(cli.global.color, cli.global.quiet, cli.global.verbose, &context);
    let context = match cli.global.repo {
        None => context,
        Some(folder) => match context.about(folder) {
            Ok(context) => context,
            Err(error) => return ui.finish(Err(error)),
        },
    };
    let context = if cli.command.is_about_a_fleet() { context.in_fleet() } else { context };
    let result = match cli.command {
        Command::Fmt(args) => fmt::run(&args, &context, &ui),
        Command::Generate(args) => generate::run(&args, &context, &ui),
        Command::Vet(args) => vet::run(&args, &context, &ui),
        Command::Promote(args) => promote::run(&args, &context, &ui),
        Command::Rollback(args) => rollback::run(&args, &context, &ui),
        Command::RunPipeline(args) => run_pipeline::run(&args, &context, &ui),
        Command::Init(args) => init::run(&args, &context, &ui),
        Command::History(args) => history::run(&args, &context, &ui),
        Command::Status(args) => status::run(&args, &context, &ui),
        Command::Completions(args) => completions::run(&args, &ui),
        Command::Man(args) => man::run(&args, Cli::command(), &context, &ui),
        Command::Version(args) => version::run(&args, &ui),
    };
    ui.finish(result)
}
