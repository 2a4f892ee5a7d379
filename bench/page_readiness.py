"""The tables of docs/readiness.md, from what ./dev bench-width and ./dev bench-readiness have measured. What was not measured yet keeps
the words that stand there."""

import json
import pathlib
import shutil

import page
import provenance
import rounds

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "readiness.md"


def place(build, is_trial):
    """Of the results. What was measured with less than it should be stays out of the repository."""
    return build / "bench" / "trial" if is_trial else HERE / "results"


def counted(count):
    return "1 round" if count == 1 else f"{count} rounds"


def run_line(run):
    return (f"{run['began']}, {counted(run['rounds'])}, {page.commit_of(run)}, {provenance.machine_text(run['machine'])}, "
            + ", ".join(f"{name} {version}" for name, version in run["versions"].items()))


# --- width ----------------------------------------------------------------------------------------------------------------


def seconds(value_us):
    value = value_us / 1e6
    return f"{value:.3f} s" if value < 0.1 else f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def width_cells(row):
    """Wall and processor time, memory, and how many rounds."""
    if row is None:
        return ["", "", "", ""]
    if "failed" in row:
        return [f"failed: `{row['failed']}`", "", "", ""]
    samples = row["samples"]
    if not samples:
        return ["", "", "", "0"]
    wall, cpu = (seconds(rounds.median(rounds.values(row, what))) for what in ("wall_us", "cpu_us"))
    return [wall, cpu, f"{max(rounds.values(row, 'memory_kb')) / 1024:.1f} MB", str(len(samples))]


def width_words(row):
    *cells, count = width_cells(row)
    return " · ".join(filter(None, (*cells, count and counted(int(count)))))


def width_table(part):
    lines = ["| targets | pgusher: wall | CPU | memory | xargs: wall | CPU | rounds |", "|---" * 7 + "|"]
    for row in part["rows"]:
        ours, theirs = (width_cells(row["ways"].get(way)) for way in ("pgusher", "xargs"))
        count = " and ".join(dict.fromkeys(filter(None, (ours[3], theirs[3]))))
        lines.append(f"| {row['case']} | {' | '.join(ours[:3] + theirs[:2])} | {count} |")
    return [*lines, "", run_line(part["run"])]


# --- how soon -------------------------------------------------------------------------------------------------------------


def detection_table(part):
    lines = ["| who waits | median | p95 | knocks a second | of a core |", "|---|---|---|---|---|"]
    for name, times in part["detection_ms"].items():
        knocks, share = (rounds.median([sample[what] for sample in part["manners"][name]]) for what in ("knocks_a_second", "of_a_core"))
        lines.append(f"| {name} | {rounds.median(times):.0f} ms | {rounds.percentile(times, 95):.0f} ms | {knocks:.1f} | "
                     f"{share * 100:.1f} % |")
    return [*lines, "", run_line(part["run"])]


def room_text(part):
    return [f"{part['waiters']:,} waiters at {part['max_connections']} connections: `up` was let in and had migrated after "
            f"{part['up_s']} s, and the last waiter was gone {part['last_gone_s']} s later; together they had {part['most_sessions']} "
            "sessions at the most, counted ten times a second from the first one's start on.", "", run_line(part["run"])]


# --- the page -------------------------------------------------------------------------------------------------------------

SECTIONS = {("width", "scripted"): width_table, ("width", "real"): width_table,
            ("readiness", "detection"): detection_table, ("readiness", "room"): room_text}


def sections(folder):
    for (name, part), draw in SECTIONS.items():
        path = folder / f"{name}.json"
        document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if part in document:
            yield f"{name}, {part}", draw(document[part])


def write(folder, is_trial):
    """A trial has a page of its own, beside its results."""
    path = folder / PAGE.name if is_trial else PAGE
    if is_trial:
        shutil.copy(PAGE, path)
    text = path.read_text(encoding="utf-8")
    for name, lines in sections(folder):
        text = page.replace(text, name, lines)
    path.write_text(text, encoding="utf-8")
    print(f"results in {folder}, tables in {path}")
