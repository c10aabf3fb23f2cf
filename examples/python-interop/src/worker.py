"""A worker on the queue `python`. Argument: the URL of Redis."""

import sys

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

connection = Redis.from_url(sys.argv[1])
queue = Queue('python', connection=connection, serializer=JSONSerializer)
Worker([queue], connection=connection, serializer=JSONSerializer).work(logging_level='WARNING')
