--- Slots of a rate limit, in RQ's keys: the jobs in `allowed` hold one, those in `rate_limited` wait for one, oldest
-- first. A slot that only an execution holds, see lib/held_slot, has a name of its own in `allowed`.
-- @include lib/attempt
-- @include lib/lease
-- @include lib/push
-- @include lib/time

--- The name in `allowed` of a slot that an execution holds. No job has this id.
local function heldName(id, execution, queue)
  return id .. ':' .. execution .. ':' .. queue
end

--- Whether the slot of this name is held by right: by a queued or started job of the limit, or by an execution that has
-- its lease.
local function isHolder(prefix, limit, name)
  local id, execution, queue = string.match(name, '^([^:]+):([^:]+):(.+)$')
  if id then
    local ends = attempt('ZSCORE', prefix .. 'wip:' .. queue, id .. ':' .. execution)
    local _, nowMs = clock()
    if ends and tonumber(ends) > tonumber(leaseScore(nowMs)) then return true end
    attempt('HDEL', prefix .. 'rl-held', id .. ':' .. execution)
    return false
  end
  local job = redis.pcall('HMGET', prefix .. 'job:' .. name, 'status', 'rate_limit_key', 'execution_id', 'origin')
  if job[2] ~= limit then return false end
  if job[1] == 'queued' or job[1] == 'started' then return true end
  -- A Python program may have saved an older status.
  return job[4] and ((job[3] and hasLease(prefix, job[4], name, job[3])) or isInQueue(prefix, job[4], name))
end

--- Free the slots that are not held by right, among holders `first` to `last`, oldest first. Returns how many.
local function freeDeadSlots(prefix, limit, first, last)
  local allowed = prefix .. 'rl:' .. limit .. ':allowed'
  local freed = 0
  for _, name in ipairs(attempt('ZRANGE', allowed, first, last) or {}) do
    if not isHolder(prefix, limit, name) then freed = freed + redis.call('ZREM', allowed, name) end
  end
  return freed
end

--- By queue: whether no worker takes jobs from it now, because it is paused, has no workers, or its key is no list.
local idle = {}

local function isIdle(prefix, queue)
  if idle[queue] == nil then
    local kind = redis.call('TYPE', prefix .. 'queue:' .. queue).ok
    idle[queue] = (kind ~= 'list' and kind ~= 'none')
      or redis.call('EXISTS', prefix .. 'paused:' .. queue) == 1
      or attempt('SCARD', prefix .. 'workers:' .. queue) == 0
  end
  return idle[queue]
end

--- How many holders are looked at, oldest first, for one that waits in an idle queue.
local MOST_HOLDERS = 100

--- The oldest holder that waits in an idle queue, its queue, and since when it holds its slot; nil if there is none.
local function findIdleHolder(prefix, limit)
  local holders = attempt('ZRANGE', prefix .. 'rl:' .. limit .. ':allowed', 0, MOST_HOLDERS - 1, 'WITHSCORES') or {}
  for at = 1, #holders, 2 do
    local id = holders[at]
    local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'origin', 'rate_limit_key', 'execution_id')
    if job[1] == 'queued' and job[2] and job[3] == limit and isIdle(prefix, job[2])
      and not (job[4] and hasLease(prefix, job[2], id, job[4])) then
      return id, job[2], holders[at + 1]
    end
  end
end

--- Take the slot of a job that waits in its queue: it waits for a slot again, before those that came later.
local function takeSlot(prefix, limit, id, queue, since)
  attempt('LREM', prefix .. 'queue:' .. queue, 0, id)
  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id)
  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':rate_limited', since, id)
  redis.call('HSET', prefix .. 'job:' .. id, 'status', 'rate_limited')
end

--- How many waiting jobs are read at once, and how many one look reads at most.
local PAGE, MOST_READ = 100, 1000

