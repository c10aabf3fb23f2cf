#!lua
--- Write jobs and put each in its place.
-- @key queues set of queue keys
-- @arg prefix string
-- @arg stamp string when they were enqueued; the same stamp again means that this call was sent twice
-- @arg jobs string packed as lib/handed does: as lib/enqueue says
-- @reply word[] per job: queued, deferred, scheduled, rate_limited, started, duplicate, cycle
-- @include lib/enqueue

return enqueueAll(ARGV[1], KEYS[1], ARGV[2], cmsgpack.unpack(ARGV[3]))
