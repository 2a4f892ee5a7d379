#!/usr/bin/env python3
"""usage: tests/e2e/e2e.py [NAME ...]

The image in a real engine: what a user of docker/compose.yml, `docker run` and a Kubernetes manifest sees. Each function below is one
test, and its name says what holds; NAME is a part of such a name. tests/e2e/images.sh makes the images first; PGUSHER is a program with the command compose. ./dev e2e sees to both."""

import os
import re
import shutil
import socket
import sys
import traceback

import yaml

import manifests
from engine import (BUILD, BUILD_ELSEWHERE, HARDENED, PASSWORD, PGUSHER, POSTGRES, Failure, Stage, await_log, await_true, docker, events,
                    finished, hold, hold_equal, inspect, logs, run, started)

TESTS = []
NAMES = "SELECT string_agg(migration_name, ' ' ORDER BY migration_name) FROM schema_migrations"
DEMO = os.path.realpath('sql/migrations')
DEMO_COUNT = len([name for name in os.listdir(DEMO) if name.endswith('.sql')])


def test(function):
    TESTS.append(function)
    return function


# --- Compose ---

def state_of(stage, service):
    return inspect(stage.of_project(service), '{{.State.Status}} {{.State.ExitCode}}')


@test
def compose__bots_start_when_the_schema_is_there(stage):
    stage.compose('up', '--detach')
    migrate, bots = stage.of_project('db-migrate'), [stage.of_project(f'{name}-bot') for name in ('alice', 'bob', 'carol')]
    hold_equal(state_of(stage, 'db-migrate'), 'exited 0', 'db-migrate')
    for bot in bots:
        hold(started(bot) >= finished(migrate), f'{bot} started before the migrations were done')
        await_log(bot, 'characters')
        hold('migration' not in logs(bot), f'{bot} speaks of migrations')
    hold(f'event=applied target=postgres:5432 applied={DEMO_COUNT}' in logs(migrate), 'not every migration was applied')
    count = 'SELECT count(*) FROM schema_migrations'
    server = stage.of_project('postgres')
    psql = ['exec', server, 'psql', '-U', 'app', '-Atc']
    hold_equal(docker(*psql, count), str(DEMO_COUNT), 'the rows of the ledger')

    applied_at = docker(*psql, 'SELECT max(applied_at) FROM schema_migrations')
    stage.compose('up', '--detach')
    docker('wait', stage.of_project('db-migrate'))
    hold_equal(state_of(stage, 'db-migrate'), 'exited 0', 'db-migrate, a second time')
    hold('pending=0' in logs(stage.of_project('db-migrate')), 'the second run found something to do')
    hold_equal(docker(*psql, 'SELECT max(applied_at) FROM schema_migrations'), applied_at, 'the last applied_at')


@test
def compose__a_broken_migration_starts_no_bot(stage):
    folder = stage.migrations(_001_good='CREATE TABLE characters (name text);',
                              _002_broken='CREATE TABLE a (id int);\n\nINSERT INTO a VALUES (1, nothing);\n')
    stage.compose('up', '--detach', check=False, MIGRATIONS=folder)
    await_true(lambda: state_of(stage, 'db-migrate').startswith('exited'), 'the end of db-migrate')
    hold_equal(state_of(stage, 'db-migrate'), 'exited 5', 'db-migrate')
    hold('002_broken.sql:3:26: ERROR 42703' in logs(stage.of_project('db-migrate')), 'the place of the error is not shown')
    for name in ('alice', 'bob', 'carol'):
        bot = stage.of_project(f'{name}-bot')
        hold(not bot or started(bot) < 0, f'{name}-bot was started')


