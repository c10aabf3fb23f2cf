--- Notify the processes that wait for a job's result. `waiters`: the field of the job that names their channels.
-- `notice`: default the id alone, after which they read the job.
local function wake(prefix, id, waiters, notice)
  if not waiters or waiters == '' then return end
  for channel in string.gmatch(waiters, '[^,]+') do
    redis.call('PUBLISH', prefix .. 'notify:' .. channel, notice or id)
  end
  redis.call('HDEL', prefix .. 'job:' .. id, 'waiters')
end

--- Whether any of them waits for the result: the channels `m-` and `p-` are those of readers of messages (ADR 59).
local function isResultAwaited(waiters)
  for channel in string.gmatch(waiters, '[^,]+') do
    if not string.find(channel, '^[mp]%-') then return true end
  end
  return false
end
