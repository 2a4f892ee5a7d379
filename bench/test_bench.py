#!/usr/bin/env python3
"""usage: test_bench.py FOLDER

The benchmark's own reckoning, and its programs in the build folder FOLDER against a real server. No time is held against anything."""

import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import types

import aims
import cases
import cases_apart
import cases_start
import detection
import folders
import page
import page_readiness
import planned
import plots
import results
import rounds
import servers
import tools
import width
from bench import run_case

BUILD = pathlib.Path(sys.argv[1])


class Everything(tools.Tools):
    """As if all of them were installed."""

    def _take_out_missing(self):
        pass


def entry(*times):
    return {"samples": [{"round": turn, "wall_us": time} for turn, time in enumerate(times)]}


def test_a_percentile_lies_between_the_ranks():
    assert rounds.percentile([4, 1, 3, 2, 5], 50) == 3
    assert rounds.percentile([1, 2], 95) == 1.95
    assert rounds.percentile([7], 95) == 7
    assert rounds.percentile([], 95) is None


def test_ratios_are_between_runs_of_one_round():
    slow = {"samples": [{"round": 0, "wall_us": 10}, {"round": 2, "wall_us": 40}]}
    assert rounds.ratios(entry(1, 2, 4), slow) == [0.1, 0.1]


class NoShow:
    def note(self, text):
        pass

    def step(self, *which):
        pass


def test_all_run_in_turn_after_one_run_each_that_warms_up():
    said = []

    def job(name, fails_at=None):
        def once():
            said.append(name)
            if said.count(name) == fails_at:
                raise rounds.Failed(f"{name} cannot")
            return {"wall_us": len(said)}

        return name, once

    group = rounds.Group("g")
    rounds.play(group, [job("a"), job("b", fails_at=1), job("c", fails_at=3)], types.SimpleNamespace(rounds=3, show=NoShow()))
    assert said == ["a", "b", "c", "a", "c", "c", "a", "a", "c"]
    assert [sample["round"] for sample in group.tools["a"]["samples"]] == [0, 1, 2]
    assert group.tools["b"] == {"samples": [], "failed": "b cannot"}
    assert [sample["round"] for sample in group.tools["c"]["samples"]] == [0, 2]
    assert group.tools["c"]["failed_rounds"] == ["c cannot"]


def test_groups_are_chosen_by_aim_and_by_name():
    groups = [planned.Planned(name, [("a", 2), ("b", 1)], None, aim=name == "one", setup_s=5) for name in ("one", "two", "another")]
    chosen = {(which, *words): [group.name for group in planned.choose(groups, which, words)]
              for which, words in (("all", ()), ("aims", ()), ("rest", ()), ("rest", ("other",)), ("all", ("one", "two")))}
    assert chosen == {("all",): ["one", "two", "another"], ("aims",): ["one"], ("rest",): ["two", "another"],
                      ("rest", "other"): ["another"], ("all", "one", "two"): ["one", "two"]}
    assert groups[0].seconds(20) == 5 + 21 * 3


def result_of(name, **times):
    group = rounds.Group(name, plot=False, reference="pgusher")
    for tool, samples in times.items():
        group.tools[tool] = entry(*samples)
    return group


def run_at(began):
    return {"began": began, "rounds": 2, "load_at_begin": 0.5, "missing": {}, "commit": "c0ffee", "versions": {"libpq": "15"},
            "machine": {"processor": "P", "cores": 2, "memory_gb": 4, "system": "S", "kernel": "K", "postgresql": "15"}}


def test_a_group_that_is_run_again_takes_the_place_of_its_last_run():
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root)
        for name, began in (("late", "1"), ("early", "2"), ("gone", "3")):
            results.record(folder, "stack", ["early", "late", "gone"], result_of(name, pgusher=(1, 2)), run_at(began))
        results.record(folder, "stack", ["early", "late"], result_of("late", pgusher=(3, 4)), run_at("4"))
        groups = results.read(folder)["stack"]["groups"]
        assert [(group["name"], group["run"]["began"]) for group in groups] == [("early", "2"), ("late", "4")]
        assert rounds.values(groups[1]["tools"]["pgusher"]) == [3, 4]


def test_the_line_that_speaks_of_an_error_is_the_telling_one():
    assert rounds.last_words("starting\nERROR: no such thing\nbye\n") == "ERROR: no such thing"
    assert rounds.last_words("Error executing:\nSELECT 1\nerror: no such thing\n") == "error: no such thing"
    assert rounds.last_words("one\ntwo\n") == "two"
    assert rounds.last_words("") == ""


