//! `cargo xtask build-cost`: what a clean debug build costs a program that depends on this crate.
//!
//! Three programs of a few lines are built from nothing, one after the other, several times: one
//! with this crate as it is packaged, one with the same crate and its generated code checked in,
//! and one with what anybody needs who does it by hand. `docs/build.md` has the numbers.

mod consumer;
mod measure;
mod rebuild;

use std::fs;
use std::path::Path;

use consumer::Consumer;
use measure::{Cost, median};

use crate::run::{metadata, root};

/// Measures and prints the tables of `docs/build.md`.
pub(crate) fn run(runs: usize, jobs: u32) -> Result<(), String> {
    let root = root()?;
    let folder = metadata(&root)?.target_directory.join("build-cost");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let crates = folder.join("crates");
    let generated = consumer::package(&root, &crates)?;
    let consumers = [
        Consumer::of_crate(&folder, "generated", &generated, &root)?,
        Consumer::of_crate(&folder, "checked in", &crates.join("checked-in"), &root)?,
        Consumer::bare(&folder, &root)?,
    ];
    let [first, second, _] = &consumers;

    let mut costs: [Vec<Cost>; 3] = Default::default();
    for run in 1..=runs {
        for (consumer, costs) in consumers.iter().zip(&mut costs) {
            if run == 1 {
                if consumer.name == second.name {
                    consumer::check_in(&generated, &first.out_folder()?)?;
                }
                // Nothing is fetched while the clock runs.
                consumer.fetch()?;
            }
            let cost = consumer.build(jobs)?;
            eprintln!("run {run}, {}: {cost}", consumer.name);
            costs.push(cost);
            if run < runs || consumer.name != first.name {
                consumer.clean()?;
            }
        }
    }
    report(&consumers, &costs, jobs)?;
    println!(
        "\nThe build script alone: {:.3} s (median of 9 runs).\n",
        median(&rebuild::generation(first, &generated, 9)?)
    );
    for line in rebuild::reasons(first, &generated)? {
        println!("- {line}");
    }
    fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))
}

/// A Markdown table.
fn report(consumers: &[Consumer; 3], costs: &[Vec<Cost>; 3], jobs: u32) -> Result<(), String> {
    let [.., bare] = costs;
    let base = median(&cpu(bare));
    println!(
        "| Program with | Crates | Built twice | CPU s | Wall s ({jobs} jobs) | CPU s, relative |"
    );
    println!("|---|---|---|---|---|---|");
    for (consumer, costs) in consumers.iter().zip(costs) {
        let last = costs.last().ok_or("no runs")?;
        let cpu = cpu(costs);
        let wall: Vec<f64> = costs.iter().map(|cost| cost.wall).collect();
        println!(
            "| {} | {} | {} | {:.1} ({}) | {:.0} | {:.2} |",
            consumer.title,
            last.crates,
            last.twice,
            median(&cpu),
            cpu.iter()
                .map(|seconds| format!("{seconds:.1}"))
                .collect::<Vec<_>>()
                .join(", "),
            median(&wall),
            median(&cpu) / base,
        );
    }
    Ok(())
}

fn cpu(costs: &[Cost]) -> Vec<f64> {
    costs.iter().map(|cost| cost.cpu).collect()
}

/// Reads a file; the error names it.
fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Writes a file and the folders above it; the error names it.
fn write(path: &Path, text: &str) -> Result<(), String> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text))
        .map_err(|e| format!("{}: {e}", path.display()))
}
