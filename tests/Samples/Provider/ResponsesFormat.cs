using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>OpenAI Responses.</summary>
internal class ResponsesFormat(ResponseStore store, bool azure = false) : OpenAIFormat
{
    private StoredResponse? stored;

    public override string Endpoint => "responses";

    public override Bills Bills => Bills.CachesItself | Bills.Writes;

    public override Ask Read(JsonElement request)
    {
        Need(request, "model", "input");
        var background = request.Truth("background");
        if (background && request.Get("store").ValueKind == JsonValueKind.False)
            throw new BadRequestException("Background mode requires 'store' to be true.");
        var previous = request.Text("previous_response_id");
        if (previous is not null && store.Find(previous) is null)
            throw new BadRequestException($"Previous response with id '{previous}' not found.");
        var ask = ReadInput(request);
        return azure ? ask with { Model = Models.Behind(ask.Model) } : ask;
    }

    public override Reply Answer(Turn turn, JsonElement request)
    {
        var answer = new ResponseAnswer(turn, request);
        var background = request.Truth("background") && !turn.Ask.Stream;
        if (request.Get("store").ValueKind != JsonValueKind.False)
            stored = store.Keep(answer, background ? turn.Orders.Reads : 0, turn.Usage.Prompt + turn.Usage.Completion);
        return turn.Ask.Stream
            ? new Reply([]) { Events = answer.Events(), Failure = answer.Broken() }
            : new Reply(Bytes(background ? answer.Response("queued") : answer.Response(turn.Orders.Failed ? "failed" : answer.End)));
    }

    public override void Booked(BilledCall call) => stored?.Book(call);

    // The input: a text, or items.
    private Ask ReadInput(JsonElement request)
    {
        var input = request.Get("input");
        var items = input.ValueKind == JsonValueKind.Array ? input.EnumerateArray().ToList() : [];
        var user = items.FindLast(item => item.Text("role") == "user");
        var instructions = request.Text("instructions");
        // All of what was said before is input again.
        var before = request.Text("previous_response_id") is { } id ? store.Find(id)?.Tokens ?? 0 : 0;
        var last = items.Count > 0 ? items[^1] : default;
        return new Ask
        {
            Model = request.Text("model") ?? "",
            System = string.Join(
                '\n',
                items.Where(item => item.Text("role") is "system" or "developer").Select(Chat.Text).Prepend(instructions ?? "")
            ),
            Question = input.ValueKind == JsonValueKind.String ? input.GetString()! : user.Get("content").Texts(),
            ToolResult = last.Text("type") == "function_call_output" ? last.Get("output").Texts() : null,
            Tools = [.. request.Items("tools").Where(tool => tool.Text("type") == "function").Select(tool => tool.Text("name")!)],
            Input =
                before
                + Tokens(input, items)
                + (instructions is null ? 0 : 4 + SampleUsage.Tokens(instructions))
                + SampleUsage.Tokens(request, "tools"),
            Limit = request.Whole("max_output_tokens"),
            Stream = request.Truth("stream"),
        };
    }

    private static long Tokens(JsonElement input, List<JsonElement> items) =>
        input.ValueKind == JsonValueKind.String
            ? 4 + SampleUsage.Tokens(input.GetString()!)
            : items.Sum(item =>
                4
                + SampleUsage.Tokens(
                    item.Text("type") switch
                    {
                        "function_call" => item.GetRawText(),
                        "function_call_output" => item.Get("output").Texts(),
                        _ => item.Get("content").Texts(),
                    }
                )
            );
}

/// <summary>The count of a response's input; nobody pays for it.</summary>
internal sealed class CountResponsesFormat(ResponseStore store) : ResponsesFormat(store)
{
    public override string Endpoint => "responses/input_tokens";

    public override bool Free => true;

    public override Reply Answer(Turn turn, JsonElement request) =>
        new(Bytes(new JsonObject { ["object"] = "response.input_tokens", ["input_tokens"] = turn.Usage.Prompt }));
}

