#!lua flags=allow-oom
--- Delete a job and everything that belongs to it alone.
-- @key job hash rq:job:<id>
-- @arg prefix string
-- @arg id     string
-- @arg stamp  string ISO time
-- @arg mostDependents int 0 = leave the jobs that wait for it alone; else delete up to this many of them first, -1 =
--   all
-- @reply {'done' | 'missing' | 'more'} more: there are more dependents, and the job itself is still there
-- @include lib/attempt
-- @include lib/dependencies
-- @include lib/held_slot
-- @include lib/registries
-- @include lib/waiters

local jobKey = KEYS[1]
local prefix, id, stamp, mostDependents = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local function remove(jobId)
  local key = prefix .. 'job:' .. jobId
  local job = redis.pcall('HMGET', key, 'status', 'origin', 'group_id', 'rate_limit_key', 'waiters', 'execution_id',
    'ttl')
  if job[2] then
    leave(prefix, jobId, job[1] or 'created', job[2], holdSlot(prefix, job[4], jobId, job[2], job[6]))
  end
  wake(prefix, jobId, job[5])
  if job[7] then forgetExpiring(prefix, jobId) end
  leaveDependencies(prefix, jobId)
  erase(prefix, jobId, job[3])
  if job[4] then releaseSlot(prefix, job[4], jobId, stamp) end
end

--- Whether the other job waits for this one, or waited for it. A job that had very many dependencies stays among the
-- dependents of some when another job takes its id.
local function isDependent(other)
  if attempt('SISMEMBER', prefix .. 'job::' .. other .. ':dependencies', id) == 1 then return true end
  local listed = redis.pcall('HMGET', prefix .. 'job:' .. other, 'dependency_id', 'dependency_ids')
  return listed[1] == id or (listed[2] and string.find(listed[2], '"' .. id .. '"', 1, true))
end

if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
local left = mostDependents
for _, key in ipairs({ prefix .. 'releasing:' .. id, jobKey .. ':dependents' }) do
  if left ~= 0 then
    local children = attempt('SPOP', key, left > 0 and left or attempt('SCARD', key) or 0) or {}
    for _, child in ipairs(children) do
      if isDependent(child) then remove(child) end
    end
    if left > 0 then left = left - #children end
  end
end
if mostDependents > 0 and left == 0 then return 'more' end
if mostDependents ~= 0 then attempt('HDEL', prefix .. 'releasing', id) end
remove(id)
return 'done'
