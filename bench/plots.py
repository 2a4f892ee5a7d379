"""SVG plots of results, written by hand: a bar for each program's median, a thin line to its p95. They are legible on light and on
dark ground: the colours are in between, and the text follows what the reader prefers."""

import html

import rounds

WIDTH, BAR, GAP, LEFT, RIGHT, TOP = 760, 18, 8, 240, 130, 46
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-weight: 600; font-size: 15px }
  .ours { fill: #2a78d6 } .peer { fill: #8a8f98 } .tail { stroke: #8a8f98; stroke-width: 2 }
  .axis { stroke: #8a8f98; stroke-width: 1; opacity: .5 }
  .line0 { stroke: #2a78d6; fill: none; stroke-width: 2 } .line1 { stroke: #d6702a; fill: none; stroke-width: 2 }
  .line2 { stroke: #3c9a5f; fill: none; stroke-width: 2 } .line3 { stroke: #8a5fc0; fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } }
"""


def svg(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
            f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n")


def milliseconds(value_us):
    value = value_us / 1000
    if value >= 10_000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"


def bars(title, rows):
    """rows: (name, median, p95, whether it is ours), the quickest first."""
    longest = max(p95 for _, _, p95, _ in rows)
    scale = (WIDTH - LEFT - RIGHT) / longest
    parts = [f'<text class="title" x="8" y="24">{html.escape(title)}</text>']
    for index, (name, median, p95, ours) in enumerate(rows):
        y = TOP + index * (BAR + GAP)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{html.escape(name)}</text>')
        parts.append(f'<rect class="{"ours" if ours else "peer"}" x="{LEFT}" y="{y}" width="{max(median * scale, 1):.1f}" '
                     f'height="{BAR}" rx="2"/>')
        parts.append(f'<line class="tail" x1="{LEFT + median * scale:.1f}" x2="{LEFT + p95 * scale:.1f}" y1="{y + BAR / 2}" '
                     f'y2="{y + BAR / 2}"/>')
        parts.append(f'<text x="{LEFT + p95 * scale + 8:.1f}" y="{y + 14}">{milliseconds(median)}</text>')
    return svg(WIDTH, TOP + len(rows) * (BAR + GAP) + 8, parts)


def group_rows(group):
    rows = []
    for name, entry in group["tools"].items():
        times = rounds.values(entry)
        if times:
            rows.append((name, rounds.median(times), rounds.percentile(times, 95), name.startswith("pgusher")))
    return sorted(rows, key=lambda row: row[1])


def slug(text):
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())


def file_name(case, group_name):
    return f"{case}-{slug(group_name)}.svg"


def draw(document, out):
    for old in out.glob(f"{document['case']}-*.svg"):
        old.unlink()
    for group in document["groups"]:
        rows = group_rows(group)
        if rows and group["plot"]:
            (out / file_name(document["case"], group["name"])).write_text(bars(group["name"], rows), encoding="utf-8")
    if document["case"] == "cost":
        draw_growth(document, out)


# --- growth ----------------------------------------------------------------------------------------------------------------


def draw_growth(document, out):
    """Lines over the number of files, both axes logarithmic."""
    lines = {}
    for group in document["groups"]:
        count = int(group["name"].split()[0])
        for name, entry in group["tools"].items():
            if rounds.values(entry, "cpu_us"):
                lines.setdefault(name, []).append((count, rounds.median(rounds.values(entry, "cpu_us"))))
    lines = {name: points for name, points in lines.items() if name.startswith("pgusher") or name == "dbmate"}
    if lines:
        (out / "cost-growth.svg").write_text(growth(lines), encoding="utf-8")


def growth(lines):
    from math import log10
    height, left, right, top, bottom = 320, 70, 190, 46, 40
    xs = [log10(x) for points in lines.values() for x, _ in points]
    ys = [log10(y) for points in lines.values() for _, y in points]
    low_y, high_y = min(ys) - 0.1, max(ys) + 0.1

    def at(x, y):
        across = (log10(x) - min(xs)) / max(max(xs) - min(xs), 0.1) * (WIDTH - left - right) + left
        up = height - bottom - (log10(y) - low_y) / (high_y - low_y) * (height - top - bottom)
        return across, up

    parts = ['<text class="title" x="8" y="24">processor time of a run with nothing pending, by number of files</text>']
    for count in sorted({x for points in lines.values() for x, _ in points}):
        across, _ = at(count, 10 ** low_y)
        parts.append(f'<line class="axis" x1="{across:.1f}" x2="{across:.1f}" y1="{top}" y2="{height - bottom}"/>')
        parts.append(f'<text x="{across:.1f}" y="{height - 14}" text-anchor="middle">{count:,}</text>')
    for index, (name, points) in enumerate(lines.items()):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline class="line{index % 4}" points="{path}"/>')
        across, up = at(*points[-1])
        parts.append(f'<text x="{across + 8:.1f}" y="{up + 4:.1f}">{html.escape(name)}, {milliseconds(points[-1][1])}</text>')
    return svg(WIDTH, height, parts)