@test
def compose__runs_as_hardened_as_it_says(stage):
    folder = stage.migrations(_001_long='SELECT pg_sleep(600);')
    stage.compose('up', '--detach', 'postgres')
    await_true(lambda: inspect(stage.of_project('postgres'), '{{.State.Health.Status}}') == 'healthy', 'a healthy server')
    # in the background, because Compose itself waits for the end of what others depend on
    stage.compose('up', '--detach', 'db-migrate', MIGRATIONS=folder)
    migrate = stage.of_project('db-migrate')
    await_log(migrate, 'event=ready')
    status = open(f'/proc/{inspect(migrate, "{{.State.Pid}}")}/status', encoding='utf-8').read()
    said = dict(line.split(':', 1) for line in status.splitlines())
    hold_equal(said['Uid'].split()[0], '65532', 'the user')
    hold_equal(said['CapEff'].strip() + said['CapBnd'].strip(), '0' * 32, 'capabilities')
    hold_equal(said['NoNewPrivs'].strip(), '1', 'no_new_privs')
    hold_equal(said['Seccomp'].strip(), '2', 'the seccomp filter')
    host = inspect(migrate, '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} '
                            '{{.HostConfig.RestartPolicy.Name}} {{len .NetworkSettings.Networks}}')
    hold_equal(host, f'true {32 * 1024 * 1024} 16 no 1', 'read-only, memory, pids, restart, networks')
    network = inspect(migrate, '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}')
    hold_equal(docker('network', 'inspect', '--format', '{{.Internal}}', network).strip(), 'true', 'no way out of its network')


BOT = f'FROM {POSTGRES}\nENTRYPOINT []\nCMD ["sh", "-c", "echo I am a bot; trap exit TERM; sleep 3600 & wait"]\n'


def compose_of(stage, text):
    """Writes it as stage.folder/compose.yml, beside two migrations, with the images that are here in place of those that it names."""
    images = {'postgres:17': POSTGRES, 'pgusher': PGUSHER, 'your-bot': stage.image('bot', BOT)}
    text, count = re.subn(r'(?m)^( *image: )(\S+)$', lambda line: line[1] + images[line[2]], text)
    hold_equal(count, len(images), 'images that the file names')
    stage.file('sql/migrations/001_add_users.sql', 'CREATE TABLE users (id int);')
    stage.file('sql/migrations/002_add_messages.sql', 'CREATE TABLE messages (id int);')
    return stage.file('compose.yml', text)


def hold_migrated_before_the_bot(stage):
    hold_equal(state_of(stage, 'db-migrate'), 'exited 0', 'db-migrate')
    hold('applied=2' in logs(stage.of_project('db-migrate')), 'the migrations were not applied')
    hold(started(stage.of_project('bot')) >= finished(stage.of_project('db-migrate')), 'the bot started too early')


def page_of_five_minutes():
    """The Compose file that docs/init-container.md prints."""
    blocks = re.findall(r'(?ms)^```yaml\n(services:.*?)^```$', open('docs/init-container.md', encoding='utf-8').read())
    hold_equal(len(blocks), 1, 'Compose files on the page')
    return blocks[0]


@test
def compose__the_file_of_init_container_in_five_minutes_works(stage):
    file = compose_of(stage, page_of_five_minutes())
    said = run(os.environ['PGUSHER'], 'compose', 'check', file).stdout
    hold('1 service uses the database and waits for db-migrate' in said, f'compose check: {said}')
    stage.compose('up', '--detach', file=file)
    hold_migrated_before_the_bot(stage)


# What others have written, but for the image and the command: nothing in it tells Compose when the server is ready.
OLD = """
services:
  postgres:
    image: postgres:17
    environment:
      - POSTGRES_USER=app
      - POSTGRES_PASSWORD=a plain one
      - POSTGRES_DB=app
    volumes:
      - ./init:/docker-entrypoint-initdb.d:ro
  db-migrate:
    image: pgusher
    command: ["up"]
    environment:
      - POSTGRES_HOST=postgres
      - POSTGRES_PORT=5432
      - POSTGRES_USER=app
      - POSTGRES_PASSWORD=a plain one
      - POSTGRES_DB=app
    volumes:
      - ./sql/migrations:/app/sql/migrations
    depends_on:
      - postgres
    restart: "no"
  bot:
    image: your-bot
    depends_on:
      db-migrate:
        condition: service_completed_successfully
"""


