--- Schedules: `schedules`, the names of all; `schedules:<queue>`, names by their next tick; and `schedule:<name>`, a
-- hash. In it are `revision`, another one after each change by a caller; `queue`, `owner`, `digest`, `func`, `rule`,
-- `front`, `created`, `changed` of the caller; the position `anchor`, `next`, `latest`, `count`, `paused`;
-- `job:<field>`, the fields of the job of which each tick enqueues a copy; and `extra`, a packed list with the table
-- of lib/enqueue.
-- @include lib/enqueue
-- @include lib/history

--- An unpacked list has at most some thousands of items.
local MOST_FIELDS = 1000

--- A time in ms or a number that a schedule has, or nil: another program may have written something else.
local function numberOf(text)
  local number = text and string.match(text, '^%d+$') and tonumber(text)
  return number and number < 1e15 and number or nil
end

--- Set when a schedule is due next; `nextMs` is nil or empty when it is not.
local function setNext(prefix, queue, name, scheduleKey, nextMs)
  local due = prefix .. 'schedules:' .. queue
  if nextMs and nextMs ~= '' then
    redis.call('HSET', scheduleKey, 'next', nextMs)
    redis.call('ZADD', due, score(tonumber(nextMs)), name)
  else
    redis.call('HDEL', scheduleKey, 'next')
    attempt('ZREM', due, name)
  end
end

--- Enqueue a copy of the job of a schedule. Returns 'enqueued'; 'taken' when there is a job of this id; or an error,
-- and writes nothing.
local function enqueueCopy(prefix, queuesKey, scheduleKey, historyKey, id, stamp)
  local _, nowMs = clock()
  local fields, extra, queue = { 'created_at', stamp }, {}, 'default'
  local all = redis.call('HGETALL', scheduleKey)
  for at = 1, #all, 2 do
    local field, value = string.match(all[at], '^job:(.+)$'), all[at + 1]
    if field and field ~= 'created_at' and #fields < MOST_FIELDS then
      fields[#fields + 1], fields[#fields + 2] = field, value
    elseif all[at] == 'queue' then
      queue = value
    elseif all[at] == 'extra' then
      local isRead, list = pcall(cmsgpack.unpack, value)
      if isRead and type(list) == 'table' and type(list[1]) == 'table' then extra = list[1] end
    end
  end
  if not isOfType(prefix .. 'job:' .. id, 'hash') then return redis.error_reply('WRONGTYPE ' .. id .. ' is no job') end
  if not isOfType(prefix .. 'queue:' .. queue, 'list') then
    return redis.error_reply('WRONGTYPE ' .. queue .. ' is no queue')
  end
  -- A job of this id that is there was not enqueued by this call.
  extra.token = stamp .. id
  local answers = enqueueAll(prefix, queuesKey, stamp, { true, id, queue, extra, #fields, unpack(fields) })
  local answer = answers[1]
  if answer == 'duplicate' or answer == 'cycle' or answer == 'too_many' then return 'taken' end
  remember(historyKey, id, nowMs)
  return 'enqueued'
end
