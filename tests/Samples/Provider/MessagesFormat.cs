using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>Anthropic Messages.</summary>
internal class MessagesFormat : Format
{
    private static long lastRequest;

    private readonly string requestId = $"req_{Interlocked.Increment(ref lastRequest):x12}";

    public override string Endpoint => "messages";

    public override Bills Bills => Bills.Writes | Bills.HourWrites;

    public override string Tier => "standard";

    protected virtual bool NeedsLimit => true;

    public override string Key(HttpRequest request) =>
        request.Headers.TryGetValue("x-api-key", out var key) ? key.ToString() : Bearer(request);

    public override void Head(HttpContext context) => context.Response.Headers["request-id"] = requestId;

    public override Ask Read(JsonElement request)
    {
        foreach (var name in (string[])["model", "messages", .. NeedsLimit ? (string[])["max_tokens"] : []])
            if (!request.Has(name))
                throw new BadRequestException($"{name}: Field required");
        var messages = request.Items("messages").ToList();
        if (messages.Count == 0)
            throw new BadRequestException("messages: at least one message is required");
        var user = messages.FindLast(message => Chat.Role(message) == "user" && Chat.Text(message).Length > 0);
        var system = request.Get("system").Texts();
        return new Ask
        {
            Model = request.Text("model")!,
            System = system,
            Question = user.ValueKind == JsonValueKind.Object ? Chat.Text(user) : "",
            ToolResult = messages[^1].Items("content").LastOrDefault(IsResult) is { ValueKind: JsonValueKind.Object } result
                ? result.Get("content").Texts()
                : null,
            // The provider's own tools have a type: the model does not call them as functions.
            Tools = [.. request.Items("tools").Where(tool => tool.Text("type") is null or "custom").Select(tool => tool.Text("name")!)],
            Input = messages.Sum(Tokens) + (system.Length == 0 ? 0 : 4 + SampleUsage.Tokens(system)) + SampleUsage.Tokens(request, "tools"),
            Limit = request.Whole("max_tokens"),
            Stream = request.Truth("stream"),
        };
    }

    public override Turn Think(Ask ask, Directives orders, TimeProvider time)
    {
        var turn = base.Think(ask, orders, time);
        var usage = turn.Usage;
        return orders.CorrectInput is { } fresh
            ? turn with
            {
                Usage = usage with { Prompt = fresh + usage.Cached + usage.Write5m + usage.Write1h },
            }
            : turn;
    }

    public override Reply Answer(Turn turn, JsonElement request)
    {
        var answer = new MessageAnswer(turn);
        return turn.Ask.Stream
            ? new Reply([])
            {
                Events = answer.Events(),
                Failure = new SseEvent("error", Failure(529)),
                Ping = MessageAnswer.Ping,
            }
            : new Reply(Bytes(answer.Message()));
    }

    public override JsonObject Error(int status, string message) =>
        Error(
            status switch
            {
                401 => "authentication_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                504 => "timeout_error",
                529 => "overloaded_error",
                >= 500 => "api_error",
                _ => "invalid_request_error",
            },
            message,
            requestId
        );

    public override (int Status, JsonObject Error) Stranger(string key) =>
        (401, Error(401, key.Length == 0 ? "x-api-key header is required" : "invalid x-api-key"));

    private static JsonObject Error(string type, string message, string request) =>
        new()
        {
            ["type"] = "error",
            ["error"] = new JsonObject { ["type"] = type, ["message"] = message },
            ["request_id"] = request,
        };

    private static bool IsResult(JsonElement block) => block.Text("type") == "tool_result";

    private static long Tokens(JsonElement message) =>
        4
        + SampleUsage.Tokens(Chat.Text(message))
        + message
            .Items("content")
            .Sum(block =>
                block.Text("type") switch
                {
                    "tool_use" => SampleUsage.Tokens(block.Get("input").GetRawText()),
                    "tool_result" => SampleUsage.Tokens(block.Get("content").Texts()),
                    _ => 0,
                }
            );
}

/// <summary>Anthropic's count of a request's tokens; nobody pays for it.</summary>
internal sealed class CountMessagesFormat : MessagesFormat
{
    public override string Endpoint => "count_tokens";

    public override bool Free => true;

    protected override bool NeedsLimit => false;

    public override Reply Answer(Turn turn, JsonElement request) => new(Bytes(new JsonObject { ["input_tokens"] = turn.Usage.Prompt }));
}

/// <summary>One answer of Anthropic's, whole or in events.</summary>
internal sealed class MessageAnswer(Turn turn)
{
    private const string Signature = "c2FtcGxlLXNpZ25hdHVyZQ==";

    /// <summary>The event that means nothing.</summary>
    public static SseEvent Ping { get; } = new("ping", """{"type": "ping"}""");

    /// <summary>The whole message.</summary>
    public JsonObject Message()
    {
        var message = Begun(Blocks().Select(block => block.Whole), Stop, null);
        if (!turn.Orders.NoUsage)
            message["usage"] = Usage(turn.Usage, turn.Usage.Completion, whole: true);
        return message;
    }

