"""Enqueues one job a text for TypeScript workers, and prints the ids. Argument: the URL of Redis."""

import json
import sys

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

TEXTS = ['the quick brown fox', 'jumps over', 'the lazy dog and runs away over the hills']

queue = Queue('typescript', connection=Redis.from_url(sys.argv[1]), serializer=JSONSerializer)
print(json.dumps([queue.enqueue('words.count', text, shortest=3, meta={'text': text}).id for text in TEXTS]))
