--- The reply of a claim: a list of strings that is packed into one (MessagePack). A reply of many strings costs Redis
-- and its client more than the jobs themselves. It has, in any order,
--   '', '', queue: the queue of the jobs that follow
--   '', n, id, execution id, n names and values: any job
--   id:execution, created_at, enqueued_at, timeout, result_ttl or '', description, data: a plain job

--- A claim that has come to this many bytes ends, so that the reply is not much longer.
local MOST_BYTES = 8 * 1024 * 1024

--- Name the queue of the jobs that follow.
local function appendQueue(claimed, queue)
  local n = #claimed
  claimed[n + 1], claimed[n + 2], claimed[n + 3] = '', '', queue
end

--- Append a plain job. `member`: of its lease. `values`: see lib/claim. Returns how many bytes its data and description
-- have.
local function appendPlain(claimed, member, values)
  local n = #claimed
  local data, description = values[2], values[6]
  claimed[n + 1], claimed[n + 2], claimed[n + 3], claimed[n + 4] = member, values[3], values[4], values[5]
  claimed[n + 5], claimed[n + 6], claimed[n + 7] = values[9] or '', description, data
  return #data + #description
end

--- Append any job, with its fields as lib/fields reads them.
local function appendFull(claimed, id, execution, fields)
  local n = #claimed
  claimed[n + 1], claimed[n + 2], claimed[n + 3], claimed[n + 4] = '', tostring(#fields), id, execution
  n = n + 4
  for at = 1, #fields do claimed[n + at] = fields[at] end
end

--- The id of the first job of a list.
local function firstClaimed(claimed)
  -- The name of a queue comes first.
  return claimed[4] == '' and claimed[6] or string.match(claimed[4], '^[^:]*')
end

--- Pack the list for the client, also an empty one. A word stays as it is.
local function pack(claimed)
  return claimed == 'again' and claimed or cmsgpack.pack(claimed)
end
