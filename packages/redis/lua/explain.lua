#!lua flags=no-writes
--- Read everything that decides whether a job will run.
-- @key job hash rq:job:<id>
-- @arg prefix string
-- @arg id     string
-- @reply {[] | [
--     fields: bytes[], position: int | null, due: bytes | null, suspended: flag, paused: flag, workers: int,
--     pausedWorkers: int, heldBy: bytes[], dependencies: bytes[], slotHolders: bytes[], waitingBefore: int | null,
--     releasing: flag, hasScheduler: flag, nowMs: int, refusal: bytes | null]}
--   empty if there is no such job; else names and values of its hash (see lib/fields), its index in its queue, when it
--   is due in epoch seconds, whether workers are suspended, whether its queue is paused, number of workers of its
--   queue, how many of them have paused it, names of the others that hold it back by their canClaim, each followed by
--   why and since when, ids of its dependencies each followed by a status or '', holders of the slots of its rate
--   limit, number of jobs that wait for a slot before it, whether release_dependents has to check it still, whether a
--   scheduler leads its queue, the time, why the store refused the end of its last run if it was set aside
-- @include lib/attempt
-- @include lib/fault
-- @include lib/fields
-- @include lib/paused
-- @include lib/time

local jobKey = KEYS[1]
local prefix, id = ARGV[1], ARGV[2]
local MOST_READ = 250
--- No explanation needs a longer value.
local LARGEST = 1024 * 1024

if redis.call('HEXISTS', jobKey, 'data') == 0 then return {} end
local fields = readFields(jobKey, LARGEST)
local job = redis.call('HMGET', jobKey, 'origin', 'rate_limit_key')
local queue, limit = job[1] or '', job[2]

local _, nowMs = clock()
local dependencies, releasing = {}, attempt('HEXISTS', prefix .. 'unchecked', id) or 0
-- Of very many, some are enough to say what the job waits for.
for _, dependency in ipairs(attempt('SRANDMEMBER', prefix .. 'job::' .. id .. ':dependencies', MOST_READ) or {}) do
  local key = prefix .. 'job:' .. dependency
  local status = attempt('HGET', key, 'status') or (redis.call('EXISTS', key) == 1 and 'created') or ''
  dependencies[#dependencies + 1] = dependency
  dependencies[#dependencies + 1] = status
  releasing = math.max(releasing, attempt('SISMEMBER', prefix .. 'releasing:' .. dependency, id) or 0)
end

--- Why and since when a worker's canClaim holds the queue back. `held`: field of its record, false if it has none.
local function heldSince(held)
  for reason, since, name in string.gmatch(held or '', '(%l+):(%d+):([^,]+)') do
    if name == queue then return reason, since end
  end
end

local pausedWorkers, heldBy = 0, {}
for _, key in ipairs(attempt('SRANDMEMBER', prefix .. 'workers:' .. queue, MOST_READ) or {}) do
  local holds = attempt('HMGET', key, 'paused', 'held') or {}
  local reason, since = heldSince(holds[2])
  if isPaused(holds[1], queue) then
    pausedWorkers = pausedWorkers + 1
  elseif reason then
    heldBy[#heldBy + 1] = string.sub(key, #prefix + #'worker:' + 1)
    heldBy[#heldBy + 1] = reason
    heldBy[#heldBy + 1] = since
  end
end

local _, refusal = faultOf(prefix, id, attempt('HGET', prefix .. 'refused:' .. queue, id))
return {
  fields,
  attempt('LPOS', prefix .. 'queue:' .. queue, id) or false,
  attempt('ZSCORE', prefix .. 'scheduled:' .. queue, id) or false,
  redis.call('EXISTS', prefix .. 'suspended'),
  redis.call('EXISTS', prefix .. 'paused:' .. queue),
  attempt('SCARD', prefix .. 'workers:' .. queue) or 0,
  pausedWorkers,
  heldBy,
  dependencies,
  limit and attempt('ZRANGE', prefix .. 'rl:' .. limit .. ':allowed', 0, MOST_READ - 1) or {},
  limit and attempt('ZRANK', prefix .. 'rl:' .. limit .. ':rate_limited', id) or false,
  releasing,
  redis.call('EXISTS', prefix .. 'scheduler-lock:' .. queue),
  nowMs,
  refusal ~= '' and refusal or false,
}