@test
def compose__a_db_migrate_that_was_there_needs_another_image_and_command_only(stage):
    file = compose_of(stage, OLD)
    stage.file('init/pause.sql', 'SELECT pg_sleep(3);')  # so that the server is late
    stage.compose('up', '--detach', file=file)
    hold_migrated_before_the_bot(stage)
    hold('event=attempt_failed' in logs(stage.of_project('db-migrate')), 'it did not have to wait')


@test
def compose__each_example_hardens_what_migrates(stage):
    page = stage.file('compose.yml', page_of_five_minutes())
    wanted = {'read_only': True, 'cap_drop': ['ALL'], 'security_opt': ['no-new-privileges:true'], 'mem_limit': '32m', 'pids_limit': 16,
              'restart': 'no'}
    for file in ('docker/compose.yml', 'docker/multi-bot/compose.template.yml', page):
        with open(file, encoding='utf-8') as text:
            stack = yaml.safe_load(text)
        services = stack['services']
        migrate = services['db-migrate']
        hold_equal({key: migrate.get(key) for key in wanted}, wanted, f'db-migrate of {file}')
        hold_equal(migrate.get('networks'), services['postgres'].get('networks'), f'the networks of db-migrate of {file}')
        for network in migrate.get('networks') or ['default']:
            hold(stack.get('networks', {}).get(network, {}).get('internal'), f'db-migrate of {file} reaches the world by {network}')
        hold('pgusher' in migrate['image'] or migrate.get('user') == '65532:65532', f'db-migrate of {file} may be root')


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


def multi_bot_of(stage):
    """docker/multi-bot as it is, but for the images and for what the machine has only once: names and ports. Returned is what runs its
    multi-bot.sh. PGUSHER is a program that can write Compose files, unlike the image's."""
    folder = f'{stage.folder}/multi-bot'
    shutil.copytree('docker/multi-bot', folder, ignore=shutil.ignore_patterns('compose.yml', 'database_password.txt'))
    template = open(f'{folder}/compose.template.yml', encoding='utf-8').read()
    for line, ours in (('image: postgres:.*', f'image: {POSTGRES}'), ('container_name: ', f'container_name: {stage.name}-')):
        hold(re.search(line, template), f'the template has no {line}')
        template = re.sub(line, ours, template)
    stage.file('multi-bot/compose.template.yml', template)
    for name in ('alice', 'bob'):
        text = open(f'{folder}/.env.{name}', encoding='utf-8').read()
        stage.file(f'multi-bot/.env.{name}', re.sub('BOT_PORT=.*', f'BOT_PORT={free_port()}', text))
    stage.file('multi-bot/database_password.txt', PASSWORD + '\n')
    stage.file('bot/sql/migrations/001_bot.sql', 'CREATE TABLE bot (id int);')
    image = stage.image('bot', f'FROM {POSTGRES}\nCOPY --from={PGUSHER} /pgusher /usr/local/bin/\nWORKDIR /srv\n'
                               'COPY sql/migrations sql/migrations\nUSER 65532\nENTRYPOINT []\n'
                               'CMD ["sh", "-c", "echo I am $BOT_NAME; trap exit TERM; sleep 3600 & wait"]\n')
    stage.file('multi-bot/.env', f'BOT_IMAGE={image}\n')
    env = {'COMPOSE_PROJECT_NAME': stage.name, 'PGUSHER': os.path.realpath(os.environ['PGUSHER'])}
    stage.projects.append((['docker-compose', '--project-name', stage.name, '--file', f'{folder}/compose.yml'], env))
    return lambda *words: run(f'{folder}/multi-bot.sh', *words, env=env).stdout


def hold_states(stage, **wanted):
    seen = {name: state_of(stage, name.replace('_', '-')).split()[0] if stage.of_project(name.replace('_', '-')) else 'none'
            for name in wanted}
    hold_equal(seen, wanted, 'the services')


