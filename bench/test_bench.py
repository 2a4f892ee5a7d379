#!/usr/bin/env python3
"""usage: test_bench.py FOLDER

The benchmark's own reckoning, and its programs in the build folder FOLDER against a real server. No time is held against anything."""

import pathlib
import subprocess
import sys
import tempfile
import types

import aims
import cases_apart
import folders
import page
import plots
import rounds
import servers
import tools

BUILD = pathlib.Path(sys.argv[1])


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


def test_a_slow_program_has_fewer_rounds_spread_evenly():
    assert rounds.planned_rounds(20, 30, 1) == 20
    assert rounds.planned_rounds(20, 30, 5) == 6
    assert rounds.planned_rounds(20, 30, 50) == 3
    assert rounds.planned_rounds(2, 30, 50) == 2
    assert rounds.planned_rounds(20, 30, 100) == 0
    for planned in (0, 1, 3, 6, 19, 20):
        on = [turn for turn in range(20) if rounds.is_on(turn, 20, planned)]
        assert len(on) == planned and on[:1] in ([], [0]), (planned, on)


def test_the_line_that_speaks_of_an_error_is_the_telling_one():
    assert rounds.last_words("starting\nERROR: no such thing\nbye\n") == "ERROR: no such thing"
    assert rounds.last_words("Error executing:\nSELECT 1\nerror: no such thing\n") == "error: no such thing"
    assert rounds.last_words("one\ntwo\n") == "two"
    assert rounds.last_words("") == ""


def test_an_aim_says_by_how_much_it_was_missed():
    assert aims.below("x", 0.8, 0.6).endswith("| 0.6 | reached |")
    assert aims.below("x", 0.8, 1.2).endswith("| 1.2 | missed by 50 % |")
    assert "not measured" in aims.below("x", 0.8, None)


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


def main():
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            print(name, flush=True)
            test()


main()
