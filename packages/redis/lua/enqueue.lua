#!lua
--- Write jobs and put each in its place.
-- @key queues set of queue keys
-- @arg prefix string
-- @arg stamp string when they were enqueued; the same stamp again means that this call was sent twice
-- @arg jobs string packed as lib/claimed does: as lib/enqueue says
-- @arg plain int 1 = all of them are plain, no two have the same id, and there are at most 1000
-- @reply word[] per job: queued, deferred, scheduled, rate_limited, started, duplicate, cycle; or their number: all are queued
-- @first lib/enqueue_plain
-- @include lib/enqueue

return enqueueAll(ARGV[1], KEYS[1], ARGV[2], cmsgpack.unpack(ARGV[3]))