@test
def multi_bot__all_start_when_the_schema_is_there_and_stop_together(stage):
    multi_bot = multi_bot_of(stage)
    multi_bot('start', 'all')
    migrate = stage.of_project('db-migrate')
    hold_equal(state_of(stage, 'db-migrate'), 'exited 0', 'db-migrate')
    hold('applied=1' in logs(migrate), 'the migration was not applied')
    for bot in (stage.of_project(f'{name}-bot') for name in ('alice', 'bob')):
        hold(started(bot) >= finished(migrate), f'{bot} started too early')
        await_log(bot, 'I am ')

    status, said = multi_bot('status', 'all'), multi_bot('logs', 'all')
    for name in ('postgres', 'db-migrate', 'alice-bot', 'bob-bot'):
        hold(name in status, f'the status of {name} is not shown')
    hold('I am alice' in said and 'I am bob' in said and 'event=finished' in said, f'a log is not shown: {said}')

    multi_bot('stop', 'all')
    hold_states(stage, postgres='exited', db_migrate='exited', alice_bot='exited', bob_bot='exited')
    hold('alice-bot' in multi_bot('status', 'all'), 'what is stopped has no status')


@test
def multi_bot__one_is_started_shown_and_stopped_by_itself(stage):
    multi_bot = multi_bot_of(stage)
    multi_bot('start', 'alice')
    hold_states(stage, postgres='running', db_migrate='exited', alice_bot='running', bob_bot='none')
    multi_bot('start', 'bob')
    hold('pending=0' in logs(stage.of_project('db-migrate')), 'the second bot found something to migrate')
    await_log(stage.of_project('bob-bot'), 'I am bob')

    said, status = multi_bot('logs', 'bob'), multi_bot('status', 'bob')
    hold('I am bob' in said and 'alice' not in said, f'the log of bob: {said}')
    hold('bob-bot' in status and 'alice' not in status, f'the status of bob: {status}')

    multi_bot('stop', 'alice')
    hold_states(stage, postgres='running', alice_bot='exited', bob_bot='running')
    hold('alice-bot' in multi_bot('status', 'alice'), 'what is stopped has no status')


@test
def image__leaves_compose_out_and_says_so(stage):
    container = stage.start(PGUSHER, 'compose', 'check', 'compose.yml', name='compose', options=HARDENED)
    stage.ended(container, 2)
    hold('compose' in logs(container), 'it does not say why')


# --- waiting ---

@test
def wait__outlasts_a_server_that_starts_thirty_seconds_late(stage):
    migrate = stage.pgusher(migrations=DEMO)
    await_log(migrate, '"attempt":15,')  # of two seconds each
    stage.postgres()
    stage.ended(migrate, 0)
    hold_equal(events(migrate, 'applied')[0]['applied'], DEMO_COUNT, 'migrations applied')
    hold_equal(len(events(migrate, 'ready')), 1, 'times that it was ready')
    server = inspect(f'{stage.name}-postgres', '{{(index .NetworkSettings.Networks "%s").IPAddress}}' % stage.name)
    hold_equal(events(migrate, 'ready')[0]['address'], f'{server}:5432', "what the engine's DNS said")


@test
def wait__the_temporary_server_of_a_new_database_deceives_nobody(stage):
    pause = stage.file('init/pause.sql', 'SELECT pg_sleep(3);')  # it is up all this time, on its unix socket
    stage.postgres(options=['--volume', f'{os.path.dirname(pause)}:/docker-entrypoint-initdb.d:ro'])
    migrate = stage.pgusher(migrations=DEMO)
    stage.ended(migrate, 0)
    hold_equal(len(events(migrate, 'connection_lost')), 0, 'connections lost')


