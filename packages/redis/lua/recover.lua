#!lua flags=allow-oom
--- Take over jobs whose lease has ended: each is leased anew to the caller, which decides what becomes of it.
-- Jobs that a dead Python worker took and did not start go back to the queue, and so do those that one of our workers
-- had prefetched and, as far as is known, not started. Jobs that a Python worker found ready and did not queue are
-- queued. Looks at a page of leases at a time, those that end last first: so jobs that go back to the head of the queue
-- keep their order from page to page.
-- @key wip zset rq:wip:<q> leases of the queue
-- @arg prefix  string
-- @arg queue   string
-- @arg worker  string
-- @arg leaseMs int
-- @arg largest int bytes that a value of a job may have, see lib/claimed
-- @arg most    int leases to look at
-- @arg stamp   string ISO time
-- @arg executionBase string random; execution ids begin with it
-- @arg sentMs  int when this was sent, by Redis's clock as far as the caller knows it; 0 = unknown
-- @arg from    int leases to pass over: earlier calls have looked at them and left them
-- @reply {[nowMs: int, taken: bytes, next: int, configured: flag]}
--   Redis's time in ms; the word stalled, or what lib/claimed packs; `from` of the next call, -1 = nothing is left;
--   whether the queue is configured
-- @include lib/attempt
-- @include lib/broken
-- @include lib/time
-- @include lib/intermediate
-- @include lib/schedule
-- @include lib/claimed
-- @include lib/fields
-- @include lib/execution_ids
-- @lazy lib/held_slot freeHeldSlot
-- @lazy lib/ready drainReady

local wipKey = KEYS[1]
local prefix, queue, worker, leaseMs, largest = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local most, stamp, executionBase = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local sentMs, from = tonumber(ARGV[9]), tonumber(ARGV[10])

local nowS, nowMs = clock()
local isConfigured = redis.call('EXISTS', prefix .. 'configuration:' .. queue)
-- Redis was paused or unreachable, so no worker could renew its leases: do not take them for ended.
if sentMs > 0 and nowMs - sentMs > leaseMs / 3 then return { nowMs, 'stalled', -1, isConfigured } end
local taken = {}
appendQueue(taken, queue)
local nextId = executionIds(executionBase, nowMs)
local left, bytes, isFull = 0, 0, false

--- How long a Python worker may take to queue a job that it found ready. It passes over the job, until its maintenance,
-- when another change of the registry comes between.
local READY_S = 5

--- Whether a Python worker started the job. It leaves the execution id of an earlier run of ours in the job's hash.
local function isStartedByPython(id, job)
  return not job[2] or (job[3] and not attempt('ZSCORE', prefix .. 'wip:' .. job[3], id .. ':' .. job[2]))
end

--- A prefetched job that was abandoned this often is taken over all the same: it may be the job that kills its workers.
local OFTEN = 3
--- Largest value of such a job: whatever of it may kill a worker that reads it is left out.
local SMALL = 64 * 1024
--- What the execution ids of prefetched jobs begin with.
local PREFETCHED = 'f'

--- Count that the lease of a job has ended with its worker. Another program may have written what is no number.
local function countAbandoned(key)
  local count = redis.pcall('HINCRBY', key, 'abandoned_count', 1)
  if type(count) == 'number' then return count end
  redis.call('HSET', key, 'abandoned_count', 1)
  return 1
end

local back = {}

--- Whether jobs can be pushed to a queue.
local function takesJobs()
  local kind = redis.call('TYPE', prefix .. 'queue:' .. queue).ok
  return kind == 'list' or kind == 'none'
end

--- Let a job wait again that has probably not started; no attempt is counted.
local function putBack(id, key)
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'execution_id', 'started_at', 'worker_name')
  local job = redis.call('HMGET', key, 'ttl', 'rate_limit_key')
  if tonumber(job[1]) then expireAfter(prefix, id, job[1], queue, job[2]) end
  back[#back + 1] = id
end

guard(putBackStuck, prefix, queue, nowMs)
if redis.call('EXISTS', prefix .. 'ready:' .. queue) == 1 then
  guard(drainReady, prefix, queue, nowS - READY_S, most, stamp)
end

local ended = redis.call('ZREVRANGEBYSCORE', wipKey, leaseScore(nowMs), 0, 'WITHSCORES', 'LIMIT', from, most)
for at = #ended - 1, 1, -2 do
  -- The next call looks at the same page again: what is taken is no longer in it.
  isFull = bytes >= MOST_BYTES
  if isFull then break end
  local member = ended[at]
  -- Something else than a lease, which another program has written, is dropped like that of a job that is gone.
  local id, execution = string.match(member, '^([^:]*):?(.*)$')
  local key = prefix .. 'job:' .. id
  local isJob = redis.pcall('HEXISTS', key, 'data') == 1
  local held = redis.pcall('HMGET', key, 'status', 'execution_id', 'origin')
  local ours = held[2] == execution
  -- The job was canceled, replaced or deleted while it ran, and the execution held a slot of a rate limit.
  local heldSlot = (not ours or held[1] == 'canceled') and freeHeldSlot(prefix, queue, id, execution, stamp)
  -- The score of Python RQ's own leases is their end.
  if not ours and not heldSlot and isJob and tonumber(ended[at + 1]) * 1000 > nowMs then
    left = left + 1
  else
    redis.call('ZREM', wipKey, member)
    if not isJob then noteIfBroken(prefix, queue, id) end
    local hadHeartbeat = redis.call('DEL', prefix .. 'execution:' .. member) == 1
    attempt('ZREM', prefix .. 'executions:' .. id, execution)
    local isAbandoned = ours and held[1] ~= 'canceled' or held[1] == 'started' and isStartedByPython(id, held)
    if isAbandoned and isJob then
      local often = countAbandoned(key) >= OFTEN
      if ours and not hadHeartbeat and not often and string.sub(execution, 1, 1) == PREFETCHED and takesJobs() then
        putBack(id, key)
      else
        local own = nextId()
        redis.call('HSET', key, 'status', 'started', 'execution_id', own)
        redis.call('ZADD', wipKey, leaseScore(nowMs + leaseMs), id .. ':' .. own)
        local few = often and math.min(SMALL, largest) or largest
        local fields, size = readFields(key, few)
        appendFull(taken, id, own, fields)
        bytes = bytes + size
      end
    end
  end
end
-- Last first, so that the first of them comes to stand at the head.
for at = #back, 1, -1 do redis.call('LPUSH', prefix .. 'queue:' .. queue, back[at]) end
return { nowMs, pack(taken), isFull and from or #ended == 2 * most and from + left or -1, isConfigured }
