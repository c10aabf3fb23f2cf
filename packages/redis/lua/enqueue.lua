#!lua
--- Write jobs and put each in its place.
-- @key queues set rq:queues
-- @arg prefix   string
-- @arg stamp    string when they were enqueued; the same stamp again means that this call was sent twice
-- @arg jobs     packed a list, as lib/enqueue says
-- @arg traits   int    the sum of 1 = all of them are plain, no two have the same id, and there are at most 1000;
--   2 = no job has had the id of any of them
-- @arg waiter... string the channel of a caller that waits for each of these plain jobs with new ids, if any
-- @reply {int | ('queued' | 'deferred' | 'scheduled' | 'rate_limited' | 'started' | 'duplicate' | 'cycle' |
--   'too_many' | (`duplicate ${string}`))[]}
--   an answer for each job, for one whose unique key another one holds with the id of that; or the number of jobs, when
--   all are queued

local queuesKey = KEYS[1]
local prefix, stamp, jobs, traits, waiter = ARGV[1], ARGV[2], cmsgpack.unpack(ARGV[3]), ARGV[4], ARGV[5]

local keys, count = {}, 0
if traits == '3' or traits == '1' then
  for at = 1, #jobs, 6 do
    count = count + 1
    keys[count] = prefix .. 'job:' .. jobs[at]
  end
end
local found = 1
if traits == '3' then
  found = redis.call('EXISTS', unpack(keys))
elseif traits == '1' then
  -- An expired job may have left its id, see lib/expiring.
  local expiring = prefix .. 'expiring'
  keys[count + 1] = expiring
  found = redis.call('EXISTS', unpack(keys))
  if found == 1 and redis.call('EXISTS', expiring) == 1 then
    local ids = {}
    for n = 1, count do ids[n] = jobs[6 * n - 5] end
    found = 0
    for _, note in ipairs(redis.pcall('HMGET', expiring, unpack(ids))) do
      if note then found = 1 end
    end
  end
end
local pushed = {}

--- Push jobs that are written, the last of which is the job `last`. If the key of their queue is no list, all that this
-- call has written is removed again, and the error is returned.
local function pushWritten(queue, last, ids)
  local list = prefix .. 'queue:' .. queue
  local answer = redis.pcall('RPUSH', list, unpack(ids))
  if type(answer) == 'number' then
    pushed[#pushed + 1] = { list, #ids }
    return nil
  end
  for at = #pushed, 1, -1 do redis.call('RPOP', unpack(pushed[at])) end
  redis.call('UNLINK', unpack(keys, 1, last))
  return answer
end

if found == 0 then
  -- All are plain and new. Neighbours of the same queue are pushed together.
  local queue, ready = nil, {}
  for n = 1, count do
    local id, itsQueue, createdAt, data, description, timeout = unpack(jobs, 6 * n - 5, 6 * n)
    if itsQueue ~= queue then
      local fault = queue and pushWritten(queue, n - 1, ready)
      if fault then return fault end
      queue, ready = itsQueue, {}
      redis.call('SADD', queuesKey, prefix .. 'queue:' .. queue)
    end
    redis.call('HSET', keys[n], 'status', 'queued', 'enqueued_at', stamp, 'created_at', createdAt, 'data', data,
      'origin', queue, 'last_heartbeat', '', 'description', description, 'timeout', timeout)
    ready[#ready + 1] = id
  end
  if waiter then
    for n = 1, count do redis.call('HSET', keys[n], 'waiters', waiter) end
  end
  return pushWritten(queue, count, ready) or count
end

-- Jobs with a waiter come here only when the call was sent twice: they have the field already.
-- Redis makes the functions of a script at every call: those of the library are made here, where they are needed.
-- @include lib/enqueue
return enqueueAll(prefix, queuesKey, stamp, jobs, tonumber(traits) >= 2)
