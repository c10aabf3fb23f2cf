"""Prints the jobs with these ids. Arguments: the URL of Redis, ids."""

import sys

from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer

connection = Redis.from_url(sys.argv[1])
for job in Job.fetch_many(sys.argv[2:], connection=connection, serializer=JSONSerializer):
    status = 'finished' if job.is_finished else 'not finished'
    print(f'  {job.func_name:21} {status:9} {job.return_value()!r}')
