"""Runs Python code that a test sends, one request per line on stdin, with RQ's classes imported.

A request is {"code": ..., "names": {...}}; the reply on stdout is {"value": ...} of the last expression, or
{"error": "Class: message"}. Argument: the URL of Redis.
"""

import ast
import datetime
import enum
import json
import math
import os
import sys
import time
import types
import warnings

warnings.simplefilter('ignore')

import redis
import rq
from rq import Queue, Retry, Worker
from rq.command import send_kill_horse_command, send_shutdown_command, send_stop_job_command
from rq.job import Dependency, Job, cancel_job, requeue_job
from rq.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
    clean_registries,
)
from rq.serializers import JSONSerializer
from rq.suspension import is_suspended, resume, suspend

conn = redis.Redis.from_url(sys.argv[1])
# RQ's loggers print to stdout, which is for replies only.
answers = os.fdopen(os.dup(1), 'w', buffering=1)
os.dup2(2, 1)

# What a later request of the same test needs.
kept = types.SimpleNamespace()

REGISTRIES = {
    'started': StartedJobRegistry,
    'finished': FinishedJobRegistry,
    'failed': FailedJobRegistry,
    'deferred': DeferredJobRegistry,
    'scheduled': ScheduledJobRegistry,
    'canceled': CanceledJobRegistry,
}


def queue(name='default', **options):
    return Queue(name, connection=conn, serializer=options.pop('serializer', JSONSerializer), **options)


def fetch(job_id, serializer=JSONSerializer):
    return Job.fetch(job_id, connection=conn, serializer=serializer)


def registry(kind, name):
    return REGISTRIES[kind](name, connection=conn, serializer=JSONSerializer)


def describe_result(result):
    return {
        'type': result.type.name,
        'created_at': result.created_at,
        'return_value': result.return_value,
        'exc_string': result.exc_string,
    }


def describe(job):
    """Returns every property of RQ's Job that a dashboard may read."""
    return {
        'id': job.id,
        'status': job.get_status(),
        'origin': job.origin,
        'description': job.description,
        'func_name': job.func_name,
        'args': job.args,
        'kwargs': job.kwargs,
        'meta': job.meta,
        'timeout': job.timeout,
        'ttl': job.ttl,
        'result_ttl': job.result_ttl,
        'failure_ttl': job.failure_ttl,
        'worker_name': job.worker_name,
        'created_at': job.created_at,
        'enqueued_at': job.enqueued_at,
        'started_at': job.started_at,
        'ended_at': job.ended_at,
        'last_heartbeat': job.last_heartbeat,
        'retries_left': job.retries_left,
        'retry_intervals': job.retry_intervals,
        'dependency_ids': [dependency.id for dependency in job.fetch_dependencies()],
        'dependent_ids': job.dependent_ids,
        'return_value': job.return_value(),
        'result': job.result if hasattr(Job, 'result') else None,
        'exc_info': job.exc_info if hasattr(Job, 'exc_info') else None,
        'results': [describe_result(result) for result in job.results()],
        'position': job.get_position(),
    }


def describe_worker(worker):
    return {
        'name': worker.name,
        'state': worker.get_state(),
        'queues': worker.queue_names(),
        'pid': worker.pid,
        'hostname': worker.hostname,
        'version': worker.version,
        'birth_date': worker.birth_date,
        'last_heartbeat': worker.last_heartbeat,
        'successful_job_count': worker.successful_job_count,
        'failed_job_count': worker.failed_job_count,
        'total_working_time': worker.total_working_time,
        'current_job_id': worker.get_current_job_id(),
        'shutdown_requested_date': worker.shutdown_requested_date,
    }


def read_everything():
    """Reads everything that RQ's classes can read. An exception means that a stored value is invalid."""
    queues = {}
    for found in Queue.all(connection=conn, serializer=JSONSerializer):
        members = {kind: [str(entry).split(':')[0] for entry in conn_members(kind, found.name)] for kind in REGISTRIES}
        queues[found.name] = {'count': found.count, 'job_ids': found.job_ids, **members}
        queues[found.name]['scheduler_pid'] = found.scheduler_pid
        for kind, ids in members.items():
            # The score of what never expires is infinity, which RQ cannot convert to a date.
            for job_id in ids if kind in ('deferred', 'scheduled', 'canceled') else []:
                if Job.exists(job_id, connection=conn) and conn.zscore(registry(kind, found.name).key, job_id) != math.inf:
                    registry(kind, found.name).get_expiration_time(fetch(job_id))
        for job_id in members['scheduled']:
            registry('scheduled', found.name).get_scheduled_time(job_id)
    jobs = {}
    for job_id in names_of('rq:job:', 'hash'):
        job = fetch(job_id)
        jobs[job_id] = {**describe(job), 'executions': [describe_execution(one) for one in executions_of(job)]}
    workers = [describe_worker(worker) for worker in Worker.all(connection=conn)]
    everything = {'queues': queues, 'jobs': jobs, 'workers': workers, 'suspended': bool(is_suspended(conn))}
    return {**everything, 'groups': read_groups(), 'crons': read_crons(), 'schedulers': read_schedulers()}


def names_of(prefix, kind):
    keys = [key.decode() for key in conn.scan_iter(f'{prefix}*', count=1000, _type=kind)]
    return sorted(key[len(prefix):] for key in keys)


def executions_of(job):
    """Since RQ 2.0."""
    return job.get_executions() if hasattr(job, 'get_executions') else []


def describe_execution(execution):
    return {'id': execution.id, 'created_at': execution.created_at, 'last_heartbeat': execution.last_heartbeat}


def read_groups():
    """Since RQ 2.0."""
    try:
        from rq.group import Group
    except ImportError:
        return {}
    return {group.name: [job.id for job in group.get_jobs()] for group in Group.all(conn)}


def read_crons():
    """Since RQ 2.6."""
    try:
        from rq.cron import CronScheduler
        read = CronScheduler.all
    except (ImportError, AttributeError):
        return {}
    return {
        cron.name: {
            'jobs': [[job.func_name, job.queue_name, job.interval, job.cron] for job in cron.get_jobs()],
            'last_heartbeat': cron.last_heartbeat,
            'created_at': cron.created_at,
        }
        for cron in read(conn)
    }


def read_schedulers():
    """Since RQ 2.10."""
    from rq.scheduler import RQScheduler

    if not hasattr(RQScheduler, 'fetch'):
        return {}
    found = [RQScheduler.fetch(name, conn) for name in names_of('rq:scheduler:', 'hash')]
    return {scheduler.name: [scheduler.pid, scheduler.hostname, scheduler.created_at] for scheduler in found}


def conn_members(kind, name):
    """Returns the members of a registry, without the cleanup that RQ does before it reads one."""
    return [member.decode() for member in conn.zrange(registry(kind, name).key, 0, -1)]


def eventually(check, timeout=10.0):
    deadline = time.monotonic() + timeout
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError('not so in time')
        time.sleep(0.01)


def plain(value):
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode('utf-8', 'backslashreplace')
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return repr(value)


def run(code, names):
    scope = globals()
    scope.update(names)
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, '<test>', 'exec'), scope)
    return eval(compile(ast.Expression(last.value), '<test>', 'eval'), scope) if last else None


def main():
    print(json.dumps({'value': rq.VERSION}), file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {'value': plain(run(request['code'], request['names']))}
        except Exception as error:
            answer = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(answer), file=answers)


main()
