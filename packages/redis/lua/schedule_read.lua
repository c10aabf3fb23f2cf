#!lua flags=allow-oom
--- Read a schedule.
-- @key schedule hash rq:schedule:<n>
-- @reply {[nowMs: int, fields: bytes[]]} Redis's time in ms; names and values, none when there is no such schedule
-- @include lib/time

local scheduleKey = KEYS[1]

local _, nowMs = clock()
return { nowMs, redis.call('HGETALL', scheduleKey) }
