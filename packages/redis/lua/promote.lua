#!lua
--- Move a scheduled job on now instead of at its time. It still waits for its dependencies and its rate limit.
-- @key job hash rq:job:<id>
-- @arg prefix  string
-- @arg id      string
-- @arg stamp   string ISO time
-- @arg atFront flag to the head of the queue, also if it was not scheduled so
-- @reply {'done' | 'missing' | 'refused'} refused: not scheduled
-- @include lib/promote

local jobKey = KEYS[1]
local prefix, id, stamp, atFront = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'

local job = readDue(prefix, id)
if not job then return 'missing' end
local queue = redis.call('HGET', jobKey, 'origin')
if not queue or not isScheduled(prefix, queue, id, job) then return 'refused' end
if not attempt('ZSCORE', prefix .. 'scheduled:' .. queue, id) then return 'refused' end
promote(prefix, queue, id, job, atFront or goesToFront(job), stamp)
redis.call('ZREM', prefix .. 'scheduled:' .. queue, id)
return 'done'
