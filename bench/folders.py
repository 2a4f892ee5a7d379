"""The same migrations for everybody, each tool's in the form that it wants. A migration is a name and a text."""

import hashlib

INSERT_ROWS = 100
FIRST_VERSION = 20260101000000


def small(count):
    """Four small migrations again and again: a table, an index on it, a column more, three rows."""
    migrations = []
    for number in range(1, count + 1):
        table = f"t{(number + 3) // 4}"
        text = (
            f"INSERT INTO {table} (id, word) VALUES (1, 'one'), (2, 'two'), (3, 'three');\n",
            f"CREATE TABLE {table} (\n    id integer PRIMARY KEY,\n    word text NOT NULL\n);\n",
            f"CREATE INDEX {table}_word ON {table} (word);\n",
            f"ALTER TABLE {table} ADD COLUMN made_at timestamptz NOT NULL DEFAULT now();\n",
        )[number % 4]
        migrations.append((f"{number:06}_small", text))
    return migrations


def inserts(size_bytes):
    """One file of INSERTs of a hundred rows each, as pg_dump --rows-per-insert writes them."""
    parts = ["CREATE TABLE big (id integer PRIMARY KEY, word text NOT NULL, number double precision);\n"]
    size = len(parts[0])
    first = 1
    while size < size_bytes:
        rows = (f"({i}, '{hashlib.sha256(str(i).encode()).hexdigest()}', {i / 7:.6f})" for i in range(first, first + INSERT_ROWS))
        parts.append("INSERT INTO big VALUES\n    " + ",\n    ".join(rows) + ";\n")
        size += len(parts[-1])
        first += INSERT_ROWS
    return [("000001_inserts", "".join(parts))]


# --- forms ---------------------------------------------------------------------------------------------------------------


def version(number):
    return str(FIRST_VERSION + number)


def write_plain(folder, migrations):
    for name, text in migrations:
        (folder / f"{name}.sql").write_text(text)


def write_dbmate(folder, migrations):
    for number, (name, text) in enumerate(migrations):
        (folder / f"{version(number)}_{name}.sql").write_text(f"-- migrate:up\n{text}\n-- migrate:down\n")


def write_node_pg_migrate(folder, migrations):
    for number, (name, text) in enumerate(migrations):
        (folder / f"{1_700_000_000_000 + number}_{name}.sql").write_text(f"-- Up Migration\n{text}")


def write_sql_migrate(folder, migrations):
    for name, text in migrations:
        (folder / f"{name}.sql").write_text(f"-- +migrate Up\n{text}")


def write_graphile(folder, migrations):
    committed = folder / "migrations" / "committed"
    committed.mkdir(parents=True)
    (folder / ".gmrc").write_text("{}\n")
    previous = ""
    for number, (_, text) in enumerate(migrations, 1):
        summed = (previous + "\n" + text.strip()).strip() + "\n"
        digest = "sha1:" + hashlib.sha1(summed.encode(), usedforsecurity=False).hexdigest()
        header = f"--! Previous: {previous or '-'}\n--! Hash: {digest}\n\n"
        (committed / f"{number:06}.sql").write_text(header + text)
        previous = digest


def write_sqitch(folder, migrations):
    (folder / "deploy").mkdir()
    (folder / "sqitch.conf").write_text("[core]\n\tengine = pg\n[user]\n\tname = Bench\n\temail = bench@example.org\n")
    plan = ["%syntax-version=1.0.0", "%project=bench", ""]
    for name, text in migrations:
        plan.append(f"m{name} 2026-01-01T00:00:00Z Bench <bench@example.org> # small")
        (folder / "deploy" / f"m{name}.sql").write_text(f"BEGIN;\n{text}COMMIT;\n")
    (folder / "sqitch.plan").write_text("\n".join(plan) + "\n")


def write_one_file(folder, migrations):
    with open(folder / "all.sql", "w", encoding="utf-8") as file:
        file.write("CREATE TABLE schema_migrations (migration_name VARCHAR(255) PRIMARY KEY,\n"
                   "    applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n")
        for name, text in migrations:
            file.write(f"BEGIN;\n{text}INSERT INTO public.schema_migrations (migration_name) VALUES ('{name}.sql');\nCOMMIT;\n")


FORMS = {
    "plain": write_plain,
    "dbmate": write_dbmate,
    "node-pg-migrate": write_node_pg_migrate,
    "sql-migrate": write_sql_migrate,
    "graphile": write_graphile,
    "sqitch": write_sqitch,
    "one file": write_one_file,
}


class Folders:
    """One set of migrations, written in a form when somebody first asks for it."""

    def __init__(self, root, migrations):
        self.root = root
        self.migrations = migrations

    def folder(self, form):
        path = self.root / form.replace(" ", "-")
        if not path.exists():
            path.mkdir(parents=True)
            FORMS[form](path, self.migrations)
        return path

    def count(self):
        return len(self.migrations)
