-- Converts documents one after another in one pandoc: a request is a line of JSON; the answer is a line with "ok" or "error"
-- and a number of bytes, then these bytes. Called by pandoc.py, which defines the requests.

local function content(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("a")
  file:close()
  return bytes
end

local function answer(request)
  pandoc.mediabag.empty()
  for name, path in pairs(request.pictures or {}) do
    pandoc.mediabag.insert(name, "image/png", content(path))
  end
  local document = pandoc.read(request.text, request.origin)
  local options = request.options or {}
  if request.template then
    options.template = pandoc.template.compile(content(request.template))
  elseif request.standalone then
    options.template = pandoc.template.compile(pandoc.template.default(request.to))
  end
  return pandoc.write(document, request.to, options)
end

for line in io.lines() do
  local is_done, found = pcall(function() return answer(pandoc.json.decode(line, false)) end)
  found = is_done and found or tostring(found)
  io.write(is_done and "ok " or "error ", #found, "\n", found)
  io.flush()
end