def test_an_aim_says_by_how_much_it_was_missed():
    def aim(*times):
        return aims.Aim("x", 0.8, rounds.median, (dict(enumerate(times)),))

    assert aim(0.6, 0.6).row().endswith("| 0.6 |  | reached |")
    assert aim(1.2, 1.3, 1.1).row().endswith("| 1.2 | 1.1 to 1.3 | missed by 50 % |")
    assert aim(0.6, 0.7, 0.9).row().endswith("| 0.7 | 0.6 to 0.9 | the interval spans the aim, the value reaches it |")
    assert aim(0.7, 1, 1.2).row().endswith("| 1 | 0.7 to 1.2 | the interval spans the aim, the value is above it |")
    assert not aim().is_missed()


def test_an_interval_is_drawn_from_rounds_and_always_the_same():
    quick, slow = dict(enumerate(range(10, 30))), dict(enumerate(range(20, 60, 2)))
    assert rounds.interval(aims.median_ratio, quick, slow) == (0.5, 0.5)  # what disturbs a round disturbs both
    low, high = rounds.interval(rounds.median, quick)
    assert 10 < low < 19.5 < high < 29 and rounds.interval(rounds.median, quick) == (low, high)


def test_each_follows_each_other_one():
    seen = [pair for turn in range(4) for pair in zip(*(rounds.order("abcd", turn)[at:] for at in (0, 1)))]
    assert len(set(seen)) == len(seen) == 12
    assert all(sorted(rounds.order("abcde", turn)) == list("abcde") for turn in range(5)) and rounds.order([], 3) == []


def test_a_group_that_cannot_be_played_leaves_the_others_alone():
    noted = []
    show = types.SimpleNamespace(begin=lambda *_: None, note=noted.append)
    bench = types.SimpleNamespace(show=show, rounds=1, provenance={}, tools=types.SimpleNamespace(missing={}), end_case=lambda: None)

    def break_down(group):
        raise rounds.Failed("the server ended")

    groups = [planned.Planned("a", [], break_down), planned.Planned("b", [], lambda group: None)]
    with tempfile.TemporaryDirectory() as root:
        run_case("stack", groups, ["a", "b"], bench, pathlib.Path(root))
        assert [group["name"] for group in results.read(pathlib.Path(root))["stack"]["groups"]] == ["b"]
    assert noted == ["a could not be measured: the server ended"]


def test_who_is_not_done_in_time_is_named_as_that():
    command = ["sh", "-c", "echo so far so good; exec sleep 60"], None, None
    try:
        rounds.run(BUILD / "bench" / "bench_stopwatch", command, timeout_s=0.5)
    except rounds.Failed as failure:
        assert str(failure) == "was not over after 0.5 s; its last words: so far so good"
    else:
        raise AssertionError("it did not fail")


def test_what_cannot_be_prepared_is_named_in_each_group():
    class Broken:
        port, prepared = 1, {}

        def new_database(self, name):
            raise rounds.Failed("no room")

    bench = types.SimpleNamespace(rounds=1, show=NoShow())
    for name in ("first", "second"):
        group = rounds.Group(name)
        cases.play_nothing(bench, Broken(), group, [("dbmate", tools.Dbmate(None), 10)])
        assert group.tools["dbmate"]["failed"] == "its database could not be made: no room", name


def nothing_document(*groups):
    return {"nothing": {"case": "nothing", "groups": [{**group.result(), "run": run_at("1")} for group in groups]}}


def test_a_missed_aim_says_why_and_what_was_not_measured_is_named():
    group = result_of("100 files, SCRAM", pgusher=(18, 18), dbmate=(60, 60), **{aims.FLOOR: (20, 20)})
    lines = "\n".join(aims.text(nothing_document(group)))
    assert "| 0.9 |  | missed by 12 % |" in lines and f"{aims.FLOOR} (by 12 %). {aims.WHY_LOGIN}" in lines
    assert "part of: dbmate | 0.5 | 0.3 |  | reached |" in lines
    assert "are not measured yet" in lines and "asyncpg script" not in lines
    assert aims.not_measured(["a", "b"], 9) == ["", "2 of 9 aims are not measured yet: a; b."]
    assert not any(line.startswith("|") for line in aims.text({}))


def test_a_page_has_tables_only_of_what_was_run():
    orders = {"nothing": ["1 file, SCRAM", "100 files, SCRAM"]}
    lines = page.sections(nothing_document(result_of("100 files, SCRAM", pgusher=(1000, 3000), other=(4000, 4000))), "plots", orders)
    assert lines["nothing"][-1] == "Not measured yet: 1 file, SCRAM (`./dev bench --case nothing`)."
    assert "| other | 4.0 · 4.0 · 0.50 |" in lines["nothing"]
    assert not any("fsync" in line for line in lines["fresh"]) and "--case fresh" in lines["fresh"][0]
    for name in ("fresh", "far", "trips", "waiting", "stack", "cost"):
        assert not any(line.startswith("|") for line in lines[name]), name


