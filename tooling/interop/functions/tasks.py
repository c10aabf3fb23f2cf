"""Functions for jobs of both languages: tasks.js has the same names."""

import os
import time

import redis
from rq import get_current_job

LANGUAGE = 'python'


def add(x, y):
    return x + y


def echo(value):
    return value


def greet(name, greeting='Hello', punctuation='!'):
    return f'{greeting}, {name}{punctuation}'


def nothing():
    return None


def fail(message):
    raise ValueError(message)


def language():
    return LANGUAGE


def whoami(number):
    return {'language': LANGUAGE, 'number': number}


def note(key, value):
    """Logs its run in a list."""
    connection = get_current_job().connection
    connection.rpush(key, value)
    return value


def stamp_meta(**facts):
    job = get_current_job()
    job.meta.update(facts)
    job.meta['language'] = LANGUAGE
    job.save_meta()
    return sorted(job.meta)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def hold(key, seconds):
    """Writes its process id, then waits until it is released."""
    connection = get_current_job().connection
    connection.rpush(key, os.getpid())
    connection.blpop(f'{key}:go', timeout=seconds)
    return 'held'


def fail_until(key, attempts):
    """Fails the given number of times, then returns the number of the attempt."""
    attempt = get_current_job().connection.incr(key)
    if attempt <= attempts:
        raise RuntimeError(f'attempt {attempt}')
    return attempt


def sum_of_dependencies(own):
    """Adds its own number and the return values of all jobs that it waited for."""
    job = get_current_job()
    return own + sum(dependency.return_value(refresh=True) for dependency in job.fetch_dependencies())


def tally(own):
    """Like sum_of_dependencies, but also logs its run."""
    job = get_current_job()
    job.connection.rpush('test:runs', f'{job.id} {LANGUAGE}')
    return sum_of_dependencies(own)


def unserializable():
    return {1, 2, 3}


def on_success(job, connection, result):
    connection.rpush('test:callbacks', f'{LANGUAGE} success {job.id} {result}')


def on_failure(job, connection, type, value, traceback):
    connection.rpush('test:callbacks', f'{LANGUAGE} failure {job.id} {type.__name__}')
