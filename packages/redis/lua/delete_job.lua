#!lua flags=allow-oom
--- Delete a job and everything that belongs to it alone.
-- @key job hash rq:job:<id>
-- @arg prefix string
-- @arg id     string
-- @arg stamp  string ISO time
-- @arg mostDependents int 0 = leave the jobs that wait for it alone; else delete up to this many of them first, -1 =
--   all
-- @reply {'done' | 'missing' | 'more'} more: there are more dependents, and the job itself is still there
-- @include lib/remove_job

local jobKey = KEYS[1]
local prefix, id, stamp, mostDependents = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

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
      if isDependent(child) then removeJob(prefix, child, stamp) end
    end
    if left > 0 then left = left - #children end
  end
end
if mostDependents > 0 and left == 0 then return 'more' end
if mostDependents ~= 0 then attempt('HDEL', prefix .. 'releasing', id) end
removeJob(prefix, id, stamp)
return 'done'