def test_ratios_are_shown_where_a_group_has_a_reference():
    compared = result_of("a", **{"pgusher": (1, 2), "pgusher, other": (2, 4)}).result()
    waited = {**compared, "reference": None}
    for group, ratio in ((compared, " · 0.50 |"), (waited, " |")):
        assert page.table([{**group, "run": run_at("1")}])[-1] == f"| pgusher, other | 0.0 · 0.0{ratio}"


def test_a_count_that_differs_between_delays_is_a_span():
    groups = [result_of(f"fresh, 9 files, {delay} ms", pgusher=(1,)).result() for delay in (1, 5)]
    for group, trips in zip(groups, (2, 3)):
        group["tools"]["pgusher"]["samples"][0].update(connections=1, login_trips=1, round_trips=trips)
    assert page.trips_text({"groups": groups})[-1] == "| pgusher | 1 · 1 · 2 to 3 |"


def test_a_page_tells_of_groups_from_different_programs():
    document = nothing_document(*(result_of(name, pgusher=(1, 1)) for name in "ab"))
    assert "c0ffee" in page.machine_text(document)[0] and not page.commits_text(document)
    document["nothing"]["groups"][1]["run"] = {**run_at("1"), "commit": "cafe with changes"}
    assert page.commits_text(document)[-2:] == ["- c0ffee: nothing: a", "- cafe with changes: nothing: b"]


def played(bench):
    """All cases that an aim speaks of, as if all that is flagged for that had been played."""
    planned_groups = {"nothing": cases.case_nothing(bench), "fresh": cases.case_fresh(bench), "far": cases_apart.case_far(bench),
                      "waiting": cases_start.case_waiting(bench)}
    documents = {}
    for case, groups in planned_groups.items():
        results_of = [result_of(group.name, **{name: (1000, 1000) for name, _ in group.members}) for group in groups if group.aim]
        for group in results_of:
            for each in group.tools.values():
                for sample in each["samples"]:
                    sample.update(round_trips=1, memory_kb=1)
        documents[case] = {"case": case, "groups": [group.result() for group in results_of]}
    return documents


def not_measured(documents):
    return [aim.name for aim in aims.every(documents) if aim.value is None]


def everything():
    paths = types.SimpleNamespace(build=BUILD, static=BUILD, npm=BUILD)
    return types.SimpleNamespace(quick=False, usual_files=100, tools=Everything(paths), show=NoShow())


def test_what_an_aim_speaks_of_is_flagged_and_nothing_else_is():
    """The aims name groups and programs; the cases have to know them by these names."""
    documents = played(everything())
    assert not_measured(documents) == []
    for document in documents.values():
        for index in range(len(document["groups"])):
            without = {**document, "groups": document["groups"][:index] + document["groups"][index + 1:]}
            assert not_measured({**documents, document["case"]: without}), document["groups"][index]["name"]


def test_a_stack_of_ours_stands_in_both_manners():
    groups = list(cases_start.case_stack(everything()))
    for group in groups:
        names = [name for name, _ in group.members]
        assert {f"pgusher, static, {manner}" for manner in ("once, before all", "by each application behind a lock")} <= set(names)
        assert group.reference in names


def test_a_page_keeps_what_stands_outside_the_markers():
    text = "before\n<!-- bench: a -->\nold\n<!-- end -->\nbetween\n<!-- bench: b -->\n<!-- end -->\n"
    assert page.replace(text, "a", ["new"]) == ("before\n<!-- bench: a -->\n\nnew\n\n<!-- end -->\nbetween\n"
                                                "<!-- bench: b -->\n<!-- end -->\n")