/// <summary>One answer of the Responses API, in each of its states.</summary>
internal sealed class ResponseAnswer(Turn turn, JsonElement request)
{
    private readonly JsonObject asked = JsonObject.Create(request.Clone())!;
    private readonly bool tool = turn.Thought.ToolName is not null;
    private int sequence;

    /// <summary>The id.</summary>
    public string Id { get; } = $"resp_{turn.Id}";

    /// <summary>The state that it ends in.</summary>
    public string End => turn.Finish == Finish.Length ? "incomplete" : "completed";

    /// <summary>The response as it is in a state.</summary>
    public JsonObject Response(string status)
    {
        var ended = status is "completed" or "incomplete";
        var usage = turn.Usage;
        return new JsonObject
        {
            ["id"] = Id,
            ["object"] = "response",
            ["created_at"] = turn.At.ToUnixTimeSeconds(),
            ["status"] = status,
            ["background"] = Asked("background") ?? false,
            ["completed_at"] = status == "completed" ? turn.At.ToUnixTimeSeconds() : null,
            ["error"] =
                status == "failed"
                    ? new JsonObject { ["code"] = "server_error", ["message"] = "The sample provider was told to fail." }
                    : null,
            ["incomplete_details"] = status == "incomplete" ? new JsonObject { ["reason"] = "max_output_tokens" } : null,
            ["instructions"] = Asked("instructions"),
            ["max_output_tokens"] = Asked("max_output_tokens"),
            ["max_tool_calls"] = Asked("max_tool_calls"),
            ["model"] = turn.Model,
            ["output"] = ended ? new JsonArray([.. Output()]) : new JsonArray(),
            ["parallel_tool_calls"] = Asked("parallel_tool_calls") ?? true,
            ["previous_response_id"] = Asked("previous_response_id"),
            ["reasoning"] = Asked("reasoning") ?? new JsonObject { ["effort"] = null, ["summary"] = null },
            ["service_tier"] = turn.Orders.Tier ?? (ended ? "default" : "auto"),
            ["store"] = Asked("store") ?? true,
            ["temperature"] = Asked("temperature") ?? 1.0,
            ["text"] = Asked("text") ?? new JsonObject { ["format"] = new JsonObject { ["type"] = "text" } },
            ["tool_choice"] = Asked("tool_choice") ?? "auto",
            ["tools"] = Asked("tools") ?? new JsonArray(),
            ["top_p"] = Asked("top_p") ?? 1.0,
            ["truncation"] = "disabled",
            ["usage"] =
                (ended || status == "failed") && !turn.Orders.NoUsage
                    ? new JsonObject
                    {
                        ["input_tokens"] = usage.Prompt,
                        ["input_tokens_details"] = new JsonObject
                        {
                            ["cached_tokens"] = usage.Cached,
                            ["cache_write_tokens"] = usage.Write5m,
                        },
                        ["output_tokens"] = usage.Completion,
                        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = usage.Reasoning },
                        ["total_tokens"] = usage.Prompt + usage.Completion,
                    }
                    : null,
            ["user"] = null,
            ["metadata"] = Asked("metadata") ?? new JsonObject(),
        };
    }

    /// <summary>The events of a stream.</summary>
    public List<SseEvent> Events()
    {
        var events = new List<SseEvent>
        {
            Event("response.created", new() { ["response"] = Response("in_progress") }),
            Event("response.in_progress", new() { ["response"] = Response("in_progress") }),
        };
        var output = Output().ToList();
        for (var index = 0; index < output.Count; index++)
        {
            var item = output[index];
            events.Add(Event("response.output_item.added", new() { ["output_index"] = index, ["item"] = Begun(item) }));
            events.AddRange(
                ((string?)item["type"]) switch
                {
                    "web_search_call" => Steps(index, item, "response.web_search_call.", ["in_progress", "searching", "completed"]),
                    "function_call" => Arguments(index, item),
                    "message" => Text(index, item),
                    _ => [],
                }
            );
            events.Add(Event("response.output_item.done", new() { ["output_index"] = index, ["item"] = item }));
        }
        events.Add(Event($"response.{End}", new() { ["response"] = Response(End) }));
        return events;
    }

    /// <summary>The event that breaks a stream off.</summary>
    public SseEvent Broken() => Event("response.failed", new() { ["response"] = Response("failed") });

    private static JsonObject Part(string text) =>
        new()
        {
            ["type"] = "output_text",
            ["annotations"] = new JsonArray(),
            ["logprobs"] = new JsonArray(),
            ["text"] = text,
        };

    private static JsonObject Begun(JsonObject item)
    {
        var begun = item.DeepClone().AsObject();
        if (begun.ContainsKey("status"))
            begun["status"] = "in_progress";
        if (begun.ContainsKey("content"))
            begun["content"] = new JsonArray();
        if (begun.ContainsKey("arguments"))
            begun["arguments"] = "";
        return begun;
    }

    private IEnumerable<JsonObject> Output()
    {
        if (turn.Usage.Reasoning > 0)
            yield return new()
            {
                ["id"] = $"rs_{turn.Id}",
                ["type"] = "reasoning",
                ["summary"] = new JsonArray(),
            };
        for (var search = 0; search < turn.Usage.WebSearches; search++)
        {
            yield return new()
            {
                ["id"] = $"ws_{turn.Id}_{search}",
                ["type"] = "web_search_call",
                ["status"] = "completed",
                ["action"] = new JsonObject
                {
                    ["type"] = "search",
                    ["query"] = "orders",
                    ["sources"] = new JsonArray(),
                },
            };
        }
        yield return tool
            ? new()
            {
                ["id"] = $"fc_{turn.Id}",
                ["type"] = "function_call",
                ["status"] = End,
                ["arguments"] = turn.Text,
                ["call_id"] = $"call_{turn.Id}",
                ["name"] = turn.Thought.ToolName,
            }
            : new()
            {
                ["id"] = $"msg_{turn.Id}",
                ["type"] = "message",
                ["status"] = End,
                ["content"] = new JsonArray(Part(turn.Text)),
                ["role"] = "assistant",
            };
    }

    private IEnumerable<SseEvent> Steps(int index, JsonObject item, string prefix, IEnumerable<string> steps) =>
        steps.Select(step => Event(prefix + step, new() { ["output_index"] = index, ["item_id"] = item["id"]!.DeepClone() }));

    private IEnumerable<SseEvent> Arguments(int index, JsonObject item)
    {
        JsonObject Of(string name, string value) =>
            new()
            {
                ["item_id"] = item["id"]!.DeepClone(),
                ["output_index"] = index,
                [name] = value,
            };
        foreach (var piece in turn.Pieces)
            yield return Event("response.function_call_arguments.delta", Of("delta", piece));
        var done = Of("arguments", turn.Text);
        done["name"] = turn.Thought.ToolName;
        yield return Event("response.function_call_arguments.done", done);
    }

    private IEnumerable<SseEvent> Text(int index, JsonObject item)
    {
        JsonObject Of(string name, JsonNode value) =>
            new()
            {
                ["item_id"] = item["id"]!.DeepClone(),
                ["output_index"] = index,
                ["content_index"] = 0,
                [name] = value,
            };
        yield return Event("response.content_part.added", Of("part", Part("")));
        foreach (var piece in turn.Pieces)
        {
            var delta = Of("delta", piece);
            delta["logprobs"] = new JsonArray();
            yield return Event("response.output_text.delta", delta);
        }
        var done = Of("text", turn.Text);
        done["logprobs"] = new JsonArray();
        yield return Event("response.output_text.done", done);
        yield return Event("response.content_part.done", Of("part", Part(turn.Text)));
    }

    // Built in the order in which they are sent, so that the numbers rise; the one of a failure is beyond them all.
    private SseEvent Event(string type, JsonObject content)
    {
        content.Insert(0, "type", type);
        content.Insert(1, "sequence_number", sequence++);
        return new SseEvent(type, Format.Bytes(content));
    }

    private JsonNode? Asked(string name) => asked.TryGetPropertyValue(name, out var value) ? value?.DeepClone() : null;
}
