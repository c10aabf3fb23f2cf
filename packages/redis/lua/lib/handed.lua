--- How jobs are handed to a worker: a list of texts, packed into one (MessagePack), since a reply of many texts costs Redis and its
-- client more than the jobs themselves. Each job begins with the number of its further texts after the head.

--- A plain job: '', queue, execution id, job id, created_at, enqueued_at, timeout, result_ttl, description, data.
local function handPlain(handed, queue, execution, id, values, resultTtl)
  local n = #handed
  handed[n + 1], handed[n + 2], handed[n + 3], handed[n + 4] = '', queue, execution, id
  handed[n + 5], handed[n + 6], handed[n + 7], handed[n + 8] = values[3], values[4], values[5], resultTtl
  handed[n + 9], handed[n + 10] = values[6], values[2]
end

--- Any job: the number of texts that its fields and their values are, queue, execution id, job id, then those.
local function handFull(handed, queue, execution, id, fields)
  local n = #handed
  handed[n + 1], handed[n + 2], handed[n + 3], handed[n + 4] = tostring(#fields), queue, execution, id
  n = n + 4
  for at = 1, #fields do handed[n + at] = fields[at] end
end

--- What the client is sent. Also where nothing is handed over.
local function pack(handed)
  return cmsgpack.pack(handed)
end