@test
def wait__a_secret_that_changes_is_read_again(stage):
    secret = stage.file('secrets/password', 'the old one\n')
    stage.postgres()
    migrate = stage.pgusher(migrations=DEMO, POSTGRES_PASSWORD=None, POSTGRES_PASSWORD_FILE='/run/secrets/password',
                            PGUSHER_GRACE='170s', options=['--volume', f'{os.path.dirname(secret)}:/run/secrets:ro'])
    await_log(migrate, '28P01')
    stage.file('secrets/password', PASSWORD + '\n')
    stage.ended(migrate, 0)
    hold('the old one' not in logs(migrate) and PASSWORD not in logs(migrate), 'a password is in the log')


@test
def wait__a_secret_that_may_not_be_read_ends_it_with_2(stage):
    secret = stage.file('password', PASSWORD)
    os.chmod(secret, 0o600)
    migrate = stage.pgusher(migrations=DEMO, POSTGRES_PASSWORD=None, POSTGRES_PASSWORD_FILE='/run/password',
                            options=['--volume', f'{secret}:/run/password:ro'])
    stage.ended(migrate, 2)
    failed = events(migrate, 'failed')[0]
    hold_equal(failed['message'], 'cannot read the file that POSTGRES_PASSWORD_FILE names, /run/password: Permission denied', 'why')
    hold('user 65532' in failed['hint'], f'the hint: {failed["hint"]}')


@test
def wait__a_wrong_password_ends_it_with_4(stage):
    stage.postgres()
    migrate = stage.pgusher(migrations=DEMO, POSTGRES_PASSWORD='no', PGUSHER_GRACE='2s')
    stage.ended(migrate, 4)
    hold_equal(events(migrate, 'failed')[0]['sqlstate'], '28P01', 'the SQLSTATE')


# --- disturbed runs ---

LONG = {'_001_first': 'CREATE TABLE first (id int);', '_002_long': 'CREATE TABLE second (id int); SELECT pg_sleep(20);'}
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND wait_event = 'PgSleep'"


@test
def disturbed__a_server_killed_in_the_middle_is_waited_for(stage):
    folder = stage.migrations(**LONG)
    server = stage.postgres()
    migrate = stage.pgusher(migrations=folder)
    await_log(migrate, 'migration_applied')
    await_true(lambda: stage.sql(SLEEPING) == '1', 'the long statement')
    docker('kill', server)
    await_log(migrate, 'connection_lost')
    docker('start', server)
    stage.ended(migrate, 0)
    hold_equal(stage.sql(NAMES), '001_first.sql 002_long.sql', 'the ledger')
    hold_equal([line['migration'] for line in events(migrate, 'migration_applied')], ['001_first.sql', '002_long.sql'],
               'what was applied')


@test
def disturbed__docker_stop_in_a_long_statement_leaves_nothing(stage):
    folder = stage.migrations(**LONG)
    stage.postgres()
    migrate = stage.pgusher(migrations=folder)
    await_log(migrate, 'migration_applied')
    await_true(lambda: stage.sql(SLEEPING) == '1', 'the long statement')
    docker('stop', migrate)
    stage.ended(migrate, 143)
    took = seconds_between(events(migrate, 'stopping')[0], events(migrate, 'finished')[0])
    hold(took < 2, f'it took {took} s to stop')
    hold_equal(stage.sql(SLEEPING), '0', 'statements that still run')
    hold_equal(stage.sql("SELECT to_regclass('first'), to_regclass('second')"), 'first|', 'the tables')
    hold_equal(stage.sql(NAMES), '001_first.sql', 'the ledger')


def seconds_between(one, other):
    def seconds(event):
        hours, minutes, rest = event['ts'][11:-1].split(':')
        return int(hours) * 3600 + int(minutes) * 60 + float(rest)
    return (seconds(other) - seconds(one)) % 86400


@test
def disturbed__three_runners_apply_each_migration_once(stage):
    runners = [stage.pgusher(name=f'runner-{number}', migrations=DEMO) for number in range(3)]
    for runner in runners:
        await_log(runner, 'wait_started')
    stage.postgres()
    for runner in runners:
        stage.ended(runner, 0)
    applied = [event['migration'] for runner in runners for event in events(runner, 'migration_applied')]
    hold_equal(sorted(applied), sorted(os.listdir(DEMO)), 'what the three applied together')
    hold_equal(stage.sql('SELECT count(*) FROM schema_migrations'), str(DEMO_COUNT), 'the rows of the ledger')


