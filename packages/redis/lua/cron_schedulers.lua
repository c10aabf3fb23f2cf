#!lua flags=allow-oom
--- Names of the living cron schedulers, longest without a heartbeat first. The dead are dropped from the list.
-- @key schedulers zset of names by last heartbeat
-- @arg staleS int after so long without a heartbeat a scheduler counts as dead
-- @reply flat list of name and last heartbeat in epoch seconds
-- @include lib/time

local schedulersKey = KEYS[1]
local staleS = tonumber(ARGV[1])

local _, nowMs = clock()
redis.call('ZREMRANGEBYSCORE', schedulersKey, 0, score(nowMs - staleS * 1000))
return redis.call('ZRANGE', schedulersKey, 0, -1, 'WITHSCORES')
