--- RQ's intermediate list of a queue: ids that a Python worker has taken and not started.
-- @include lib/attempt
-- @include lib/broken
-- @include lib/push

--- How long a Python worker may take to start a job.
local STUCK_MS = 60000
--- The list holds one job for each Python worker. Only the first are looked at; the others when these are gone.
local MOST_LOOKED_AT = 1000

--- Put jobs back at the head of their queue that have been in the list for longer: their worker died before it started
-- them. The hash `stuck:<queue>` holds when each was first seen there, by id and time of enqueueing.
local function putBackStuck(prefix, queue, nowMs)
  local list = prefix .. 'queue:' .. queue .. ':intermediate'
  local seenKey = prefix .. 'stuck:' .. queue
  local ids = attempt('LRANGE', list, 0, MOST_LOOKED_AT - 1) or {}
  if #ids == 0 then
    redis.call('DEL', seenKey)
    return
  end
  local known, still = {}, {}
  local flat = attempt('HGETALL', seenKey) or {}
  for at = 1, #flat, 2 do known[flat[at]] = tonumber(flat[at + 1]) end
  for _, id in ipairs(ids) do
    local key = prefix .. 'job:' .. id
    local job = redis.pcall('HMGET', key, 'status', 'enqueued_at')
    local status = job[1]
    local field = id .. ' ' .. (job[2] or '')
    if redis.pcall('HEXISTS', key, 'data') ~= 1 or status == 'canceled' then
      redis.call('LREM', list, 1, id)
      if status ~= 'canceled' then noteIfBroken(prefix, queue, id) end
    elseif status == 'started' then
      -- Its worker removes it, or its lease ends.
    elseif known[field] and nowMs - known[field] > STUCK_MS then
      push(prefix, queue, id, true)
      redis.call('LREM', list, 1, id)
    else
      still[field] = known[field] or nowMs
    end
  end
  redis.call('DEL', seenKey)
  for field, sinceMs in pairs(still) do redis.call('HSET', seenKey, field, sinceMs) end
  redis.call('EXPIRE', seenKey, 86400)
end