def test_each_case_has_its_place_on_the_page():
    text = (pathlib.Path(__file__).parent.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    for name in (*page.TABLES, "trips", "cost", "machine", "aims"):
        page.replace(text, name, [])


def test_a_plot_tells_names_and_medians():
    text = plots.bars("a < b", [("pgusher", 1500, 2000, True), ("other", 20_000_000, 21_000_000, False)])
    assert "a &lt; b" in text and "1.5 ms" in text and "20.0 s" in text


def test_every_form_holds_every_migration():
    with tempfile.TemporaryDirectory() as root:
        made = folders.Folders(pathlib.Path(root), folders.small(8))
        for form in folders.FORMS:
            files = [path for path in made.folder(form).rglob("*.sql")]
            text = "".join(path.read_text() for path in files)
            assert text.count("CREATE TABLE t") == 2, form
            assert len(files) == (1 if form == "one file" else 8), form


def test_the_programs_do_what_they_are_measured_for():
    with tempfile.TemporaryDirectory() as root:
        path = pathlib.Path(root)
        path.chmod(0o755)
        made = folders.Folders(path / "small", folders.small(8))
        cluster = servers.Cluster(path / "cluster", fsync="off")
        try:
            apply_by_hand(cluster, made)
            look_through_the_wire(cluster, made)
            throw_out(cluster)
        finally:
            cluster.remove()


def apply_by_hand(cluster, made):
    paths = types.SimpleNamespace(build=BUILD)
    for manner, logged in (("bare", "f"), ("promises", "t")):
        cluster.new_database(manner)
        tool = tools.Pipeline(paths, manner, manner)
        rounds.run(BUILD / "bench" / "bench_stopwatch", tool.command(tools.Place(cluster.port, manner, "postgres"), made))
        assert cluster.psql("SELECT count(*) FROM schema_migrations", manner) == "8"
        assert cluster.psql("SELECT to_regclass('schema_migrations_log') IS NOT NULL", manner) == logged
    assert cluster.psql("SELECT count(DISTINCT checksum) FROM schema_migrations_log", "promises") == "8"


def look_through_the_wire(cluster, made):
    """pgusher finds nothing to do after promises were kept by hand, and asks once."""
    wire = cases_apart.Wire(types.SimpleNamespace(paths=types.SimpleNamespace(build=BUILD)), cluster, 0.1)
    ours = tools.Pgusher(None, "pgusher", BUILD / "pgusher")
    for user, login_trips in (("trusted", 1), ("postgres", 3)):
        arguments, variables, _ = ours.command(tools.Place(wire.port, "promises", user), made)
        said = subprocess.run([str(word) for word in arguments], env=variables, check=True, capture_output=True, text=True).stdout
        assert "pending=0" in said and "changed=0" in said, said
        assert wire.counts() == {"connections": 1, "login_trips": login_trips, "round_trips": 1}
    wire.close()


def throw_out(cluster):
    """As after a client that was killed: its backend may be in the database yet."""
    cluster.new_database("crowded")
    place = tools.Place(cluster.port, "crowded")
    with subprocess.Popen([servers.programs() / "psql", "-XAtq"], env=place.environment, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as inside:
        inside.stdin.write("SELECT 'inside';\n")
        inside.stdin.flush()
        assert inside.stdout.readline() == "inside\n"
        cluster.new_database("crowded")


def test_the_wire_drops_nothing_when_a_side_ends():
    """The server says a lot and goes; the client reads when that has long happened."""
    size = 8 << 20
    said = b"d" + (size - 1).to_bytes(4, "big") + b"x" * (size - 5)
    wire_is_closed = threading.Event()

    def serve(listener):
        with listener.accept()[0] as connection:
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
            wire_is_closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        wire = cases_apart.Wire(types.SimpleNamespace(paths=types.SimpleNamespace(build=BUILD)),
                                types.SimpleNamespace(port=listener.getsockname()[1]), 0.1)
        with socket.create_connection(("127.0.0.1", wire.port)) as client:
            wire_is_closed.wait(0.3)  # which it only is if it has dropped what the client did not read
            assert sum(len(part) for part in iter(lambda: client.recv(1 << 16), b"")) == size
        server.join()
        wire.close()


def test_a_visitor_that_resets_leaves_the_server_to_the_next():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = []
        server = threading.Thread(target=detection.serve, args=(listener, accepted), daemon=True)
        server.start()
        rude = socket.create_connection(listener.getsockname())
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        rude.close()
        with socket.create_connection(listener.getsockname()) as polite:
            polite.sendall(b"hello")
            assert polite.recv(1) == b"E"
        assert len(accepted) == 2
        listener.shutdown(socket.SHUT_RDWR)
        server.join()


def test_a_run_with_the_wrong_outcome_has_no_median():
    def once(way):
        if way == "bad":
            raise rounds.Failed("ended with 1")
        return {"wall_us": 2_000_000, "cpu_us": 1000, "memory_kb": 1024}

    bench = types.SimpleNamespace(rounds=3, turns=lambda way, targets: 2 if way == "good" else 3)
    rows = width.take_turns(bench, "case", {"good": "good", "bad": "bad"}, 5, once)
    assert rows["bad"] == {"samples": [], "failed": "ended with 1"}
    assert page_readiness.width_cells(rows["good"]) == ["2.00 s", "0.001 s", "1.0 MB", "2"]
    assert page_readiness.width_cells(rows["bad"])[0] == "failed: `ended with 1`"


def test_each_part_of_readiness_has_its_place_on_the_page():
    text = page_readiness.PAGE.read_text(encoding="utf-8")
    for name, part in page_readiness.SECTIONS:
        page.replace(text, f"{name}, {part}", [])


def main():
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            print(name, flush=True)
            test()


main()
