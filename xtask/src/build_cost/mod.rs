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
use measure::{Cost, least, median};

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
    let [first, ..] = &consumers;

    let mut costs: [Vec<Cost>; 3] = Default::default();
    for run in 1..=runs {
        for (consumer, costs) in consumers.iter().zip(&mut costs) {
            let is_first = consumer.name == first.name;
            if run == 1 {
                // Nothing is fetched while the clock runs.
                consumer.fetch()?;
            }
            let cost = consumer.build(jobs)?;
            eprintln!("run {run}, {}: {cost}", consumer.name);
            costs.push(cost);
            if is_first && run == 1 {
                consumer::check_in(&generated, &first.out_folder()?)?;
            }
            // What the last build of the first left is looked at below.
            if !is_first || run < runs {
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

/// A Markdown table. Other work on the machine only ever adds CPU seconds, by slower caches, so the
/// least is the best estimate; the median shows how much there was.
fn report(consumers: &[Consumer; 3], costs: &[Vec<Cost>; 3], jobs: u32) -> Result<(), String> {
    let [.., bare] = costs;
    let (base_least, base_median) = (least(&cpu(bare)), median(&cpu(bare)));
    println!(
        "| Program with | Crates | Built twice | Wall s ({jobs} jobs) | CPU s, each run | Least | Relative | Median | Relative |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (consumer, costs) in consumers.iter().zip(costs) {
        let last = costs.last().ok_or("no runs")?;
        let cpu = cpu(costs);
        let (least_cpu, median_cpu) = (least(&cpu), median(&cpu));
        let wall: Vec<f64> = costs.iter().map(|cost| cost.wall).collect();
        let runs: Vec<String> = cpu.iter().map(|seconds| format!("{seconds:.1}")).collect();
        println!(
            "| {} | {} | {} | {:.0} | {} | {least_cpu:.1} | {:.2} | {median_cpu:.1} | {:.2} |",
            consumer.title,
            last.crates,
            last.twice,
            least(&wall),
            runs.join(", "),
            least_cpu / base_least,
            median_cpu / base_median,
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
