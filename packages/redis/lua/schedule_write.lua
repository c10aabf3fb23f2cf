#!lua
--- Write a schedule in place of the one that the caller has read, or of none, and notify the scheduler of its queue.
-- @key schedules zset rq:schedules names, all of the same score
-- @key schedule  hash rq:schedule:<n>
-- @arg prefix   string
-- @arg name     string
-- @arg revision string as the caller has read it; empty: there was none
-- @arg next     int|empty as the caller has read it
-- @arg queue    string
-- @arg then     int|empty ms; the next tick from now on
-- @arg fields... value of the schedule
-- @reply {'written' | 'changed'} changed: another program has changed it since; nothing was written
-- @include lib/timetable

local schedulesKey, scheduleKey = KEYS[1], KEYS[2]
local prefix, name, revision, nextMs, queue, thenMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local due = prefix .. 'schedules:' .. queue
for key, kind in pairs({ [schedulesKey] = 'zset', [scheduleKey] = 'hash', [due] = 'zset' }) do
  if not isOfType(key, kind) then return redis.error_reply('WRONGTYPE ' .. key .. ' is no ' .. kind) end
end
local known = redis.call('HMGET', scheduleKey, 'revision', 'next', 'queue')
if (known[1] or '') ~= revision or (known[2] or '') ~= nextMs then return 'changed' end
if known[3] and known[3] ~= queue then attempt('ZREM', prefix .. 'schedules:' .. known[3], name) end
redis.call('DEL', scheduleKey)
redis.call('HSET', scheduleKey, unpack(ARGV, 7))
redis.call('ZADD', schedulesKey, 0, name)
setNext(prefix, queue, name, scheduleKey, thenMs)
if thenMs ~= '' then redis.call('PUBLISH', prefix .. 'notify:schedules', queue) end
return 'written'
