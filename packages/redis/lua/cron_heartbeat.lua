#!lua flags=allow-oom
--- Renew the entry and the record of a cron scheduler; write them again if they are gone.
-- @key schedulers zset rq:cron_schedulers names by last heartbeat
-- @key record     hash rq:cron_scheduler:<s>
-- @arg name string
-- @arg ttlS int of the record
-- @arg fields... value of the record
-- @reply {int} Redis's time in ms
-- @include lib/time

local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, ttlS = ARGV[1], ARGV[2]

local _, nowMs = clock()
redis.call('ZADD', schedulersKey, score(nowMs), name)
redis.call('HSET', recordKey, unpack(ARGV, 3))
redis.call('EXPIRE', recordKey, ttlS)
return nowMs
