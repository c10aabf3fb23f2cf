--- What a job waits for. The set `job::<id>:dependencies` has those dependencies that may still hold it back: one that
-- does not any more is removed when it ends, or when it is met here. So the end of one job costs each of its dependents
-- the same, however many others these wait for.
--
-- The dependencies of a job that has very many are checked in steps: the hash `unchecked` has, for each such job, the
-- cursor of the next step.
-- @include lib/attempt
-- @include lib/older_status
-- @include lib/schedule

--- How many dependencies of one job are checked in the step that puts it into its place.
local MOST_CHECKED = 250
--- With this many dependencies or fewer, all of them are checked at once.
local FEW = 8

--- How many dependencies this call may still check.
local checksLeft = 2500

--- The status of a job, and its queue; nil when there is no such job, or the key is no hash.
local function statusOf(prefix, id)
  local key = prefix .. 'job:' .. id
  local known = redis.pcall('HMGET', key, 'status', 'origin')
  return known[1] or (not known.err and redis.call('EXISTS', key) == 1 and 'created') or nil, known[2]
end

--- Whether a job no longer holds back those that wait for it. A missing one never does. A registry of ended jobs counts
-- more than an older status that a Python program has saved.
local function satisfied(prefix, id, allowFailure)
  local status, queue = statusOf(prefix, id)
  if not status or status == 'finished' or (allowFailure and status == 'failed') then return true end
  if not queue then return false end
  return isListedDespite(prefix, id, status, queue, 'finished')
    or (allowFailure and isListedDespite(prefix, id, status, queue, 'failed'))
end

--- Add a job to the dependents of another, for as long as that one is kept; for a year if there is no such job.
local function addDependent(prefix, dependency, dependent)
  local key = prefix .. 'job:' .. dependency
  attempt('SADD', key .. ':dependents', dependent)
  local lifeMs = redis.call('PTTL', key)
  if lifeMs == -1 then
    redis.call('PERSIST', key .. ':dependents')
  else
    redis.call('PEXPIRE', key .. ':dependents', lifeMs > 0 and lifeMs or YEAR_S * 1000)
  end
end

--- Check the dependencies of a job in steps, from now on: `checkMore` of lib/dependents.
local function checkLater(prefix, id)
  attempt('HSET', prefix .. 'unchecked', id, 0)
end

--- Write down what a job waits for, on both sides. If there are more than `most`, only on the side of the job; later
-- steps check them.
local function waitFor(prefix, id, dependencies, most)
  -- `unpack` takes some thousands at most.
  for first = 1, #dependencies, 1000 do
    local last = math.min(first + 999, #dependencies)
    redis.call('SADD', prefix .. 'job::' .. id .. ':dependencies', unpack(dependencies, first, last))
  end
  if #dependencies > most then return checkLater(prefix, id) end
  for _, dependency in ipairs(dependencies) do addDependent(prefix, dependency, id) end
end

--- Whether a job has to wait for one of these dependencies. True also if there are more than `most`: too many to find
-- out in this step.
local function hasToWait(prefix, dependencies, allowFailure, most)
  if #dependencies > most then return true end
  for _, dependency in ipairs(dependencies) do
    if not satisfied(prefix, dependency, allowFailure) then return true end
  end
  return false
end

--- Remove a dependency that no longer holds its dependent back. Else add the job to its dependents again: it may have
-- been deleted and enqueued anew. Returns whether it was removed.
local function checkOne(prefix, id, dependency, allowFailure)
  if satisfied(prefix, dependency, allowFailure) then
    return attempt('SREM', prefix .. 'job::' .. id .. ':dependencies', dependency) == 1
  end
  addDependent(prefix, dependency, id)
  return false
end

--- Whether all dependencies of a job are satisfied. Stops at the first that is not, unless they are few. If there are
-- too many to find out now, the job waits, and later steps go on.
local function dependenciesMet(prefix, id, allowFailure)
  local key = prefix .. 'job::' .. id .. ':dependencies'
  local count = attempt('SCARD', key)
  -- What it waits for is not known.
  if not count then return false end
  while count > FEW do
    if checksLeft <= 0 then
      checkLater(prefix, id)
      return false
    end
    checksLeft = checksLeft - 1
    if not checkOne(prefix, id, redis.call('SRANDMEMBER', key), allowFailure) then return false end
    count = redis.call('SCARD', key)
  end
  for _, dependency in ipairs(redis.call('SMEMBERS', key)) do checkOne(prefix, id, dependency, allowFailure) end
  return redis.call('EXISTS', key) == 0
end

--- Remove a job from the dependents of those that it waits for, or of the first of very many: the others ignore a
-- dependent that does not wait.
local function leaveDependencies(prefix, id)
  local key = prefix .. 'job::' .. id .. ':dependencies'
  for _, dependency in ipairs(attempt('SRANDMEMBER', key, MOST_CHECKED) or {}) do
    attempt('SREM', prefix .. 'job:' .. dependency .. ':dependents', id)
  end
end

--- Whether a job waits for other jobs. A Python program may have written an older status, so the registry counts, too.
local function isWaiting(prefix, id, status, queue)
  if status == 'deferred' or status == 'canceled' or not queue then return status == 'deferred' end
  return attempt('ZSCORE', prefix .. 'deferred:' .. queue, id) and true or false
end

--- How many jobs this call may still look at in search of a cycle.
local searchLeft = 5000

--- Whether one of the jobs `from` is the job `id`, or waits for it, directly or through other jobs; nil if that takes
-- more than this call may look at. A job that does not wait may still have a set of dependencies, which is ignored.
local function reaches(prefix, from, id)
  local seen, todo = {}, {}
  searchLeft = searchLeft - #from
  if searchLeft < 0 then return nil end
  for at, one in ipairs(from) do todo[at] = one end
  while #todo > 0 do
    local current = table.remove(todo)
    if current == id then return true end
    if not seen[current] then
      seen[current] = true
      local status = redis.pcall('HMGET', prefix .. 'job:' .. current, 'status')[1]
      if status == 'deferred' or status == 'scheduled' then
        local key = prefix .. 'job::' .. current .. ':dependencies'
        local count = attempt('SCARD', key) or 0
        searchLeft = searchLeft - count
        if searchLeft < 0 then return nil end
        for _, nextId in ipairs(count > 0 and redis.call('SMEMBERS', key) or {}) do todo[#todo + 1] = nextId end
      end
    end
  end
  return false
end
