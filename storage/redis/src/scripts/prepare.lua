-- Makes tables ready. The hash of the schema has a field for each specification, its version, and
-- one for each table, which says how its rows and indexes lie: columns;key;sets.
local schema = KEYS[1]
local specs, tables = {}, {}
for i = 1, tonumber(argument()) do
  specs[i] = { name = argument(), version = tonumber(argument()) }
end
for i = 1, tonumber(argument()) do
  local t = { name = argument(), rows = argument(), keys = argument(), key = argument() }
  t.columns, t.empty, t.indexes = {}, {}, {}
  for place = 1, tonumber(argument()) do
    t.columns[place], t.empty[place] = argument(), argument()
  end
  local sets = {}
  for number = 1, tonumber(argument()) do
    t.indexes[number] = { set = argument(), places = numbers(argument()) }
    sets[number] = t.indexes[number].set
  end
  t.layout = table.concat(t.columns, ',') .. ';' .. t.key .. ';' .. table.concat(sets, ' ')
  tables[i] = t
end

-- Everything that may be refused comes before the first change.
for _, spec in ipairs(specs) do
  local there = tonumber(redis.call('HGET', schema, 'spec ' .. spec.name) or 0)
  if there > spec.version then
    return { 'newer', spec.name, tostring(there), tostring(spec.version) }
  end
end
local stale = {}
for _, t in ipairs(tables) do
  local layout = redis.call('HGET', schema, 'table ' .. t.name)
  if layout and layout ~= t.layout then
    local columns, key, sets = string.match(layout, '^([^;]*);([^;]*);(.*)$')
    if key ~= t.key then
      return { 'key', t.name }
    end
    stale[#stale + 1] = { table = t, columns = columns, sets = sets }
  end
end

-- Rows are written anew with the columns of today, and the indexes from them.
for _, old in ipairs(stale) do
  local t, places, count = old.table, {}, 0
  for name in string.gmatch(old.columns, '[^,]+') do
    count = count + 1
    places[name] = count
  end
  for set in string.gmatch(old.sets, '%S+') do
    redis.call('DEL', set)
  end
  for _, index in ipairs(t.indexes) do
    redis.call('DEL', index.set)
  end
  local first = 0
  while true do
    local keys = redis.call('ZRANGE', t.keys, first, first + 999)
    for _, key in ipairs(keys) do
      local before, now = split(redis.call('HGET', t.rows, key)), {}
      for place, name in ipairs(t.columns) do
        now[place] = before[places[name]] or t.empty[place]
      end
      redis.call('HSET', t.rows, key, table.concat(now))
      for _, index in ipairs(t.indexes) do
        redis.call('ZADD', index.set, 0, pick(now, index.places) .. key)
      end
    end
    if #keys == 0 then
      break
    end
    first = first + #keys
  end
end

for _, spec in ipairs(specs) do
  redis.call('HSET', schema, 'spec ' .. spec.name, spec.version)
end
for _, t in ipairs(tables) do
  redis.call('HSET', schema, 'table ' .. t.name, t.layout)
end
return { 'done' }
