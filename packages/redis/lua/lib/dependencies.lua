--- Who waits for whom (wire page 1.4).
-- @include lib/place

--- Whether a dependency in this status no longer holds its dependent back. A missing one never does.
local function satisfied(status, allowFailure)
  return not status or status == 'finished' or (allowFailure and status == 'failed')
end

--- Whether all dependencies of a job are satisfied, leaving `except` out of account.
local function dependenciesMet(prefix, id, allowFailure, except)
  for _, dependency in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. id .. ':dependencies')) do
    if dependency ~= except then
      local key = prefix .. 'job:' .. dependency
      local status = redis.call('HGET', key, 'status')
      if not status and redis.call('EXISTS', key) == 1 then status = 'created' end
      if not satisfied(status, allowFailure) then return false end
    end
  end
  return true
end

--- Let the dependents of a job go on that wait for nothing else. With `onlyTolerant`, only those that allow a failed dependency.
-- Returns how many wait on.
local function releaseDependents(prefix, id, onlyTolerant, nowS, stamp)
  local dependents = prefix .. 'job:' .. id .. ':dependents'
  local children = redis.call('SMEMBERS', dependents)
  local left = #children
  for _, child in ipairs(children) do
    local key = prefix .. 'job:' .. child
    local job = redis.call('HMGET', key, 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front',
      'rate_limit_key', 'rate_limit_concurrency')
    local tolerant = job[3] == '1'
    if not job[1] then
      redis.call('SREM', dependents, child)
      left = left - 1
    elseif job[1] == 'deferred' and (tolerant or not onlyTolerant) and dependenciesMet(prefix, child, tolerant, id) then
      redis.call('ZREM', prefix .. 'deferred:' .. job[2], child)
      redis.call('SREM', dependents, child)
      left = left - 1
      place(prefix, child, job[2], job[4] == '1', job[5] and job[6] and job[5], job[6], nowS, stamp)
    end
  end
  return left
end

--- Whether `id` is reached by going from dependency to dependency, starting at `from`.
local function reaches(prefix, from, id)
  local seen, todo = {}, { from }
  while #todo > 0 do
    local current = table.remove(todo)
    if current == id then return true end
    if not seen[current] then
      seen[current] = true
      for _, nextId in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. current .. ':dependencies')) do
        todo[#todo + 1] = nextId
      end
    end
  end
  return false
end
