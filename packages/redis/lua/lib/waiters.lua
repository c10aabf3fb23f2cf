--- Wake the processes that wait for a job's result: its `waiters` field names their channels. `told`: what they are told, by default
-- the id alone, so that they look for themselves.
local function wake(prefix, id, waiters, told)
  if not waiters or waiters == '' then return end
  for channel in string.gmatch(waiters, '[^,]+') do
    redis.call('PUBLISH', prefix .. 'notify:' .. channel, told or id)
  end
  redis.call('HDEL', prefix .. 'job:' .. id, 'waiters')
end
