"""The tables of the page, from the results: what stands between a line `<!-- bench: NAME -->` and the next `<!-- end -->` is written
anew. A case, and each group of a case, that was not run yet is named, and has no table or no column."""

import os
import re

import aims
import plots
import provenance
import results
import rounds

TABLES = {
    "nothing": (("SCRAM", r"^\d+ files?, SCRAM(, others)?$"), ("one file and many, in turn", r"^1 and "),
                ("trust", r"files?, trust$"), ("TLS", r", TLS$")),
    "fresh": (("fsync off", r"fsync off(, others)?$"), ("fsync on", r"fsync on$")),
    "far": (("nothing pending", r"^nothing"), ("fresh", r"^fresh")),
    "waiting": (("from the server's word that it is ready to the tool's end", ""),),
    "stack": (("until the last application is up", ""),),
}
LEGEND = "median · p95 in ms"
RATIO_LEGEND = "ours as a part of it, the median of the ratios round by round"
UNKNOWN_COMMIT = "a commit that was not written down"


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def cell(entry, reference, all_rounds):
    """all_rounds: how many the group had; a program that failed in some has fewer."""
    if entry is None:
        return ""
    times = rounds.values(entry)
    if not times:
        return "fails" if "failed" in entry else "spared" if "spared" in entry else ""
    text = f"{number(rounds.median(times) / 1000)} · {number(rounds.percentile(times, 95) / 1000)}"
    if reference is not None and reference is not entry and rounds.values(reference):
        parts = rounds.ratios(reference, entry)
        text += f" · {rounds.median(parts):.2f}" if parts else ""
    if len(times) < all_rounds:
        text += f" ({len(times)} rounds)"
    return text


def reference_of(group):
    return group["tools"].get(group["reference"])


def table(groups):
    names = list(dict.fromkeys(name for group in groups for name in group["tools"]))
    lines = ["| | " + " | ".join(group["name"] for group in groups) + " |", "|---" * (len(groups) + 1) + "|"]
    for name in names:
        cells = [cell(group["tools"].get(name), reference_of(group), group["run"]["rounds"]) for group in groups]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def legend(groups):
    return f"{LEGEND} · {RATIO_LEGEND}" if any(group["reference"] for group in groups) else LEGEND


def remarks(groups):
    """Who failed, and who was spared, once each."""
    lines = []
    for group in groups:
        for name, entry in group["tools"].items():
            if "failed" in entry:
                lines.append(f"- {name} does not do \"{group['name']}\": `{entry['failed'].replace('`', chr(39))}`")
            if "failed_rounds" in entry:
                lines.append(f"- {name} failed in {len(entry['failed_rounds'])} rounds of \"{group['name']}\": "
                             f"`{entry['failed_rounds'][0].replace('`', chr(39))}`")
            if "not_counted" in entry:
                lines.append(f"- {name} could not be counted in \"{group['name']}\": `{entry['not_counted'].replace('`', chr(39))}`")
            if "spared" in entry:
                lines.append(f"- {name} is {entry['spared']}.")
    return list(dict.fromkeys(lines))


def not_run(case, names):
    """names: of the groups that belong to the case and have no results; None for all of them."""
    if names is None:
        return [f"There are no results of this yet: `./dev bench --case {case}`."]
    return ["", f"Not measured yet: {'; '.join(names)} (`./dev bench --case {case}`)."] if names else []


def case_text(document, plots_folder):
    lines = []
    for title, pattern in TABLES[document["case"]]:
        groups = [group for group in document["groups"] if re.search(pattern, group["name"])]
        if groups:
            lines += [f"**{title}** ({legend(groups)})", "", *table(groups), ""]
    lines += remarks(document["groups"])
    for group in document["groups"]:
        if group["plot"]:
            file = plots.file_name(document["case"], group["name"])
            lines += ["", f"![{group['name']}]({plots_folder}/{file})"]
    return lines


# --- what is counted -------------------------------------------------------------------------------------------------------


