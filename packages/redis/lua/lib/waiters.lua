--- Wake the processes that wait for a job's result: its `waiters` field names their channels.
local function wake(prefix, id, waiters)
  if not waiters or waiters == '' then return end
  for channel in string.gmatch(waiters, '[^,]+') do
    redis.call('PUBLISH', prefix .. 'notify:' .. channel, id)
  end
  redis.call('HDEL', prefix .. 'job:' .. id, 'waiters')
end
