#!lua flags=allow-oom
--- Remove a schedule and its history. Its jobs stay.
-- @key schedules zset rq:schedules
-- @key schedule  hash rq:schedule:<n>
-- @key history   zset rq:schedule-jobs:<n>
-- @arg prefix string
-- @arg name   string
-- @reply {flag} 1 if there was one
-- @include lib/attempt

local schedulesKey, scheduleKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, name = ARGV[1], ARGV[2]

local queue = attempt('HGET', scheduleKey, 'queue')
if queue then attempt('ZREM', prefix .. 'schedules:' .. queue, name) end
attempt('ZREM', schedulesKey, name)
redis.call('UNLINK', historyKey)
return redis.call('UNLINK', scheduleKey)