def trips_text(document):
    """A column for each kind of group, all its delays together: a count that differed between them would be a span."""
    kinds = {}
    for group in sorted(document["groups"], key=lambda group: -len(group["tools"])):
        kinds.setdefault(re.sub(r", \S+ ms", "", group["name"]), []).append(group["tools"])
    names = list(dict.fromkeys(name for groups in kinds.values() for tools in groups for name in tools))
    lines = ["| | " + " | ".join(f"{kind}: connections · during logins · after" for kind in kinds) + " |",
             "|---" * (len(kinds) + 1) + "|"]
    for name in names:
        cells = [trips_cell([tools[name] for tools in groups if name in tools]) for groups in kinds.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def trips_cell(entries):
    samples = {"samples": [sample for entry in entries for sample in entry["samples"]]}
    if not samples["samples"]:
        return ""
    return " · ".join(spread(rounds.values(samples, what)) for what in ("connections", "login_trips", "round_trips"))


def spread(counts):
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def cost_text(document, plots_folder):
    lines = ["| files | | time, ms | processor, ms | of it the system's | the server's, ms | memory, MB | system calls | "
             "instructions, millions |", "|---" * 9 + "|"]
    for group in document["groups"]:
        for name, entry in group["tools"].items():
            if not entry["samples"]:
                continue
            instructions = entry.get("instructions")
            calls = entry.get("system_calls")
            server = entry.get("server_us")
            lines.append(f"| {group['name'].split()[0]} | {name} | {number(rounds.median(rounds.values(entry)) / 1000)} | "
                         f"{number(rounds.median(rounds.values(entry, 'cpu_us')) / 1000)} | "
                         f"{number(system_ms(entry))} | "
                         f"{number(None if server is None else server / 1000)} | "
                         f"{rounds.median(rounds.values(entry, 'memory_kb')) / 1024:.1f} | "
                         f"{'' if calls is None else f'{calls:,}'} | "
                         f"{'' if instructions is None else f'{instructions / 1e6:,.1f}'} |")
    sentences = growth_text(document) + many_files_text(document) + remarks(document["groups"])
    return [*lines, "", *sentences, "", f"![growth]({plots_folder}/cost-growth.svg)"]


def system_ms(entry):
    return rounds.median([sample["cpu_us"] - sample["user_us"] for sample in entry["samples"]]) / 1000


def of_reference(document):
    """How many files -> the reference's entry, the fewest first."""
    entries = {int(group["name"].split()[0]): reference_of(group) for group in document["groups"]}
    return {files: entry for files, entry in sorted(entries.items()) if entry and entry["samples"]}


def a_file_more(entries, few, many, what):
    return (rounds.median(rounds.values(entries[many], what)) - rounds.median(rounds.values(entries[few], what))) / (many - few)


def growth_text(document):
    """What a file more costs, between the fewest and the most, and in each step between: linear is what has the same in each."""
    entries = of_reference(document)
    if len(entries) < 2:
        return []
    counts = list(entries)
    cpu_us, kb = (a_file_more(entries, counts[0], counts[-1], what) for what in ("cpu_us", "memory_kb"))
    steps = ", ".join(f"{a_file_more(entries, few, many, 'cpu_us'):.1f} (to {many:,})" for few, many in zip(counts, counts[1:]))
    return [f"From {counts[0]:,} to {counts[-1]:,} files each more costs {document['groups'][0]['reference']} {cpu_us:.1f} µs of the "
            f"processor and {kb:.2f} kB; the processor's step by step: {steps}.", ""]


def many_files_text(document, files=10_000):
    """Who is busy with what in one run."""
    entry = of_reference(document).get(files)
    if entry is None or "server_us" not in entry:
        return []
    wall, cpu = (rounds.median(rounds.values(entry, what)) / 1000 for what in ("wall_us", "cpu_us"))
    return [f"With {files:,} files a run of it takes {number(wall)} ms, of which the client, one thread, is busy for {number(cpu)}: "
            f"{number(system_ms(entry))} ms in {entry['system_calls']:,} system calls and {number(cpu - system_ms(entry))} ms in its own "
            f"code, hashing included. The server's {number(entry['server_us'] / 1000)} ms pass beside that and are not what limits it.", ""]


def span(values):
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def commit_of(run):
    return run.get("commit") or UNKNOWN_COMMIT


def several(texts):
    return "; ".join(dict.fromkeys(texts))


def machine_line(name, runs):
    machines = several(provenance.machine_text(run["machine"]) for run in runs)
    return (f"- {name}: {span([run['began'] for run in runs])}, {span([run['rounds'] for run in runs])} rounds, {machines}; "
            f"load at the beginning {span([run['load_at_begin'] for run in runs])}; {several(map(commit_of, runs))}")


def commits_text(documents):
    """Which groups come from which commit, when they are not all of one."""
    groups = {}
    for case, document in documents.items():
        for group in document["groups"]:
            groups.setdefault(commit_of(group["run"]), []).append(f"{case}: {group['name']}")
    if len(groups) < 2:
        return []
    return ["", "Not all groups come from the same program, and what stands beside something else here may not be comparable:", "",
            *(f"- {name}: {'; '.join(those)}" for name, those in groups.items())]


def versions_text(runs):
    versions = {}
    for run in runs:
        for name, version in run.get("versions", {}).items():
            versions.setdefault(name, []).append(version)
    told = ", ".join(f"{name} {several(of_name).replace('; ', ' and ')}" for name, of_name in sorted(versions.items()))
    return [f"- versions: {told}"] if told else []


def machine_text(documents):
    runs = {name: [group["run"] for group in document["groups"]] for name, document in documents.items() if document["groups"]}
    everything = [run for of_case in runs.values() for run in of_case]
    missing = {tool: reason for run in everything for tool, reason in run["missing"].items()}
    lines = [machine_line(name, of_case) for name, of_case in runs.items()] + versions_text(everything)
    return lines + [f"- missing: {tool}: {reason}" for tool, reason in missing.items()] + commits_text(documents)


# --- the page --------------------------------------------------------------------------------------------------------------


TEXTS = {name: case_text for name in TABLES} | {"trips": lambda document, _: trips_text(document), "cost": cost_text}


def section(name, case, documents, plots_folder, orders):
    if case not in documents:
        return not_run(case, None)
    measured = {group["name"] for group in documents[case]["groups"]}
    missing = [group for group in orders.get(case, ()) if group not in measured]
    return TEXTS[name](documents[case], plots_folder) + not_run(case, missing)


def sections(documents, plots_folder, orders):
    """orders: the names of each case's groups, those that were not run as well."""
    texts = {name: section(name, "far" if name == "trips" else name, documents, plots_folder, orders) for name in TEXTS}
    texts["machine"] = machine_text(documents)
    texts["aims"] = aims.text(documents)
    return texts


def replace(page, name, lines):
    pattern = re.compile(rf"(<!-- bench: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"bench: the page has no place for {name}")
    body = "\n".join(lines).strip("\n")
    return pattern.sub(lambda match: f"{match.group(1)}\n{body}\n\n{match.group(2)}", page)


def write(path, folder, orders):
    page = path.read_text(encoding="utf-8")
    plots_folder = os.path.relpath(folder, path.parent)
    for name, lines in sections(results.read(folder), plots_folder, orders).items():
        page = replace(page, name, lines)
    path.write_text(page, encoding="utf-8")
