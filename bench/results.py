"""What was measured, as it lies in a folder: a file for each case, with its groups. A group that is run again takes the place of its
last run and leaves the others alone, so each says for itself when, where and with whom it was run."""

import datetime
import json

import plots


def read_case(folder, case):
    path = folder / f"{case}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"case": case, "groups": []}


def read(folder):
    """The bench's own. What other programs measure lies there too, and has no groups."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return {document["case"]: document for document in documents if "groups" in document}


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def run_of(bench, load):
    """When, where, by what and how a group is run."""
    return {"began": now(), "rounds": bench.rounds, "load_at_begin": round(load, 2), **bench.provenance,
            "missing": bench.tools.missing}


def record(folder, case, order, group, run):
    """order: the names of the case's groups. One that is none of them any more is dropped."""
    document = read_case(folder, case)
    groups = {each["name"]: each for each in document["groups"]}
    groups[group.name] = {**group.result(), "run": run}
    document["groups"] = [groups[name] for name in order if name in groups]
    (folder / f"{case}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    plots.draw(document, folder)


def record_part(folder, name, part, content):
    """What a program measured that has no groups: a file for each, with parts that are run and replaced one by one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    document[part] = content
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
