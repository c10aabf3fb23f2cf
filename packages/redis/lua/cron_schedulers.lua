#!lua flags=allow-oom
--- List the live cron schedulers, longest without a heartbeat first. Dead ones are dropped from the set.
-- @key schedulers zset rq:cron_schedulers names by last heartbeat
-- @arg staleS int without a heartbeat for this long a scheduler counts as dead
-- @reply {string[]} names, each followed by its last heartbeat in epoch seconds
-- @include lib/time

local schedulersKey = KEYS[1]
local staleS = tonumber(ARGV[1])

local _, nowMs = clock()
redis.call('ZREMRANGEBYSCORE', schedulersKey, 0, score(nowMs - staleS * 1000))
return redis.call('ZRANGE', schedulersKey, 0, -1, 'WITHSCORES')
