--- The reply of a claim: a list of strings that is packed into one (MessagePack). A reply of many strings costs Redis
-- and its client more than the jobs themselves. Each job begins with the number of strings that its fields take; ''
-- stands for a plain job.

--- A claim that has come to this many bytes ends, so that the reply is not much longer.
local MOST_BYTES = 8 * 1024 * 1024

--- Append a plain job: '', queue, execution id, job id, created_at, enqueued_at, timeout, result_ttl, description,
-- data. Returns how many bytes its data and description have.
local function appendPlain(claimed, queue, execution, id, values, resultTtl)
  local n = #claimed
  claimed[n + 1], claimed[n + 2], claimed[n + 3], claimed[n + 4] = '', queue, execution, id
  claimed[n + 5], claimed[n + 6], claimed[n + 7], claimed[n + 8] = values[3], values[4], values[5], resultTtl
  claimed[n + 9], claimed[n + 10] = values[6], values[2]
  return #values[2] + #values[6]
end

--- Append any job: number of names and values of its fields, queue, execution id, job id, then those names and values
-- in turn, as lib/fields reads them.
local function appendFull(claimed, queue, execution, id, fields)
  local n = #claimed
  claimed[n + 1], claimed[n + 2], claimed[n + 3], claimed[n + 4] = tostring(#fields), queue, execution, id
  n = n + 4
  for at = 1, #fields do claimed[n + at] = fields[at] end
end

--- Pack the list for the client, also an empty one. A word stays as it is.
local function pack(claimed)
  return claimed == 'again' and claimed or cmsgpack.pack(claimed)
end