# --- the image ---

@test
def image__holds_one_program_and_next_to_nothing_else(stage):
    container = stage.start(PGUSHER, '--version', name='version', options=HARDENED)
    stage.ended(container, 0)
    hold(logs(container).startswith('pgusher '), 'it does not tell its version')
    files = run('sh', '-c', f'docker export {container} | tar -tv').stdout.splitlines()
    ours = sorted(line.split()[5] for line in files if line.startswith('-') and int(line.split()[2]) > 0)
    hold_equal(ours, ['etc/passwd', 'etc/ssl/certs/ca-certificates.crt', 'pgusher'], 'the files of the image')
    size = int(docker('image', 'inspect', '--format', '{{.Size}}', PGUSHER))
    print(f'the image: {size / 1e6:.2f} MB')
    hold(size < 6.5e6, f'the image has {size} bytes')
    config = docker('image', 'inspect', '--format', '{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{.Config.WorkingDir}} '
                    '{{.Config.User}} {{.Config.StopSignal}}', PGUSHER)
    hold_equal(config, '["/pgusher"] ["up"] /app 65532:65532 SIGTERM', 'what it does by default')


@test
def image__is_built_the_same_twice(stage):
    """libpq and program, built once more in another folder: neither the folder nor the time shows in a byte."""
    first, second = (stage.file_of(image, '/image/pgusher') for image in (BUILD, BUILD_ELSEWHERE))
    run('cmp', first, second)
    run('cmp', first, stage.file_of(PGUSHER, '/pgusher'))
    folders = [docker('image', 'inspect', '--format', '{{.Config.WorkingDir}}', image) for image in (BUILD, BUILD_ELSEWHERE)]
    hold(folders[0] != folders[1], 'both were built in the same folder')


@test
def image__has_a_program_without_libraries_that_is_hard_to_attack(stage):
    headers = run('readelf', '--wide', '--program-headers', '--dynamic', stage.file_of(PGUSHER, '/pgusher')).stdout
    hold('GNU_RELRO' in headers and 'BIND_NOW' in headers and ' PIE' in headers, 'no PIE with full RELRO')
    hold('INTERP' not in headers and 'NEEDED' not in headers, 'it needs libraries')


@test
def image__is_extended_by_a_folder_of_migrations(stage):
    stage.file('own/sql/migrations/001_own.sql', 'CREATE TABLE own (id int);')
    image = stage.image('own', f'FROM {PGUSHER}\nCOPY sql/migrations sql/migrations\n')
    stage.postgres()
    stage.ended(stage.pgusher(image=image), 0)
    hold_equal(stage.sql(NAMES), '001_own.sql', 'the ledger')


@test
def image__lends_its_program_to_an_application(stage):
    stage.file('app/sql/migrations/001_app.sql', 'CREATE TABLE app (id int);')
    image = stage.image('app', f'FROM {POSTGRES}\nCOPY --from={PGUSHER} /pgusher /usr/local/bin/\nWORKDIR /srv\n'
                               'COPY sql/migrations sql/migrations\nENTRYPOINT []\n')
    stage.postgres()
    stage.ended(stage.pgusher('pgusher', 'up', image=image, options=['--user', '65532']), 0)
    hold_equal(stage.sql(NAMES), '001_app.sql', 'the ledger')


@test
def image__applies_a_thousand_migrations_in_32_megabytes(stage):
    folder = stage.migrations(**{f'_{number:04}_add': f'CREATE TABLE t{number} (id int PRIMARY KEY, word text);\n'
                                 f'INSERT INTO t{number} VALUES (1, $$one; two$$);\n' for number in range(1000)})
    stage.postgres()
    migrate = stage.pgusher(migrations=folder)
    stage.ended(migrate, 0)
    hold_equal(inspect(migrate, '{{.State.OOMKilled}} {{.HostConfig.Memory}}'), f'false {32 * 1024 * 1024}', 'memory')
    hold_equal(events(migrate, 'applied')[0]['applied'], 1000, 'migrations applied')


