#!lua flags=allow-oom
--- Register a caller that waits for a job's result or end, unless that is there already.
-- @key job     hash   rq:job:<id>
-- @key results stream rq:results:<id>
-- @arg channel  string of the caller
-- @arg untilEnd flag wait for the end of the job; results of earlier runs do not count
-- @reply {[status: string | null, word: 'over' | 'waiting', lastEntry?: string]}
--   lastEntry: for a job whose results go to the stream, the id of the last entry there
-- @include lib/attempt

local jobKey, resultsKey = KEYS[1], KEYS[2]
local channel, untilEnd = ARGV[1], ARGV[2] == '1'

local job = redis.call('HMGET', jobKey, 'status', 'waiters', 'data', 'results')
local status = job[1]
if not status and not job[3] then return { false, 'over' } end
if status == 'finished' or status == 'failed' or status == 'stopped' or status == 'canceled'
  or (not untilEnd and redis.call('EXISTS', resultsKey) == 1) then
  return { status, 'over' }
end
local waiters = job[2] or ''
if not string.find(',' .. waiters .. ',', ',' .. channel .. ',', 1, true) then
  redis.call('HSET', jobKey, 'waiters', waiters == '' and channel or waiters .. ',' .. channel)
end
-- If Python RQ may end the job, its result is the only sign of that. Data that Python RQ wrote is compressed.
if job[4] == 'stream' or (job[3] and string.byte(job[3]) == 0x78) then
  local last = (attempt('XREVRANGE', resultsKey, '+', '-', 'COUNT', 1) or {})[1]
  return { status, 'waiting', last and last[1] or '0-0' }
end
return { status, 'waiting' }
