#!lua flags=allow-oom
--- Delete a job and everything that is only its own.
-- @key job hash
-- @arg prefix string
-- @arg id string
-- @arg stamp string ISO time
-- @arg deleteDependents 0|1 delete the jobs that wait for it as well
-- @reply 'done' or 'missing'
-- @include lib/time
-- @include lib/rate_limit
-- @include lib/registries
-- @include lib/waiters

local jobKey = KEYS[1]
local prefix, id, stamp, deleteDependents = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local nowS = clock()

local function remove(jobId)
  local key = prefix .. 'job:' .. jobId
  local job = redis.call('HMGET', key, 'status', 'origin', 'group_id', 'rate_limit_key', 'waiters')
  if job[2] then leave(prefix, jobId, job[1] or 'created', job[2], true) end
  wake(prefix, jobId, job[5])
  for _, dependency in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. jobId .. ':dependencies')) do
    redis.call('SREM', prefix .. 'job:' .. dependency .. ':dependents', jobId)
  end
  erase(prefix, jobId, job[3])
  if job[4] then releaseSlot(prefix, job[4], jobId, nowS, stamp) end
end

if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
if deleteDependents then
  for _, child in ipairs(redis.call('SMEMBERS', prefix .. 'job:' .. id .. ':dependents')) do remove(child) end
end
remove(id)
return 'done'