@test
def image__waits_until_another_container_has_migrated(stage):
    stage.postgres()
    pod = stage.pgusher('wait', '--until', 'migrated', name='pod', migrations=DEMO)
    await_log(pod, 'attempt_failed')
    stage.ended(stage.pgusher(migrations=DEMO), 0)
    stage.ended(pod, 0)


# --- TLS ---

def openssl(stage, command):
    run('sh', '-c', f'cd {stage.folder}/tls && openssl {command}')


def make_certificates(stage):
    os.mkdir(f'{stage.folder}/tls')
    openssl(stage, 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt')
    openssl(stage, 'req -newkey rsa:2048 -nodes -subj /CN=postgres -keyout server.key -out server.csr')
    openssl(stage, 'x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt')
    stage.file('init/tls.sh', 'cp /tls/server.crt /tls/server.key "$PGDATA" && chmod 600 "$PGDATA/server.key"\n'
                              'sed -i "s/^host all/hostssl all/" "$PGDATA/pg_hba.conf"\n')
    for name in os.listdir(f'{stage.folder}/tls'):
        os.chmod(f'{stage.folder}/tls/{name}', 0o644)


@test
def tls__verify_full_trusts_whom_it_should(stage):
    make_certificates(stage)
    stage.postgres('-c', 'ssl=on', options=['--network-alias', 'other', '--volume', f'{stage.folder}/tls:/tls:ro', '--volume',
                                            f'{stage.folder}/init:/docker-entrypoint-initdb.d:ro'])
    authority = ['--volume', f'{stage.folder}/tls/ca.crt:/ca.crt:ro']
    url = 'postgresql:///?sslmode=verify-full&sslrootcert='
    stage.ended(stage.pgusher(migrations=DEMO, DATABASE_URL=f'{url}/ca.crt', options=authority), 0)
    hold_equal(stage.sql('SELECT count(*) FROM schema_migrations'), str(DEMO_COUNT), 'the rows of the ledger')

    other = stage.pgusher(name='other', migrations=DEMO, DATABASE_URL=f'{url}/ca.crt', POSTGRES_HOST='other',
                          options=authority, PGUSHER_GRACE='1s')
    stage.ended(other, 4)
    hold('does not match host name' in logs(other), 'the reason is not told')

    stranger = stage.pgusher(name='stranger', migrations=DEMO, DATABASE_URL=f'{url}system', PGUSHER_GRACE='1s')
    stage.ended(stranger, 4)
    hold('certificate verify failed' in logs(stranger), 'the reason is not told')

    # "system" is the bundle of the image, and so an image with a bundle of its own trusts whom that trusts
    stage.file('trusting/ca.crt', open(f'{stage.folder}/tls/ca.crt', encoding='utf-8').read())
    trusting = stage.image('trusting', f'FROM {PGUSHER}\nCOPY ca.crt /etc/ssl/certs/ca-certificates.crt\n')
    stage.ended(stage.pgusher(name='trusting', image=trusting, migrations=DEMO,
                              DATABASE_URL='postgresql:///?sslrootcert=system'), 0)


# --- Kubernetes ---

@test
def kubernetes__the_reason_of_a_failure_is_left_for_the_kubelet(stage):
    message = stage.file('termination-log', '')
    os.chmod(message, 0o666)
    folder = stage.migrations(_001_broken='SELECT nothing;')
    stage.postgres()
    stage.ended(stage.pgusher(migrations=folder, options=['--volume', f'{message}:/dev/termination-log']), 5)
    hold_equal(open(message, encoding='utf-8').read(),
               '001_broken.sql:1:8: ERROR 42703: column "nothing" does not exist\n', 'the message')


@test
def kubernetes__migrations_are_found_behind_the_links_of_a_configmap(stage):
    """The kubelet mounts one as a dated folder, a link ..data to it, and a link for each file."""
    stage.file('map/..2026/001_mapped.sql', 'CREATE TABLE mapped (id int);')
    os.symlink('..2026', f'{stage.folder}/map/..data')
    os.symlink('..data/001_mapped.sql', f'{stage.folder}/map/001_mapped.sql')
    stage.postgres()
    stage.ended(stage.pgusher(migrations=f'{stage.folder}/map'), 0)
    hold_equal(stage.sql(NAMES), '001_mapped.sql', 'the ledger')


@test
def kubernetes__the_manifests_are_valid_and_as_hardened_as_they_say(_stage):
    manifests.check('docker/kubernetes')


# --- other people's CI ---

@test
def ci__the_commands_of_the_examples_pass_and_fail_as_they_should(stage):
    image = stage.image('ci', f'FROM {POSTGRES}\nCOPY --from={PGUSHER} /pgusher /usr/local/bin/\nWORKDIR /checkout\n'
                              'ENTRYPOINT ["sh", "-euxc"]\n')
    stage.postgres()
    old = {'_001_old': 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1);'}
    stage.ended(stage.pgusher(name='release', migrations=stage.migrations(**old)), 0)
    checkout = f'{stage.folder}/checkout'
    os.makedirs(f'{checkout}/tests')
    os.makedirs(f'{checkout}/sql/migrations')
    shutil.copytree('docker/ci', f'{checkout}/docker/ci')

    def ci(name, commands, **files):
        for file, text in files.items():
            stage.file(f'checkout/sql/migrations/{file[1:]}.sql', text)
        stage.sql('DROP DATABASE IF EXISTS migrations_empty', database='postgres')
        stage.sql('DROP DATABASE IF EXISTS migrations_release', database='postgres')
        dump = 'pg_dump --format=custom app >/tmp/last-release.dump; cp /tmp/last-release.dump tests/\n'
        options = ['--volume', f'{checkout}:/checkout', '--env', 'PGHOST=postgres', '--env', 'PGUSER=app', '--env',
                   f'PGPASSWORD={PASSWORD}', '--env', 'PGUSHER_LOG_FORMAT=json']
        return stage.start(image, dump + '\n'.join(commands), name=name, options=options)

    github, gitlab = manifests.ci_commands('docker/ci')
    new = {'_002_new': 'ALTER TABLE kept ADD COLUMN name text;'}
    stage.ended(ci('github', github, **old, **new), 0)
    hold_equal(stage.sql('SELECT count(*) FROM kept WHERE name IS NULL', database='migrations_release'), '1', 'rows kept')
    hold_equal(stage.sql('SELECT count(*) FROM kept WHERE name IS NULL', database='migrations_empty'), '1', 'rows made')
    stage.ended(ci('gitlab', gitlab), 0)
    stage.ended(ci('edited', github, _001_old='CREATE TABLE kept (id int);'), 6)
    stage.ended(ci('broken', gitlab, **old, _003_broken='ALTER TABLE kept ADD CHECK (id > 1);'), 5)


# --- running them ---

def passes(function):
    stage = Stage(function.__name__.replace('__', '-').replace('_', '-')[:40].strip('-'))
    try:
        function(stage)
        print(f'ok      {function.__name__}', flush=True)
        return True
    except Exception as failure:  # whatever it is, the next test is still worth running
        print(f'FAILED  {function.__name__}: {failure}', flush=True)
        if not isinstance(failure, Failure):
            traceback.print_exc()
        stage.tell()
        return False
    finally:
        stage.clear()


def main():
    wanted = [function for function in TESTS
              if not sys.argv[1:] or any(word in function.__name__ for word in sys.argv[1:])]
    results = [passes(function) for function in wanted]
    print(f'{results.count(True)} passed, {results.count(False)} failed')
    return 0 if results and all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
