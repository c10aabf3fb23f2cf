#!lua
--- Enqueue a copy of the job of a schedule now. Its ticks stay.
-- @key queues   set  rq:queues
-- @key schedule hash rq:schedule:<n>
-- @key history  zset rq:schedule-jobs:<n> jobs that it enqueued
-- @arg prefix string
-- @arg stamp  string ISO time
-- @arg id     string of the job
-- @reply {'enqueued' | 'taken' | 'gone'} gone: there is no such schedule
-- @include lib/timetable

local queuesKey, scheduleKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, stamp, id = ARGV[1], ARGV[2], ARGV[3]

if redis.call('HEXISTS', scheduleKey, 'queue') == 0 then return 'gone' end
return enqueueCopy(prefix, queuesKey, scheduleKey, historyKey, id, stamp)
