--- Slots of a rate limit, in RQ's keys: the jobs in `allowed` hold one, those in `rate_limited` wait for one, oldest
-- first.
-- @include lib/lease
-- @include lib/push

--- Whether a job holds its slot by right: it is a queued or started job of the limit.
local function isHolder(prefix, limit, id)
  local job = redis.call('HMGET', prefix .. 'job:' .. id, 'status', 'rate_limit_key', 'execution_id', 'origin')
  if job[2] ~= limit then return false end
  if job[1] == 'queued' or job[1] == 'started' then return true end
  return job[3] and job[4] and hasLease(prefix, job[4], id, job[3])
end

--- Free the slots that are not held by right, among holders `first` to `last`, oldest first. Returns how many.
local function freeDeadSlots(prefix, limit, first, last)
  local allowed = prefix .. 'rl:' .. limit .. ':allowed'
  local freed = 0
  for _, id in ipairs(redis.call('ZRANGE', allowed, first, last)) do
    if not isHolder(prefix, limit, id) then freed = freed + redis.call('ZREM', allowed, id) end
  end
  return freed
end

--- Jobs that this call has given a slot.
local admitted = {}

--- How many waiting jobs that are gone one call drops, at most. The next one goes on.
local MOST_GONE = 5000

--- Give free slots to the jobs that have waited longest.
local function fillSlots(prefix, limit, concurrency, nowS, stamp)
  local allowed = prefix .. 'rl:' .. limit .. ':allowed'
  local waiting = prefix .. 'rl:' .. limit .. ':rate_limited'
  local free = concurrency - redis.call('ZCARD', allowed)
  -- A slot whose job is gone becomes one of the oldest, so it is found among those.
  if free <= 0 then free = free + freeDeadSlots(prefix, limit, 0, 9) end
  local gone = 0
  while free > 0 and gone < MOST_GONE do
    local oldest = redis.call('ZPOPMIN', waiting)
    local id = oldest[1]
    if not id then return end
    local key = prefix .. 'job:' .. id
    local job = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front')
    if job[2] and job[1] ~= 'canceled' then
      redis.call('ZADD', allowed, nowS, id)
      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)
      push(prefix, job[2], id, job[3] == '1')
      admitted[id] = true
      free = free - 1
    else
      gone = gone + 1
    end
  end
end

--- Release a job's slot, or its place among the waiting jobs, and fill free slots.
local function releaseSlot(prefix, limit, id, nowS, stamp)
  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)
  if redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id) == 0 then return end
  local concurrency = tonumber(redis.call('HGET', prefix .. 'rl:' .. limit, 'concurrency'))
  if concurrency then fillSlots(prefix, limit, concurrency, nowS, stamp) end
end