    /// <summary>The events of a stream.</summary>
    public List<SseEvent> Events()
    {
        var start = Begun([], null, null);
        // A correction: the first counts know nothing of the cache.
        var first = turn.Orders.CorrectInput is null ? turn.Usage : new SampleUsage(Math.Max(1, turn.Ask.Input), 0, 0);
        if (!turn.Orders.NoUsage)
            start["usage"] = Usage(first, 1, whole: true);
        var events = new List<SseEvent> { Event("message_start", new() { ["message"] = start }) };
        var index = 0;
        foreach (var (whole, empty, deltas) in Blocks())
        {
            events.Add(Event("content_block_start", new() { ["index"] = index, ["content_block"] = empty }));
            if (index == 0)
                events.Add(Ping);
            foreach (var delta in deltas)
                events.Add(Event("content_block_delta", new() { ["index"] = index, ["delta"] = delta }));
            events.Add(Event("content_block_stop", new() { ["index"] = index++ }));
        }
        var end = new JsonObject
        {
            ["delta"] = new JsonObject { ["stop_reason"] = Stop, ["stop_sequence"] = null },
        };
        if (!turn.Orders.NoUsage)
            end["usage"] = Usage(turn.Usage, turn.Usage.Completion, whole: turn.Orders.CorrectInput is not null);
        events.Add(Event("message_delta", end));
        events.Add(Event("message_stop", []));
        return events;
    }

    private string Stop =>
        turn.Finish switch
        {
            Finish.Stop => "end_turn",
            Finish.Tool => "tool_use",
            _ => "max_tokens",
        };

    private static SseEvent Event(string type, JsonObject content)
    {
        content.Insert(0, "type", type);
        return new SseEvent(type, Format.Bytes(content));
    }

    private static JsonObject Block(string type, params IEnumerable<(string Name, JsonNode? Value)> members)
    {
        var block = new JsonObject { ["type"] = type };
        foreach (var (name, value) in members)
            block[name] = value;
        return block;
    }

    private static JsonObject Json(string name, string text) => new() { ["type"] = name, ["partial_json"] = text };

    private JsonObject Begun(IEnumerable<JsonObject> content, string? stop, string? sequence) =>
        new()
        {
            ["id"] = $"msg_{turn.Id}",
            ["type"] = "message",
            ["role"] = "assistant",
            ["model"] = turn.Model,
            ["content"] = new JsonArray([.. content]),
            ["stop_reason"] = stop,
            ["stop_sequence"] = sequence,
        };

    // The last usage of a stream speaks of the output alone, but for a correction of the input.
    private JsonObject Usage(SampleUsage usage, long output, bool whole)
    {
        var json = new JsonObject();
        if (whole)
        {
            json["input_tokens"] = usage.Fresh;
            json["cache_creation_input_tokens"] = usage.Write5m + usage.Write1h;
            json["cache_read_input_tokens"] = usage.Cached;
            json["cache_creation"] = new JsonObject
            {
                ["ephemeral_5m_input_tokens"] = usage.Write5m,
                ["ephemeral_1h_input_tokens"] = usage.Write1h,
            };
            json["service_tier"] = turn.Orders.Tier ?? "standard";
        }
        json["output_tokens"] = output;
        if (usage.Reasoning > 0 && output > 1)
            json["output_tokens_details"] = new JsonObject { ["thinking_tokens"] = usage.Reasoning };
        if (usage.WebSearches > 0)
            json["server_tool_use"] = new JsonObject { ["web_search_requests"] = usage.WebSearches, ["web_fetch_requests"] = 0 };
        return json;
    }

    // Each block whole, as it begins in a stream, and as what follows.
    private IEnumerable<(JsonObject Whole, JsonObject Empty, IEnumerable<JsonObject> Deltas)> Blocks()
    {
        if (turn.Usage.Reasoning > 0)
        {
            const string thoughts = "Let me think.";
            yield return (
                Block("thinking", ("thinking", thoughts), ("signature", Signature)),
                Block("thinking", ("thinking", ""), ("signature", "")),
                [Block("thinking_delta", ("thinking", thoughts)), Block("signature_delta", ("signature", Signature))]
            );
        }
        for (var search = 0; search < turn.Usage.WebSearches; search++)
        {
            var id = $"srvtoolu_{turn.Id}_{search}";
            yield return (
                Block("server_tool_use", ("id", id), ("name", "web_search"), ("input", new JsonObject { ["query"] = "orders" })),
                Block("server_tool_use", ("id", id), ("name", "web_search"), ("input", new JsonObject())),
                [Json("input_json_delta", """{"query":"orders"}""")]
            );
            JsonObject Found() =>
                Block(
                    "web_search_tool_result",
                    ("tool_use_id", id),
                    (
                        "content",
                        new JsonArray(
                            Block(
                                "web_search_result",
                                ("url", "https://example.com/"),
                                ("title", "Orders"),
                                ("encrypted_content", "c2FtcGxl"),
                                ("page_age", null)
                            )
                        )
                    )
                );
            yield return (Found(), Found(), []);
        }
        if (turn.Thought.ToolName is { } tool)
        {
            var id = $"toolu_{turn.Id}";
            yield return (
                Block("tool_use", ("id", id), ("name", tool), ("input", JsonObject.Create(turn.ToolInput()))),
                Block("tool_use", ("id", id), ("name", tool), ("input", new JsonObject())),
                turn.Pieces.Prepend("").Select(piece => Json("input_json_delta", piece))
            );
        }
        else
        {
            yield return (
                Block("text", ("text", turn.Text)),
                Block("text", ("text", "")),
                turn.Pieces.Select(piece => Block("text_delta", ("text", piece)))
            );
        }
    }
}
