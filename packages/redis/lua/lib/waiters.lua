--- Notify the processes that wait for a job's result. `waiters`: the field of the job that names their channels.
-- `notice`: default the id alone, after which they read the job.
local function wake(prefix, id, waiters, notice)
  if not waiters or waiters == '' then return end
  for channel in string.gmatch(waiters, '[^,]+') do
    redis.call('PUBLISH', prefix .. 'notify:' .. channel, notice or id)
  end
  redis.call('HDEL', prefix .. 'job:' .. id, 'waiters')
end
