--- The unique key of a job that is being enqueued.
-- @include lib/remove_job
-- @include lib/unique_key

--- The id of another job that holds the key now, or nil. An error if the key cannot be held: nothing is written yet.
local function findOther(batch, queue, id, extra)
  local entries = batch.prefix .. 'unique:' .. queue
  if not isOfType(entries, 'hash') then
    error({ err = 'WRONGTYPE ' .. entries .. ' holds no unique keys. Nothing was written.' }, 0)
  end
  local holder = findHolder(batch.prefix, queue, extra.key, batch.nowMs)
  return holder ~= id and holder or nil
end

--- Let the job hold the key.
local function takeUniqueKey(batch, queue, id, extra)
  takeKey(batch.prefix, queue, extra.key, id, batch.nowMs, tonumber(extra.keyMs))
end
