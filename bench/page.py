"""The tables of the page, from the results: what stands between a line `<!-- bench: NAME -->` and the next `<!-- end -->` is written
anew. A case that was not run yet says so and has no table."""

import os
import re

import aims
import plots
import results
import rounds

TABLES = {
    "nothing": (("SCRAM", r"files?, SCRAM(, others)?$"), ("trust", r"files?, trust$"), ("TLS", r", TLS$")),
    "fresh": (("fsync off", r"fsync off(, others)?$"), ("fsync on", r"fsync on$")),
    "far": (("nothing pending", r"^nothing"), ("fresh", r"^fresh")),
    "waiting": (("from the server's word that it is ready to the tool's end", ""),),
    "stack": (("until the last application is up", ""),),
}
LEGEND = "median · p95 in ms · ours as a part of it, the median of the ratios round by round"


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


def reference_of(group, name):
    """The reference program's entry; where it runs in several manners, the first of them."""
    return next((entry for tool, entry in group["tools"].items() if tool.startswith(name) and rounds.values(entry)), None)


def table(groups):
    names = list(dict.fromkeys(name for group in groups for name in group["tools"]))
    lines = ["| | " + " | ".join(group["name"] for group in groups) + " |", "|---" * (len(groups) + 1) + "|"]
    for name in names:
        cells = [cell(group["tools"].get(name), reference_of(group, group["run"]["reference"]), group["run"]["rounds"])
                 for group in groups]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


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
            if "spared" in entry:
                lines.append(f"- {name} is {entry['spared']}.")
    return list(dict.fromkeys(lines))


def case_text(document, plots_folder):
    lines = []
    for title, pattern in TABLES[document["case"]]:
        groups = [group for group in document["groups"] if re.search(pattern, group["name"])]
        if groups:
            lines += [f"**{title}** ({LEGEND})", "", *table(groups), ""]
    lines += remarks(document["groups"])
    for group in document["groups"]:
        if group["plot"]:
            file = plots.file_name(document["case"], group["name"])
            lines += ["", f"![{group['name']}]({plots_folder}/{file})"]
    return lines


# --- what is counted -------------------------------------------------------------------------------------------------------


def trips_text(document):
    """The count is the same behind each delay: a column for each kind, from the group with most programs."""
    kinds = {}
    for group in sorted(document["groups"], key=lambda group: len(group["tools"])):
        kinds[re.sub(r", \S+ ms", "", group["name"])] = group
    names = list(dict.fromkeys(name for group in kinds.values() for name in group["tools"]))
    lines = ["| | " + " | ".join(f"{kind}: connections · during logins · after" for kind in kinds) + " |",
             "|---" * (len(kinds) + 1) + "|"]
    for name in names:
        cells = [trips_cell(group["tools"].get(name)) for group in kinds.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def trips_cell(entry):
    if entry is None or not entry["samples"]:
        return ""
    return " · ".join(spread(rounds.values(entry, what)) for what in ("connections", "login_trips", "round_trips"))


def spread(counts):
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def cost_text(document, plots_folder):
    lines = ["| files | | time, ms | processor, ms | the server's, ms | memory, MB | system calls | instructions, millions |",
             "|---" * 8 + "|"]
    for group in document["groups"]:
        for name, entry in group["tools"].items():
            if not entry["samples"]:
                continue
            instructions = entry.get("instructions")
            calls = entry.get("system_calls")
            server = entry.get("server_us")
            lines.append(f"| {group['name'].split()[0]} | {name} | {number(rounds.median(rounds.values(entry)) / 1000)} | "
                         f"{number(rounds.median(rounds.values(entry, 'cpu_us')) / 1000)} | "
                         f"{number(None if server is None else server / 1000)} | "
                         f"{rounds.median(rounds.values(entry, 'memory_kb')) / 1024:.1f} | "
                         f"{'' if calls is None else f'{calls:,}'} | "
                         f"{'' if instructions is None else f'{instructions / 1e6:,.1f}'} |")
    return [*lines, "", f"![growth]({plots_folder}/cost-growth.svg)"]


def span(values):
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def machine_line(name, runs):
    machines = [f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, "
                f"Linux {machine['kernel']}, PostgreSQL {machine['postgresql']}" for machine in (run["machine"] for run in runs)]
    return (f"- {name}: {span([run['began'] for run in runs])}, {span([run['rounds'] for run in runs])} rounds, "
            f"{'; '.join(dict.fromkeys(machines))}; load at the beginning {span([run['load_at_begin'] for run in runs])}")


def machine_text(documents):
    runs = {name: [group["run"] for group in document["groups"]] for name, document in documents.items()}
    lines = [machine_line(name, of_case) for name, of_case in runs.items()]
    missing = {tool: reason for of_case in runs.values() for run in of_case for tool, reason in run["missing"].items()}
    lines += [f"- missing: {tool}: {reason}" for tool, reason in missing.items()]
    return lines


# --- the page --------------------------------------------------------------------------------------------------------------


def not_run(case):
    return [f"There are no results of this yet: `./dev bench --case {case}`."]


def sections(documents, plots_folder):
    texts = {name: case_text(documents[name], plots_folder) if name in documents else not_run(name) for name in TABLES}
    texts["trips"] = trips_text(documents["far"]) if "far" in documents else not_run("far")
    texts["cost"] = cost_text(documents["cost"], plots_folder) if "cost" in documents else not_run("cost")
    texts["machine"] = machine_text(documents)
    texts["aims"] = aims.text(documents)
    return texts


def replace(page, name, lines):
    pattern = re.compile(rf"(<!-- bench: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"bench: the page has no place for {name}")
    body = "\n".join(lines).strip("\n")
    return pattern.sub(lambda match: f"{match.group(1)}\n{body}\n\n{match.group(2)}", page)


def write(path, folder):
    page = path.read_text(encoding="utf-8")
    plots_folder = os.path.relpath(folder, path.parent)
    for name, lines in sections(results.read(folder), plots_folder).items():
        page = replace(page, name, lines)
    path.write_text(page, encoding="utf-8")
