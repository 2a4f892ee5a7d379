"""What is held of files that no engine here runs: the Kubernetes manifests, and the examples for other people's CI."""

import glob
import json
import os
import shutil
import subprocess

import yaml

from engine import Failure, hold, hold_equal, run

HERE = os.path.dirname(os.path.realpath(__file__))
MODELS = os.path.join(os.environ.get('XDG_CACHE_HOME', os.path.expanduser('~/.cache')), 'pgusher', 'kubernetes')


def load(pattern):
    files = sorted(glob.glob(pattern))
    hold(files, f'there is no {pattern}')
    return [document for file in files for document in yaml.safe_load_all(open(file, encoding='utf-8'))]


def hold_to_schema(manifests):
    """By the models of npm's kubernetes-models, which is installed once."""
    os.makedirs(MODELS, exist_ok=True)
    for name in ('package.json', 'validate.mjs'):
        shutil.copy(f'{HERE}/kubernetes/{name}', MODELS)
    run('npm', 'install', '--prefix', MODELS, '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline',
        '--loglevel=error')
    done = subprocess.run(['node', f'{MODELS}/validate.mjs'], input=json.dumps(manifests), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout if done.returncode != 0 else None


def check_pod(name, pod):
    hold(pod['securityContext']['runAsNonRoot'] and pod['securityContext']['runAsUser'] == 65532, f'{name}: the user')
    hold_equal(pod['securityContext']['seccompProfile'], {'type': 'RuntimeDefault'}, f'{name}: seccomp')
    hold(pod['terminationGracePeriodSeconds'] >= 10, f'{name}: its time to end')
    ours = [container for container in pod.get('initContainers', []) + pod['containers']
            if container['image'].startswith('pgusher:')]
    hold_equal(len(ours), 1, f'{name}: containers of pgusher')
    volumes = {volume['name'] for volume in pod['volumes']}
    for container in pod.get('initContainers', []) + pod['containers']:
        where = f'{name}, {container["name"]}'
        hold_equal(container['securityContext'], {'readOnlyRootFilesystem': True, 'allowPrivilegeEscalation': False,
                                                  'capabilities': {'drop': ['ALL']}}, f'{where}: the securityContext')
        hold({'cpu', 'memory'} <= set(container['resources']['requests']), f'{where}: requests')
        hold('memory' in container['resources']['limits'], f'{where}: limits')
        hold({mount['name'] for mount in container['volumeMounts']} <= volumes, f'{where}: its volumes')
    hold_equal(ours[0]['resources']['limits']['memory'], '32Mi', f'{name}: the memory limit')
    hold_equal(ours[0]['terminationMessagePath'], '/dev/termination-log', f'{name}: the termination log')
    mounts = {mount['name']: mount['mountPath'] for mount in ours[0]['volumeMounts']}
    hold_equal(mounts['migrations'], '/app/sql/migrations', f'{name}: where the migrations are')
    password = [item['value'] for item in ours[0]['env'] if item['name'] == 'POSTGRES_PASSWORD_FILE']
    hold_equal(password, [mounts['db'] + '/password'], f'{name}: where the password is')
    return ours[0]['args']


def check(folder):
    manifests = load(f'{folder}/*.yaml')
    complaint = hold_to_schema(manifests)
    hold(complaint is None, complaint)
    broken = json.loads(json.dumps([item for item in manifests if item['kind'] == 'Job']))
    broken[0]['spec']['template']['spec']['containers'][0]['image'] = 5
    hold(hold_to_schema(broken) is not None, 'the schema has nothing against an image that is a number')

    asked = [check_pod(item['metadata']['name'], item['spec']['template']['spec'])
             for item in manifests if item['kind'] in ('Deployment', 'Job')]
    hold_equal(sorted(asked), [['up'], ['up'], ['wait', '--until', 'migrated']], 'what pgusher is asked to do')
    for kind, name in (('Secret', 'db'), ('ConfigMap', 'migrations')):
        hold([item for item in manifests if item['kind'] == kind and item['metadata']['name'] == name],
             f'there is no {kind} {name}')


def ci_commands(folder):
    """What the two examples run once the program is there; what only they know how to do is left out."""
    workflow, = load(f'{folder}/github-actions.yml')
    steps = {step.get('name'): step.get('run') for step in workflow['jobs']['migrations']['steps']}
    pipeline, = load(f'{folder}/gitlab-ci.yml')
    github = [steps['Wait for the server'], steps['Migrate']]
    gitlab = pipeline['migrations']['script']
    if len(gitlab) != len(github):
        raise Failure('the two examples do not do the same')
    return github, gitlab
