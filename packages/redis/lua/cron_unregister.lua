#!lua flags=allow-oom
--- Remove a cron scheduler from the list, unless the record is not its own. The record can be read a little longer.
-- @key schedulers zset rq:cron_schedulers names by last heartbeat
-- @key record     hash rq:cron_scheduler:<s>
-- @arg name     string
-- @arg instance string
-- @arg ttlS     int of the record from now on
-- @reply {flag} 1 if the record was its own
-- @include lib/attempt

local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, instance, ttlS = ARGV[1], ARGV[2], ARGV[3]

if attempt('HGET', recordKey, 'instance') ~= instance then return 0 end
attempt('ZREM', schedulersKey, name)
redis.call('EXPIRE', recordKey, ttlS)
-- A scheduler of Python that takes the name writes into what is left of the record.
redis.call('HDEL', recordKey, 'instance')
return 1
