#!/usr/bin/env python3
"""usage: bench/container.py STOPWATCH DBMATE [ROUNDS]

The image beside one with dbmate (DBMATE is its program) and one of Python with asyncpg: size, and what a run with nothing pending costs, in
a container and outside. In turn, so that a busy minute of the machine meets all of them. Prints a table in Markdown; ./dev bench-image
runs it, and says where the stopwatch is (bench/stopwatch.c)."""

import os
import shutil
import statistics
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'tests', 'e2e'))
import rounds  # noqa: E402
from engine import PASSWORD, PGUSHER, Stage, await_true, docker, finished, run, started  # noqa: E402

FILES = 20
MANY = 1000
DEBIAN = 'pgusher-test/debian'


class Tool:
    def __init__(self, name, image, words, outside, folder, environment):
        self.name, self.image, self.words, self.outside = name, image, words, outside
        self.folder, self.environment = folder, environment
        self.container_ms, self.inside_ms, self.outside_ms, self.first_ms, self.memory_kb = [], [], [], [], []


def write_migrations(stage):
    for number in range(FILES):
        sql = f'CREATE TABLE t{number} (id integer PRIMARY KEY, word text);\n'
        stage.file(f'plain/{number:03}_add.sql', sql)
        stage.file(f'dbmate/20260101000{number:03}_add.sql', f'-- migrate:up\n{sql}-- migrate:down\n')


def make_tools(stage, dbmate, host):
    write_migrations(stage)
    shutil.copy(dbmate, stage.file('with-dbmate/dbmate', ''))
    os.chmod(f'{stage.folder}/with-dbmate/dbmate', 0o755)
    shutil.copy('bench/peers/asyncpg_runner.py', stage.file('with-python/runner.py', ''))
    debian = next(tag for tag in docker('images', '--format', '{{.Repository}}:{{.Tag}}').splitlines() if DEBIAN in tag)
    images = {
        'dbmate': stage.image('with-dbmate', 'FROM scratch\nCOPY dbmate /\nENTRYPOINT ["/dbmate"]\n'),
        'python': stage.image('with-python', f'FROM {debian}\nRUN apt-get -qq update && apt-get -qq install --yes '
                              '--no-install-recommends python3-asyncpg && rm -rf /var/lib/apt/lists/*\n'
                              'COPY runner.py /\nENTRYPOINT ["python3", "/runner.py"]\n'),
    }
    container = f'{stage.name}-unstarted'
    stage.containers.append(container)
    docker('create', '--name', container, PGUSHER)
    program = f'{stage.folder}/pgusher'
    docker('cp', f'{container}:/pgusher', program)

    def libpq(server, database):
        return {'PGHOST': server, 'PGUSER': 'app', 'PGPASSWORD': PASSWORD, 'PGDATABASE': database}

    def url(server):
        return {'DATABASE_URL': f'postgres://app:{urllib.parse.quote(PASSWORD, "")}@{server}/d_dbmate?sslmode=disable'}
    flags = ['--no-dump-schema', '--wait', '--migrations-dir']
    return [
        Tool('pgusher', PGUSHER, ['up', '-m', '/m'], [program, 'up', '-m', f'{stage.folder}/plain'], 'plain',
             (libpq('postgres', 'd_pgusher'), libpq(host, 'd_pgusher'))),
        Tool('dbmate', images['dbmate'], [*flags, '/m', 'up'], [dbmate, *flags, f'{stage.folder}/dbmate', 'up'], 'dbmate',
             (url('postgres'), url(host))),
        Tool('Python, asyncpg', images['python'], ['/m'],
             ['/usr/bin/python3', 'bench/peers/asyncpg_runner.py', f'{stage.folder}/plain'], 'plain',
             (libpq('postgres', 'd_python'), libpq(host, 'd_python'))),
    ]


def in_container(stage, tool):
    name = f'{stage.name}-run'
    words = [word for key, value in tool.environment[0].items() for word in ('--env', f'{key}={value}')]
    began = time.monotonic()
    docker('run', '--name', name, '--network', stage.name, '--volume', f'{stage.folder}/{tool.folder}:/m:ro', *words,
           tool.image, *tool.words)
    tool.container_ms.append((time.monotonic() - began) * 1000)
    tool.inside_ms.append((finished(name) - started(name)) * 1000)
    docker('rm', name)


def outside(tool):
    environment = {'PATH': os.environ['PATH'], 'HOME': '/nonexistent', **tool.environment[1]}
    reader, writer = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, writer, 2)]
    began = time.monotonic()
    child = os.posix_spawn(tool.outside[0], tool.outside, environment, file_actions=actions)
    os.close(writer)
    first = os.read(reader, 1)
    tool.first_ms.append((time.monotonic() - began) * 1000 if first else None)
    while os.read(reader, 65536):
        pass
    _, status = os.waitpid(child, 0)
    tool.outside_ms.append((time.monotonic() - began) * 1000)
    os.close(reader)
    if status != 0:
        sys.exit(f'{tool.name} ended with status {status}')


def memory_kb(stopwatch, words, environment):
    return rounds.run(stopwatch, (words, {**os.environ, **environment}, None))['memory_kb']


def many_kb(stage, stopwatch, tool):
    for number in range(MANY):
        stage.file(f'many/{number:04}_add.sql', f'CREATE TABLE t{number} (id int PRIMARY KEY, word text);\n'
                                                f'INSERT INTO t{number} VALUES (1, $$one; two$$);\n')
    stage.sql('CREATE DATABASE d_many')
    return memory_kb(stopwatch, [tool.outside[0], 'up', '-m', f'{stage.folder}/many'], {**tool.environment[1], 'PGDATABASE': 'd_many'})


def figure(values, digits=0):
    return f'{statistics.median(values):.{digits}f}' if values and None not in values else '-'


def print_table(tools):
    print('| | image, MB | `docker run`, ms | in the container, ms | outside, ms | to the first line, ms | memory, MB '
          '|\n' + '|---' * 7 + '|')
    for tool in tools:
        size = int(docker('image', 'inspect', '--format', '{{.Size}}', tool.image)) / 1e6
        print(f'| {tool.name} | {size:.1f} | {figure(tool.container_ms)} | {figure(tool.inside_ms)} | '
              f'{figure(tool.outside_ms, 1)} | {figure(tool.first_ms, 1)} | {figure([kb / 1024 for kb in tool.memory_kb], 1)} |')


def main():
    stopwatch, dbmate = map(os.path.realpath, sys.argv[1:3])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    stage = Stage('bench')
    try:
        server = stage.postgres()
        await_true(lambda: run('docker', 'exec', server, 'pg_isready', '-h', '127.0.0.1', check=False).returncode == 0,
                   'the server')
        for database in ('d_pgusher', 'd_dbmate', 'd_python'):
            stage.sql(f'CREATE DATABASE {database}')
        host = docker('inspect', '--format', '{{(index .NetworkSettings.Networks "%s").IPAddress}}' % stage.name, server)
        tools = make_tools(stage, dbmate, host)
        for tool in tools:
            outside(tool)  # which applies them
            tool.outside_ms, tool.first_ms = [], []
        for _ in range(count):
            for tool in tools:
                in_container(stage, tool)
                outside(tool)
                tool.memory_kb.append(memory_kb(stopwatch, tool.outside, tool.environment[1]))
        print_table(tools)
        print(f'{MANY} pending migrations of two statements each: {many_kb(stage, stopwatch, tools[0]) / 1024:.1f} MB')
    finally:
        stage.clear()


if __name__ == '__main__':
    main()
