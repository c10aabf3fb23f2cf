--- What the jobs of one call have in common.
-- @include lib/time

--- `haveNewIds`: no job has had the id of any of them.
local function newEnqueueBatch(prefix, queuesKey, stamp, haveNewIds)
  local _, nowMs = clock()
  return {
    prefix = prefix,
    queuesKey = queuesKey,
    stamp = stamp,
    -- Whether something may be left of expired jobs with these ids, see lib/expiring.
    mayHaveLeftOver = not haveNewIds and redis.call('EXISTS', prefix .. 'expiring') == 1,
    nowMs = nowMs,
    -- How many dependencies of jobs may still be checked.
    dependenciesLeft = 2500,
    answers = {},
    -- Queues that were listed, and ids that were dealt with.
    listed = {},
    seen = {},
    -- Jobs of one queue that are written and not pushed yet. They are pushed together, before anything else happens.
    ready = {},
    readyQueue = nil,
  }
end

--- Push what is written. If the key of the queue is no list, it is removed again.
local function pushReady(batch)
  if #batch.ready == 0 then return end
  local answer = redis.pcall('RPUSH', batch.prefix .. 'queue:' .. batch.readyQueue, unpack(batch.ready))
  if type(answer) ~= 'number' then
    for _, id in ipairs(batch.ready) do redis.call('UNLINK', batch.prefix .. 'job:' .. id) end
    error(answer, 0)
  end
  batch.ready = {}
end

--- Whether a key is of this type, or free.
local function isOfType(key, right)
  local kind = redis.call('TYPE', key).ok
  return kind == right or kind == 'none'
end

local function listQueue(batch, queue)
  if batch.listed[queue] then return end
  batch.listed[queue] = true
  redis.call('SADD', batch.queuesKey, batch.prefix .. 'queue:' .. queue)
end
