"""usage: asyncpg_runner.py FOLDER

What pgusher is there to replace, as a Python service does it at its start: wait with up to 60 attempts two seconds apart, each a
connection that is thrown away; connect a second time; make the ledger; run what is not in it, one query a file, each in a
transaction with its row. The environment says where the server is (PGHOST ...)."""

import asyncio
import pathlib
import sys

import asyncpg

ATTEMPTS = 60
PAUSE_S = 2

CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    migration_name VARCHAR(255) PRIMARY KEY,
    applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
)"""


async def wait():
    for attempt in range(1, ATTEMPTS + 1):
        try:
            connection = await asyncpg.connect()
            await connection.close()
            return
        except (OSError, asyncpg.PostgresError):
            if attempt == ATTEMPTS:
                raise
            await asyncio.sleep(PAUSE_S)


async def apply(connection, file):
    async with connection.transaction():
        await connection.execute(file.read_text())
        await connection.execute("INSERT INTO schema_migrations (migration_name) VALUES ($1)", file.name)


async def run(folder):
    await wait()
    connection = await asyncpg.connect()
    await connection.execute(CREATE_LEDGER)
    applied = {row["migration_name"] for row in await connection.fetch("SELECT migration_name FROM schema_migrations")}
    for file in sorted(folder.glob("*.sql")):
        if file.name not in applied:
            await apply(connection, file)
    await connection.close()


asyncio.run(run(pathlib.Path(sys.argv[1])))
