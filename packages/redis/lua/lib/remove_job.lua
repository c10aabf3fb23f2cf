--- Delete a job and everything that belongs to it alone. Jobs that wait for it are released by maintenance, unless
-- another job takes its id.
-- @include lib/dependencies
-- @include lib/expiring
-- @include lib/held_slot
-- @include lib/messages
-- @include lib/registries
-- @include lib/waiters

local function removeJob(prefix, id, stamp)
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'origin', 'group_id', 'rate_limit_key', 'waiters',
    'execution_id', 'ttl', 'messages')
  if job[2] then leave(prefix, id, job[1] or 'created', job[2], holdSlot(prefix, job[4], id, job[2], job[6])) end
  wake(prefix, id, job[5])
  if job[7] then forgetExpiring(prefix, id) end
  leaveDependencies(prefix, id)
  endMessages(prefix, id, job[8])
  erase(prefix, id, job[3])
  if job[4] then releaseSlot(prefix, job[4], id, stamp) end
end
