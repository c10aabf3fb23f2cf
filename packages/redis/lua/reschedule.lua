#!lua
--- Give a scheduled job another time.
-- @key job hash rq:job:<id>
-- @arg prefix string
-- @arg id     string
-- @arg due    int epoch ms
-- @reply {'done' | 'missing' | 'refused'} refused: not scheduled
-- @include lib/promote

local jobKey = KEYS[1]
local prefix, id, due = ARGV[1], ARGV[2], tonumber(ARGV[3])

local job = readDue(prefix, id)
if not job then return 'missing' end
local queue = job.origin
if not queue or not redis.call('ZSCORE', prefix .. 'scheduled:' .. queue, id) or not isScheduled(prefix, queue, id, job)
then
  return 'refused'
end
schedule(prefix, queue, id, due)
if not isRunning(prefix, queue, id, job) then redis.call('HSET', jobKey, 'status', 'scheduled') end
local _, nowMs = clock()
local ttlS = tonumber(job.ttl or '')
if ttlS and ttlS > 0 then
  local delayS = math.max(0, math.ceil((due - nowMs) / 1000))
  expireAfter(prefix, id, delayS + ttlS, queue, job.rate_limit_key)
end
return 'done'
