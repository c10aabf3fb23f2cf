#!lua flags=allow-oom
--- Return a job that has a result or has ended; register a caller that waits for that otherwise.
-- @key job     hash   rq:job:<id>
-- @key results stream rq:results:<id>
-- @arg channel  string of the caller
-- @arg untilEnd flag wait for the end of the job; results of earlier runs do not count
-- @reply {[word: bytes, job: bytes[], entry: bytes, result: bytes[]]}
--   over: names and values of the job, none if there is no such job; id, and names and values, of its last entry in the
--   stream, empty if there is none. waiting: of a job whose results go to the stream, the id of the last entry there,
--   0-0 if there is none
-- @include lib/attempt
-- @include lib/fields
-- @include lib/register_waiter

local jobKey, resultsKey = KEYS[1], KEYS[2]
local channel, untilEnd = ARGV[1], ARGV[2] == '1'

local function lastEntry()
  return (attempt('XREVRANGE', resultsKey, '+', '-', 'COUNT', 1) or {})[1]
end

local job = redis.call('HMGET', jobKey, 'status', 'waiters', 'data', 'results')
local status = job[1]
if not status and not job[3] then return { 'over', {}, '', {} } end
if status == 'finished' or status == 'failed' or status == 'stopped' or status == 'canceled'
  or (not untilEnd and redis.call('EXISTS', resultsKey) == 1) then
  local last = lastEntry()
  -- The caller waits for the value, and has no limit.
  return { 'over', (readShown(jobKey, math.huge)), last and last[1] or '', last and last[2] or {} }
end
registerWaiter(jobKey, job[2], channel)
-- If Python RQ may end the job, its result is the only sign of that. Data that Python RQ wrote is compressed.
if job[4] == 'stream' or (job[3] and string.byte(job[3]) == 0x78) then
  local last = lastEntry()
  return { 'waiting', {}, last and last[1] or '0-0', {} }
end
return { 'waiting', {}, '', {} }
