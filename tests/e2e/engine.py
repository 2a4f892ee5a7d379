"""What the end-to-end tests do with a Docker engine: run pgusher as hardened as the examples do, run PostgreSQL, wait for what they
say. A Stage is where one test plays: its network, containers and files, which all go away with it. Nothing here knows what a
test wants to hold."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from datetime import datetime, timezone

PGUSHER = 'pgusher-test/pgusher'
BUILD = 'pgusher-test/build'
BUILD_ELSEWHERE = 'pgusher-test/build-elsewhere'
POSTGRES = 'pgusher-test/postgres'
PASSWORD = 'correct horse@battery/staple%'
PATIENCE_S = 400  # nothing is judged by it: it ends what hangs

# As docker/compose.yml has it.
HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true', '--memory', '32m',
            '--pids-limit', '16']


class Failure(Exception):
    pass


def hold(condition, sentence):
    if not condition:
        raise Failure(sentence)


def hold_equal(seen, wanted, what):
    hold(seen == wanted, f'{what}: {seen!r}, not {wanted!r}')


def run(*words, env=None, check=True):
    done = subprocess.run(words, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=2 * PATIENCE_S)
    if check and done.returncode != 0:
        raise Failure(f'{" ".join(words)} ended with {done.returncode}:\n{done.stdout}')
    return done


def docker(*words):
    return run('docker', *words).stdout.strip()


def inspect(container, template):
    return docker('inspect', '--format', template, container)


def moment(text):
    """A time as the engine writes it: nanoseconds, with the zeros at their end left out."""
    seconds, fraction = re.fullmatch(r'(.*?)(?:\.(\d+))?Z', text).groups()
    whole = datetime.fromisoformat(seconds).replace(tzinfo=timezone.utc).timestamp()
    return whole + float(f'0.{fraction or 0}')


def started(container):
    return moment(inspect(container, '{{.State.StartedAt}}'))


def finished(container):
    return moment(inspect(container, '{{.State.FinishedAt}}'))


def logs(container):
    return docker('logs', container)


def events(container, name=None):
    lines = [json.loads(line) for line in logs(container).splitlines() if line.startswith('{')]
    return [line for line in lines if name in (None, line['event'])]


def await_true(question, what):
    deadline = time.monotonic() + PATIENCE_S
    while not question():
        hold(time.monotonic() < deadline, f'it never came: {what}')
        time.sleep(0.05)


def await_log(container, text):
    """Follows the log, and so returns as soon as the text is there; a container that ends without it is a failure."""
    follower = subprocess.Popen(['timeout', str(PATIENCE_S), 'docker', 'logs', '--follow', container],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        seen = any(text in line for line in follower.stdout)
    finally:
        follower.kill()
        follower.wait()
    hold(seen, f'{container} never said {text!r}')


class Stage:
    def __init__(self, name):
        self.name = f'pgusher-e2e-{os.getpid()}-{name}'
        self.folder = tempfile.mkdtemp(prefix='pgusher-e2e.')
        os.chmod(self.folder, 0o755)
        self.containers = []
        self.images = []
        self.projects = []
        docker('network', 'create', '--internal', self.name)

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def migrations(self, **files):
        """A folder of them; the names are given without their ending."""
        folder = f'migrations-{len(os.listdir(self.folder))}'
        for name, text in files.items():
            self.file(f'{folder}/{name.lstrip("_")}.sql', text)
        return os.path.join(self.folder, folder)

    def start(self, image, *command, name, options=()):
        full = f'{self.name}-{name}'
        self.containers.append(full)
        docker('run', '--detach', '--name', full, '--network', self.name, *options, image, *command)
        return full

    def postgres(self, *settings, name='postgres', options=()):
        """Starts a server and does not wait for it."""
        return self.start(POSTGRES, 'postgres', '-c', 'fsync=off', *settings, name=name, options=[
            '--network-alias', name, '--env', 'POSTGRES_USER=app', '--env', f'POSTGRES_PASSWORD={PASSWORD}', *options])

    def pgusher(self, *command, name='db-migrate', migrations=None, image=PGUSHER, options=(), **variables):
        variables = {'POSTGRES_HOST': 'postgres', 'POSTGRES_USER': 'app', 'POSTGRES_PASSWORD': PASSWORD,
                     'PGUSHER_LOG_FORMAT': 'json', 'PGUSHER_ATTEMPTS': '150', **variables}
        words = [*HARDENED, *options]
        for key, value in variables.items():
            words += ['--env', f'{key}={value}'] if value is not None else []
        if migrations:
            words += ['--volume', f'{migrations}:/app/sql/migrations:ro']
        return self.start(image, *command, name=name, options=words)

    def ended(self, container, code):
        """Waits for its end, which has to be with that exit code."""
        seen = int(run('timeout', str(PATIENCE_S), 'docker', 'wait', container).stdout)
        hold_equal(seen, code, f'the exit code of {container}')

    def sql(self, query, server='postgres', database='app'):
        return docker('exec', f'{self.name}-{server}', 'psql', '-U', 'app', '-d', database, '-AtqXc', query)

    def image(self, name, dockerfile):
        tag = f'{self.name}-{name}'
        self.images.append(tag)
        self.file(f'{name}/Dockerfile', dockerfile)
        run('docker', 'build', '--network', 'host', '--tag', tag, os.path.join(self.folder, name), env={'DOCKER_BUILDKIT': '0'})
        return tag

    def file_of(self, image, path):
        """A copy of one of its files. Nothing of the image is run."""
        number = len(self.containers)
        container, copy = f'{self.name}-unstarted-{number}', os.path.join(self.folder, f'copy-{number}')
        self.containers.append(container)
        docker('create', '--name', container, image)
        docker('cp', f'{container}:{path}', copy)
        return copy

    def compose(self, *words, file='docker/compose.yml', check=True, **variables):
        """docker-compose with our images; its containers are those of a project with this stage's name."""
        command = ['docker-compose', '--project-name', self.name, '--file', file]
        env = {'POSTGRES_IMAGE': POSTGRES, 'BOT_IMAGE': POSTGRES, 'PGUSHER_IMAGE': PGUSHER,
               'DB_PASSWORD_FILE': self.file('db_password.txt', PASSWORD + '\n'), **variables}
        if not self.projects:
            self.projects.append((command, env))
        return run(*command, *words, env=env, check=check)

    def of_project(self, service):
        """The service's container, or '' when there never was one."""
        return docker('ps', '--all', '--quiet', '--filter', f'label=com.docker.compose.project={self.name}', '--filter',
                      f'label=com.docker.compose.service={service}')

    def tell(self):
        """What a person wants to see when a test has failed."""
        ours = docker('ps', '--all', '--format', '{{.Names}}\t{{.Status}}', '--filter', f'name={self.name}')
        for line in ours.splitlines():
            name = line.split('\t')[0]
            print(f'--- {line}\n{run("docker", "logs", "--tail", "40", name, check=False).stdout}')

    def clear(self):
        for command, env in self.projects:
            run(*command, 'down', '--volumes', '--timeout', '0', env=env, check=False)
        if self.containers:
            run('docker', 'rm', '--force', '--volumes', *self.containers, check=False)
        for image in self.images:
            run('docker', 'rmi', image, check=False)
        run('docker', 'network', 'rm', self.name, check=False)
        shutil.rmtree(self.folder)