--- Returns a function that returns, from call to call, the waiting jobs that are gone or of a queue that is not idle,
-- oldest first. They have to be removed before the next call. When very many jobs of idle queues wait before them, it
-- does not reach them all: the field `looked` of the limit says from where the next search goes on.
local function searchServed(prefix, limit)
  local key = prefix .. 'rl:' .. limit
  local page, at, from, passed, read, most = {}, 1, '-inf', 0, 0, PAGE
  local hasJumped, isOver = false, false

  local function stop(looked)
    isOver = true
    if looked then
      redis.call('HSET', key, 'looked', looked)
    elseif hasJumped then
      redis.call('HDEL', key, 'looked')
    end
  end

  local function readOn()
    local last = page[#page]
    if read > 0 and #page < 2 * PAGE then return stop() end
    if read == most then
      if hasJumped then return stop(last) end
      local looked = redis.call('HGET', key, 'looked')
      -- No other score than a number: another program may have written it.
      if tonumber(looked or nil) then from, passed = looked, 0 end
      hasJumped, most, read = true, MOST_READ, 0
    end
    page = redis.call('ZRANGE', key .. ':rate_limited', from, '+inf', 'BYSCORE', 'LIMIT', passed, PAGE, 'WITHSCORES')
    at, read = 1, read + PAGE
    if #page == 0 then stop() end
  end

  return function()
    while true do
      if not isOver and at > #page then readOn() end
      if isOver then return nil end
      local id = page[at]
      at = at + 2
      local queue = redis.pcall('HMGET', prefix .. 'job:' .. id, 'origin')[1]
      if not queue or not isIdle(prefix, queue) then return id end
      passed = passed + 1
    end
  end
end

--- Jobs that this call has given a slot.
local admitted = {}

--- How many waiting jobs that are gone one call drops, at most. The next one goes on.
local MOST_GONE = 5000

--- What `admit` needs to know of a waiting job; nil if it is no waiting job any more.
local function readWaiting(prefix, id)
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'origin', 'enqueue_at_front')
  return job[2] and job[1] ~= 'canceled' and job or nil
end

--- Give a waiting job a slot.
local function admit(prefix, limit, id, job, stamp)
  push(prefix, job[2], id, job[3] == '1')
  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)
  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':allowed', scoreInTurn(), id)
  redis.call('HSET', prefix .. 'job:' .. id, 'status', 'queued', 'enqueued_at', stamp)
  admitted[id] = true
end

--- Give free slots to the jobs that have waited longest. Those of idle queues come last: they cannot use a slot, so one
-- of theirs is taken for a job that can. `queue`: of the only job that has come to wait since the last call, if known.
local function fillSlots(prefix, limit, concurrency, stamp, queue)
  local key = prefix .. 'rl:' .. limit
  if redis.call('EXISTS', key .. ':rate_limited') == 0 then return end
  local held = attempt('ZCARD', key .. ':allowed')
  if not held then return end
  local free = concurrency - held
  -- A slot whose job is gone becomes one of the oldest, so it is found among those.
  if free <= 0 then free = free + freeDeadSlots(prefix, limit, 0, 9) end
  if free <= 0 and queue and isIdle(prefix, queue) then return end
  local gone, nextServed = 0, searchServed(prefix, limit)
  local holder, itsQueue, since
  while redis.call('EXISTS', key .. ':rate_limited') == 1 and gone < MOST_GONE and free >= 0 do
    if free == 0 and not holder then
      holder, itsQueue, since = findIdleHolder(prefix, limit)
      if not holder then return end
    end
    local id = nextServed()
    if not id and holder then return end
    id = id or redis.call('ZRANGE', key .. ':rate_limited', 0, 0)[1]
    local job = readWaiting(prefix, id)
    if not job then
      redis.call('ZREM', key .. ':rate_limited', id)
      gone = gone + 1
    else
      -- A holder keeps its slot, and its place in its queue, unless another job can use the slot.
      if holder then takeSlot(prefix, limit, holder, itsQueue, since) else free = free - 1 end
      admit(prefix, limit, id, job, stamp)
      holder = nil
    end
  end
end

--- The number of slots of a limit; nil if that is not known.
local function slotsOf(prefix, limit)
  return tonumber(attempt('HGET', prefix .. 'rl:' .. limit, 'concurrency') or nil)
end

--- Release a slot, or a job's place among the waiting jobs, and fill free slots.
local function releaseSlot(prefix, limit, name, stamp)
  attempt('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', name)
  if attempt('ZREM', prefix .. 'rl:' .. limit .. ':allowed', name) ~= 1 then return end
  local slots = slotsOf(prefix, limit)
  if slots then guard(fillSlots, prefix, limit, slots, stamp) end
end
