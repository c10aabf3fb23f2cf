--- Note in a job who waits for it.

--- Characters of the channels that a job notes: about 120 of them.
local LONGEST_WAITERS = 4096

--- `waiters`: what the job notes by now, or false.
local function registerWaiter(jobKey, waiters, channel)
  waiters = waiters or ''
  if string.find(',' .. waiters .. ',', ',' .. channel .. ',', 1, true) then return end
  local all = waiters == '' and channel or waiters .. ',' .. channel
  -- The channels of programs that have ended stay, so the oldest go. Who still waits asks again, and is back then.
  if #all > LONGEST_WAITERS then all = string.match(string.sub(all, -LONGEST_WAITERS), ',(.*)$') or channel end
  redis.call('HSET', jobKey, 'waiters', all)
end
