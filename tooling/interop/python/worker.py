"""A real RQ worker. Arguments: the URL of Redis, a JSON object of options."""

import json
import sys
import warnings

warnings.simplefilter('ignore')

import redis
from rq import Queue, Worker
from rq.serializers import DefaultSerializer, JSONSerializer

url, options = sys.argv[1], json.loads(sys.argv[2])
connection = redis.Redis.from_url(url)
serializer = DefaultSerializer if options.get('pickle') else JSONSerializer
worker = Worker(
    [Queue(name, connection=connection, serializer=serializer) for name in options['queues']],
    name=options['name'],
    connection=connection,
    serializer=serializer,
    job_monitoring_interval=options.get('job_monitoring_interval', 30),
)
worker.work(
    burst=options.get('burst', False),
    with_scheduler=options.get('with_scheduler', False),
    logging_level=options.get('logging_level', 'INFO'),
)
