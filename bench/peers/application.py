"""An application that is up when its first query is answered. The environment says where the server is (PGHOST ...)."""

import asyncio

import asyncpg


async def start():
    connection = await asyncpg.connect()
    await connection.fetchval("SELECT 1")
    await connection.close()


asyncio.run(start())
