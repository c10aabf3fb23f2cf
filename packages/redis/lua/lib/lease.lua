--- Who runs a job. It is the execution in the job's hash, for as long as its lease stands. The status does not say: a
-- Python program that saves an older copy of the job writes an older status.
-- @include lib/attempt

--- Whether an execution has its lease.
local function hasLease(prefix, queue, id, execution)
  return attempt('ZSCORE', prefix .. 'wip:' .. queue, id .. ':' .. execution) and true or false
end

--- Whether an execution owns its job. `held`, `status`: `execution_id` and `status` of the job's hash.
local function owns(prefix, queue, id, execution, held, status)
  if held ~= execution then return false end
  -- A canceled job that still runs has a lease only as long as it holds a slot of a rate limit.
  return status == 'started' or status == 'canceled' or hasLease(prefix, queue, id, execution)
end

--- Whether a job is in its queue. Reads the whole list if it is not.
local function isInQueue(prefix, queue, id)
  return attempt('LPOS', prefix .. 'queue:' .. queue, id) and true or false
end
