"""Python RQ as the bench asks for it: peer.py WHAT URL ARGUMENT. Prints one line of JSON where there is something to tell."""
import json
import sys
import time

from redis import Redis
from rq import Queue, SimpleWorker, Worker

QUEUE = "bench"


def noop(payload=None):
    return 1


def main():
    what, url, argument = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    connection = Redis.from_url(url)
    queue = Queue(QUEUE, connection=connection)
    if what == "fill":
        payload = argument["payload"]
        for first in range(0, argument["jobs"], 1000):
            size = min(1000, argument["jobs"] - first)
            queue.enqueue_many([Queue.prepare_data("peer.noop", (payload,)) for _ in range(size)])
    elif what == "enqueue":
        began = time.perf_counter()
        for _ in range(argument["jobs"]):
            queue.enqueue("peer.noop", 1)
        print(json.dumps({"seconds": time.perf_counter() - began}))
    elif what == "enqueue-bulk":
        began = time.perf_counter()
        for _ in range(0, argument["jobs"], 1000):
            queue.enqueue_many([Queue.prepare_data("peer.noop", (1,)) for _ in range(1000)])
        print(json.dumps({"seconds": time.perf_counter() - began}))
    elif what == "work":
        kind = SimpleWorker if argument["kind"] == "inline" else Worker
        kind([queue], connection=connection).work(burst=True, logging_level="WARNING")
    else:
        raise SystemExit(f"Unknown: {what}")


if __name__ == "__main__":
    main()
