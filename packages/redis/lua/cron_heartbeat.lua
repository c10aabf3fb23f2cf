#!lua flags=allow-oom
--- Renew a cron scheduler's entry and its record, written anew if they had gone.
-- @key schedulers zset of names by last heartbeat
-- @key record hash
-- @arg name string
-- @arg ttlS int of the record
-- @arg fields... string of the record
-- @reply int Redis's time in ms
-- @include lib/time

local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, ttlS = ARGV[1], ARGV[2]

local _, nowMs = clock()
redis.call('ZADD', schedulersKey, score(nowMs), name)
redis.call('HSET', recordKey, unpack(ARGV, 3))
redis.call('EXPIRE', recordKey, ttlS)
return nowMs
