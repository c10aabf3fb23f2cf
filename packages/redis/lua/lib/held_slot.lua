--- A slot of a rate limit whose job was canceled, replaced or deleted while it runs. The execution keeps it, and its
-- lease, until it has ended or its lease is lost: the hash `rl-held` says which executions, and of which limit.
-- @include lib/rate_limit
-- @include lib/time

--- Let the execution that runs a job hold the job's slot from now on. Returns the execution, or nil if none runs it or
-- the job holds no slot.
local function holdSlot(prefix, limit, id, queue, execution)
  if not (limit and queue and execution) then return nil end
  local member = id .. ':' .. execution
  if attempt('HEXISTS', prefix .. 'rl-held', member) == 1 then return execution end
  local allowed = prefix .. 'rl:' .. limit .. ':allowed'
  local since = attempt('ZSCORE', allowed, id)
  if not since or not hasLease(prefix, queue, id, execution) then return nil end
  if not attempt('HSET', prefix .. 'rl-held', member, limit) then return nil end
  redis.call('ZREM', allowed, id)
  redis.call('ZADD', allowed, since, heldName(id, execution, queue))
  return execution
end

--- Free the slot that an execution holds, if it holds one. Returns whether it did.
local function freeHeldSlot(prefix, queue, id, execution, stamp)
  local member = id .. ':' .. execution
  local limit = attempt('HGET', prefix .. 'rl-held', member)
  if not limit then return false end
  redis.call('HDEL', prefix .. 'rl-held', member)
  releaseSlot(prefix, limit, heldName(id, execution, queue), stamp)
  return true
end
