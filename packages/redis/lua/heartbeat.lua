#!lua flags=allow-oom
--- Renew a worker's leases, and its record unless another instance has its name by now. Returns the leases that it has
-- lost.
-- @key workers set rq:workers
-- @arg prefix     string
-- @arg name       string
-- @arg instance   string
-- @arg stamp      string ISO time
-- @arg ttlS       int of the worker's record
-- @arg leaseMs    int
-- @arg state      string
-- @arg currentJob string id, or empty
-- @arg keepState  flag whether to leave state and current job of a record that is there as they are
-- @arg queueCount int
-- @arg fieldCount int
-- @arg rest... value queue names; fields of the record, written again if it has expired; per lease: queue, job id,
--   execution id
-- @reply {[name: 'held' | 'taken', lost: string[], configured: string[]]}
--   lost leases: each job id followed by its execution id; the worker's queues that are configured
-- @include lib/time
-- @include lib/lease
-- @include lib/worker_name
-- @include lib/configured

local workersKey = KEYS[1]
local prefix, name, instance, stamp, ttlS, leaseMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local state, currentJob, keepState = ARGV[7], ARGV[8], ARGV[9] == '1'
local queueCount, fieldCount = tonumber(ARGV[10]), tonumber(ARGV[11])
local firstQueue, lastQueue = 12, 11 + queueCount
local firstField, lastField = lastQueue + 1, lastQueue + fieldCount

local nowS, nowMs = clock()
local key = prefix .. 'worker:' .. name

local function writeRecord()
  -- It may be gone, or be that of another instance that had the name while this one was frozen.
  local isThere = attempt('HGET', key, 'instance') == instance
  if not isThere then
    redis.call('DEL', key)
    redis.call('HSET', key, unpack(ARGV, firstField, lastField))
    attempt('SADD', workersKey, key)
    for at = firstQueue, lastQueue do attempt('SADD', prefix .. 'workers:' .. ARGV[at], key) end
  end
  redis.call('HSET', key, 'last_heartbeat', stamp, 'alive_until', score(nowMs + leaseMs))
  redis.call('EXPIRE', key, ttlS)
  if isThere and keepState then return end
  redis.call('HSET', key, 'state', state)
  if currentJob == '' then
    redis.call('HDEL', key, 'current_job')
  else
    redis.call('HSET', key, 'current_job', currentJob)
  end
end

local isTaken = otherInstance(key, instance, nowMs) ~= nil
if not isTaken then writeRecord() end

local leaseEnds = leaseScore(nowMs + leaseMs)
local recordTtlS = math.ceil(leaseMs / 1000) + 60
local lost = {}
for at = lastField + 1, #ARGV, 3 do
  local queue, id, execution = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local jobKey = prefix .. 'job:' .. id
  local member = id .. ':' .. execution
  local held = redis.pcall('HMGET', jobKey, 'execution_id', 'status')
  local status = held[2]
  if owns(prefix, queue, id, execution, held[1], status) then
    if status ~= 'canceled' then
      attempt('ZADD', prefix .. 'wip:' .. queue, leaseEnds, member)
    else
      -- It has a lease only as long as it holds a slot.
      attempt('ZADD', prefix .. 'wip:' .. queue, 'XX', leaseEnds, member)
    end
    -- A Python program has saved an older copy of the job, or has enqueued it once more.
    if status ~= 'started' and status ~= 'canceled' and not (status == 'queued' and isInQueue(prefix, queue, id)) then
      redis.call('HSET', jobKey, 'status', 'started')
    end
    redis.call('HSET', jobKey, 'last_heartbeat', stamp)
    local executionKey = prefix .. 'execution:' .. member
    local now = score(nowMs)
    if redis.call('EXISTS', executionKey) == 0 then
      attempt('HSET', executionKey, 'id', execution, 'job_id', id, 'created_at', now, 'worker_name', name)
    end
    attempt('HSET', executionKey, 'last_heartbeat', now)
    redis.call('EXPIRE', executionKey, recordTtlS)
    attempt('ZADD', prefix .. 'executions:' .. id, nowS + recordTtlS, execution)
    redis.call('EXPIRE', prefix .. 'executions:' .. id, recordTtlS)
    attempt('SADD', key .. ':executions', member)
    redis.call('EXPIRE', key .. ':executions', recordTtlS)
  else
    lost[#lost + 1] = id
    lost[#lost + 1] = execution
    if attempt('HEXISTS', prefix .. 'rl-held', member) == 1 then
      -- It holds a slot until it has ended, and its worker knows when.
      attempt('ZADD', prefix .. 'wip:' .. queue, 'XX', leaseEnds, member)
    else
      attempt('ZREM', prefix .. 'wip:' .. queue, member)
    end
  end
end
return { isTaken and 'taken' or 'held', lost, configuredQueues(prefix, firstQueue, lastQueue) }
