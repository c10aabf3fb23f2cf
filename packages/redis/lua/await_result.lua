#!lua flags=allow-oom
--- Ask to be told when a job has a result or has ended, unless that is so already.
-- @key job hash
-- @key results stream
-- @arg channel string of the caller
-- @arg untilEnd 0|1 wait for the end; results of earlier runs do not count
-- @reply [status or false, 'over' or 'waiting', and for a job whose results go to the stream the id of its last entry so far]

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
-- Where another program may end the job, its result is the only sign of it. Data that Python RQ wrote is compressed.
if job[4] == 'stream' or (job[3] and string.byte(job[3]) == 0x78) then
  local last = redis.call('XREVRANGE', resultsKey, '+', '-', 'COUNT', 1)[1]
  return { status, 'waiting', last and last[1] or '0-0' }
end
return { status, 'waiting' }
